"""What thousands of sources of the same headlines cost a worker on a real broker."""

import sys
from itertools import product
from string import ascii_lowercase

import pytest

from schemas.topics import SEEN
from tests.chaos.corpus import plain
from tests.chaos.workers import TICKER
from tests.engine.kafka.conftest import Pipeline
from tests.support import START, sighting

pytestmark = pytest.mark.kafka

HEADLINES = ("Bakers go on strike in Tafraout", "Harbour of Agadir closes", "Museum of Azrou opens its doors")
SOURCES = [f"site-{''.join(letters)}" for letters in product(ascii_lowercase, repeat=3)][:6_000]
ROOM_KB = 300_000
LIMITED = ("sh", "-c", 'ulimit -d "$0" && exec "$@"', str(ROOM_KB), *TICKER, "worker")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited so on Linux only")
def test_six_thousand_sources_of_three_headlines_stay_in_bounds(pipeline: Pipeline) -> None:
    """18,000 sightings, and a restart: memory under a limit, no transaction that fails, no row above 4 kB."""
    pipeline.write(
        [
            plain(sighting(text, at=START + number * 10, source=source, slot=slot), 2)
            for number, source in enumerate(SOURCES)
            for slot, text in enumerate(HEADLINES)
        ]
    )
    for times in (1, 2):
        with pipeline.worker(command=LIMITED) as worker:
            pipeline.drain(times * len(SOURCES) * len(HEADLINES))
            assert worker.metric("ticker_failures_total", stage="deduplicate") == 0
            if times == 1:
                again = [plain(sighting(text, at=START + 61_000), 2) for text in HEADLINES]
                pipeline.write(again * len(SOURCES))
                pipeline.drain(2 * len(SOURCES) * len(HEADLINES))
    report = pipeline.check()
    assert (report.new, report.sightings) == (3, 36_000)
    rows = pipeline.read(SEEN)[SEEN.name].all
    assert max(len(row.value) for row in rows) < 4_096
