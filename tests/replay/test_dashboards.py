"""The window of a dashboard's address."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.cli.replay.dashboards import from_url
from streams.errors import SettingsError
from tests.command import ticker

BASE = "https://grafana.example/d/ticker-overview/overview"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (
            "orgId=1&from=1773216000000&to=1773219600000&var-source=akhbar&var-topic=sightings",
            {
                "since": "2026-03-11T08:00:00.000Z",
                "until": "2026-03-11T09:00:00.000Z",
                "sources": ("akhbar",),
                "topic": "sightings",
            },
        ),
        ("from=now-6h&to=now&var-source=$__all", {"since": "6h"}),
        ("from=now-1w&to=now-2d", {"since": "1w", "until": "2d"}),
        (
            "from=2026-03-11T08:00:00.000Z&to=2026-03-11T09:00:00.000Z&var-source=a&var-source=%D8%A8",
            {"since": "2026-03-11T08:00:00.000Z", "until": "2026-03-11T09:00:00.000Z", "sources": ("a", "ب")},
        ),
    ],
)
def test_an_address_gives_exactly_what_was_looked_at(query: str, found: dict[str, Any]) -> None:
    """Times in all forms that Grafana writes, the sources that were chosen, and the topic."""
    assert from_url(f"{BASE}?{query}") == found


@pytest.mark.parametrize("zone", ["utc", "Africa/Casablanca", "Asia/Kolkata"])
def test_yesterday_is_a_whole_day_of_the_viewer(zone: str) -> None:
    """Grafana's quick ranges round down where they begin and up where they end, in the zone of the address."""
    there = ZoneInfo("UTC" if zone == "utc" else zone)
    before = datetime.now(there)
    found = from_url(f"{BASE}?from=now-1d%2Fd&to=now-1d%2Fd&timezone={zone}")
    after = datetime.now(there)
    first, end = (datetime.fromisoformat(found[name]).astimezone(there) for name in ("since", "until"))
    midnights = {(each - timedelta(days=1)).date() for each in (before, after)}
    assert first.date() in midnights
    assert (first.hour, first.minute, first.second) == (0, 0, 0)
    assert end == (first + timedelta(days=1))
    today = from_url(f"{BASE}?from=now%2Fd&to=now&timezone={zone}")
    assert datetime.fromisoformat(today["since"]) >= end


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (BASE, "no from="),
        (f"{BASE}?from=yesterday", "yesterday"),
        (f"{BASE}?from=now-1h&var-topic=a&var-topic=b", "2 topics"),
        ("https://[", "no address"),
        (f"{BASE}?from=now/d&timezone=Nowhere/At+All", "no time zone"),
        (f"{BASE}?from=now-1M/M", "now-1M/M"),
        (f"{BASE}?from={'9' * 9_000}", "at most"),
    ],
)
def test_an_address_without_a_window_is_refused(url: str, told: str) -> None:
    """With what is wrong."""
    with pytest.raises(SettingsError, match=told):
        from_url(url)


def test_a_plan_wants_a_topic_from_somewhere() -> None:
    """Named, or in the address."""
    done = ticker("replay", "plan", "--from-url", f"{BASE}?from=now-1h")
    assert done.returncode == 2
    assert b"Name a topic" in done.stderr
