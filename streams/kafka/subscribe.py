"""Reads topics as a subscriber without a consumer group: committed records, from now or from a point in event time."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from aiokafka import TopicPartition

from streams.errors import TickerError
from streams.kafka.reader import consuming, read

_POLL_MS: Final = 500
_AT_ONCE: Final = 10_000
_STALL_S: Final = 60.0


async def subscribe(
    options: Mapping[str, Any],
    partitions: Sequence[TopicPartition],
    *,
    since: int | None,
    follow: bool,
    ready: Callable[[], None] = lambda: None,
) -> AsyncGenerator[Any, None]:
    """Committed records of partitions, as aiokafka gives them; joins no consumer group.

    Args:
        options: aiokafka's connection options.
        partitions: What to read.
        since: Start at this event time (ms); None starts at the end when following, else at the beginning.
        follow: Go on forever; else end at the end offsets of the start.
        ready: Called once the start offsets are known: everything published later will be read.

    Raises:
        TickerError: Nothing arrived for a minute; never when following.
    """
    async with consuming(options, reset="earliest", fetch_wait_ms=_POLL_MS) as consumer:
        ends = await consumer.end_offsets(partitions)
        starts = await starts_of(consumer, partitions, ends, since=since, follow=follow)
        ready()
        if follow:
            consumer.assign(partitions)
            for tp in partitions:
                consumer.seek(tp, starts[tp])
            while True:
                for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                    for record in records:
                        yield record
        windows = {tp: (starts[tp], ends[tp]) for tp in partitions}
        slices = read(consumer, windows, at_once=_AT_ONCE, patience=_STALL_S, stalled=_stalled)
        async with aclosing(slices):
            async for _, records in slices:
                for record in records:
                    yield record


def _stalled(places: Mapping[TopicPartition, int]) -> TickerError:
    named = ", ".join(sorted({tp.topic for tp in places}))
    return TickerError(f"nothing came of {named} for {_STALL_S:.0f} s: is the cluster reachable?")


async def starts_of(
    consumer: Any,
    partitions: Sequence[TopicPartition],
    ends: Mapping[TopicPartition, int],
    *,
    since: int | None,
    follow: bool,
) -> Mapping[TopicPartition, int]:
    """The offset at which to start reading each partition; `ends` are the end offsets, the rest as for `subscribe`."""
    if since is not None:
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, since))
        return {tp: found[tp].offset if found.get(tp) else ends[tp] for tp in partitions}
    if follow:
        return ends
    beginnings: Mapping[TopicPartition, int] = await consumer.beginning_offsets(partitions)
    return beginnings
