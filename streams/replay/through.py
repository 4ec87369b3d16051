"""How much of what was replayed the stages of the target have still to read, by their positions."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition
from msgspec import Struct

from schemas.events import Position
from schemas.topics import POSITIONS
from streams.engine.kafka.positions import position_key
from streams.errors import TickerError
from streams.kafka.connect import administration
from streams.kafka.reader import Window, bounds, read_windows
from streams.kafka.topics import partitions_of
from streams.pipeline import STAGES
from streams.settings import Connection
from streams.stage import Stage

_EVERY_S: Final = 0.5
_COUNTED: Final = 2_000
"""Where so few offsets are left, they are read: markers of transactions and what was aborted are no records."""
_STALL_S: Final = 180.0

_decode: Final = msgspec.json.Decoder(Position).decode


class Remaining(Struct, frozen=True):
    """Records that a stage has still to read."""

    stage: str
    records: int


class Backlog:
    """Looks at the stages of one prefix, again and again.

    Args:
        connection: How to reach the cluster.
        prefix: The topics' prefix.
        patience: Seconds in which a broker has to answer.
    """

    def __init__(self, connection: Connection, prefix: str, *, patience: float) -> None:
        self._connection = connection
        self._options = connection.aiokafka_options()
        self._prefix = prefix
        self._patience = patience
        self._places: list[TopicPartition] = []
        self._read: dict[TopicPartition, int] = {}
        """How far each partition of positions has been read."""
        self._positions: dict[bytes, int] = {}

    async def look(self) -> tuple[Remaining, ...]:
        """What each stage has still to read, in the order of the flow.

        A stage's input is only known when the one before it has read all of its own, so that comes first.
        """
        if not self._places:
            async with administration(self._connection, patience=self._patience) as client:
                self._places = await partitions_of(client, [POSITIONS.on(self._prefix)])
        return tuple([Remaining(stage.name, await self._of(stage)) for stage in STAGES])

    async def _of(self, stage: Stage) -> int:
        await self._read_positions()
        async with administration(self._connection, patience=self._patience) as client:
            partitions = await partitions_of(client, [stage.source.on(self._prefix)])
        # Where the last record was written: markers follow later, and committed records seem to end before them.
        windows = await bounds(self._options, partitions, isolation="read_uncommitted")
        unread = {
            place: (max(first, self._positions.get(position_key(stage.name, place), 0)), end)
            for place, (first, end) in windows.items()
        }
        left = sum(max(0, end - first) for first, end in unread.values())
        return left if left > _COUNTED else await self._count(unread)

    async def _count(self, windows: Mapping[TopicPartition, Window]) -> int:
        found = 0
        async for _, records in read_windows(self._options, windows):
            found += len(records)
        return found

    async def _read_positions(self) -> None:
        """Take in what stages have written down since the last look."""
        ends = await bounds(self._options, self._places, isolation="read_uncommitted")
        windows = {place: (max(first, self._read.get(place, 0)), end) for place, (first, end) in ends.items()}
        async for _, records in read_windows(self._options, windows):
            for record in records:
                self._note(record)
        self._read.update({place: end for place, (_, end) in ends.items()})

    def _note(self, record: Any) -> None:
        if record.key and record.value and not record.key.startswith((b"replay|", b"redrive|")):
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
