"""Watches workers from outside: each stage's position on each partition, and how long it stalled."""

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from schemas.events import Position
from schemas.topics import DECISIONS, POSITIONS, SIGHTINGS
from streams.settings import Connection
from tests.chaos.topics import consumer

_decode: Final = msgspec.json.Decoder(Position).decode
_ANSWER_S: Final = 10
_SOURCES: Final = {"deduplicate": SIGHTINGS, "categorize": DECISIONS}

Key = tuple[str, int]
"""Stage and partition."""


class Stall(Struct, frozen=True, order=True):
    """How long a stage made no progress on a partition although there was input."""

    seconds: float
    stage: str
    partition: int


class Watch:
    """Reads the positions topic and the stages' sources without a consumer group; `run` it as a task.

    A stall is measured from the arrival of input, or the last commit if that is later, to the next commit.
    """

    def __init__(self, connection: Connection, prefix: str) -> None:
        self._connection = connection
        self._places = [
            TopicPartition(topic.on(prefix), number)
            for topic in (SIGHTINGS, DECISIONS, POSITIONS)
            for number in range(topic.partitions)
        ]
        self._stages = {topic.on(prefix): stage for stage, topic in _SOURCES.items()}
        self._last: defaultdict[Key, int] = defaultdict(int)
        self._waiting_since: dict[Key, float] = {}
        self.positions: defaultdict[Key, int] = defaultdict(int)
        self.commits = 0
        self.stalls: list[Stall] = []
        self._is_drained = False
        self._looked = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled; retries while a broker is away."""
        while True:
            try:
                await self._watch()
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(0.2)

    async def _watch(self) -> None:
        committed, uncommitted = (
            consumer(self._connection, isolation) for isolation in ("read_committed", "read_uncommitted")
        )
        try:
            for each in (committed, uncommitted):
                await asyncio.wait_for(each.start(), _ANSWER_S)
                await each._client.set_topics([place.topic for place in self._places])
            committed.assign(self._places)
            while True:
                async with asyncio.timeout(_ANSWER_S):
                    await self._look(committed, uncommitted)
        finally:
            for each in (committed, uncommitted):
                with suppress(TimeoutError):
                    await asyncio.wait_for(each.stop(), _ANSWER_S)

    async def _look(self, committed: Any, uncommitted: Any) -> None:
        for place, records in (await committed.getmany(timeout_ms=200)).items():
            self._take(place, records)
        # Up to the high watermark, because the markers of a commit are written one partition after another.
        ends = await uncommitted.end_offsets(self._places)
        self._is_drained = all(
            [await committed.position(place) >= ends[place] for place in self._places]
        ) and all(self.positions[key] >= last for key, last in self._last.items())
        self._looked.set()

    def _take(self, place: TopicPartition, records: list[Any]) -> None:
        now = time.monotonic()
        stage = self._stages.get(place.topic)
        if stage is not None:
            key = (stage, place.partition)
            self._last[key] = max(self._last[key], records[-1].offset + 1)
            if self._last[key] > self.positions[key]:
                self._waiting_since.setdefault(key, now)
            return
        for record in records:
            name, _, place = record.key.decode().partition("|")
            if name in _SOURCES:  # others, such as spools, have positions too
                self._moved((name, int(place.rpartition("|")[2])), _decode(record.value).offset, now)

    def _moved(self, key: Key, position: int, now: float) -> None:
        if position <= self.positions[key]:
            return
        self.commits += 1
        since = self._waiting_since.pop(key, now)
        if self.positions[key]:  # the first commit includes the start of the workers
            self.stalls.append(Stall(now - since, *key))
        self.positions[key] = position
        if self._last[key] > position:
            self._waiting_since[key] = now

    async def drained(self, *, at_least: int, seconds: float) -> None:
        """Wait until there are `at_least` sightings and everything is processed.

        Raises:
            TimeoutError: That did not happen in time.
        """
        async with asyncio.timeout(seconds):
            while not (self._is_drained and self._seen() >= at_least):
                self._looked.clear()
                await self._looked.wait()

    def _seen(self) -> int:
        return sum(last for (stage, _), last in self._last.items() if stage == "deduplicate")


async def drained(connection: Connection, prefix: str, *, at_least: int = 1, seconds: float = 90) -> None:
    """Wait until there are `at_least` sightings and both stages have processed everything."""
    watch = Watch(connection, prefix)
    watching = asyncio.create_task(watch.run())
    try:
        await watch.drained(at_least=at_least, seconds=seconds)
    finally:
        watching.cancel()
        await asyncio.wait([watching])
