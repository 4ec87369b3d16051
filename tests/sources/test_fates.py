"""What becomes of readings on their way to the spool: published, repeated, held back, dropped, or without a strip."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import force_setattr
from prometheus_client import CollectorRegistry

from streams.errors import InputError
from streams.observe.shared import Sources
from streams.produce.intake import Intake
from streams.produce.metrics import ProducerMetrics
from streams.produce.spool import Spool
from streams.produce.spooled import Outlet
from streams.sources.memory import Memory
from streams.sources.metrics import SourcesMetrics
from streams.sources.publishing import produce_sources
from streams.sources.visit import Judge, Reading
from tests.sources.world import Answering, answer, in_turn, page, run, site, source, visiting

TITLES = (
    "Parliament votes on the new water law",
    "Storm closes the harbour today",
    "Olive harvest begins early",
)
OTHERS = ("Teachers and ministry agree on a timetable", *TITLES[:2])


class Fates:
    """The metrics of visits, and the fate of each in its order."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._metrics = SourcesMetrics(registry, Sources())
        self.seen: list[tuple[str, str | None]] = []

    def visited(self, reading: Reading, fate: str | None) -> None:
        self._metrics.visited(reading, fate)
        self.seen.append((reading.visit.outcome, fate))


def fates_of(
    answering: Answering, folder: Path, *, visits: int, judge: Judge = lambda _: True, limit: int = 1 << 20
) -> tuple[list[tuple[str, str | None]], int, CollectorRegistry]:
    """The outcome and fate of so many visits a minute apart, the strips that are in the spool, and the metrics."""
    registry = CollectorRegistry()
    fates = Fates(registry)
    failed: list[InputError] = []

    async def main() -> int:
        stop = asyncio.Event()

        def looking(reading: Reading) -> bool:
            if len(fates.seen) + 1 == visits:
                stop.set()
            return judge(reading)

        async with site() as there:
            there.answers["/"] = answering
            memory = Memory()
            one = source(there.address(), shortest=60.0, longest=60.0)
            with Spool(folder, limit=limit) as spool:
                intake = Intake(spool)
                keeping = asyncio.create_task(intake.run())
                async with visiting(one, memory=memory) as visitor:
                    await produce_sources(
                        visitor,
                        memory,
                        Outlet(intake),
                        failed=failed.append,
                        observer=ProducerMetrics(CollectorRegistry()),
                        watching=fates,
                        stop=stop,
                        judge=looking,
                    )
                keeping.cancel()
                return spool.waiting

    kept = run(main())
    return fates.seen[:visits], kept, registry


def test_a_strip_is_published_when_it_is_new_and_once_in_ten_minutes(tmp_path: Path) -> None:
    """Twelve visits of a page that never changes are two strips; a change is one at once."""
    seen, kept, registry = fates_of(answer(200, page(*TITLES), etag='"1"'), tmp_path, visits=12)
    assert Counter(fate for _, fate in seen) == {"published": 2, "repeated": 10}
    assert kept == 2
    assert (registry.get_sample_value("ticker_source_readings_total", {"outcome": "repeated"}) or 0) >= 10
    visits = {"source": "one", "outcome": "unchanged"}
    assert (registry.get_sample_value("ticker_source_visits_total", visits) or 0) >= 11
    changes = in_turn(answer(200, page(*TITLES)), answer(200, page(*OTHERS)))
    seen, kept, _ = fates_of(changes, tmp_path / "other", visits=3)
    assert [fate for _, fate in seen] == ["published", "published", "repeated"]


def test_what_a_judge_holds_back_is_neither_published_nor_known(tmp_path: Path) -> None:
    """It is judged again at every visit, as what it is, until it may."""
    allowed: list[bool] = [False, False, True, True]

    def judge(reading: Reading) -> bool:
        assert reading.strip is not None
        return allowed.pop(0)

    seen, kept, _ = fates_of(answer(200, page(*TITLES), etag='"1"'), tmp_path, visits=4, judge=judge)
    assert seen == [
        ("changed", "held back"),
        ("changed", "held back"),
        ("changed", "published"),
        ("unchanged", "repeated"),
    ]
    assert kept == 1


def test_a_strip_for_which_the_spool_has_no_room_is_shown_again(tmp_path: Path) -> None:
    """It was dropped and counted; the next visit brings it as new, until there is room."""
    seen, kept, _ = fates_of(answer(200, page(*TITLES), etag='"1"'), tmp_path, visits=3, limit=600)
    assert seen == [("changed", "published")] * 3
    assert kept == 0


def test_what_one_reading_raises_only_its_source_pays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A judge that fails is told with the source, and the next visit is published as new."""
    visits = []

    def judge(reading: Reading) -> bool:
        visits.append(reading)
        if len(visits) == 1:
            raise RuntimeError("odd")
        return True

    seen, kept, _ = fates_of(answer(200, page(*TITLES), etag='"1"'), tmp_path, visits=2, judge=judge)
    assert seen == [("changed", None), ("changed", "published")]
    assert kept == 1
    assert "a fault of ours: RuntimeError: odd" in caplog.text


def test_a_strip_that_cannot_be_written_is_told_once_and_costs_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One whose text holds what no UTF-8 has fails its visit, with a traceback the first time."""

    def judge(reading: Reading) -> bool:
        assert reading.strip is not None
        force_setattr(reading.strip, "text", "\ud800")
        return True

    answers = [answer(200, page(*TITLES, f"News of minute number {minute}")) for minute in range(4)]
    seen, kept, _ = fates_of(in_turn(*answers), tmp_path, visits=3, judge=judge)
    assert seen == [("changed", None)] * 3
    assert kept == 0
    assert caplog.text.count("source one: http") == 1
    assert caplog.text.count("Traceback") == 1


def test_a_page_without_a_strip_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not at every visit; and again when it is over."""
    answers = in_turn(
        answer(200, "<html><body>Sorry</body></html>"),
        answer(500),
        answer(500),
        answer(200, page(*TITLES)),
    )
    with caplog.at_level("INFO", "streams.sources"):
        seen, _, _ = fates_of(answers, tmp_path, visits=4)
    assert seen == [("changed", "missing"), ("failed", None), ("failed", None), ("changed", "published")]
    said = [record.getMessage() for record in caplog.records if record.name == "streams.sources.publishing"]
    assert [line.rpartition(": ")[2] for line in said] == [
        said[0].rpartition(": ")[2],
        "answers 500",
        "is read again",
    ]
