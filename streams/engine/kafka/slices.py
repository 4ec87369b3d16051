"""Faust's aiokafka transport, changed so that a fetched slice of a partition travels as one message.

Faust spends about 100 µs on each message. Here a message's value is the list of all records that one
fetch brought from one partition. Each slice carries the epoch of the seek that it follows and the offset
at which the slice before it ended, so that whoever uses it sees when Faust dropped one on the way.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Coroutine, Mapping
from typing import Any, Final

import faust
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, NoError, RebalanceInProgressError, for_code
from aiokafka.protocol.group import HeartbeatRequest
from faust import tables as faust_tables
from faust.transport.drivers import aiokafka as driver

_HEARTBEAT_TIMEOUT_S: Final = 5.0
_CALL_TIMEOUT_S: Final = 10.0
_FETCH_WAIT_MS: Final = 20


class Slice(list[Any]):
    """The aiokafka records of one fetch from one partition, in order; never empty."""

    __slots__ = ("epoch", "previous_end")

    def __init__(self, records: list[Any], epoch: int, previous_end: int | None) -> None:
        super().__init__(records)
        self.epoch = epoch
        self.previous_end = previous_end
        """The offset after the slice before this one; None for the first after a seek."""


class _SliceRecord:
    """A slice in the shape of one aiokafka record, as Faust expects it."""

    __slots__ = ("offset", "partition", "timestamp", "timestamp_type", "topic", "value")

    headers = ()
    key = None
    checksum = None
    serialized_key_size = 0
    serialized_value_size = 0

    def __init__(self, records: Slice) -> None:
        last = records[-1]
        self.topic = last.topic
        self.partition = last.partition
        self.offset = last.offset
        self.timestamp = last.timestamp
        self.timestamp_type = last.timestamp_type
        self.value = records


class _ReadOffsets(defaultdict[TopicPartition, int | None]):
    """Read offsets, None for sliced topics: after a seek back Faust drops what is below them."""

    def __init__(self, sliced_topics: Collection[str]) -> None:
        super().__init__(lambda: None)
        self._sliced_topics = sliced_topics

    def __getitem__(self, partition: TopicPartition) -> int | None:
        return None if partition[0] in self._sliced_topics else super().__getitem__(partition)


class _ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc] # Faust is untyped here
    """Faust's consumer thread: fetches slices, seeks with epochs, asks the group who owns a partition."""

    app: "SlicingApp"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._epochs: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int | None] = {}

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust asks for read_committed only in its own exactly-once mode.
        consumer._isolation_level = "read_committed"  # noqa: SLF001
        # One fetch at a time is under way to a broker: one that waits for quiet partitions keeps a busy
        # one, whose records were still in hand when it was sent, waiting as long. Faust's 1.5 s is too long.
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS  # noqa: SLF001
        return consumer

    async def _fetch_records(self, *args: Any, **kwargs: Any) -> Mapping[TopicPartition, list[Any]]:
        fetched: Mapping[TopicPartition, list[Any]] = await super()._fetch_records(*args, **kwargs)
        # Nothing is awaited between aiokafka's move of its position and this tagging.
        return {partition: self._tag(partition, records) for partition, records in fetched.items()}

    def _tag(self, partition: TopicPartition, records: list[Any]) -> list[Any]:
        if partition.topic not in self.app.sliced_topics or not records:
            return records
        tagged = Slice(records, self._epochs.get(partition, 0), self._ends.get(partition))
        self._ends[partition] = records[-1].offset + 1
        return [_SliceRecord(tagged)]

    async def seek_epoch(self, partition: TopicPartition, offset: int, epoch: int) -> None:
        """Seek, and give the slices that follow their epoch; runs in the thread's loop."""
        self._ensure_consumer().seek(partition, offset)
        self._epochs[partition] = epoch
        self._ends[partition] = None

    def fetched_end(self, partition: TopicPartition) -> int | None:
        """The offset after the last slice that was fetched since the seek; None when there was none."""
        return self._ends.get(partition)

    async def fetch_position(self, partition: TopicPartition) -> int:
        """The offset that is fetched next; runs in the thread's loop."""
        position: int = await self._ensure_consumer().position(partition)
        return position

    def expulsion(self) -> BaseException | None:
        """Why the group has put this member out for good; None while it has not.

        aiokafka hands such an error to whoever fetches next, which a worker without input never does.
        """
        heartbeats = self._consumer and self._consumer._coordinator._heartbeat_task  # noqa: SLF001
        if heartbeats is None or not heartbeats.done() or heartbeats.cancelled():
            return None
        error: BaseException | None = heartbeats.exception()
        return error

    async def commit_offset(self, partition: TopicPartition, offset: int) -> None:
        """Commit a group offset, for lag monitors only; runs in the thread's loop."""
        await self._ensure_consumer().commit({partition: offset})

    async def owns(self, partition: TopicPartition) -> bool | None:
        """Whether the group says that a partition is ours; None when it cannot tell now.

        Asks the coordinator by a heartbeat: our own idea of the assignment can be out of date.
        Runs in the thread's loop.
        """
        consumer = self._ensure_consumer()
        coordinator = consumer._coordinator  # noqa: SLF001
        generation = coordinator.generation
        reassigning = consumer._subscription.reassignment_in_progress  # noqa: SLF001
        if partition not in consumer.assignment() or reassigning:
            return False
        request = HeartbeatRequest(coordinator.group_id, generation, coordinator.member_id)
        try:
            answer = await asyncio.wait_for(
                coordinator._send_req(request),  # noqa: SLF001
                _HEARTBEAT_TIMEOUT_S,
            )
        except (KafkaError, TimeoutError):
            return None
        error = for_code(answer.error_code)
        if error is NoError:
            return bool(generation == coordinator.generation and partition in consumer.assignment())
        if error().retriable and error is not RebalanceInProgressError:
            return None
        return False


class _Consumer(driver.Consumer):  # type: ignore[misc]
    app: "SlicingApp"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _ReadOffsets(self.app.sliced_topics)

    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _in_thread(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine of the consumer thread in its loop and wait for it."""
        future = asyncio.run_coroutine_threadsafe(call, self._thread.thread_loop)
        return await asyncio.wait_for(asyncio.wrap_future(future), _CALL_TIMEOUT_S)

    async def seek_epoch(self, partition: TopicPartition, offset: int, epoch: int) -> None:
        """Seek; the slices that follow carry this epoch."""
        await self._in_thread(self._thread.seek_epoch(partition, offset, epoch))

    def fetched_end(self, partition: TopicPartition) -> int | None:
        """The offset after the last slice that was fetched since the seek; None when there was none."""
        end: int | None = self._thread.fetched_end(partition)
        return end

    async def owns(self, partition: TopicPartition) -> bool | None:
        """Whether the group says that a partition is ours; None when it cannot tell now."""
        owned: bool | None = await self._in_thread(self._thread.owns(partition))
        return owned

    async def fetch_position(self, partition: TopicPartition) -> int:
        """The offset that is fetched next."""
        position: int = await self._in_thread(self._thread.fetch_position(partition))
        return position

    def expulsion(self) -> BaseException | None:
        """Why the group has put this worker out for good; None while it has not."""
        error: BaseException | None = self._thread.expulsion()
        return error

    async def commit_offset(self, partition: TopicPartition, offset: int) -> None:
        """Commit a group offset, for lag monitors only."""
        await self._in_thread(self._thread.commit_offset(partition, offset))


class _Transport(driver.Transport):  # type: ignore[misc]
    Consumer = _Consumer


class _TableManager(faust_tables.TableManager):  # type: ignore[misc]
    """Faust's own waits a second for tables to be registered; without any there is nothing to wait for."""

    async def on_start(self) -> None:
        if self:
            await super().on_start()
            return
        await self._update_channels()
        await self.recovery.start()


class SlicingApp(faust.App):  # type: ignore[misc]
    """A Faust app in which some topics come in slices; ordinary agents and Tables work beside them."""

    sliced_topics: frozenset[str] = frozenset()

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, TableManager=_TableManager, **options)

    def _new_transport(self) -> _Transport:
        return _Transport(self.conf.broker_consumer, self)
