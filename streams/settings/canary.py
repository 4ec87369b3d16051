"""The canary's HTTP endpoint."""

from typing import Any, Final

from streams.settings import texts
from streams.settings.setting import Setting

CANARY_LISTEN: Final[Setting[str | None]] = Setting(
    name="canary.listen",
    parse=texts.listener,
    default="127.0.0.1:9466",
    allowed="HOST:PORT, or none",
    help="Where the canary serves /healthz, /readyz and /metrics.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (CANARY_LISTEN,)
