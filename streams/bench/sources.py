"""The cost of reading many sources every minute, and the latency of changes, with HTTP servers and a real Kafka.

This process serves each site on its own loopback address. The producer is a separate process, whose processor time and
memory are read from the system. Three kinds of sites are mixed: most answer conditional GETs, some always send the same
bytes again, some send different bytes around the same strip.
"""

import asyncio
import gzip
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from schemas.events import Sighting
from schemas.topics import SIGHTINGS, TOPICS
from streams.dev.kafka import Cluster
from streams.errors import TickerError
from streams.kafka.connect import administration
from streams.kafka.subscribe import subscribe
from streams.kafka.topics import create, partitions_of
from streams.settings import Connection

logger: Final = logging.getLogger(__name__)

_INTERVAL_S: Final = 60
_CHANGES_EVERY_S: Final = 600.0
_SLOTS: Final = 12
_PARAGRAPHS: Final = 250
_FIRST: Final = IPv4Address("127.8.0.1")
_MIX: Final = ("validators",) * 12 + ("same bytes",) * 5 + ("other bytes",) * 3
Kind = Literal["validators", "same bytes", "other bytes"]


class SourcesResult(Struct, frozen=True, kw_only=True):
    """One run, after a warm-up of two intervals. Lateness is from a page's change until the sighting's arrival."""

    sources: int
    interval_seconds: int
    seconds: int
    page_kilobytes: float
    visits: int
    unchanged_percent: float
    received_megabytes: float
    cpu_percent: float
    memory_mib: float
    changed_headlines: int
    lateness_p50_seconds: float
    lateness_p99_seconds: float
    lateness_max_seconds: float


class _Site:
    """A site whose strip gains a headline every ten minutes; the headline contains its time in milliseconds."""

    def __init__(self, number: int, count: int, began: float) -> None:
        self.number = number
        self.kind: Kind = _MIX[number % len(_MIX)]
        self._first_change = began + _CHANGES_EVERY_S * number / count - _CHANGES_EVERY_S * _SLOTS
        self._edition = -1
        self._packed = b""
        self.sent = 0
        self.visits = 0
        self.unchanged = 0

    def answer(self, head: bytes) -> bytes:
        """The response to a request."""
        if b"GET /robots.txt " in head:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        self.visits += 1
        edition = int((time.time() - self._first_change) / _CHANGES_EVERY_S)
        tag = f'"{self.number}-{edition}"'.encode()
        if self.kind == "validators" and tag in head:
            self.unchanged += 1
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + tag + b"\r\n\r\n"
        if edition != self._edition or self.kind == "other bytes":
            self._edition = edition
            self._packed = gzip.compress(self.page(edition).encode(), 1)
        given = b"ETag: " + tag + b"\r\n" if self.kind == "validators" else b""
        self.sent += len(self._packed)
        length = str(len(self._packed)).encode()
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\n"
            + given
            + b"Content-Length: "
            + length
            + b"\r\n\r\n"
            + self._packed
        )

    def page(self, edition: int) -> str:
        """The page after its nth change."""
        items = "".join(
            f'<li><a href="/story/{each}">{self._headline(each)}</a></li>'
            for each in range(edition, edition - _SLOTS, -1)
        )
        nonce = time.time_ns() if self.kind == "other bytes" else edition
        return (
            f'<!doctype html><html lang="en"><head><title>Site {self.number}</title>'
            f'<meta name="csrf" content="{nonce}"></head><body><nav class="menu"><ul><li><a href="/politics">'
            'Politics</a></li><li><a href="/sport">Sport</a></li></ul></nav>'
            f'<div class="breaking-news-ticker"><ul>{items}</ul></div><main><h1>Today</h1>{_FILLER}</main>'
            "<footer><p>All rights reserved</p></footer></body></html>"
        )

    def _headline(self, edition: int) -> str:
        changed = round((self._first_change + edition * _CHANGES_EVERY_S) * 1000)
        return f"Council of district {self.number} agrees on plan number {changed}"


_FILLER: Final = "".join(
    f'<article class="card" id="a{number}"><h2><a href="/a/{number}">An older story, number {number}</a></h2>'
    f'<p class="lead">What the article says about it in a paragraph that is as long as such paragraphs are, {number}'
    " times over, with <em>some</em> markup and <strong>names</strong> in it, and a photograph beside it.</p>"
    f'<img src="/i/{number}.jpg" alt=""><span class="meta"><time>10:{number % 60:02}</time></span></article>'
    for number in range(_PARAGRAPHS)
)


def run_sources(count: int, seconds: int) -> SourcesResult:
    """Read many sites every minute, and measure for some time after a warm-up.

    Raises:
        TickerError: The producer ended.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * count)), hard))
    with (
        tempfile.TemporaryDirectory(prefix="ticker-bench-") as folder,
        Cluster(Path(folder, "kafka")) as cluster,
    ):
        return asyncio.run(_run(cluster.bootstrap_servers(), Path(folder), count, seconds))


async def _run(servers: str, folder: Path, count: int, seconds: int) -> SourcesResult:
    connection = Connection(bootstrap_servers=servers)
    async with administration(connection, patience=30) as client:
        await create(client, TOPICS, prefix="bench")
    late: list[float] = []
    async with _serving(count) as (sites, port), _hearing(connection, late) as measure:
        file = folder / "sources.toml"
        file.write_text("".join(map(_entry, range(count), [port] * count)), encoding="utf-8")
        with _producing(file, folder / "state", servers) as process:
            logger.info("%d sources warm up for %d s", count, 2 * _INTERVAL_S)
            await asyncio.sleep(2 * _INTERVAL_S)
            logger.info("measuring for %d s", seconds)
            measure.set()
            before, visits, same, sent = _cpu_seconds(process.pid), *_sums(sites)
            began = time.monotonic()
            await asyncio.sleep(seconds)
            took = time.monotonic() - began
            if process.poll() is not None:
                raise TickerError(f"the producer ended with exit code {process.returncode}")
            spent, memory = _cpu_seconds(process.pid) - before, _memory_mib(process.pid)
            visits, same, sent = (
                after - then for after, then in zip(_sums(sites), (visits, same, sent), strict=True)
            )
    late.sort()
    return SourcesResult(
        sources=count,
        interval_seconds=_INTERVAL_S,
        seconds=round(took),
        page_kilobytes=round(len(sites[0].page(1)) / 1000, 1),
        visits=visits,
        unchanged_percent=round(100 * same / max(1, visits), 1),
        received_megabytes=round(sent / 1e6, 1),
        cpu_percent=round(100 * spent / took, 1),
        memory_mib=memory,
        changed_headlines=len(late),
        lateness_p50_seconds=round(late[len(late) // 2], 2) if late else 0.0,
        lateness_p99_seconds=round(late[len(late) * 99 // 100], 2) if late else 0.0,
        lateness_max_seconds=round(late[-1], 2) if late else 0.0,
    )


def _entry(number: int, port: int) -> str:
    return (
        f'[[source]]\nid = "site-{number}"\naddress = "http://{_FIRST + number}:{port}/"\n'
        f"interval = {_INTERVAL_S}\nallow_private = true\n\n"
    )


def _sums(sites: Sequence[_Site]) -> tuple[int, int, int]:
    return (
        sum(each.visits for each in sites),
        sum(each.unchanged for each in sites),
        sum(each.sent for each in sites),
    )


@asynccontextmanager
async def _serving(count: int) -> AsyncIterator[tuple[list[_Site], int]]:
    """Serve many sites, each on its own address, all on one port."""
    sites = [_Site(number, count, time.time()) for number in range(count)]
    by_host = {str(_FIRST + number): site for number, site in enumerate(sites)}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        site = by_host[writer.get_extra_info("sockname")[0]]
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(site.answer(head))
                await writer.drain()
        writer.close()

    first = await asyncio.start_server(serve, str(_FIRST), 0)
    port = first.sockets[0].getsockname()[1]
    rest = await asyncio.start_server(serve, list(by_host)[1:], port) if count > 1 else None
    try:
        yield sites, port
    finally:
        for server in (first, rest):
            if server is not None:
                server.close()


@asynccontextmanager
async def _hearing(connection: Connection, late: list[float]) -> AsyncIterator[asyncio.Event]:
    """Append to a list the lateness of each new headline once the event is set."""
    async with administration(connection, patience=30) as client:
        partitions = await partitions_of(client, [SIGHTINGS.on("bench")])
    measure, ready = asyncio.Event(), asyncio.Event()
    decode = msgspec.json.Decoder(Sighting).decode
    heard: set[str] = set()

    async def read() -> None:
        async for record in subscribe(
            connection.aiokafka_options(), partitions, since=None, follow=True, ready=ready.set
        ):
            text = decode(record.value).text
            if text not in heard:
                heard.add(text)
                if measure.is_set():
                    late.append(time.time() - int(text.rpartition(" ")[2]) / 1000)

    reading = asyncio.create_task(read())
    await ready.wait()
    try:
        yield measure
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


@contextmanager
def _producing(file: Path, state: Path, servers: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a producer pinned to one core while the context lasts."""
    core = max(os.sched_getaffinity(0))
    with subprocess.Popen(  # noqa: S603 (our own program)
        [
            *(sys.executable, "-m", "streams.cli", "produce", "--sources", str(file), "--state", str(state)),
            *("--contact", "bench@localhost", "--bootstrap-servers", servers, "--topic-prefix", "bench"),
        ],
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 (this process has one thread)
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _cpu_seconds(pid: int) -> float:
    """The processor time of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mib(pid: int) -> float:
    """The peak resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024, 1)
