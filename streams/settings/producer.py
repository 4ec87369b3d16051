"""What a producer that runs on serves."""

from typing import Any, Final

from streams.settings import texts
from streams.settings.setting import Setting

PRODUCER_LISTEN: Final[Setting[str | None]] = Setting(
    name="produce.listen",
    parse=texts.listener,
    default=None,
    allowed="HOST:PORT, or none",
    help="Where a producer that runs on serves /healthz, /readyz and /metrics.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (PRODUCER_LISTEN,)
