"""Measures the lag of consumers of the target, and holds a replay that would outrun them (backpressure)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from streams.counted import counted
from streams.kafka.reader import consuming
from streams.kafka.retry import TRANSIENT
from streams.replay.pace import Pacer

BEHIND: Final = "consumers behind"
_EVERY_S: Final = 0.5
_FORBIDDEN: Final = (GroupAuthorizationFailedError, TopicAuthorizationFailedError)


async def lag_of(
    client: Any, reader: Any, groups: Sequence[str], partitions: Sequence[TopicPartition]
) -> int:
    """The lag of the group that is furthest behind, in records; a group that never committed does not count.

    Args:
        client: An admin client.
        reader: An aiokafka consumer, for end offsets.
        groups: Consumer groups.
        partitions: All partitions of the topic.
    """
    ends = await reader.end_offsets(partitions)
    lags = [0]
    for group in groups:
        committed = await client.list_consumer_group_offsets(group, partitions=list(partitions))
        lags.append(
            sum(
                max(0, ends[tp] - place.offset)
                for tp, place in committed.items()
                if place.offset >= 0 and tp in ends
            )
        )
    return max(lags)


async def watch(
    client: Any,
    options: Mapping[str, Any],
    *,
    groups: Sequence[str],
    partitions: Sequence[TopicPartition],
    limit: int | None,
    pacer: Pacer,
    told: Callable[[int], None],
    say: Callable[[str], None],
) -> None:
    """Until cancelled: report the lag, hold the pacer while the lag is above the limit, and release it below."""
    is_said = False
    try:
        async with consuming(options) as reader:
            while True:
                try:
                    lag = await lag_of(client, reader, groups, partitions)
                except TRANSIENT as error:
                    # The replay itself notices and reports outages.
                    if isinstance(error, _FORBIDDEN) and not is_said:
                        is_said = True
                        say(
                            f"nobody says how far {', '.join(groups)} is behind, so it is not waited for: {error!r}"
                        )
                else:
                    told(lag)
                    if limit is not None and lag > limit:
                        if BEHIND not in pacer.holds:
                            say(
                                f"waiting for the target's consumers:"
                                f" {counted(lag, 'record')} behind, {limit:,} allowed"
                            )
                        pacer.hold(BEHIND)
                    else:
                        pacer.release(BEHIND)
                await asyncio.sleep(_EVERY_S)
    finally:
        pacer.release(BEHIND)
