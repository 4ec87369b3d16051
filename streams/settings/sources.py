"""How a producer reads the sources of sources.toml: the contact, the request rates, and the proxy."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from streams.settings import texts
from streams.settings.setting import Setting

LEAST_INTERVAL_S: Final = 5.0
MOST_INTERVAL_S: Final = 86_400.0
INTERVALS: Final = f"seconds, {LEAST_INTERVAL_S:.0f} to {MOST_INTERVAL_S:.0f}"
"""The allowed intervals between two visits, in a setting and in an entry of sources.toml."""

_PROXIES: Final = frozenset({"http", "socks4", "socks5"})


def _proxy(text: str) -> str:
    """The URL of a proxy with a supported protocol and a port."""
    parts = urlsplit(text)
    if parts.scheme not in _PROXIES or not parts.hostname or not parts.port:
        raise ValueError
    return text


def _contact(text: str) -> str:
    """An e-mail address or URL for complaints, in characters that a User-Agent comment can hold."""
    is_mail = text.count("@") == 1 and all(text.split("@")) and "/" not in text
    if (not is_mail and not text.startswith(("https://", "http://"))) or not text.isascii():
        raise ValueError
    if any(not "!" <= character <= "~" or character in "()<>" for character in text):
        raise ValueError
    return text


SOURCES_FILE: Final[Setting[Path | None]] = Setting(
    name="produce.sources",
    parse=texts.folder,
    default=None,
    allowed="a file",
    help="sources.toml: the pages, feeds and sitemaps that a producer reads where no files are named.",
)
SOURCES_CONTACT: Final[Setting[str]] = Setting(
    name="sources.contact",
    parse=_contact,
    default="",
    allowed="an address of mail or of a page, where the owner of a site reaches you",
    help="Who answers for the requests; it stands in the User-Agent. Nothing is asked for without it.",
)
SOURCES_STATE: Final[Setting[Path]] = Setting(
    name="sources.state",
    parse=texts.folder,
    default=Path("sources-state"),
    allowed="a folder",
    help="Where it is remembered what sources showed last, and when they may be asked again.",
)
SOURCES_DISTANCE: Final[Setting[float]] = Setting(
    name="sources.distance",
    parse=texts.seconds(0.0, 3600.0),
    default=2.0,
    allowed="seconds, 0 to 3600",
    help="The least seconds between two requests to one host; robots.txt can ask for more.",
)
SHORTEST_INTERVAL: Final[Setting[float]] = Setting(
    name="sources.shortest_interval",
    parse=texts.seconds(LEAST_INTERVAL_S, MOST_INTERVAL_S),
    default=60.0,
    allowed=INTERVALS,
    help="The least seconds between two visits of a source whose entry says no interval.",
)
LONGEST_INTERVAL: Final[Setting[float]] = Setting(
    name="sources.longest_interval",
    parse=texts.seconds(LEAST_INTERVAL_S, MOST_INTERVAL_S),
    default=900.0,
    allowed=INTERVALS,
    help="The most seconds between two visits of a source that seldom changes, or keeps failing.",
)
SOURCES_PROXY: Final[Setting[str]] = Setting(
    name="sources.proxy",
    parse=_proxy,
    default="",
    allowed="http://, socks4:// or socks5://HOST:PORT, with USER:PASSWORD@ where it asks for them",
    help="A proxy through which sources are read.",
    secret=True,
)

VISIT_SETTINGS: Final[tuple[Setting[Any], ...]] = (
    SOURCES_CONTACT,
    SOURCES_DISTANCE,
    SHORTEST_INTERVAL,
    LONGEST_INTERVAL,
    SOURCES_PROXY,
)
"""What a visit depends on, also one that is not remembered."""

SETTINGS: Final[tuple[Setting[Any], ...]] = (SOURCES_FILE, SOURCES_STATE, *VISIT_SETTINGS)
