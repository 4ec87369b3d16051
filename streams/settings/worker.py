"""A worker's HTTP endpoint and its membership in consumer groups."""

from typing import Any, Final

from streams.settings import texts
from streams.settings.setting import Setting

LISTEN: Final[Setting[str | None]] = Setting(
    name="worker.listen",
    parse=texts.listener,
    default="127.0.0.1:9464",
    allowed="HOST:PORT, or none",
    help="Where a worker serves /healthz, /readyz and /metrics.",
)
INSTANCE_ID: Final[Setting[str | None]] = Setting(
    name="worker.instance_id",
    parse=texts.instance_id,
    default=None,
    allowed="1 to 200 letters, digits and . _ -, unique in the group",
    help="Static membership: a worker that is restarted under its id takes its partitions back at once.",
)
SESSION_TIMEOUT: Final = Setting(
    name="worker.session_timeout",
    parse=texts.seconds(6, 19),
    default=8.0,
    allowed="seconds, 6 to 19",
    help="How long a silent worker keeps its partitions.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (LISTEN, INSTANCE_ID, SESSION_TIMEOUT)
