"""Reads the window, source and topic from the URL of a Grafana dashboard."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from schemas.instants import format_instant
from streams.cli.moments import parse_moment
from streams.errors import SettingsError

_AGO: Final = re.compile(r"now-(\d{1,9}[smhdw])", re.ASCII)
_ROUNDED: Final = re.compile(r"now(?:-(\d{1,5})([hdw]))?/([hd])", re.ASCII)
"""`now/d` is today, `now-1d/d` yesterday: Grafana rounds the window's beginning down and its end up."""
_EPOCH: Final = re.compile(r"\d{12,14}", re.ASCII)
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_ALL: Final = frozenset({"All", "$__all", ".+", ".*", ""})
_LONGEST: Final = 8_000


def from_url(url: str) -> dict[str, Any]:
    """The options of `ticker replay plan` for what a dashboard showed: `since`, `until`, `sources`, `topic`.

    Raises:
        SettingsError: The URL has no window, or an invalid one.
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
    zone = _zone(given)
    found: dict[str, Any] = {"since": _moment(given["from"][-1], zone, up=False)}
    if (until := given.get("to", ["now"])[-1]) != "now":
        found["until"] = _moment(until, zone, up=True)
    if sources := tuple(each for each in given.get("var-source", []) if each not in _ALL):
        found["sources"] = sources
    topics = [each for each in given.get("var-topic", []) if each not in _ALL]
    if len(topics) > 1:
        raise SettingsError(f"--from-url names {len(topics)} topics: choose one on the dashboard")
    if topics:
        found["topic"] = topics[0]
    return found


def _zone(given: Mapping[str, Sequence[str]]) -> ZoneInfo | None:
    """The viewer's time zone, if the URL has it; None for that of this machine."""
    named = given.get("timezone", [""])[-1]
    if named in {"", "browser"}:
        return None
    try:
        return ZoneInfo("UTC" if named == "utc" else named)
    except (KeyError, ValueError, OSError):
        raise SettingsError(f"--from-url: {named!r} is no time zone") from None


def _moment(text: str, zone: ZoneInfo | None, *, up: bool) -> str:
    """Convert a moment of Grafana (milliseconds, `now-6h`, `now-1d/d` or RFC 3339) to the form of the options."""
    if _EPOCH.fullmatch(text):
        return format_instant(int(text))
    if ago := _AGO.fullmatch(text):
        return ago[1]
    if rounded := _ROUNDED.fullmatch(text):
        back, unit, to = rounded.groups()
        at = datetime.now(zone) - (int(back) * _UNITS[unit] if back else timedelta())
        at = at.replace(hour=0 if to == "d" else at.hour, minute=0, second=0, microsecond=0)
        return format_instant(round((at + (_UNITS[to] if up else timedelta())).timestamp() * 1000))
    parse_moment("--from-url", text)
    return text
