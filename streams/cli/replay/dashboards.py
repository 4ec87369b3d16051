"""The window of a dashboard's address: from, to, source and topic, as Grafana writes them into its URLs."""

import re
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from schemas.instants import format_instant
from streams.cli.moments import parse_moment
from streams.errors import SettingsError

_AGO: Final = re.compile(r"now-(\d+)([smhdw])", re.ASCII)
_EPOCH: Final = re.compile(r"\d{12,14}", re.ASCII)
_DAYS: Final = 7
_ALL: Final = frozenset({"All", "$__all", ""})
_LONGEST: Final = 8_000


def from_url(url: str) -> dict[str, Any]:
    """What a dashboard showed, as options of `ticker replay plan`: `since`, `until`, `sources`, `topic`.

    Raises:
        SettingsError: The address has no window, or one that is none.
    """
    if len(url) > _LONGEST:
        raise SettingsError(f"--from-url: {len(url):,} characters, at most {_LONGEST:,}")
    try:
        given = parse_qs(urlsplit(url).query)
    except ValueError as error:
        raise SettingsError(f"--from-url {url!r} is no address: {error}") from None
    if "from" not in given:
        raise SettingsError(
            f"--from-url {url!r}: it has no from=…; copy the address of a dashboard or a panel"
        )
    found: dict[str, Any] = {"since": _moment(given["from"][-1])}
    if (until := given.get("to", ["now"])[-1]) != "now":
        found["until"] = _moment(until)
    if sources := tuple(each for each in given.get("var-source", []) if each not in _ALL):
        found["sources"] = sources
    topics = [each for each in given.get("var-topic", []) if each not in _ALL]
    if len(topics) > 1:
        raise SettingsError(f"--from-url names {len(topics)} topics: choose one on the dashboard")
    if topics:
        found["topic"] = topics[0]
    return found


def _moment(text: str) -> str:
    """A moment as Grafana has it: milliseconds, `now-6h`, or RFC 3339; as the options take it."""
    if _EPOCH.fullmatch(text):
        return format_instant(int(text))
    if ago := _AGO.fullmatch(text):
        length, unit = int(ago[1]), ago[2]
        return f"{length * _DAYS}d" if unit == "w" else f"{length}{unit}"
    parse_moment("--from-url", text)
    return text
