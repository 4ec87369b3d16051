"""Opens a partition: fences its previous owner, then reads back its state and position."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import TopicPartition
from msgspec import Struct

from schemas.topics import POSITIONS
from streams.engine.kafka.compaction import LatestByKey
from streams.engine.kafka.positions import position_key, read_position
from streams.errors import TickerError
from streams.kafka.hanging import end_hanging
from streams.kafka.reader import CommittedReader, Window, committed_reader
from streams.kafka.transaction import TransactionalProducer
from streams.stage import Processor, Remembering, Stage

OPEN_TIMEOUT_S: Final = 60.0
"""How long an opening may go without progress. A large state may take longer in all."""


class Opened(Struct, frozen=True, kw_only=True):
    """A partition as its previous owner left it."""

    processor: Processor
    records: int
    """State records read back."""
    position: int
    """The offset after the last processed record; 0 for a partition that was never processed."""
    beginning: int
    """The source's log start offset: unprocessed records below it are lost."""


def producer_of(
    stage: Stage, partition: TopicPartition, prefix: str, options: Mapping[str, Any]
) -> TransactionalProducer:
    """The producer of a stage's partition. Starting it fences the partition's previous owner."""
    return TransactionalProducer(
        f"{prefix}-{stage.name}-{partition.topic}-{partition.partition}",
        [topic.on(prefix) for topic in stage.topics[1:]],
        options,
    )


@asynccontextmanager
async def fenced(
    stage: Stage,
    producer: TransactionalProducer,
    partition: TopicPartition,
    prefix: str,
    options: Mapping[str, Any],
) -> AsyncIterator[CommittedReader]:
    """Fence the partition's previous owner; gives a reader of what it wrote, which is connected meanwhile."""
    fencing = asyncio.create_task(producer.start())
    try:
        topics = [partition.topic, *(topic.on(prefix) for topic in stage.topics[1:])]
        async with committed_reader(options, topics) as reader:
            await fencing
            yield reader
    finally:
        fencing.cancel()
        await asyncio.gather(fencing, return_exceptions=True)


async def restore(
    stage: Stage,
    producer: TransactionalProducer,
    partition: TopicPartition,
    prefix: str,
    reader: CommittedReader,
    *,
    progress: Callable[[], Awaitable[None]],
) -> Opened:
    """Read state and position, committed records only. The fenced previous owner can no longer change them.

    Args:
        stage: The stage.
        producer: Started, so that the previous owner is fenced.
        partition: The partition of its source.
        prefix: The topics' prefix.
        reader: The reader of `fenced`.
        progress: Called after each batch of state records, and between the steps of `Remembering.prepare`.

    Raises:
        RecordError: State or position cannot be read.
        TickerError: A transaction of another producer stays open, or the position is above the end of the source.
    """
    processor = stage.processor()
    positions = TopicPartition(POSITIONS.on(prefix), partition.partition)
    written = [TopicPartition(topic.on(prefix), partition.partition) for topic in stage.topics[1:]]
    await end_hanging(producer, reader, written)
    windows = await reader.bounds([partition, *written])
    records = 0
    if stage.state is not None:
        state = TopicPartition(stage.state.on(prefix), partition.partition)
        records = await _restore_state(reader, state, windows[state], processor, progress)
    key = position_key(stage.name, partition)
    position = await read_position(reader, positions, key, windows[positions])
    beginning, end = windows[partition]
    _check_end(partition, position, end)
    return Opened(processor=processor, records=records, position=position, beginning=beginning)


def _check_end(partition: TopicPartition, position: int, end: int) -> None:
    if position > end:
        raise TickerError(
            f"{partition.topic}/{partition.partition} ends at {end}, and {position} was reached before: the topic was"
            " deleted and made again, or the cluster has lost records. Nothing is read from a place that means"
            " something else now: give the topics of this prefix back together, from a copy or all made anew"
        )


async def _restore_state(
    reader: CommittedReader,
    state: TopicPartition,
    window: Window,
    processor: Processor,
    progress: Callable[[], Awaitable[None]],
) -> int:
    read, waiting = 0, LatestByKey()
    async for records in reader.read(state, *window):
        waiting.add(records)
        read += len(records)
        await progress()
        if waiting.is_full:
            for piece in waiting.pieces():
                processor.restore(piece)
                await progress()
    for piece in waiting.pieces():
        processor.restore(piece)
        await progress()
    if isinstance(processor, Remembering):
        for _ in processor.prepare():
            await progress()
    return read
