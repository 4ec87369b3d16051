"""Writes and reads `ticker.sources`, the compacted topic with the newest state of each source."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, Final, Never

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from schemas.events import UNREADABLE, SourceState, encode
from schemas.instants import parse_instant
from schemas.topics import SOURCES
from streams.errors import TickerError
from streams.kafka.connect import administration
from streams.kafka.subscribe import subscribe
from streams.kafka.topics import partitions_of, require
from streams.produce.delivery import Delivery
from streams.settings import Connection
from streams.sources.visit import Judge, Reading
from streams.sources.watch import Watch
from streams.stage import RawRecord

logger: Final = logging.getLogger(__name__)

_AGAIN_S: Final = 5.0
_decode: Final = msgspec.json.Decoder(SourceState).decode


class States:
    """Writes states while `run` runs; while Kafka is away, only the newest of each source waits.

    Args:
        options: aiokafka's connection options.
        prefix: The topics' prefix.
        gone: Removed sources, each with the time (ms) of its removal: each gets a tombstone, and is deleted from here.
    """

    def __init__(
        self, options: Mapping[str, Any], *, prefix: str, gone: MutableMapping[str, int] | None = None
    ) -> None:
        self._options = options
        self._topic = SOURCES.on(prefix)
        self._gone = {} if gone is None else gone
        self._waiting: dict[str, RawRecord] = {}
        self._came = asyncio.Event()

    def tell(self, states: Sequence[SourceState]) -> None:
        """Queue states to be written."""
        for state in states:
            at = parse_instant(state.last_visit)
            self._waiting[state.source] = RawRecord(state.source.encode(), encode(state), at, [])
        if states:
            self._came.set()

    def end(self, sources: Collection[str]) -> None:
        """Queue tombstones for sources that are in `gone`."""
        for source in sources:
            self._waiting.pop(source, None)
        self._came.set()

    async def run(self) -> Never:
        """Write queued states until cancelled; failures are logged and retried, and do not stop the visits."""
        said = ""
        while True:
            delivery = Delivery(self._options, compression="lz4", patience=None)
            try:
                await delivery.start()
                while True:
                    await self._came.wait()
                    self._came.clear()
                    await self._write(delivery)
                    said = ""
            except (KafkaError, OSError, TickerError) as error:
                if isinstance(error, TickerError) and str(error) != said:
                    said = str(error)
                    logger.warning("%s is not written: %s", self._topic, said)
            finally:
                await delivery.stop()
            self._came.set()
            await asyncio.sleep(_AGAIN_S)

    async def _write(self, delivery: Delivery) -> None:
        waiting, self._waiting = self._waiting, {}
        gone = {source: at for source, at in self._gone.items() if source not in waiting}
        try:
            tombstones = [RawRecord(source.encode(), None, at, []) for source, at in gone.items()]
            await delivery.deliver({(self._topic, 0): [*waiting.values(), *tombstones]})
        except BaseException:
            self._waiting = waiting | self._waiting
            raise
        for source, at in gone.items():
            if self._gone.get(source) == at:
                del self._gone[source]


def judging(watch: Watch, *listeners: Callable[[Sequence[SourceState]], None]) -> Judge:
    """A judge that asks the watch, and passes its new states to all listeners."""

    def judge(reading: Reading) -> bool:
        may = watch.judge(reading)
        if states := watch.told():
            for listener in listeners:
                listener(states)
        return may

    return judge


async def read_states(connection: Connection, *, prefix: str, patience: float) -> list[SourceState]:
    """The newest state of every source, in order of names.

    Raises:
        SettingsError: The topic is missing.
        TickerError: No broker was reached.
    """
    async with administration(connection, patience=patience) as client:
        await require(client, (SOURCES,), prefix=prefix)
        partitions: list[TopicPartition] = await partitions_of(client, [SOURCES.on(prefix)])
    states: dict[bytes, SourceState] = {}
    async for record in subscribe(connection.aiokafka_options(), partitions, since=None, follow=False):
        states.pop(record.key, None)
        with suppress(*UNREADABLE):
            states[record.key] = _decode(record.value or b"")
    return sorted(states.values(), key=lambda state: state.source)
