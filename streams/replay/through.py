"""Measures how much of a replay the stages of the target have still to process, by their positions."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, aclosing
from typing import Any, Final, Self

import msgspec
from aiokafka import TopicPartition
from msgspec import Struct

from schemas.events import Position
from schemas.topics import POSITIONS
from streams.engine.kafka.positions import position_key
from streams.errors import TickerError
from streams.kafka.connect import administration
from streams.kafka.reader import CommittedReader, Window, committed_reader
from streams.kafka.topics import partitions_of
from streams.pipeline import STAGES
from streams.settings import Connection

_EVERY_S: Final = 0.5
_COUNTED: Final = 2_000
"""When fewer offsets are left, their records are counted: markers and aborted records occupy offsets too."""
_STALL_S: Final = 180.0

_OF_STAGES: Final = frozenset(stage.name.encode() for stage in STAGES)
"""The first part of a stage's keys in the positions topic; other keys are of producers, replays and redrives."""
_decode: Final = msgspec.json.Decoder(Position).decode


class Remaining(Struct, frozen=True):
    """The number of records that a stage has still to process."""

    stage: str
    records: int


class Backlog:
    """Measures the backlog of the stages of one prefix; as a context, it keeps its connections open.

    Args:
        connection: How to reach the cluster.
        prefix: The topics' prefix.
        patience: Seconds to try to reach a broker.
    """

    def __init__(self, connection: Connection, prefix: str, *, patience: float) -> None:
        self._connection = connection
        self._prefix = prefix
        self._patience = patience
        self._stack = AsyncExitStack()
        self._reader: CommittedReader
        self._places: list[TopicPartition] = []
        self._sources: dict[str, list[TopicPartition]] = {}
        self._read: dict[TopicPartition, int] = {}
        """By partition of the positions topic, the offset up to which it was read."""
        self._positions: dict[bytes, int] = {}
        self._last: dict[str, int] = {}
        """By stage, the offsets that were left at the last look."""

    async def __aenter__(self) -> Self:
        positions = POSITIONS.on(self._prefix)
        async with administration(self._connection, patience=self._patience) as client:
            self._places = await partitions_of(client, [positions])
            for stage in STAGES:
                self._sources[stage.name] = await partitions_of(client, [stage.source.on(self._prefix)])
        topics = {positions, *(stage.source.on(self._prefix) for stage in STAGES)}
        reading = committed_reader(self._connection.aiokafka_options(), topics)
        self._reader = await self._stack.enter_async_context(reading)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def look(self) -> tuple[Remaining, ...]:
        """The remaining input of each stage, in the order of the flow."""
        await self._read_positions()
        # Only after the positions are read: outputs that a stage had committed by then are in the next one's source.
        return tuple([Remaining(stage.name, await self._of(stage.name)) for stage in STAGES])

    async def _of(self, stage: str) -> int:
        """The offsets that are left; or, if they are few and unchanged since the last look, the records in them.

        The last offsets of a partition can be markers or aborted records, which a stage never reads.
        """
        unread = {
            place: (max(first, self._positions.get(position_key(stage, place), 0)), end)
            for place, (first, end) in (await self._reader.bounds(self._sources[stage])).items()
        }
        left = sum(max(0, end - first) for first, end in unread.values())
        if left > _COUNTED or left != self._last.get(stage):
            self._last[stage] = left
            return left
        return sum([await self._count(place, window) for place, window in unread.items()])

    async def _count(self, place: TopicPartition, window: Window) -> int:
        async with aclosing(self._reader.read(place, *window)) as slices:
            return sum([len(records) async for records in slices])

    async def _read_positions(self) -> None:
        """Read the positions that stages have written since the last look."""
        for place, (first, end) in (await self._reader.bounds(self._places)).items():
            async with aclosing(
                self._reader.read(place, max(first, self._read.get(place, 0)), end)
            ) as slices:
                async for records in slices:
                    for record in records:
                        self._note(record)
            self._read[place] = end

    def _note(self, record: Any) -> None:
        if record.key and record.value and record.key.partition(b"|")[0] in _OF_STAGES:
            self._positions[record.key] = _decode(record.value).offset


async def wait_through(
    backlog: Backlog,
    *,
    told: Callable[[tuple[Remaining, ...]], None],
    check: Callable[[], None],
    stall_s: float = _STALL_S,
) -> None:
    """Wait until the stages have processed everything.

    Args:
        backlog: Their backlog.
        told: Called with the result of every look.
        check: Called after every look; raises to give up.
        stall_s: Seconds without progress after which to give up.

    Raises:
        TickerError: There was no progress for `stall_s`.
    """
    last, moved = None, time.monotonic()
    while True:
        remaining = await backlog.look()
        told(remaining)
        if not any(each.records for each in remaining):
            return
        check()
        if remaining != last:
            last, moved = remaining, time.monotonic()
        elif time.monotonic() - moved > stall_s:
            left = ", ".join(f"{each.stage} {each.records:,}" for each in remaining)
            raise TickerError(f"the workers have read nothing for {stall_s:.0f} s; left: {left}")
        await asyncio.sleep(_EVERY_S)
