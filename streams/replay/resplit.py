"""Splits replayed strips with this build's splitter, and writes their sightings to the target.

Within a partition, sightings must be in the recorded order, because the first source to show a headline decides its id.
That order is taken from the recorded sightings and the corrections among them. A strip without recorded sightings in
the partition, because it had none or retention deleted them, is placed by its event time.

What is written follows only from the strips, the recorded order and this build. So a run that was killed resumes by
making the same records again and skipping those that are committed already. They are recognized by key and value, not
by their number, because retention may have deleted a part of the recorded order in the meantime.
"""

import time
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from hashlib import blake2b
from typing import Any, Final, Self

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct
from msgspec.structs import replace

from schemas.events import UNREADABLE, Sighting, Strip, encode
from schemas.headers import REPLAY_ID_HEADER
from schemas.instants import parse_instant
from schemas.marks import Progress
from schemas.routing import partition_of
from schemas.topics import POSITIONS, SIGHTINGS
from streams.counted import counted
from streams.errors import SplitError, TickerError
from streams.kafka.alternating import AlternatingProducers
from streams.kafka.connect import administration
from streams.kafka.reader import bounds, committed_reader, read_windows
from streams.kafka.topics import partitions_of
from streams.kafka.transaction import writing
from streams.produce.extract import resplit
from streams.produce.sightings import sightings
from streams.replay import ledger
from streams.replay.apply import Ends
from streams.replay.plan import Plan
from streams.replay.survey import find
from streams.stage import RawRecord

_AT_ONCE: Final = 500
_WRITTEN_AT_ONCE: Final = 4_000


class _Shown(Struct, frozen=True):
    """The id and type of a sighting or a correction."""

    id: str
    type: str = ""


_decode_strip: Final = msgspec.json.Decoder(Strip).decode
_identify: Final = msgspec.json.Decoder(_Shown).decode
_SIGHTING: Final = str(Sighting.__struct_config__.tag)


class Resplit(Struct, kw_only=True):
    """What the strips became."""

    strips: int = 0
    failed: int = 0
    """Strips that this build cannot split: they have no sightings."""
    sightings: int = 0
    empty: int = 0
    rejected: int = 0
    """Slots that cannot be headlines."""
    corrections: int = 0

    def told(self) -> str:
        """The counts as a message."""
        return (
            f"{counted(self.strips, 'strip')}, {self.failed:,} of them not split;"
            f" {counted(self.sightings, 'sighting')},"
            f" {counted(self.empty, 'empty slot')}, {self.rejected:,} that are no headlines;"
            f" {counted(self.corrections, 'correction')}"
        )


async def split_replayed(
    plan: Plan, ends: Ends, *, told: Callable[[int, int], None] = lambda _done, _of: None
) -> Resplit:
    """Make sightings of the strips of a replay that was applied; resumes where an earlier run stopped.

    Args:
        plan: A plan of strips.
        ends: How to connect to both ends.
        told: Called with the number of strips split so far, and of all strips.

    Raises:
        TickerError: The sightings could not be written.
    """
    options, prefix = ends.target.aiokafka_options(), plan.target.prefix
    places = await places_of(ends, plan)
    async with administration(ends.target, patience=ends.patience) as client:
        homes = len(await partitions_of(client, [SIGHTINGS.on(prefix)]))
    there = await replayed_strips(plan, options, places)
    recorded = await _recorded(plan, ends, there, homes)
    found = Resplit()
    async with AsyncExitStack() as stack:
        writers = [_Writer(plan, options, number, recorded[number]) for number in range(homes)]
        for writer in writers:
            await stack.enter_async_context(writer)
        strips = await stack.enter_async_context(aclosing(_by_time(plan, options, places)))
        async for record in strips:
            records = _split(record, found, homes)
            for number, writer in enumerate(writers):
                await writer.take(record.strip.id, records.get(number, ()))
            told(found.strips, len(there))
        for writer in writers:
            await writer.close()
        found.corrections = sum(len(each.corrections) for each in recorded)
    return found


async def places_of(ends: Ends, plan: Plan) -> list[TopicPartition]:
    """The partitions of the topic that a plan writes to."""
    async with administration(ends.target, patience=ends.patience) as client:
        return await partitions_of(client, [plan.target_topic])


async def replayed_strips(
    plan: Plan, options: Mapping[str, Any], places: Sequence[TopicPartition]
) -> set[str]:
    """The ids of the strips that a replay wrote."""
    found: set[str] = set()
    async for _, records in read_windows(options, await bounds(options, places)):
        found.update(strip.id for record in records if (strip := _strip(plan, record)) is not None)
    return found


def _strip(plan: Plan, record: Any) -> Strip | None:
    """The strip in a record of this replay; None for other records, and values that are not a strip."""
    if record.value is None or (REPLAY_ID_HEADER, plan.id.encode()) not in record.headers:
        return None
    try:
        return _decode_strip(record.value)
    except UNREADABLE:
        return None


class _Replayed(Struct, frozen=True):
    """A strip, and the latest event time (ms) of its partition up to this strip."""

    strip: Strip
    reached: int


async def _by_time(
    plan: Plan, options: Mapping[str, Any], places: Sequence[TopicPartition]
) -> AsyncGenerator[_Replayed, None]:
    """All strips: the partitions are merged by event time, and each partition's order is kept."""
    windows = await bounds(options, places, isolation="read_uncommitted")
    async with AsyncExitStack() as stack:
        heads: list[tuple[_Replayed, int, AsyncGenerator[_Replayed, None]]] = []
        for number, place in enumerate(places):
            strips = await stack.enter_async_context(aclosing(_of(plan, options, place, windows[place])))
            if (first := await anext(strips, None)) is not None:
                heads.append((first, number, strips))
        while heads:
            index = min(range(len(heads)), key=lambda each: (heads[each][0].reached, heads[each][1]))
            head, number, strips = heads[index]
            yield head
            if (following := await anext(strips, None)) is None:
                del heads[index]
            else:
                heads[index] = following, number, strips


async def _of(
    plan: Plan, options: Mapping[str, Any], place: TopicPartition, window: tuple[int, int]
) -> AsyncGenerator[_Replayed, None]:
    reached = 0
    async with aclosing(read_windows(options, {place: window}, at_once=_AT_ONCE)) as slices:
        async for _, records in slices:
            for record in records:
                if (strip := _strip(plan, record)) is not None:
                    reached = max(reached, record.timestamp)
                    yield _Replayed(strip, reached)


def _split(record: _Replayed, found: Resplit, homes: int) -> dict[int, list[RawRecord]]:
    """The sightings that this build makes of a strip, by partition; counted in `found`."""
    strip = record.strip
    found.strips += 1
    try:
        slots = resplit(strip.text, strip.format, strip.separator if strip.pinned else None).slots
    except SplitError:
        found.failed += 1
        return {}
    made = sightings(strip, slots)
    found.sightings += len(made.records)
    found.empty += made.empty
    found.rejected += len(made.rejected)
    records: defaultdict[int, list[RawRecord]] = defaultdict(list)
    for each in made.records:
        sighting = each.value
        assert isinstance(sighting, Sighting)
        raw = RawRecord(each.key, encode(sighting), each.timestamp, list(each.headers))
        records[partition_of(sighting.language, homes)].append(raw)
    return records


class Order(Struct):
    """The recorded order of one partition of the sightings."""

    steps: list[str | RawRecord] = []
    """The ids of strips, each at the place of its first sighting, and corrections."""

    @property
    def corrections(self) -> list[RawRecord]:
        """The corrections among them."""
        return [step for step in self.steps if isinstance(step, RawRecord)]


async def _recorded(plan: Plan, ends: Ends, strips: set[str], homes: int) -> list[Order]:
    """The recorded order of each partition, as far as retention has kept it."""
    topic = SIGHTINGS.on(plan.source.prefix)
    async with administration(ends.source, patience=ends.patience) as client:
        places = await partitions_of(client, [topic])
    orders = [Order() for _ in range(homes)]
    if len(places) != homes:
        return orders
    options = ends.source.aiokafka_options()
    begins = plan.warm_up or plan.since
    window = await find(
        options,
        places,
        since=parse_instant(begins) if begins else None,
        until=parse_instant(plan.until) if plan.until else None,
        offsets={},
    )
    seen: list[set[str]] = [set() for _ in range(homes)]
    async for place, records in read_windows(options, window.windows):
        order, known = orders[place.partition], seen[place.partition]
        for record in records:
            _note(record, order, known, strips)
    return orders


def _note(record: Any, order: Order, known: set[str], strips: set[str]) -> None:
    try:
        shown = _identify(record.value or b"")
    except UNREADABLE:
        return  # not a sighting or correction
    if shown.type != _SIGHTING:
        order.steps.append(RawRecord(record.key, record.value, record.timestamp, list(record.headers)))
        return
    strip = shown.id.rpartition("-")[0]
    if strip in strips and strip not in known:
        known.add(strip)
        order.steps.append(strip)


class _Writer:
    """Writes one partition of the sightings in the recorded order, each record once.

    Args:
        plan: The plan.
        options: aiokafka's connection options of the target.
        partition: The partition.
        order: The recorded order.
    """

    def __init__(self, plan: Plan, options: Mapping[str, Any], partition: int, order: Order) -> None:
        self._options = options
        self._prefix = plan.target.prefix
        self._partition = partition
        self._sightings = SIGHTINGS.on(self._prefix)
        self._positions = POSITIONS.on(self._prefix)
        self._key = ledger.split_key(plan.id, partition)
        self._header = (REPLAY_ID_HEADER, plan.id.encode())
        self._producers = AlternatingProducers(
            ledger.id_of_writer(self._key), (self._sightings, self._positions), options
        )
        self._steps = iter(order.steps)
        self._next: str | RawRecord | None = next(self._steps, None)
        self._ranked = {step for step in order.steps if isinstance(step, str)}
        self._arrived: dict[str, Sequence[RawRecord]] = {}
        self._batch: list[RawRecord] = []
        self._there: Counter[bytes] = Counter()
        """Records that an earlier run committed and this one has not made again yet, by a hash of key and value."""
        self._progress = Progress(offset=0, base=0)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(writing(self._producers))
        async with committed_reader(self._options, (self._positions, self._sightings)) as reader:
            place = TopicPartition(self._sightings, self._partition)
            end = await reader.end(place)
            found = await ledger.read_progress(reader, self._prefix, self._key, self._partition)
            self._progress = found or Progress(offset=0, base=end)
            if self._progress.offset:
                async for records in reader.read(place, self._progress.base, end):
                    self._there.update(_hash(each) for each in records if self._header in each.headers)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def take(self, strip: str, records: Sequence[RawRecord]) -> None:
        """Take the next strip in order of event time, with its records for this partition."""
        if strip in self._ranked:
            self._arrived[strip] = records
        else:
            await self._write(records)
        while self._next is not None and (isinstance(self._next, RawRecord) or self._next in self._arrived):
            step = self._next
            await self._write((step,) if isinstance(step, RawRecord) else self._arrived.pop(step))
            self._next = next(self._steps, None)

    async def close(self) -> None:
        """Write all that is left."""
        while self._next is not None:
            step = self._next
            await self._write((step,) if isinstance(step, RawRecord) else self._arrived.pop(step, ()))
            self._next = next(self._steps, None)
        await self._flush()

    async def _write(self, records: Sequence[RawRecord]) -> None:
        for record in records:
            if not self._was_there(record):
                self._batch.append(replace(record, headers=[*record.headers, self._header]))
        if len(self._batch) >= _WRITTEN_AT_ONCE:
            await self._flush()

    def _was_there(self, record: RawRecord) -> bool:
        """Whether an earlier run committed this record; if it did so n times, True n times."""
        if not self._there or not self._there[known := _hash(record)]:
            return False
        self._there[known] -= 1
        return True

    async def _flush(self) -> None:
        if not self._batch:
            return
        done = self._progress.offset + len(self._batch)
        progress = replace(
            self._progress, offset=done, read=done, written=self._progress.written + len(self._batch)
        )
        mark = RawRecord(self._key, encode(progress), time.time_ns() // 1_000_000, [])
        try:
            await self._producers.commit(
                {self._sightings: self._batch, self._positions: [mark]}, self._partition
            )
        except (KafkaError, TimeoutError) as error:
            raise TickerError(
                f"{self._sightings}/{self._partition} was not written: {error!r}; the same command goes on there"
            ) from error
        self._progress, self._batch = progress, []


def _hash(record: Any) -> bytes:
    """A hash of key and value, 16 bytes."""
    return blake2b(record.value or b"", digest_size=16, key=blake2b(record.key or b"").digest()).digest()
