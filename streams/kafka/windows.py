"""Read given offsets of partitions, committed records only, and never pass over a gap in silence."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from streams.errors import TickerError

_FETCH_BYTES: Final = 1 << 20
_FETCH_WAIT_MS: Final = 50
_STALL_S: Final = 60.0

Window = tuple[int, int]
"""Offsets: the first, and the one after the last."""


def consumer(options: Mapping[str, Any]) -> Any:
    """A consumer of aiokafka that belongs to no group and has to be told where to read."""
    return AIOKafkaConsumer(
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        max_partition_fetch_bytes=_FETCH_BYTES,
        **options,
    )


async def bounds(
    options: Mapping[str, Any], partitions: Collection[TopicPartition]
) -> dict[TopicPartition, Window]:
    """What is in partitions now: the first offset that is there, and where the committed records end."""
    if not partitions:
        return {}
    reader = consumer(options)
    await reader.start()
    try:
        firsts = await reader.beginning_offsets(list(partitions))
        ends = await reader.end_offsets(list(partitions))
    finally:
        await asyncio.shield(reader.stop())
    return {partition: (firsts[partition], ends[partition]) for partition in partitions}


async def read_windows(
    options: Mapping[str, Any],
    windows: Mapping[TopicPartition, Window],
    *,
    at_once: int = 10_000,
    patience: float = _STALL_S,
) -> AsyncGenerator[tuple[TopicPartition, Sequence[Any]], None]:
    """Committed records of these windows, a partition's in order, up to `at_once` together.

    Raises:
        TickerError: Offsets are gone (retention), or nothing came for `patience` seconds.
    """
    reader = consumer(options)
    await reader.start()
    try:
        waiting = {tp for tp, (first, end) in windows.items() if first < end}
        reader.assign(list(waiting))
        for tp in waiting:
            reader.seek(tp, windows[tp][0])
        clock = asyncio.get_running_loop().time
        heard = clock()
        while waiting:
            for tp, records in (await _fetch(reader, at_once)).items():
                heard = clock()
                end = windows[tp][1]
                taken = records if records[-1].offset < end else [r for r in records if r.offset < end]
                if taken:
                    yield tp, taken
                    heard = clock()
            ended = {tp for tp in waiting if await reader.position(tp) >= windows[tp][1]}
            if ended:
                waiting -= ended
                reader.pause(*ended)
            if waiting and clock() - heard > patience:
                raise TickerError(
                    f"nothing came of {_named(waiting)} for {patience:.0f} s: is the source reachable?"
                )
    finally:
        await asyncio.shield(reader.stop())


async def _fetch(reader: Any, at_once: int) -> Mapping[TopicPartition, Sequence[Any]]:
    try:
        fetched: Mapping[TopicPartition, Sequence[Any]] = await reader.getmany(
            timeout_ms=_FETCH_WAIT_MS, max_records=at_once
        )
    except OffsetOutOfRangeError as error:
        places = ", ".join(f"{tp.topic}/{tp.partition}/{offset}" for tp, offset in error.args[0].items())
        raise TickerError(f"{places}: gone, retention has removed it; plan the replay again") from error
    return {tp: records for tp, records in fetched.items() if records}


def _named(partitions: set[TopicPartition]) -> str:
    return ", ".join(f"{tp.topic}/{tp.partition}" for tp in sorted(partitions))
