"""A day of visits to sites that ask for all kinds of regard, and no request that they forbid. Simulated time."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from streams.sources.memory import Memory
from streams.sources.visit import Reading
from tests.sources.world import (
    BEGIN,
    Answering,
    Request,
    answer,
    in_turn,
    page,
    run,
    site,
    source,
    take,
    visiting,
)

DAY_S = 86_400.0
HEADLINES = [f"Headline number {number} of the day comes from the region" for number in range(2_000)]


def ticking(every: float) -> Answering:
    """A page that has validators and shows another headline every so many seconds."""

    async def send(request: Request, writer: asyncio.StreamWriter) -> None:
        edition = int(request.at / every)
        if request.headers.get("if-none-match") == f'"{edition}"':
            await answer(304)(request, writer)
        else:
            shown = page(*HEADLINES[edition : edition + 6])
            await answer(200, shown, etag=f'"{edition}"')(request, writer)

    return send


def distances(requests: Sequence[Request]) -> list[float]:
    """Seconds between requests that follow one another, to the millisecond."""
    return [round(after.at - before.at, 3) for before, after in pairwise(requests)]


async def watch(seconds: float, *sources: object, memory: Memory | None = None) -> list[Reading]:
    """All readings of so many simulated seconds."""
    stop, readings = asyncio.Event(), []
    begun = asyncio.get_running_loop().time()
    async with visiting(*sources, memory=memory) as visitor:  # type: ignore[arg-type]
        asyncio.get_running_loop().call_later(seconds, stop.set)
        async for reading in visitor.readings(stop):
            visitor.settle(reading, published=True)
            readings.append(reading)
    assert asyncio.get_running_loop().time() - begun >= seconds
    return readings


def test_a_day_has_no_request_that_a_site_forbids() -> None:
    """Robots rules, Crawl-delay, Retry-After in seconds and as a date, 5xx on robots, and the least distance."""

    async def main() -> None:
        async with (
            site("127.0.0.2") as delayed,
            site("127.0.0.3") as forbidding,
            site("127.0.0.4") as busy,
            site("127.0.0.5") as broken,
            site("127.0.0.6") as shared,
        ):
            delayed.answers["/robots.txt"] = answer(200, "User-agent: *\nCrawl-delay: 180")
            delayed.answers["/"] = ticking(600.0)
            forbidding.answers["/robots.txt"] = answer(
                200, "User-agent: headline-ticker\nDisallow: /news\nAllow: /news/open"
            )
            forbidding.answers["/news"] = forbidding.answers["/news/open"] = ticking(900.0)
            forbidding.answers["/moved"] = answer(302, location="/news/closed")
            busy.answers["/"] = in_turn(
                answer(429, retry_after="1800"),
                answer(
                    503, retry_after="Wed, 11 Mar 2026 12:00:00 GMT", date="Wed, 11 Mar 2026 09:00:00 GMT"
                ),
                answer(200, page(*HEADLINES[:5])),
            )
            broken.answers["/robots.txt"] = answer(500)
            broken.answers["/"] = ticking(60.0)
            for path in ("/a", "/b", "/c", "/d"):
                shared.answers[path] = ticking(300.0)
            fixed, minutes = {"shortest": 60.0, "longest": 60.0}, {"shortest": 600.0, "longest": 600.0}
            readings = await watch(
                DAY_S,
                source(delayed.address(), id="delayed", **fixed),
                source(forbidding.address("/news"), id="forbidden", **fixed),
                source(forbidding.address("/news/open"), id="open", **minutes),
                source(forbidding.address("/moved"), id="moved", **fixed),
                source(busy.address(), id="busy", **minutes),
                source(broken.address(), id="broken", **fixed),
                *(
                    source(shared.address(path), id=f"shared{path}", **minutes)
                    for path in ("/a", "/b", "/c", "/d")
                ),
            )

            assert min(distances(delayed.requests[1:])) >= 180.0
            assert len(delayed.asked("/")) > DAY_S / 181.0 - 2, "as often as it may be asked"
            for each in (forbidding, busy, broken, shared):
                assert min(distances(each.requests)) >= 2.0
            assert not [each for each in forbidding.asked() if each.path in {"/news", "/news/closed"}]
            assert len(forbidding.asked("/news/open")) >= 140
            assert len(forbidding.asked("/robots.txt")) <= 2, "rules are kept for a day"
            first, second, third, *_ = [each.at for each in busy.asked("/")]
            assert second - first >= 1800
            assert third - second >= 3 * 3600, "by the clock of the server, whatever ours says"
            assert not broken.asked("/")
            assert 24 <= len(broken.requests) <= 40, "robots.txt is asked for again, once an hour in the end"
            assert len(shared.asked()) >= 4 * 140
            smallest = [each.visit.distance for each in readings if each.visit.distance is not None]
            assert min(smallest) >= 2.0
            assert {each.visit.outcome for each in readings if each.visit.source == "forbidden"} == {
                "forbidden"
            }
            assert "robots.txt forbids" in next(
                each.visit.robots for each in readings if each.visit.source == "moved"
            )

    run(main())


def test_one_connection_at_a_time_goes_to_a_host() -> None:
    """However many of its pages are read, and however slow it is."""
    under_way: list[int] = []
    open_now = 0

    async def slow(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now
        open_now += 1
        under_way.append(open_now)
        await asyncio.sleep(5.0)
        await answer(200, page(*HEADLINES[:5]))(request, writer)
        open_now -= 1

    async def main() -> None:
        async with site() as there:
            sources = []
            for number in range(8):
                there.answers[f"/{number}"] = slow
                sources.append(source(there.address(f"/{number}"), id=f"s{number}"))
            async with visiting(*sources) as visitor:
                await take(visitor, 24)
            assert set(under_way) == {1}
            assert min(distances(there.asked())) >= 7.0, "two seconds between the end of one and the next"

    run(main())


def test_a_source_that_seldom_changes_is_visited_seldom_and_one_that_does_often() -> None:
    """Within the bounds; what an answer says of its freshness is waited for."""

    async def main() -> None:
        async with site("127.0.0.2") as lively, site("127.0.0.3") as quiet, site("127.0.0.4") as fresh:
            lively.answers["/"] = ticking(70.0)
            quiet.answers["/"] = ticking(6 * 3600.0)
            fresh.answers["/"] = answer(200, page(*HEADLINES[:5]), cache_control="max-age=600")
            await watch(
                6 * 3600.0,
                source(lively.address(), id="lively"),
                source(quiet.address(), id="quiet"),
                source(fresh.address(), id="fresh", shortest=60.0, longest=60.0),
            )
            assert 250 < len(lively.asked("/")) <= 400
            assert len(quiet.asked("/")) < 60
            assert min(distances(fresh.asked("/"))) >= 600.0

    run(main())


def test_a_restart_forgets_no_rule_no_pause_and_no_rhythm(tmp_path: Path) -> None:
    """A producer that is started again at once asks for nothing that it would not have asked for."""

    async def main() -> None:
        async with site("127.0.0.2") as busy, site("127.0.0.3") as calm:
            busy.answers["/"] = answer(429, retry_after="7200")
            calm.answers["/"] = ticking(6 * 3600.0)
            sources = source(busy.address(), id="busy"), source(calm.address(), id="calm", shortest=600.0)
            for _ in range(5):
                with Memory(tmp_path) as memory:
                    await watch(300.0, *sources, memory=memory)
            assert len(busy.asked("/")) == 1
            assert len(busy.asked("/robots.txt")) == 1
            assert 2 <= len(calm.asked("/")) <= 3
            assert calm.asked("/")[1].headers["if-none-match"] == '"0"'

    run(main())


def test_who_waits_for_a_turn_is_sent_away_when_the_host_asks_for_a_pause() -> None:
    """A pause of a day keeps nobody waiting for a day, and the host is asked for nothing in it."""

    async def main() -> None:
        async with site() as busy, site("127.0.0.2") as other:
            busy.answers["/first"] = answer(429, retry_after="86400")
            busy.answers["/second"] = other.answers["/"] = answer(200, page(*HEADLINES[:5]))
            busy.answers["/robots.txt"] = answer(404)
            sources = [source(busy.address(f"/{path}"), id=path) for path in ("first", "second", "third")]
            async with visiting() as visitor:
                readings = await asyncio.gather(*map(visitor.visit, sources))
                elsewhere = await visitor.visit(source(other.address(), id="other"))
            assert [each.visit.outcome for each in readings] == ["postponed"] * 3
            assert [each.visit.status for each in readings] == [429, None, None]
            assert "127.0.0.1 asked to be left alone for another 86" in readings[1].visit.problem
            assert all(each.visit.next_at - BEGIN >= 86_400_000 for each in readings)
            assert [each.path for each in busy.asked()] == ["/first"]
            assert elsewhere.visit.outcome == "changed"
            assert asyncio.get_running_loop().time() < 600

    run(main())
