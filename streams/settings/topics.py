"""The prefix and the replication factor of topics."""

from typing import Any, Final

from schemas.topics import DEFAULT_PREFIX
from streams.settings import texts
from streams.settings.setting import Setting

TOPIC_PREFIX: Final = Setting(
    name="topic_prefix",
    parse=texts.topic_prefix,
    default=DEFAULT_PREFIX,
    allowed="up to 100 letters, digits and . _ -",
    help="What the topics' names begin with, before a dot.",
)
REPLICATION: Final = Setting(
    name="topics.replication",
    parse=texts.whole(range(33)),
    default=0,
    allowed="0 to 32",
    help="Copies of each topic; 0 for as many as there are brokers, at most 3.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (TOPIC_PREFIX, REPLICATION)
