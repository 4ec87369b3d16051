"""How complete sources are: the strip, the feed and the sitemap of one site are witnesses of the same headlines.

A headline counts once the others have had six hours to show it; what a source showed when it was visited first counts
for nothing, for nobody knows since when it stood there.
"""

import asyncio
import logging
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, Never

from msgspec import Struct
from msgspec.structs import replace

from streams.errors import TickerError
from streams.sources.journal import Journal, Shown, read_headlines
from streams.sources.visit import Judge, Reading

logger: Final = logging.getLogger(__name__)

SETTLED_MS: Final = 6 * 3_600_000
TOLD_EVERY_S: Final = 600.0
"""How often the metrics are told, in seconds."""
_TOLD_OF_MS: Final = 86_400_000
"""The metrics are about a day."""
_TOLD: Final = 20
"""Missed headlines of a source that are named, the latest first."""


class Recall(Struct, frozen=True, kw_only=True):
    """How much of what a site showed one of its sources showed, and how late."""

    site: str
    source: str
    headlines: int
    """What any source of the site showed."""
    shown: int
    late: float | None
    """The median of how many seconds after the first source it showed them; None where it showed none."""
    latest: float | None
    missed: tuple[str, ...] = ()
    """Texts that it never showed, the latest first, at most twenty."""


def recall(rows: Iterable[Shown], *, now: int, since: int = 0) -> list[Recall]:
    """Hold the sources of each site that has several against each other.

    Args:
        rows: Which source showed what first when.
        now: The time in ms; headlines of the last six hours are left out.
        since: Headlines that were shown first before this time (ms) are left out.
    """
    sites: defaultdict[str, defaultdict[bytes, dict[str, Shown]]] = defaultdict(lambda: defaultdict(dict))
    sources: defaultdict[str, set[str]] = defaultdict(set)
    began: dict[str, int] = {}
    for row in rows:
        sites[row.site][row.key][row.source] = row
        sources[row.site].add(row.source)
        began[row.source] = min(row.at, began.get(row.source, row.at))
    found = []
    for site in sorted(sites):
        if len(sources[site]) < 2:  # noqa: PLR2004 (one witness has nobody to be held against)
            continue
        # Before all of them were read, a source cannot have missed anything.
        first = max(since, *(began[source] for source in sources[site]))
        counted = [
            by_source
            for by_source in sites[site].values()
            if first <= _first(by_source) <= now - SETTLED_MS
            and not any(row.is_first for row in by_source.values())
        ]
        counted.sort(key=_first, reverse=True)
        found += [_of(site, source, counted) for source in sorted(sources[site])]
    return found


def _first(by_source: dict[str, Shown]) -> int:
    return min(row.at for row in by_source.values())


def _of(site: str, source: str, counted: list[dict[str, Shown]]) -> Recall:
    late = [(each[source].at - _first(each)) / 1000 for each in counted if source in each]
    missed = [next(iter(each.values())).text for each in counted if source not in each]
    return Recall(
        site=site,
        source=source,
        headlines=len(counted),
        shown=len(late),
        late=statistics.median(late) if late else None,
        latest=max(late, default=None),
        missed=tuple(missed[:_TOLD]),
    )


def noted(judge: Judge, journal: Journal) -> Judge:
    """A judge whose readings are written down, but for what it holds back."""

    def judging(reading: Reading) -> bool:
        may = judge(reading)
        journal.note(reading if may or reading.strip is None else replace(reading, strip=None))
        return may

    return judging


async def tell_recall(
    folder: Path, listener: Callable[[Sequence[Recall]], None], *, every: float = TOLD_EVERY_S
) -> Never:
    """Tell the recall of a day again and again, until cancelled, from the journal of a state folder.

    A week of headlines is read and compared in a thread; a journal that cannot be read is told, and tried again.
    """
    while True:
        await asyncio.sleep(every)
        try:
            listener(await asyncio.to_thread(_of_a_day, folder, time.time_ns() // 1_000_000))
        except TickerError as error:
            logger.warning("the recall is not known: %s", error)


def _of_a_day(folder: Path, now: int) -> list[Recall]:
    return recall(read_headlines(folder), now=now, since=now - _TOLD_OF_MS)
