"""The log format of programs that run until they are told to end."""

from typing import Any, Final

from streams.settings import texts
from streams.settings.setting import Setting

LOG_FORMAT: Final = Setting(
    name="log_format",
    parse=texts.one_of("auto", "text", "json"),
    default="auto",
    allowed="auto, text, json",
    help="How programs that run until told to end log to standard error; auto is text on a terminal, else JSON.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (LOG_FORMAT,)
