"""The recall of sources: the share of a site's headlines that its page, its feed and its sitemap each show.

A headline counts once all of them have had six hours to show it. Those of a source's very first strip do not count,
because nobody knows how long they had been there.
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
"""Seconds between updates of the metrics."""
_TOLD_OF_MS: Final = 86_400_000
"""The metrics are over the last day."""
_TOLD: Final = 20
"""The most missed headlines of a source that are listed."""


class Recall(Struct, frozen=True, kw_only=True):
    """The share of a site's headlines that one of its sources showed, and how late."""

    site: str
    source: str
    headlines: int
    """Headlines that any source of the site showed."""
    shown: int
    """Those of them that this source showed."""
    late: float | None
    """The median of its delay after the first source, in seconds; None if it showed none."""
    latest: float | None
    """The largest delay, in seconds."""
    missed: tuple[str, ...] = ()
    """The headlines that it never showed, newest first, at most twenty."""


def recall(rows: Iterable[Shown], *, now: int, since: int = 0) -> list[Recall]:
    """Compare the sources of each site that has several.

    Args:
        rows: Which source first showed which headline, and when.
        now: The time in ms; headlines of the last six hours are left out.
        since: Headlines that were first shown before this time (ms) are left out.
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
        if len(sources[site]) < 2:  # noqa: PLR2004 (nothing to compare with)
            continue
        # Before all of them were read, a headline counts as missed by none.
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
    """A judge that also records each reading in the journal, without the strip if it is held back."""

    def judging(reading: Reading) -> bool:
        may = judge(reading)
        journal.note(reading if may or reading.strip is None else replace(reading, strip=None))
        return may

    return judging


async def tell_recall(
    folder: Path, listener: Callable[[Sequence[Recall]], None], *, every: float = TOLD_EVERY_S
) -> Never:
    """Give the listener the last day's recall every `every` seconds, until cancelled, from a state folder's journal.

    The journal is read and compared in a thread; if it cannot be read, that is logged and retried.
    """
    while True:
        await asyncio.sleep(every)
        try:
            listener(await asyncio.to_thread(_of_a_day, folder, time.time_ns() // 1_000_000))
        except TickerError as error:
            logger.warning("the recall is not known: %s", error)


def _of_a_day(folder: Path, now: int) -> list[Recall]:
    return recall(read_headlines(folder), now=now, since=now - _TOLD_OF_MS)
