"""The world as tests need it: a clock that jumps from one timer to the next, and servers on loopback that misbehave.

Everything runs in one thread on one loop. Sockets are real; only waiting is not, but for threads that write to a disk.
"""

import asyncio
import selectors
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from random import Random
from typing import Any, TypeVar, TypeVarTuple

from msgspec import Struct

from streams.sources.fetch import fetching
from streams.sources.memory import Memory
from streams.sources.registry import Source
from streams.sources.schedule import Bounds
from streams.sources.visit import Reading
from streams.sources.visitor import Visitor

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BEGIN = 1_773_216_000_000
"""2026-03-11T08:00:00Z, in ms: when tests begin."""
CONTACT = "desk@newsroom.example"


class _Selector(selectors.DefaultSelector):
    """Waits for nobody: where nothing is ready, the loop's time jumps to its next timer."""

    skipped = 0.0
    in_threads = 0
    """What threads are at work on, such as writing to a disk: they are waited for in earnest."""
    _was_ready = True

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if self.in_threads:
            return super().select(0.05)
        # What was sent a moment ago may be on its way through the machine yet.
        ready = super().select(0.001 if self._was_ready else 0)
        self._was_ready = bool(ready)
        if not ready:
            self.skipped += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop whose time is only what was waited for."""

    def __init__(self) -> None:
        self._jumping = _Selector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.skipped

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self._jumping.in_threads += 1

        def done(_: object) -> None:
            self._jumping.in_threads -= 1

        future.add_done_callback(done)
        return future


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a test on a loop that jumps."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(main)


def now() -> int:
    """The time of the running test, in ms since the epoch."""
    return BEGIN + round(asyncio.get_running_loop().time() * 1000)


class Request(Struct, frozen=True):
    """A request as a server got it."""

    at: float
    """Seconds since the test began."""
    method: str
    path: str
    headers: dict[str, str]
    """By name in small letters."""
    host: str
    """The address that it came to."""


Answering = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


class Site:
    """A server that answers as `answers` says, path by path, and keeps what it was asked."""

    def __init__(self, host: str, port: int, scheme: str) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.requests: list[Request] = []
        self.answers: dict[str, Answering] = {}

    def address(self, path: str = "/") -> str:
        return f"{self.scheme}://{self.host}:{self.port}{path}"

    def asked(self, path: str | None = None) -> list[Request]:
        """What was asked for, robots.txt left out, or of one path."""
        return [
            each
            for each in self.requests
            if (each.path != "/robots.txt" if path is None else each.path == path)
        ]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode("latin-1").strip().split("\r\n")
                method, path, _ = line.split(" ")
                headers = {
                    name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)
                }
                loop = asyncio.get_running_loop()
                request = Request(loop.time(), method, path, headers, self.host)
                self.requests.append(request)
                await self.answers.get(path, answer(404))(request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def site(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """A site on an address of loopback; each has a port of its own."""
    made: list[Site] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await made[0].serve(reader, writer)

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    made.append(Site(host, server.sockets[0].getsockname()[1], "https" if tls else "http"))
    try:
        yield made[0]
    finally:
        server.close()


def answer(status: int = 200, body: str | bytes = b"", **headers: str) -> Answering:
    """An answer of one piece; `content_type` is Content-Type."""
    content = body.encode() if isinstance(body, str) else body

    async def send(_: Request, writer: asyncio.StreamWriter) -> None:
        given = {"content_length": str(len(content)), **headers}
        lines = [f"HTTP/1.1 {status} Something"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content)

    return send


def raw(*pieces: bytes, pause: float = 0.0) -> Answering:
    """Bytes as they are, with a pause behind each, and the end of the connection."""

    async def send(_: Request, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        writer.close()

    return send


def in_turn(*answers: Answering) -> Answering:
    """One answer after the other; the last stays."""
    left = list(answers)

    async def send(request: Request, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(request, writer)

    return send


def page(*headlines: str) -> str:
    """A page with a ticker."""
    items = "".join(f'<li><a href="/story/{len(text)}">{text}</a></li>' for text in headlines)
    return f'<!doctype html><title>News</title><body><main><h1>News</h1></main><ul class="news-ticker">{items}</ul>'


def source(address: str, **options: Any) -> Source:
    """A source that may be on loopback."""
    return Source(**{"id": "one", "address": address, "site": "one", "allow_private": True, **options})


class Sources:
    """A registry that tests change by hand."""

    def __init__(self, *sources: Source) -> None:
        self.sources: Sequence[Source] = sources
        self.changed = False

    def is_outdated(self) -> bool:
        return self.changed

    def reload(self) -> bool:
        changed, self.changed = self.changed, False
        return changed


@asynccontextmanager
async def visiting(
    *sources: Source, memory: Memory | None = None, distance: float = 2.0, **options: Any
) -> AsyncIterator[Visitor]:
    """A visitor of these sources."""
    kept = memory or Memory()
    bounds, gone = options.pop("bounds", Bounds(60.0, 900.0)), options.pop("gone", lambda _: None)
    async with fetching(kept, contact=CONTACT, distance=distance, now=now, **options) as (fetcher, hosts):
        yield Visitor(
            Sources(*sources),
            fetcher,
            hosts,
            kept,
            bounds=bounds,
            now=now,
            random=Random(1),
            gone=gone,
        )


async def take(visitor: Visitor, count: int, *, settled: bool = True) -> list[Reading]:
    """So many readings, each remembered as published."""
    stop, readings = asyncio.Event(), []
    async for reading in visitor.readings(stop):
        if settled:
            visitor.settle(reading, published=True)
        readings.append(reading)
        if len(readings) == count:
            stop.set()
    return readings[:count]
