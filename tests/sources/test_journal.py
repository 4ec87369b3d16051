"""The journal of visits: what was asked of a host, as its owner may read it, and what each source of a site missed."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from schemas.events import Strip
from streams.errors import SettingsError
from streams.produce.split import Slot
from streams.sources import journal as journal_of_visits
from streams.sources.journal import Journal, read_days, read_headlines
from streams.sources.recall import SETTLED_MS, Recall, noted, recall, tell_recall
from streams.sources.report import report
from streams.sources.visit import Reading, Visit
from tests.command import ticker

_START: Final = 1_773_216_000_000
"""2026-03-11T08:00:00Z."""
_HOST: Final = "akhbar.example"


def _visit(at: float, *, source: str = "page", **fields: Any) -> Visit:
    """A visit so many seconds after the start."""
    given: dict[str, Any] = {"outcome": "changed", "requests": 1, "wire_bytes": 1000, "seconds": 0.5} | fields
    return Visit(
        source=source, address=f"https://{_HOST}/", host=_HOST, at=_START + round(at * 1000), **given
    )


def _reading(at: float, source: str, *texts: str) -> Reading:
    visit = _visit(at, source=source)
    strip = Strip(
        id="0" * 20,
        source=source,
        observed_at="2026-03-11T08:00:00.000Z",
        text="",
        slots=len(texts),
        confidence=1.0,
    )
    return Reading(visit=visit, strip=strip, slots=tuple(map(Slot, texts)))


def _noted(folder: Path, *readings: Reading) -> None:
    with Journal(folder, site=lambda _: "akhbar") as journal:
        for reading in readings:
            journal.note(reading)


def test_a_report_says_what_was_asked_of_a_host(tmp_path: Path) -> None:
    """Requests, bytes, the share of visits that brought nothing else, the smallest distance, the rule of robots.txt."""
    _noted(
        tmp_path,
        Reading(visit=_visit(0, requests=2, robots="allows; Crawl-delay 10")),
        Reading(visit=_visit(60, outcome="unchanged", wire_bytes=200, distance=59.5)),
        Reading(visit=_visit(100, outcome="unchanged", wire_bytes=200, distance=39.5)),
        Reading(visit=_visit(86_400, outcome="failed", wire_bytes=0, distance=86_300.0)),
    )
    page = report(*read_days(tmp_path), host=_HOST, contact="desk@newsroom.example")
    assert "From 2026-03-11 to 2026-03-12" in page
    assert "desk@newsroom.example" in page
    assert "| requests, redirects and robots.txt included | 5 |" in page
    assert "| 50% of 4 |" in page
    assert "| bytes received | 1,400 |" in page
    assert "| smallest distance between two requests | 39.5 s |" in page
    assert "| robots.txt | allows; Crawl-delay 10 |" in page
    assert "| Retry-After | never asked for |" in page
    assert report(*read_days(tmp_path), host="other.example", contact="") == ""


@pytest.mark.parametrize(("again", "kept"), [(200.0, "kept 1 of 1 times"), (100.0, "kept 0 of 1 times")])
def test_a_report_says_whether_retry_after_was_kept(tmp_path: Path, again: float, kept: str) -> None:
    """By when the host was asked again, whichever of its sources that was for."""
    _noted(
        tmp_path,
        Reading(visit=_visit(0, outcome="postponed", status=429, retry_after=120.0)),
        Reading(visit=_visit(30, outcome="postponed", requests=0)),
        Reading(visit=_visit(again, source="feed")),
        Reading(visit=_visit(again + 500)),
    )
    assert kept in report(*read_days(tmp_path), host=None, contact="")


def test_a_report_holds_nothing_against_a_host_that_another_asked_for(tmp_path: Path) -> None:
    """Retry-After of a redirect's target is about that host, and not shown as one that the source's host asked for."""
    elsewhere = {"answered_by": "https://elsewhere.example/"}
    _noted(
        tmp_path,
        Reading(visit=_visit(0, outcome="postponed", status=429, retry_after=120.0, **elsewhere)),
        Reading(visit=_visit(60)),
        Reading(visit=_visit(200, **elsewhere)),
    )
    days, pauses = read_days(tmp_path)
    assert "| Retry-After | never asked for |" in report(days, pauses, host=_HOST, contact="")
    assert [(pause.host, pause.seconds, pause.next_at) for pause in pauses] == [
        ("elsewhere.example", 120.0, _START + 199_500)
    ]


def test_witnesses_of_one_site_are_held_against_each_other(tmp_path: Path) -> None:
    """Which headlines each missed, and how late it was; folded texts are one headline."""
    _noted(
        tmp_path,
        _reading(0, "page", "What stood there before"),
        _reading(5, "feed", "What stood there before", "An old entry of the feed"),
        _reading(60, "page", "The port reopens", "What stood there before"),
        _reading(65, "feed", "Schools close early", "What stood there before"),
        _reading(120, "page", "The harvest begins", "The port reopens"),
        _reading(125, "feed", "THE PORT REOPENS!", "Schools close early"),
    )
    rows = read_headlines(tmp_path)
    now = _START + SETTLED_MS + 100_000
    page, feed = _by_source(recall(rows, now=now))
    assert (page.headlines, page.shown, page.late, page.missed) == (2, 1, 0.0, ("Schools close early",))
    assert (feed.headlines, feed.shown, feed.late, feed.missed) == (2, 2, 32.5, ())
    # The harvest is not settled yet; later on, the feed has missed it.
    assert _by_source(recall(rows, now=now + 60_000))[1].missed == ("The harvest begins",)


def _by_source(found: list[Recall]) -> tuple[Recall, Recall]:
    by_source = {each.source: each for each in found}
    return by_source["page"], by_source["feed"]


def test_a_source_without_another_is_held_against_nothing(tmp_path: Path) -> None:
    """One witness is no comparison."""
    _noted(tmp_path, _reading(0, "page", "One"), _reading(60, "page", "Two"))
    assert recall(read_headlines(tmp_path), now=_START + 10 * SETTLED_MS) == []


def test_a_site_that_is_mistyped_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    """That no site has several sources would send its reader to sources.toml."""
    for source in ("page", "feed"):
        _noted(tmp_path, _reading(0, source, "Rain over the coast"))
    done = ticker("sources", "recall", "akhbr", "--state", tmp_path)
    assert done.returncode == 1
    assert "did you mean akhbar?" in done.stderr.decode()


def test_what_is_held_back_is_no_witness(tmp_path: Path) -> None:
    """Headlines of a strip in doubt are not the site's; the visit is noted all the same."""
    with Journal(tmp_path, site=lambda _: "akhbar") as journal:
        judge = noted(lambda _: False, journal)
        assert not judge(_reading(0, "page", "Most read this week"))
    assert read_headlines(tmp_path) == []
    assert read_days(tmp_path)[0][0].requests == 1


def test_a_folder_without_a_journal_is_told(tmp_path: Path) -> None:
    """With what writes one."""
    with pytest.raises(SettingsError, match="there is no journal"):
        read_days(tmp_path)
    (tmp_path / "visits.db").write_bytes(b"rubbish" * 1000)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_days(tmp_path)


def test_a_journal_that_cannot_be_written_costs_no_visit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told in the log."""
    with Journal(tmp_path, site=lambda _: "akhbar") as journal:
        journal.note(Reading(visit=_visit(0)))
        with sqlite3.connect(tmp_path / "visits.db") as other:
            other.execute("DROP TABLE days")
        other.close()
        journal.save()
    assert "cannot be written" in caplog.text


def test_a_damaged_journal_is_set_aside_and_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is decided by it, so it keeps nobody from starting."""
    (tmp_path / "visits.db").write_bytes(b"rubbish" * 1000)
    _noted(tmp_path, Reading(visit=_visit(0)))
    assert "visits.db is damaged" in caplog.text
    assert (tmp_path / "visits.damaged").read_bytes().startswith(b"rubbish")
    assert read_days(tmp_path)[0][0].requests == 1


def test_a_journal_that_is_damaged_while_it_is_written_is_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Visits go on, and those that come after are noted."""
    with Journal(tmp_path, site=lambda _: "akhbar") as journal:
        for number in range(300):
            journal.note(_reading(number, f"source-{number}", f"Headline {number} of the day"))
        journal.save()
        journal._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        content = (tmp_path / "visits.db").read_bytes()
        with (tmp_path / "visits.db").open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (len(content) - 4096))
        journal._database.execute("PRAGMA shrink_memory")
        journal.note(_reading(1000, "page", "What nobody will know of"))
        journal.save()
        journal.note(_reading(1001, "page", "What is noted again"))
    assert "cannot be written" in caplog.text
    assert "is damaged" in caplog.text
    assert [row.text for row in read_headlines(tmp_path)] == ["What is noted again"]


def test_the_recall_is_told_while_visits_go_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Again and again, from what is on disk; a journal that cannot be read is told and ends nothing."""
    began = time.time_ns() // 1_000_000 - _START - 2 * SETTLED_MS
    told: list[Sequence[Recall]] = []

    async def main(folder: Path) -> None:
        enough = asyncio.Event()

        def listener(found: Sequence[Recall]) -> None:
            told.append(found)
            enough.set()

        telling = asyncio.create_task(tell_recall(folder, listener, every=0.01))
        async with asyncio.timeout(60):
            if folder == tmp_path:
                await enough.wait()
            else:
                while True:
                    await asyncio.sleep(0.01)
                    if "the recall is not known" in caplog.text:
                        break
                assert not telling.done()
        telling.cancel()

    first = began / 1000
    _noted(
        tmp_path,
        _reading(first, "page", "What stood there before"),
        _reading(first + 5, "feed", "What stood there before"),
        _reading(first + 60, "page", "The port reopens", "What stood there before"),
    )
    asyncio.run(main(tmp_path))
    assert [(each.source, each.shown, each.headlines) for each in told[0]] == [("feed", 0, 1), ("page", 1, 1)]
    asyncio.run(main(tmp_path / "nowhere"))


def test_a_source_that_shows_very_many_headlines_costs_the_others_none_of_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are too many, the oldest go of those that have more than their share."""
    monkeypatch.setattr(journal_of_visits, "MAX_HEADLINES", 20)
    at = (time.time_ns() // 1_000_000 - _START) / 1000 - 1_000
    with Journal(tmp_path, site=lambda _: "akhbar") as journal:
        journal.note(_reading(at, "modest", *(f"Modest headline {number}" for number in range(5))))
        for number in range(50):
            journal.note(_reading(at + 1 + number, "loud", f"Loud headline {number}"))
        journal.save()
        with journal._database as database:
            journal._prune(database)
    kept = [row for row in read_headlines(tmp_path) if row.source == "loud"]
    assert sorted(row.text for row in kept) == [f"Loud headline {number}" for number in range(40, 50)]
    assert len(read_headlines(tmp_path)) == 15
