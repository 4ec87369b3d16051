"""When a program that is told to end does so: as it is scraped, which then has all that was counted."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from prometheus_client import CollectorRegistry, Counter

from streams.observe.ending import Ending
from streams.observe.health import pages, serving
from tests.deploy.support import free_port


class Program:
    """A program that counts, watched by a Prometheus of its own."""

    def __init__(self, address: str, session: aiohttp.ClientSession, ending: Ending) -> None:
        self._address = address
        self._session = session
        self.ending = ending

    async def scrape(self, seconds: str = "10", name: str = "Prometheus/3") -> str:
        """What a Prometheus reads."""
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": seconds, "User-Agent": name}
        return await self._read("metrics", headers)

    async def look(self) -> str:
        """What a browser reads."""
        return await self._read("metrics", {})

    async def is_ready(self) -> bool:
        """What a cluster asks."""
        return await self._read("readyz", {}) == "ready\n"

    async def _read(self, page: str, headers: dict[str, str]) -> str:
        async with self._session.get(f"http://{self._address}/{page}", headers=headers) as answer:
            return await answer.text()


@asynccontextmanager
async def program(registry: CollectorRegistry) -> AsyncIterator[Program]:
    """Its pages, on a real connection."""
    ending = Ending()
    async with (
        pages("127.0.0.1:0", registry=registry, is_ready=lambda: True, ending=ending) as address,
        aiohttp.ClientSession() as session,
    ):
        yield Program(address, session, ending)


def things(registry: CollectorRegistry) -> Counter:
    """What it counts."""
    return Counter("things", "Things.", ["kind"], registry=registry)


def test_the_last_scrape_has_what_the_end_of_the_work_counted() -> None:
    """It comes, the work ends, and only then it is answered; meanwhile the program is alive and not ready."""

    async def run() -> None:
        registry = CollectorRegistry()
        counter = things(registry).labels("early")
        counter.inc()
        async with program(registry) as running:
            await running.scrape()
            await running.scrape()
            assert await running.is_ready()
            running.ending.tell()
            assert not await running.is_ready()
            counter.inc(10)
            assert 'things_total{kind="early"} 11.0' in await running.look()
            assert not running.ending.stop.is_set(), "who only looks ends nothing"
            last = asyncio.create_task(running.scrape())
            await running.ending.stop.wait()
            counter.inc(100)
            assert not last.done()
            running.ending.done()
            assert 'things_total{kind="early"} 111.0' in await last

    asyncio.run(run())


def test_a_count_that_is_new_is_scraped_twice() -> None:
    """The first scrape shows it at 0: the work goes on until the next one."""

    async def run() -> None:
        registry = CollectorRegistry()
        counter = things(registry)
        async with program(registry) as running:
            await running.scrape()
            running.ending.tell()
            counter.labels("late").inc(5)
            assert 'things_total{kind="late"} 0.0' in await running.scrape()
            assert not running.ending.stop.is_set()
            last = asyncio.create_task(running.scrape())
            await running.ending.stop.wait()
            running.ending.done()
            assert 'things_total{kind="late"} 5.0' in await last

    asyncio.run(run())


def test_a_scrape_waits_no_longer_than_its_prometheus_does() -> None:
    """Work that does not end in time costs it the counts of its end, not all the others."""

    async def run() -> None:
        registry = CollectorRegistry()
        things(registry).labels("early").inc(3)
        async with program(registry) as running:
            await running.scrape()
            running.ending.tell()
            assert 'things_total{kind="early"} 3.0' in await running.scrape("0.01")
            assert running.ending.stop.is_set()

    asyncio.run(run())


def test_work_that_ends_by_itself_is_scraped_before_the_program_ends() -> None:
    """A file that was read to its end: nobody asked for an end, and nobody is told of one."""

    async def run() -> list[bool]:
        registry, address, asked = CollectorRegistry(), f"127.0.0.1:{free_port()}", []
        counter = things(registry).labels("early")
        ending = Ending(lambda: asked.append(True))
        async with aiohttp.ClientSession() as session:
            running = Program(address, session, ending)

            async def work() -> None:
                async with serving(address, registry=registry, is_ready=lambda: True, ending=ending):
                    await running.scrape()
                    counter.inc(7)

            working = asyncio.create_task(work())
            while not ending.is_told:  # noqa: ASYNC110 - its own end is what is waited for
                await asyncio.sleep(0)
            assert 'things_total{kind="early"} 7.0' in await running.scrape()
            await working
        return asked

    assert asyncio.run(run()) == []


def test_ctrl_c_ends_the_work_at_once() -> None:
    """Whoever sits before it does not wait for a Prometheus; SIGTERM waits, and a second one does not."""

    async def ended(*numbers: signal.Signals) -> bool:
        ending = Ending(clock=lambda: 0.0)
        ending.obey_signals()
        await ending.scraped("prometheus", is_shown_all=lambda: True, patience=10)
        for number in numbers:
            os.kill(os.getpid(), number)
            for _ in range(10):
                await asyncio.sleep(0)
        return ending.stop.is_set()

    assert asyncio.run(ended(signal.SIGINT))
    assert not asyncio.run(ended(signal.SIGTERM))
    assert asyncio.run(ended(signal.SIGTERM, signal.SIGTERM))


class Waiting:
    """An end that is waited for, on a clock of its own."""

    def __init__(self, *scrapes: tuple[str, float]) -> None:
        self.now = 0.0
        self._timers: list[tuple[float, Callable[[], object]]] = []
        self.ending = Ending(clock=lambda: self.now, later=self._later)
        self.scrape(*scrapes)

    def _later(self, seconds: float, then: Callable[[], object]) -> None:
        self._timers.append((self.now + seconds, then))

    def scrape(self, *scrapes: tuple[str, float]) -> None:
        """Let somebody scrape at some moments."""
        for name, at in scrapes:
            self.pass_until(at)
            asyncio.run(self.ending.scraped(name, is_shown_all=lambda: True, patience=0))

    def pass_until(self, moment: float) -> None:
        """Let time pass."""
        while due := [timer for timer in self._timers if timer[0] <= moment]:
            timer = min(due, key=lambda each: each[0])
            self._timers.remove(timer)
            self.now = timer[0]
            timer[1]()
        self.now = moment

    def told_at(self, moment: float) -> float:
        """When the work ends of a program that is told to end then."""
        self.pass_until(moment)
        self.ending.tell()
        while not self.ending.stop.is_set():
            self.pass_until(min(at for at, _ in self._timers))
        return self.now


def test_nobody_is_waited_for_who_does_not_come() -> None:
    """Without a Prometheus, or with one that has been away for two minutes, the end is at once."""
    assert Waiting().told_at(7) == 7
    assert Waiting(("a", 0), ("a", 15)).told_at(136) == 136


def test_a_scrape_is_waited_for_as_long_as_it_is_late() -> None:
    """Its interval, a quarter and a second, and never longer than half a minute."""
    assert Waiting(("a", 0), ("a", 15)).told_at(20) == 34.75
    assert Waiting(("a", 0), ("a", 60)).told_at(61) == 91
    assert Waiting(("a", 0)).told_at(1) == 31, "of one that came once nobody knows the interval"


def test_each_of_two_prometheus_is_waited_for() -> None:
    """The one that comes last sees the end; the other one came after the signal too."""
    waiting = Waiting(("a", 0), ("b", 10), ("a", 15), ("b", 25))
    waiting.pass_until(26)
    waiting.ending.tell()
    waiting.scrape(("a", 30))
    assert not waiting.ending.stop.is_set()
    waiting.scrape(("b", 40))
    assert waiting.ending.stop.is_set()
