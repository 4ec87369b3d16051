"""The HTTP endpoint of a long-running producer, and the spool where strips wait while Kafka is away."""

from pathlib import Path
from typing import Any, Final

from streams.settings import texts
from streams.settings.setting import Setting

DEFAULT_SPOOL: Final = Path(".ticker/spool")

PRODUCER_LISTEN: Final[Setting[str | None]] = Setting(
    name="produce.listen",
    parse=texts.listener,
    default=None,
    allowed="HOST:PORT, or none",
    help="Where a producer serves /healthz, /readyz and /metrics, and takes strips where produce.token is set.",
)
PRODUCER_TOKEN: Final = Setting(
    name="produce.token",
    parse=texts.any_text,
    default="",
    allowed="text",
    help="Whoever posts to /strips must give this token as a Bearer; without it nothing is taken there.",
    secret=True,
)
PRODUCER_RATE: Final = Setting(
    name="produce.rate",
    parse=texts.rate,
    default=20.0,
    allowed="requests a second, or none",
    help="Strips a second that one address may post; six times as many may come at once.",
)
PRODUCER_SPOOL: Final[Setting[Path | None]] = Setting(
    name="produce.spool",
    parse=texts.folder,
    default=None,
    allowed="a folder",
    help="Where strips wait while Kafka is away. Files wait by themselves; what cannot be read again has"
    f" {DEFAULT_SPOOL} where no other is named.",
)
PRODUCER_SPOOL_LIMIT: Final = Setting(
    name="produce.spool_limit",
    parse=texts.whole(range(16, 1_048_577)),
    default=1024,
    allowed="MiB, 16 to 1048576",
    help="The most that the spool may have on disk.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (
    PRODUCER_LISTEN,
    PRODUCER_TOKEN,
    PRODUCER_RATE,
    PRODUCER_SPOOL,
    PRODUCER_SPOOL_LIMIT,
)
