"""The settings of `ticker serve`: its address, access, limits and webhooks."""

from pathlib import Path
from typing import Any, Final

from streams.settings import texts
from streams.settings.setting import Setting


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


SERVE_LISTEN: Final[Setting[str | None]] = Setting(
    name="serve.listen",
    parse=texts.listener,
    default="127.0.0.1:8080",
    allowed="HOST:PORT",
    help="Where `ticker serve` shows the board, events, feeds, /healthz, /readyz and /metrics.",
)
SERVE_TOKEN: Final = Setting(
    name="serve.token",
    parse=texts.any_text,
    default="",
    allowed="text",
    help="Who reads must give this token, as a Bearer or as the password in a browser; without it all may.",
    secret=True,
)
SERVE_CERTFILE: Final[Setting[Path | None]] = Setting(
    name="serve.certfile",
    parse=texts.file,
    default=None,
    allowed="a PEM file",
    help="The certificate, with its key, for HTTPS; without it HTTP is spoken.",
)
SERVE_WINDOW: Final = Setting(
    name="serve.window",
    parse=texts.whole(range(1, 1_000_001)),
    default=20_000,
    allowed="1 to 1000000",
    help="Headlines that are kept in memory, about 1.5 kB each.",
)
SERVE_READERS: Final = Setting(
    name="serve.readers",
    parse=texts.whole(range(1, 100_001)),
    default=2_000,
    allowed="1 to 100000",
    help="Who may listen to /events at one time.",
)
SERVE_READERS_OF_ADDRESS: Final = Setting(
    name="serve.readers_of_address",
    parse=texts.whole(range(1, 100_001)),
    default=200,
    allowed="1 to 100000",
    help="How many of them from one address; behind a proxy all come from its own.",
)
SERVE_RATE: Final = Setting(
    name="serve.rate",
    parse=texts.rate,
    default=50.0,
    allowed="requests a second, or none",
    help="Requests a second of one address; six times as many may come at once.",
)
SERVE_FRAME_ANCESTORS: Final[Setting[tuple[str, ...]]] = Setting(
    name="serve.frame_ancestors",
    parse=_words,
    default=(),
    allowed="sites with commas, or *",
    help="Sites that may embed /strip, beside this one.",
)
SERVE_CORS_ORIGINS: Final[Setting[tuple[str, ...]]] = Setting(
    name="serve.cors_origins",
    parse=_words,
    default=(),
    allowed="origins with commas, or *",
    help="Sites whose scripts may read the API, the events and the feeds.",
)

SERVE_WEBHOOKS: Final[Setting[Path | None]] = Setting(
    name="serve.webhooks",
    parse=texts.file,
    default=None,
    allowed="a TOML file",
    help="Where headlines are pushed to; without it nowhere.",
)
SERVE_STATE: Final = Setting(
    name="serve.state",
    parse=texts.folder,
    default=Path(".ticker/serve"),
    allowed="a folder",
    help="Where webhooks' positions are kept, and what their addresses would not take.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (
    SERVE_LISTEN,
    SERVE_TOKEN,
    SERVE_CERTFILE,
    SERVE_WINDOW,
    SERVE_READERS,
    SERVE_READERS_OF_ADDRESS,
    SERVE_RATE,
    SERVE_FRAME_ANCESTORS,
    SERVE_CORS_ORIGINS,
    SERVE_WEBHOOKS,
    SERVE_STATE,
)
