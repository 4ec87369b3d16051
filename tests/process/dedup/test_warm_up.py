"""What a worker loads before it has records."""

import subprocess
import sys

DECIDE = """
import sys
from streams.pipeline import DEDUPLICATE
from streams.process.dedup import near
from streams.process.dedup.words import lexicon
from tests.support import KeepingOutbox, sighting

near._MANY = 3
if "warm" in sys.argv:
    DEDUPLICATE.warm_up()
before = set(sys.modules), lexicon.cache_info().misses
shown = [
    sighting(text.format(each))
    for each in ("Fez", "Lyon", "Oslo", "Bath")
    for text in ("Ferry sinks off {}", "Un ferry chavire au large, selon {}", "غرق عبارة قبالة ميناء {} امس")
]
DEDUPLICATE.processor().process(shown, KeepingOutbox())
print(len(set(sys.modules) - before[0]), lexicon.cache_info().misses - before[1])
"""


def test_no_record_waits_for_what_can_be_loaded_before() -> None:
    """Each language's words and numpy took an eighth of a second when the first that needed them loaded them."""
    cold, warm = (
        subprocess.run(
            [sys.executable, "-c", DECIDE, how], check=True, capture_output=True, text=True
        ).stdout.split()
        for how in ("cold", "warm")
    )
    assert all(int(loaded) > 0 for loaded in cold)
    assert warm == ["0", "0"]
