"""Visits sources, each at its own interval, and yields their readings.

Each source has its own task, which waits, visits and reads in a loop. Tasks wait for each other only for the turns of
a host, and when the consumer of the readings is slow (backpressure). A failure affects only its own source.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from hashlib import blake2b
from random import Random
from typing import Final, Protocol

from msgspec.structs import replace

from streams.errors import InputError, described
from streams.produce.decode import decode
from streams.sources.answer import MAX_BODY, charset_of, shown
from streams.sources.fetch import Fetched, Fetcher
from streams.sources.hosts import Hosts, host_of
from streams.sources.memory import Due, Known, Memory
from streams.sources.off_loop import off_loop
from streams.sources.reading import Reader, asked, kind_of
from streams.sources.registry import Source
from streams.sources.robots import Robots
from streams.sources.schedule import (
    JITTER,
    MAX_RETRY_AFTER_S,
    Bounds,
    adapted,
    backed_off,
    feed_ttl,
    fresh_for,
)
from streams.sources.visit import Reading, Validators, Visit

logger: Final = logging.getLogger(__name__)

WHOLE_EVERY_MS: Final = 3_600_000
"""How often a source is requested without validators, because some sites answer 304 though the page has changed."""
CEILING_S: Final = 3_600.0
"""The longest backoff of a failing source, unless its interval is longer."""
_LOOK_AGAIN_S: Final = 5.0
"""Seconds between checks whether sources.toml has changed."""
_WAITING: Final = 64
"""Readings that may wait to be consumed; then the visits wait."""
_STARTS_A_SECOND: Final = 20.0


class Listed(Protocol):
    """A list of sources that can change (`streams.sources.registry.Registry`)."""

    sources: Sequence[Source]

    def is_outdated(self) -> bool:
        """Whether they have to be read again; does not block."""

    def reload(self) -> bool:
        """Read them again; says whether they have changed."""


class Visitor:
    """Visits the sources of a registry.

    Args:
        registry: The sources, checked for changes every few seconds; None if only `visit` is called.
        fetcher: Fetches sources with an address.
        hosts: The hosts whose turns the fetcher takes.
        memory: The state of sources between visits.
        bounds: The bounds of intervals, for sources without their own.
        now: Milliseconds since the epoch.
        random: For jitter.
        gone: Called with the ids of removed sources.
    """

    def __init__(
        self,
        registry: Listed | None,
        fetcher: Fetcher,
        hosts: Hosts,
        memory: Memory,
        *,
        bounds: Bounds,
        now: Callable[[], int],
        random: Random | None = None,
        gone: Callable[[Collection[str]], None] = lambda _: None,
    ) -> None:
        self._registry = registry
        self._fetcher = fetcher
        self._hosts = hosts
        self._memory = memory
        self._bounds = bounds
        self._now = now
        self._random = random or Random()  # noqa: S311 (jitter)
        self._gone = gone
        self._reader = Reader(memory)
        self._tasks: dict[str, tuple[Source, asyncio.Task[None]]] = {}
        self._queue: asyncio.Queue[Reading] = asyncio.Queue(_WAITING)

    @property
    def is_idle(self) -> bool:
        """Whether no reading waits to be consumed: a good moment to write those that were."""
        return self._queue.empty()

    async def readings(self, stop: asyncio.Event) -> AsyncIterator[Reading]:
        """Iterate over readings, in the order in which visits end, until `stop` is set; leaves out removed sources.

        Visits in progress are then cancelled; the next start repeats them.
        """
        keeping = asyncio.create_task(self._keep_up())
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                coming = asyncio.create_task(self._queue.get())
                await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    coming.cancel()
                elif coming.result().visit.source in self._tasks:
                    yield coming.result()
            await self._end()
            while not self._queue.empty():
                yield self._queue.get_nowait()
        finally:
            keeping.cancel()
            stopping.cancel()
            await self._end()

    def settle(self, reading: Reading, *, published: bool) -> None:
        """Remember a reading once its strip is published, or need not be (then `published` is False)."""
        if reading.visit.source in self._tasks:
            self._reader.settle(reading, published=published)

    async def visit(self, source: Source) -> Reading:
        """Visit a source now; an unexpected exception becomes a failed visit."""
        try:
            return await self._visited(source)
        except Exception as error:
            logger.exception("source %s: a fault of ours; it is tried again", source.id)
            return await self._fault(source, error)

    async def _visited(self, source: Source) -> Reading:
        began = self._now()
        known = self._known(source)
        due = self._memory.dues.get(source.id, Due())
        if source.address is None:
            fetched = _file(source)
        else:
            is_whole = began - due.whole_at >= WHOLE_EVERY_MS or known.validators == Validators()
            fetched = await self._fetcher.fetch(
                source, None if is_whole else known.validators, known.answered_by
            )
            if is_whole and fetched.outcome == "changed":
                due = replace(due, whole_at=began)
        return await self._scheduled(source, await self._made(source, fetched, known), fetched, due, began)

    async def rules_of(self, address: str, source: Source) -> Robots:
        """The robots.txt rules for an address, fetched with a source's timeouts and permissions.

        Raises:
            ForbiddenAddressError: The address is a private one.
            PostponedError: Its host asked to be left alone.
        """
        return await self._fetcher.rules_of(address, source)

    def _known(self, source: Source) -> Known:
        """The last answer of a source; an empty one if its settings have changed since."""
        known = self._memory.known.get(source.id, Known())
        if known.asked != asked(source):
            self._reader.forget(source.id)
            return Known(asked=asked(source))
        return known

    async def _made(self, source: Source, fetched: Fetched, known: Known) -> Visit:
        """The visit of a fetch, not scheduled yet."""
        outcome, problem, body = fetched.outcome, fetched.problem, None
        digest, fresh = known.digest, max(fresh_for(fetched.headers), known.fresh_for)
        if outcome == "changed":
            digest = blake2b(fetched.body, digest_size=16).digest()
            if digest == known.digest:
                outcome = "unchanged"
            else:
                try:
                    charset = charset_of(fetched.headers.get("content-type", ""))
                    body = await off_loop(len(fetched.body), decode, fetched.body, source.place, charset)
                except InputError as error:
                    outcome, problem, digest = "failed", error.problem, b""
        kind = None if body is None else kind_of(body)
        if body is not None:
            fresh = max(fresh_for(fetched.headers), feed_ttl(body) if kind == "feed" else 0.0)
        return Visit(
            source=source.id,
            asked=asked(source),
            address=source.place,
            host=host_of(source.address) if source.address else "",
            at=self._now(),
            outcome=outcome,
            status=fetched.status,
            problem=problem,
            body=body,
            kind=kind,
            digest=digest,
            answered_by=fetched.answered_by or source.place,
            redirects=fetched.redirects,
            requests=fetched.requests,
            wire_bytes=fetched.wire_bytes,
            body_bytes=len(fetched.body),
            seconds=fetched.seconds,
            distance=fetched.distance,
            validators=fetched.validators,
            cache_control=shown(fetched.headers.get("cache-control", "")),
            fresh_for=fresh,
            retry_after=fetched.retry_after,
            robots=fetched.robots,
        )

    async def _scheduled(
        self, source: Source, visit: Visit, fetched: Fetched, due: Due, began: int
    ) -> Reading:
        """The reading of a visit, with the time of the next one."""
        is_well = visit.is_well
        reading = await self._reader.read(source, visit) if is_well else Reading(visit=visit)
        bounds = self._bounds.of(source)
        interval = due.interval or bounds.shortest
        failures = 0 if is_well else due.failures + (visit.outcome != "postponed")
        now = self._now()
        if is_well:
            interval = adapted(
                due.interval, bounds, changed=reading.strip is not None and not reading.is_same
            )
            wait = interval * (1 - JITTER * self._random.random())
            fresh = min(visit.fresh_for, max(bounds.longest, self._bounds.longest))
            next_at = max(began + round(wait * 1000), now + round(fresh * 1000))
        elif visit.outcome == "forbidden":
            next_at = max(fetched.forbidden_until, began + round(interval * 1000))
        else:
            ceiling = max(CEILING_S, bounds.longest)
            next_at = now + round(backed_off(interval, failures, ceiling) * 1000)
        if source.address is not None:
            next_at = max(next_at, now + round(self._hosts.pause(source.address) * 1000))
        # `settle` may have set `published_at` while we awaited.
        latest = self._memory.dues.get(source.id, due)
        self._memory.dues[source.id] = replace(
            latest, interval=interval, failures=failures, next_at=next_at, whole_at=due.whole_at
        )
        return replace(reading, visit=replace(visit, interval=interval, next_at=next_at))

    async def _keep_up(self) -> None:
        """Keep a task for each source of the registry, which may change."""
        registry = self._registry
        assert registry is not None
        self._begin(registry.sources)
        while True:
            await asyncio.sleep(_LOOK_AGAIN_S)
            try:
                # In a thread, as reading a file of thousands of entries would block the event loop.
                if registry.is_outdated() and await asyncio.to_thread(registry.reload):
                    self._begin(registry.sources)
            except Exception:
                logger.exception("sources.toml: a fault of ours; the sources stay as they were")

    def _begin(self, sources: Sequence[Source]) -> None:
        """Start tasks for new and changed sources, and cancel those of removed ones."""
        wanted = {source.id: source for source in sources}
        for name, (source, task) in list(self._tasks.items()):
            if wanted.get(name) != source:
                task.cancel()
                del self._tasks[name]
        if gone := self._memory.forget(wanted, self._now()):
            self._gone(gone)
        for name, source in wanted.items():
            if name not in self._tasks:
                self._tasks[name] = source, asyncio.create_task(self._watch(source, len(wanted)))

    async def _watch(self, source: Source, sources: int) -> None:
        """Visit a source in a loop."""
        due = self._memory.dues.get(source.id, Due())
        spread = min(self._bounds.of(source).shortest, sources / _STARTS_A_SECOND) * self._random.random()
        now = self._now()
        first = min(due.next_at, now + round(MAX_RETRY_AFTER_S * 1000))
        await asyncio.sleep(max(spread, (first - now) / 1000) if sources > 1 or first > now else 0.0)
        while True:
            reading = await self.visit(source)
            await self._queue.put(reading)
            await asyncio.sleep(max(0.0, (reading.visit.next_at - self._now()) / 1000))

    async def _fault(self, source: Source, error: Exception) -> Reading:
        """The reading of a visit that failed with an unexpected exception."""
        problem = shown(f"a fault of ours: {described(error)}")
        due = self._memory.dues.get(source.id, Due())
        fetched = Fetched(outcome="failed", problem=problem)
        visit = await self._made(source, fetched, Known())
        return await self._scheduled(source, visit, fetched, due, self._now())

    async def _end(self) -> None:
        """Cancel all tasks."""
        tasks = [task for _, task in self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _file(source: Source) -> Fetched:
    """Read a source's file; the result has the form of a fetch."""
    assert source.path is not None
    try:
        if not source.path.is_file():
            return Fetched(outcome="refused", problem="there is no such file")
        with source.path.open("rb") as file:
            body = file.read(MAX_BODY + 1)
    except OSError as error:
        return Fetched(outcome="failed", problem=shown(f"cannot be read: {error.strerror}"))
    if len(body) > MAX_BODY:
        return Fetched(outcome="failed", problem=f"a file of more than {MAX_BODY:,} bytes")
    return Fetched(outcome="changed", body=body)
