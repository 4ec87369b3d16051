"""The capacity of `ticker serve` on one core: readers of events, requests answered with 304, headlines in memory."""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from schemas.events import CategorizedHeadline, TopicScore
from schemas.instants import format_instant
from schemas.mediatopics import LABELS, TOPIC_BY_SLUG
from schemas.topics import LANGUAGE_PARTITIONS
from streams.bench.clients import Heard
from streams.bench.corpus import make
from streams.bench.machine import resident_bytes
from streams.errors import TickerError
from streams.observe.health import listening
from streams.produce.sightings import sightings
from streams.produce.strips import strip_of
from streams.serve.app import Pages
from streams.serve.guard import Limits, guard
from streams.serve.metrics import ServeMetrics
from streams.serve.position import log_identity
from streams.serve.readers import Readers
from streams.serve.window import Window

_RATE: Final = 10
"""Headlines a second."""
_CONNECTIONS: Final = 32


class ServeResult(Struct, frozen=True, kw_only=True):
    """One run. Latencies are from the headline's arrival until a reader has it; processor time is the server's."""

    corpus: str
    window: int
    bytes_a_headline: float
    readers: int
    headlines: int
    heard: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    readers_cpu_percent: float
    requests_a_second: float
    requests_cpu_percent: float


def run_serve(*, readers: int, window: int, seconds: float) -> ServeResult:
    """Fill a window, send readers ten headlines a second, then answer conditional GETs of a feed with 304.

    Raises:
        TickerError: A client failed.
    """
    return asyncio.run(_run(readers, window, seconds))


async def _run(count: int, size: int, seconds: float) -> ServeResult:
    corpus = make("new", size)
    headlines = [
        _categorized(record.value, position)
        for position, observation in enumerate(corpus.observations)
        for record in sightings(*strip_of(observation)).records
    ][:size]
    encoded = [msgspec.json.encode(headline) for headline in headlines]
    del headlines
    gc.collect()
    before = resident_bytes()
    window = Window(size, LANGUAGE_PARTITIONS, time.time)
    decode = msgspec.json.Decoder(CategorizedHeadline).decode
    for offset, value in enumerate(encoded):
        window.add(decode(value), 0, offset)
    grown = resident_bytes() - before
    async with _serving(window, count) as (readers, address):
        started, busy = time.monotonic(), time.process_time()
        client = await _client("listen", address, str(count), str(round(_RATE * seconds)))
        while len(readers) < count and client.returncode is None:  # noqa: ASYNC110 (they come from another process)
            await asyncio.sleep(0.05)
        started, busy = time.monotonic(), time.process_time()
        for number in range(round(_RATE * seconds)):
            await asyncio.sleep(max(0.0, started + number / _RATE - time.monotonic()))
            headline = replace(
                decode(encoded[number % size]),
                id=f"{number:020x}-1",
                chain=f"{number:020x}-1",
                observed_at=format_instant(time.time_ns() // 1_000_000),
            )
            readers.publish(window.add(headline, 0, size + number))
        heard = await _answer(client)
        listened = (time.process_time() - busy) / (time.monotonic() - started)
        busy, started = time.process_time(), time.monotonic()
        asked = await _answer(await _client("ask", address, str(_CONNECTIONS), str(seconds)))
        answered = (time.process_time() - busy) / (time.monotonic() - started)
    return ServeResult(
        corpus=corpus.digest,
        window=len(window),
        bytes_a_headline=round(grown / size, 1),
        readers=count,
        headlines=round(_RATE * seconds),
        heard=heard.number,
        p50_ms=heard.p50_ms,
        p99_ms=heard.p99_ms,
        max_ms=heard.max_ms,
        readers_cpu_percent=round(listened * 100, 1),
        requests_a_second=round(asked.number / seconds),
        requests_cpu_percent=round(answered * 100, 1),
    )


@asynccontextmanager
async def _serving(window: Window, count: int) -> AsyncIterator[tuple[Readers, str]]:
    identity = log_identity("bench")
    readers = Readers(window, identity, ServeMetrics(CollectorRegistry(), window, lambda: True), most=count)
    application = guard(Limits())
    application.add_routes(Pages(window, readers, identity).routes())
    async with listening(application, "127.0.0.1:0", shutdown_timeout=1.0) as address:
        yield readers, address
        readers.close()


async def _client(*arguments: str) -> asyncio.subprocess.Process:
    """Run the clients in a separate process."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams.bench.clients", *arguments, stdout=asyncio.subprocess.PIPE
    )


async def _answer(client: asyncio.subprocess.Process) -> Heard:
    output, _ = await client.communicate()
    if client.returncode:
        raise TickerError(f"the clients of the benchmark ended with exit code {client.returncode}")
    return msgspec.json.decode(output, type=Heard)


def _categorized(value: object, number: int) -> CategorizedHeadline:
    """A sighting as the categorize stage would publish it, with a media topic, as most headlines have."""
    slug = ("politics", "sport", "economy", "society")[number % 4]
    fields = msgspec.structs.asdict(value)  # type: ignore[arg-type] # a sighting: the producer makes nothing else
    fields["link"] = f"https://news.example/{number}/{fields['id']}"
    score = TopicScore(TOPIC_BY_SLUG[slug], round(0.65 + number % 30 / 100, 3), slug, LABELS[slug])
    return CategorizedHeadline(
        **fields, chain=fields["id"], topic=score.topic, category=slug, topics=(score,), model="bench"
    )
