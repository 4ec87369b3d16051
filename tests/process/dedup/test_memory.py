"""What is remembered of a headline is bounded, whoever shows it and however often; a process with a limit proves it."""

import resource
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from msgspec import Struct

from schemas.events import SeenHeadline, encode
from streams.process.dedup.crowd import estimate, with_one_more
from streams.process.dedup.deduplicator import Deduplicator
from streams.process.dedup.headline import MAX_SOURCES
from tests.support import HOUR, MINUTE, START, KeepingOutbox, sighting

MIB = 1 << 20
ROOM = 32 * MIB
HEADLINES = ("Bakers go on strike in Tafraout", "Harbour of Agadir closes", "Museum of Azrou opens its doors")


class Written(Struct):
    """What a run wrote to the state."""

    rows: int
    longest: int
    """In bytes."""
    sightings: int
    last: int
    """How many sources the last row says there were."""


def _limit() -> None:
    """Let this process have so much more data than it has after its imports."""
    status = Path("/proc/self/status").read_text()
    data = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (data * 1024 + ROOM, resource.RLIM_INFINITY))


def _shown_by(sources: int, ahead: int) -> Written:
    deduplicator, written = Deduplicator(), Written(0, 0, 0, 0)
    for number in range(sources):
        out = KeepingOutbox()
        at = START + number * MINUTE // 60 + (ahead if number % 2 else 0)
        deduplicator.process(
            [sighting(text, at=at, source=f"folder/page-{number:05}") for text in HEADLINES], out
        )
        for row in (each.event for each in out.written if isinstance(each.event, SeenHeadline)):
            written.rows += 1
            written.longest = max(written.longest, len(encode(row)))
            written.sightings, written.last = row.sightings, row.source_count or len(row.sources)
    return written


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="says how much memory it has on Linux only"
)
@pytest.mark.parametrize("ahead", [0, 20 * HOUR], ids=["clocks that are right", "every second clock ahead"])
def test_six_thousand_sources_of_three_headlines_take_little(ahead: int) -> None:
    """18,000 sightings: each row below 4 kB, a row for each of the first sources, ten minutes and claims; 32 MiB."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_limit) as pool:
        written = pool.submit(_shown_by, 6_000, ahead).result(timeout=300)
    assert written.longest < 4_096
    buckets = 6_000 // 60 // 10 + 1
    claims = 6 * (buckets + 1) if ahead else 0
    assert written.rows <= len(HEADLINES) * (MAX_SOURCES + buckets + claims)
    assert abs(written.last - 6_000) < 0.33 * 6_000 or ahead


def test_a_limit_on_memory_is_a_limit() -> None:
    """The other tests would fail if what they run took more."""
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_limit) as pool,
        pytest.raises(MemoryError),
    ):
        pool.submit(bytearray, 2 * ROOM).result(timeout=300)


@pytest.mark.parametrize(("sources", "error"), [(100, 0.08), (1_000, 0.09), (3_000, 0.15), (6_000, 0.33)])
def test_a_sketch_counts_within_three_standard_errors(sources: int, error: float) -> None:
    """What the schema says of the estimate; linear counting with 1,024 bits."""
    for site in ("hespress", "le360", "folder/page"):
        crowd = 0
        for number in range(sources):
            crowd = with_one_more(crowd, f"{site}-{number}".encode())
        assert abs(estimate(crowd) - sources) <= error * sources
