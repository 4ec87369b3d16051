"""Surveys what a replay would read: the offsets of a window of time, and the records, bytes and times in them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition
from msgspec import Struct

from schemas.instants import format_instant
from streams.kafka.reader import Window, consuming, read_windows
from streams.replay.plan import Span
from streams.replay.select import Predicate

LATENESS_MS: Final = 60 * 60 * 1000
"""How late a record of a window may be recorded and still be found: so much time after the window is searched too."""


class Found(Struct, frozen=True):
    """The offsets of a window, and what retention deleted of it."""

    windows: Mapping[TopicPartition, Window]
    """The offsets to read, those of warm-up and run-out included."""
    cut: tuple[str, ...]
    """A message for each partition whose oldest record is younger than the window's beginning."""
    begins: Mapping[TopicPartition, int]
    """The offset at which the window begins after the warm-up; empty without a warm-up."""
    until: int | None = None
    """The event time (ms) at which the run-out begins; None without a run-out."""


async def find(
    options: Mapping[str, Any],
    partitions: Sequence[TopicPartition],
    *,
    since: int | None,
    until: int | None,
    offsets: Mapping[int, Window],
    warm_up: int | None = None,
    run_out: int | None = None,
) -> Found:
    """Find the offsets of a window and its warm-up, as far as retention has kept them.

    Args:
        options: aiokafka's connection options.
        partitions: All partitions of the topic.
        since: The window's beginning, event time in ms; None for the beginning of the topic.
        until: Its end, excluded; None for the end of the topic.
        offsets: Windows by partition number, instead of times; a partition that is missing is not read. Empty for none.
        warm_up: When the warm-up begins, event time in ms; None for none.
        run_out: When the run-out ends, event time in ms; None for none.
    """
    async with consuming(options) as reader:
        reader.assign(partitions)
        beginnings = await reader.beginning_offsets(partitions)
        ends = await reader.end_offsets(partitions)
        starts = dict(beginnings)
        if since is not None:
            starts = _offsets(await reader.offsets_for_times(dict.fromkeys(partitions, since)), ends)
        warm: dict[TopicPartition, int] = {}
        if warm_up is not None:
            warm = _offsets(await reader.offsets_for_times(dict.fromkeys(partitions, warm_up)), ends)
        if until is not None:
            times = dict.fromkeys(partitions, run_out or until + LATENESS_MS)
            ends = _offsets(await reader.offsets_for_times(times), ends)
    windows = {tp: (starts[tp], ends[tp]) for tp in partitions}
    if offsets:
        windows = {tp: offsets[tp.partition] for tp in partitions if tp.partition in offsets}
    cut = tuple(
        f"partition {tp.partition} begins at offset {beginnings[tp]:,}, {windows[tp][0]:,} was asked for"
        for tp in windows
        if beginnings[tp] > windows[tp][0]
    )
    if since is not None or not offsets:
        cut += await _cut_by_time(options, windows, beginnings, since)
    begins = {tp: windows[tp][0] for tp in windows if warm}
    warmed = {tp: (warm[tp], end) for tp, (_, end) in windows.items() if tp in warm}
    return Found({**windows, **warmed}, cut, begins, None if run_out is None else until)


def _offsets(
    found: Mapping[TopicPartition, Any], ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    return {tp: min(place.offset, ends[tp]) if place else ends[tp] for tp, place in found.items()}


async def _cut_by_time(
    options: Mapping[str, Any],
    windows: Mapping[TopicPartition, Window],
    beginnings: Mapping[TopicPartition, int],
    since: int | None,
) -> tuple[str, ...]:
    """A message for each truncated partition whose oldest record is inside the window: older ones may have been too."""
    if since is None:
        return ()
    firsts = {
        tp: (first, min(first + 1, end))
        for tp, (first, end) in windows.items()
        if first == beginnings[tp] > 0 and first < end
    }
    cut = []
    async for tp, records in read_windows(options, firsts):
        cut.append(
            f"partition {tp.partition} begins at offset {beginnings[tp]:,} of"
            f" {format_instant(records[0].timestamp)}: what was before it in the window is gone"
        )
    return tuple(sorted(cut))


class _Count:
    """Counts the records of one partition."""

    def __init__(self, window: Window, begins: int | None, until: int | None) -> None:
        self.first, self.end = window
        self.begins = begins
        self.until = until
        self.records = self.bytes = self.largest = self.warm_up = self.run_out = 0
        self.earliest: int | None = None
        self.latest: int | None = None
        self._first_taken: int | None = None
        self._last_taken = 0

    def add(self, records: Sequence[Any]) -> None:
        sizes = [max(r.serialized_key_size, 0) + max(r.serialized_value_size, 0) for r in records]
        times = [r.timestamp for r in records]
        self.records += len(records)
        if self.begins is not None:
            self.warm_up += sum(record.offset < self.begins for record in records)
        if self.until is not None:
            begins = self.begins or 0
            self.run_out += sum(r.timestamp >= self.until and r.offset >= begins for r in records)
        self.bytes += sum(sizes)
        self.largest = max(self.largest, *sizes)
        self.earliest = min(times) if self.earliest is None else min(self.earliest, *times)
        self.latest = max(times) if self.latest is None else max(self.latest, *times)
        if self._first_taken is None:
            self._first_taken = records[0].offset
        self._last_taken = records[-1].offset

    def span(self, partition: int) -> Span:
        """The result, with the offsets narrowed to the records that are taken."""
        taken = self._first_taken is not None
        return Span(
            partition=partition,
            first=self._first_taken if self._first_taken is not None else self.first,
            end=self._last_taken + 1 if taken else self.first,
            begins=self.begins if self.warm_up else None,
            warm_up=self.warm_up,
            run_out=self.run_out,
            records=self.records,
            bytes=self.bytes,
            largest=self.largest,
            first_time=None if self.earliest is None else format_instant(self.earliest),
            last_time=None if self.latest is None else format_instant(self.latest),
        )


async def survey(
    options: Mapping[str, Any],
    found: Found,
    taken: Predicate | None,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Span, ...]:
    """Read the windows once and count what is in them, by partition; `progress` is called with numbers of records."""
    counts = {tp: _Count(window, found.begins.get(tp), found.until) for tp, window in found.windows.items()}
    async for tp, records in read_windows(options, found.windows):
        chosen = records if taken is None else [record for record in records if taken(record)]
        if chosen:
            counts[tp].add(chosen)
        progress(len(records))
    return tuple(counts[tp].span(tp.partition) for tp in sorted(counts))
