"""How much of what was replayed the stages of the target have still to read, by their positions."""

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
"""Where so few offsets are left, they are read: markers of transactions and what was aborted are no records."""
_STALL_S: Final = 180.0

_OF_STAGES: Final = frozenset(stage.name.encode() for stage in STAGES)
"""How keys of positions begin that are of stages; others are of producers, replays, redrives."""
_decode: Final = msgspec.json.Decoder(Position).decode


class Remaining(Struct, frozen=True):
    """Records that a stage has still to read."""

    stage: str
    records: int


class Backlog:
    """Looks at the stages of one prefix, again and again, by connections that last as long as its context.

    Args:
        connection: How to reach the cluster.
        prefix: The topics' prefix.
        patience: Seconds in which a broker has to answer.
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
        """How far each partition of positions has been read."""
        self._positions: dict[bytes, int] = {}
        self._last: dict[str, int] = {}
        """Offsets that each stage had left at the last look."""

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
        """What each stage has still to read, in the order of the flow."""
        await self._read_positions()
        # After the positions: what a stage had committed by then has its place in the source of the next one.
        return tuple([Remaining(stage.name, await self._of(stage.name)) for stage in STAGES])

    async def _of(self, stage: str) -> int:
        """Offsets that are left; when few are left and none was read since the last look, records.

        The last offsets of a partition are markers of transactions or what was aborted: nothing that can be read.
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
        """Take in what stages have written down since the last look."""
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
    """Wait until the stages have read everything.

    Args:
        backlog: What they have still to read.
        told: Told of every look.
        check: Raises where there is no use in waiting on.
        stall_s: Seconds without any progress after which that is said.

    Raises:
        TickerError: Nothing was read for so long.
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
