"""Read topics as a subscriber does: committed records only, from now or from an instant, following."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

_POLL_MS: Final = 500


async def subscribe(
    options: Mapping[str, Any],
    partitions: Sequence[TopicPartition],
    *,
    since: int | None,
    follow: bool,
    ready: Callable[[], None] = lambda: None,
) -> AsyncGenerator[Any, None]:
    """Committed records of partitions, as aiokafka gives them; belongs to no group.

    Args:
        options: aiokafka's connection options.
        partitions: What to read.
        since: Start at this event time (ms); None starts at the end when following, else at the beginning.
        follow: Go on for ever; else end where the partitions ended at the start.
        ready: Called once it is settled where reading starts: what is published later is read.
    """
    consumer = AIOKafkaConsumer(
        isolation_level="read_committed", enable_auto_commit=False, auto_offset_reset="earliest", **options
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await seek(consumer, partitions, ends, since=since, follow=follow)
        ready()
        waiting = {tp for tp in partitions if await consumer.position(tp) < ends[tp]}
        while follow or waiting:
            fetched = await consumer.getmany(timeout_ms=_POLL_MS)
            for records in fetched.values():
                for record in records:
                    yield record
            waiting = {tp for tp in waiting if await consumer.position(tp) < ends[tp]}
    finally:
        await asyncio.shield(consumer.stop())


async def seek(
    consumer: Any,
    partitions: Sequence[TopicPartition],
    ends: Mapping[TopicPartition, int],
    *,
    since: int | None,
    follow: bool,
) -> None:
    """Settle where assigned partitions are read from; arguments as for `subscribe`, `ends` as asked before."""
    if since is not None:
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, since))
        for tp in partitions:
            consumer.seek(tp, found[tp].offset if found.get(tp) else ends[tp])
    elif follow:
        for tp in partitions:
            consumer.seek(tp, ends[tp])
    else:
        await consumer.seek_to_beginning(*partitions)
