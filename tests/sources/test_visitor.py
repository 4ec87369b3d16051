"""Sources are visited as sources.toml says from time to time, and each is read as what it is."""

import asyncio
import json
import threading

import pytest

from streams.errors import InputError
from streams.sources.fetch import Fetched
from streams.sources.memory import Due, Known, Memory
from streams.sources.off_loop import LARGE, off_loop
from streams.sources.reading import Reader
from streams.sources.visit import Reading, Visit
from tests.sources.world import BEGIN, Sources, answer, page, run, site, source, take, visiting

TITLES = (
    "Parliament votes on the new water law",
    "Storm closes the harbour today",
    "Olive harvest begins early",
)


def reading_of(body: str, **options: object) -> Reading:
    """The reading of a visit to what has this body."""

    async def main() -> Reading:
        async with site() as there:
            there.answers["/"] = answer(200, body)
            one = source(there.address(), **options)
            async with visiting(one) as visitor:
                return await visitor.visit(one)

    return run(main())


RSS = (
    '<?xml version="1.0"?><rss version="2.0"><channel><ttl>30</ttl>'
    + "".join(
        f"<item><title>{title}</title><link>/s/{number}</link><pubDate>Wed, 11 Mar 2026 08:00:00</pubDate></item>"
        for number, title in enumerate(TITLES)
    )
    + "</channel></rss>"
)
LISTED = json.dumps([{"title": title, "url": f"/s/{number}"} for number, title in enumerate(TITLES)])
FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"title": title, "url": f"/s/{number}"} for number, title in enumerate(TITLES)],
    }
)


@pytest.mark.parametrize(
    ("body", "kind"), [(RSS, "feed"), (LISTED, "json"), (FEED, "json"), (page(*TITLES), "page")]
)
def test_what_a_source_is_is_found_by_itself(body: str, kind: str) -> None:
    """Each has its headlines, and links that are absolute."""
    reading = reading_of(body)
    assert reading.visit.kind == kind
    assert [slot.text for slot in reading.slots] == list(TITLES)
    assert all((slot.link or "").startswith(reading.visit.answered_by) for slot in reading.slots)


@pytest.mark.parametrize(
    ("body", "wanted", "told"),
    [
        (page(*TITLES), "feed", "a page, and its entry says that it is a feed"),
        (page(*TITLES), "json", "no JSON"),
        (RSS, "page", "a feed, and its entry says that it is a page"),
        ("<html><body><form>Log in</form></body></html>", None, "no ticker stands out"),
    ],
)
def test_what_is_something_else_than_its_entry_says_has_no_strip(
    body: str, wanted: str | None, told: str
) -> None:
    """A login page in the place of a feed is told, and nothing of it published."""
    reading = reading_of(body, kind=wanted)
    assert reading.visit.outcome == "changed"
    assert reading.strip is None
    assert reading.problem is not None
    assert told in reading.problem.problem


def test_times_without_a_zone_are_those_of_the_source() -> None:
    """Where its entry names one; else they are left out."""
    assert {slot.published_at for slot in reading_of(RSS).slots} == {None}
    zoned = reading_of(RSS, timezone="Europe/Paris")
    assert {slot.published_at for slot in zoned.slots} == {"2026-03-11T07:00:00.000Z"}


def test_a_feed_is_not_read_again_before_its_time() -> None:
    """Its `ttl` of thirty minutes is beyond the longest interval, which counts then."""
    reading = reading_of(RSS)
    assert reading.visit.next_at - reading.visit.at == 900_000


def test_sources_that_come_and_go_are_visited_while_they_are_there() -> None:
    """The others go on in their rhythm, and know what they knew."""

    async def main() -> None:
        async with site("127.0.0.2") as one, site("127.0.0.3") as two:
            for each in (one, two):
                each.answers["/"] = answer(200, page(*TITLES), etag='"1"')
            stays = source(one.address(), id="stays", shortest=60.0, longest=60.0)
            comes = source(two.address(), id="comes", shortest=60.0, longest=60.0)
            async with visiting(stays) as visitor:
                registry = visitor._registry
                assert isinstance(registry, Sources)
                seen: list[tuple[str, int]] = []
                stop = asyncio.Event()
                async for reading in visitor.readings(stop):
                    visitor.settle(reading, published=True)
                    seen.append((reading.visit.source, reading.visit.at))
                    if len(seen) == 3:
                        registry.sources, registry.changed = (stays, comes), True
                    elif len(seen) == 8:
                        registry.sources, registry.changed = (stays,), True
                    elif len(seen) == 12:
                        stop.set()
            assert [name for name, _ in seen[:3]] == ["stays"] * 3
            assert {name for name, _ in seen[3:8]} == {"stays", "comes"}
            assert [name for name, _ in seen[9:12]] == ["stays"] * 3
            assert [each.headers.get("if-none-match") for each in one.asked("/")][1:] == ['"1"'] * (
                len(one.asked("/")) - 1
            )

    run(main())


def test_a_strip_that_was_held_back_is_read_again() -> None:
    """What was not settled is not known: the next visit asks for all of it, and shows it as new."""

    async def main() -> None:
        async with site() as there:
            there.answers["/"] = answer(200, page(*TITLES), etag='"1"')
            async with visiting(source(there.address())) as visitor:
                readings = await take(visitor, 3, settled=False)
            assert {each.visit.outcome for each in readings} == {"changed"}
            assert not any(each.is_same for each in readings)

    run(main())


def test_a_fault_of_ours_costs_its_source_a_visit_and_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged with its traceback and tried again later."""

    async def main() -> list[Reading]:
        async with site("127.0.0.2") as one, site("127.0.0.3") as two:
            for each in (one, two):
                each.answers["/"] = answer(200, page(*TITLES))
            broken = source(one.address(), id="broken", kind=["no kind"])
            async with visiting(broken, source(two.address(), id="fine")) as visitor:
                return await take(visitor, 6)

    readings = run(main())
    assert {each.visit.outcome for each in readings if each.visit.source == "broken"} == {"failed"}
    assert {each.visit.outcome for each in readings if each.visit.source == "fine"} <= {
        "changed",
        "unchanged",
    }
    assert "a fault of ours" in caplog.text


def test_what_an_entry_showed_before_it_was_changed_is_not_what_it_shows_now() -> None:
    """A reading that is settled after its entry was changed vouches for nothing that is asked by the new one."""

    async def main() -> None:
        async with site() as there:
            for path in ("/old", "/new"):
                there.answers[path] = answer(200, page(*TITLES), etag='"1"')
            memory = Memory()
            registry = Sources(source(there.address("/old")))
            async with visiting(*registry.sources, memory=memory) as visitor:
                visitor._begin(registry.sources)
                reading = await visitor.visit(registry.sources[0])
                changed = source(there.address("/new"), timezone="Europe/Paris")
                visitor._begin([changed])
                visitor.settle(reading, published=True)
                after = await visitor.visit(changed)
                await visitor._end()
            assert reading.visit.asked != after.visit.asked
            assert not after.is_same
            assert "if-none-match" not in there.asked("/new")[0].headers

    run(main())


def test_sources_that_go_are_told_of_and_shown_no_more() -> None:
    """Also those that went while nobody ran, until whoever heard of them knows; who comes back is not gone."""

    async def main() -> None:
        async with site() as there:
            there.answers["/"] = answer(200, page(*TITLES))
            one, two = (
                source(there.address(), id=name, shortest=60.0, longest=60.0) for name in ("one", "two")
            )
            memory, gone = Memory(), list[set[str]]()
            memory.dues["before"] = Due(next_at=1)
            async with visiting(
                one, two, memory=memory, gone=lambda names: gone.append(set(names))
            ) as visitor:
                registry = visitor._registry
                assert isinstance(registry, Sources)
                stop, seen = asyncio.Event(), list[str]()
                async for reading in visitor.readings(stop):
                    seen.append(reading.visit.source)
                    if len(seen) == 4:
                        registry.sources, registry.changed = (one,), True
                    elif len(seen) == 8:
                        memory.gone.clear()
                        registry.sources, registry.changed = (one, two), True
                    elif len(seen) == 12:
                        stop.set()
            assert gone == [{"before"}, {"before", "two"}]
            assert "two" in seen[8:]
            assert set(seen[5:8]) == {"one"}

    run(main())


def test_what_waits_of_a_source_that_went_is_thrown_away() -> None:
    """Whoever takes readings slowly gets none of it: its state would be told after its end."""

    async def main() -> list[str]:
        async with site() as there:
            there.answers["/"] = answer(200, page(*TITLES))
            both = [source(there.address(), id=name, shortest=60.0, longest=60.0) for name in ("one", "two")]
            async with visiting(*both) as visitor:
                registry = visitor._registry
                assert isinstance(registry, Sources)
                stop, seen = asyncio.Event(), list[str]()
                async for reading in visitor.readings(stop):
                    seen.append(reading.visit.source)
                    if len(seen) == 1:
                        registry.sources = [each for each in both if each.id == seen[0]]
                        registry.changed = True
                        await asyncio.sleep(20)
                        assert reading.visit.source in visitor._tasks
                        assert len(visitor._tasks) == 1
                        assert not visitor.is_idle, "a reading of the other one waits"
                    elif len(seen) == 3:
                        stop.set()
                return seen

    assert len(set(run(main()))) == 1


def test_a_registry_that_fails_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever reading sources.toml raises, the sources are visited as they were, and the next change is seen."""

    class Failing(Sources):
        def reload(self) -> bool:
            super().reload()
            if len(self.sources) == 1:
                return True
            self.sources = self.sources[:1]
            self.changed = True
            raise RuntimeError("odd")

    async def main() -> list[Reading]:
        async with site("127.0.0.2") as one, site("127.0.0.3") as two:
            for each in (one, two):
                each.answers["/"] = answer(200, page(*TITLES))
            async with visiting() as visitor:
                visitor._registry = registry = Failing(
                    source(one.address(), id="stays"), source(two.address(), id="goes")
                )
                registry.changed = True
                return await take(visitor, 12)

    readings = run(main())
    assert "sources.toml: a fault of ours" in caplog.text
    assert {each.visit.source for each in readings[4:]} == {"stays"}


def test_a_large_page_is_read_beside_the_loop() -> None:
    """Others go on while its strip is looked for, and the strip is that of a small one."""
    body = page(*TITLES) + "<p>What else stands on the page.</p>" * (LARGE // 20)

    async def main() -> tuple[Reading, int]:
        one, turns = source("https://site.example/"), 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        going_on = asyncio.create_task(others())
        visit = Visit(source="one", address="https://site.example/", at=BEGIN, outcome="changed", body=body)
        reading = await Reader(Memory()).read(one, visit)
        going_on.cancel()
        return reading, turns

    reading, turns = asyncio.run(main())
    assert [slot.text for slot in reading.slots] == list(TITLES)
    assert turns > 0


def test_a_large_page_is_decoded_beside_the_loop() -> None:
    """Which of many encodings it is in takes a second to tell; others are served meanwhile, and it is told rightly."""
    arabic = "البرلمان يصوت الليلة على قانون الماء"
    body = f"{page(arabic, *TITLES)}<p>{'ما هو مكتوب أيضا على الصفحة ' * (LARGE // 20)}</p>".encode("cp1256")

    async def main() -> tuple[Reading, int]:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        one = source("https://site.example/")
        async with visiting() as visitor:
            going_on = asyncio.create_task(others())
            visit = await visitor._made(one, Fetched(outcome="changed", body=body), Known())
            going_on.cancel()
            return await visitor._reader.read(one, visit), turns

    reading, turns = asyncio.run(main())
    assert reading.slots[0].text == arabic
    assert turns > 0


def test_what_is_raised_beside_the_loop_is_raised_where_it_was_asked_for() -> None:
    """And who has gone away meanwhile misses nothing."""

    def fail() -> None:
        raise InputError("here", "odd")

    async def main() -> None:
        with pytest.raises(InputError, match="odd"):
            await off_loop(LARGE, fail)
        with pytest.raises(InputError, match="odd"):
            await off_loop(0, fail)
        leaving = asyncio.create_task(off_loop(LARGE, fail))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await off_loop(LARGE, threading.get_ident) != threading.get_ident()

    asyncio.run(main())
