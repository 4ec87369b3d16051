"""Faust's aiokafka transport, changed so that a fetched slice of a partition travels as one message.

Faust spends about 100 µs on each message. Here a message's value is a `Slice`: all record batches that one
fetch brought from one partition. Each slice carries the epoch of the seek that it follows and the offset
at which the slice before it ended, so that the runner notices when Faust dropped one on the way.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

import faust
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, NoError, RebalanceInProgressError, for_code
from aiokafka.protocol.group import HeartbeatRequest
from faust import tables as faust_tables
from faust.transport.drivers import aiokafka as driver

from streams.kafka import internals
from streams.kafka.fetched import Slice, assigned, fetching, more_fetched, take_slices, wake

_HEARTBEAT_TIMEOUT_S: Final = 4.0
"""How long an answer of the group coordinator may take; a question can wait as long again for the one before it."""
_CALL_TIMEOUT_S: Final = 10.0
_FETCH_WAIT_MS: Final = 20


class _SliceRecord:
    """A slice in the shape of one aiokafka record, as Faust expects it."""

    __slots__ = ("offset", "partition", "timestamp", "topic", "value")

    headers = ()
    key = None
    checksum = None
    serialized_key_size = 0
    serialized_value_size = 0

    timestamp_type = 0

    def __init__(self, fetched: Slice) -> None:
        self.topic, self.partition = fetched.partition
        self.offset = fetched.end - 1
        self.timestamp = fetched.timestamp
        self.value = fetched


class _ReadOffsets(defaultdict[TopicPartition, int | None]):
    """Faust's read offsets, but None for sliced topics: Faust would drop records below them after a seek back."""

    def __init__(self, sliced_topics: Collection[str]) -> None:
        super().__init__(lambda: None)
        self._sliced_topics = sliced_topics

    def __getitem__(self, partition: TopicPartition) -> int | None:
        return None if partition[0] in self._sliced_topics else super().__getitem__(partition)


class _Answer(NamedTuple):
    """What the group coordinator says of this member."""

    is_member: bool | None
    """Whether it is one, and no rebalance is in progress; None when the coordinator cannot tell now."""
    generation: int
    """The generation that was asked about."""


class _ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc] # Faust is untyped here
    """Faust's consumer thread; also fetches slices, seeks with epochs, and asks the group who owns a partition."""

    app: "SlicingApp"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._epochs: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int | None] = {}
        self._held: set[TopicPartition] = set()
        self._asking = asyncio.Lock()
        self._question: asyncio.Task[_Answer] | None = None
        """The next question to the group coordinator, which is not sent yet."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust sets read_committed only in its own exactly-once mode.
        # aiokafka has one fetch at a time in flight to a broker. It leaves out partitions whose records are still
        # buffered: so while that fetch waits for records of quiet partitions, a busy one waits too. Faust's
        # fetch.max.wait of 1.5 s is too long for that.
        internals.read_committed(consumer, _FETCH_WAIT_MS)
        internals.tolerate_foreign_brokers(consumer)
        return consumer

    async def on_partitions_assigned(self, assigned: Collection[Any], generation_id: int = 0) -> None:
        """Fetch nothing of a partition until its runner seeks, or Faust does; aiokafka calls this in the thread's loop.

        Without a position aiokafka would ask for the group's offset of one partition after another, fetch nothing from
        their broker meanwhile, and then fetch from there, in vain. Faust recovers its Tables first.
        """
        consumer = self._ensure_consumer()
        for tp in consumer.assignment():
            if tp.topic in self.app.sliced_topics:
                consumer.seek(tp, 0)
            if tp.topic not in self.app.tables.changelog_topics:
                consumer.pause(tp)
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_to_committed(self) -> Mapping[TopicPartition, int]:
        """Seek partitions that are not sliced to the group's offsets, as Faust does after every rebalance.

        It would do so to sliced ones after their runners have sought, and ask for one offset after another first: for
        so long a rebalance held up the partitions that stayed.
        """
        sought: Mapping[TopicPartition, int] = await self.call_thread(self._seek_plain)
        return sought

    async def _seek_plain(self) -> Mapping[TopicPartition, int]:
        consumer = self._ensure_consumer()
        plain = [tp for tp in consumer.assignment() if tp.topic not in self.app.sliced_topics]
        if not plain:
            return {}  # aiokafka takes no partitions for all of them
        sought: Mapping[TopicPartition, int] = await consumer.seek_to_committed(*plain)
        consumer.resume(*plain)
        return sought

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Collection[TopicPartition] | None,
        timeout: float = 0,  # noqa: ASYNC109 (Faust's word)
        **options: Any,
    ) -> Mapping[TopicPartition, list[Any]]:
        """Fetch slices of sliced topics and records of others; Faust calls this with the partitions that it wants."""
        if not self.consumer.flow_active:
            return {}
        fetcher = internals.fetcher(consumer)
        deadline = asyncio.get_running_loop().time() + timeout
        with fetching(fetcher):
            while True:
                await assigned(fetcher)
                # Evaluated in every round: Faust changes the set in place when it resumes a partition.
                wanted = consumer.assignment() if active_partitions is None else active_partitions
                records = await self._plain_records(consumer, wanted, options)
                # No await between here and the tagging: aiokafka's position and the tags must move together.
                slices = take_slices(fetcher, self._sliced(wanted))
                fetched = records | {tp: [self._tagged(fetched)] for tp, fetched in slices.items()}
                if fetched or not await more_fetched(fetcher, deadline):
                    return fetched

    async def _plain_records(
        self, consumer: Any, wanted: Collection[TopicPartition], options: Mapping[str, Any]
    ) -> dict[TopicPartition, list[Any]]:
        """Records of the topics that are not sliced, fetched as Faust does."""
        plain = {tp for tp in wanted if tp.topic not in self.app.sliced_topics}
        if not plain:
            return {}  # aiokafka takes an empty list of partitions for all of them
        return dict(await super()._fetch_records(consumer, plain, timeout=0, **options))

    def _sliced(self, wanted: Collection[TopicPartition]) -> set[TopicPartition]:
        return {tp for tp in wanted if tp.topic in self.app.sliced_topics} - self._held

    def _tagged(self, fetched: Slice) -> _SliceRecord:
        partition = fetched.partition
        fetched.epoch = self._epochs.get(partition, 0)
        fetched.previous_end = self._ends.get(partition)
        self._ends[partition] = fetched.end
        return _SliceRecord(fetched)

    def hold(self, partition: TopicPartition) -> None:
        """Leave a partition's fetched records in the fetcher, so that it is not fetched again; from any thread."""
        self._held.add(partition)

    def release(self, partition: TopicPartition) -> None:
        """Take slices of a partition again, at once; from any thread.

        Faust may be waiting for records for up to a second; it is woken, because some may be buffered already.
        """
        if partition in self._held:
            self._held.discard(partition)
            with suppress(RuntimeError):  # the thread's loop is closed, so nothing waits
                self.thread_loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if self._consumer is not None:
            wake(internals.fetcher(self._consumer))

    async def seek_epoch(self, partition: TopicPartition, offset: int, epoch: int) -> None:
        """Seek, and tag the slices that follow with this epoch; runs in the thread's loop."""
        consumer = self._ensure_consumer()
        consumer.seek(partition, offset)
        consumer.resume(partition)
        self._epochs[partition] = epoch
        self._ends[partition] = None

    def fetched_end(self, partition: TopicPartition) -> int | None:
        """The offset after the last slice that was fetched since the seek; None when there was none."""
        return self._ends.get(partition)

    async def fetch_position(self, partition: TopicPartition) -> int:
        """The fetch position: the offset that is fetched next; runs in the thread's loop."""
        position: int = await self._ensure_consumer().position(partition)
        return position

    async def end_offset(self, partition: TopicPartition) -> int:
        """A partition's last stable offset, asked of its leader; runs in the thread's loop."""
        end: int = (await self._ensure_consumer().end_offsets([partition]))[partition]
        return end

    def expulsion(self) -> BaseException | None:
        """The error with which the group expelled this member for good; None while it has not.

        aiokafka raises such an error in the next fetch; an idle worker may never come to one.
        """
        heartbeats = self._consumer and internals.heartbeats(self._consumer)
        if heartbeats is None or not heartbeats.done() or heartbeats.cancelled():
            return None
        error: BaseException | None = heartbeats.exception()
        return error

    def member_id(self) -> str:
        """This member's id in the group; empty while it is not a member."""
        return str(internals.coordinator(self._consumer).member_id) if self._consumer else ""

    async def commit_offset(self, partition: TopicPartition, offset: int) -> None:
        """Commit a group offset, for lag monitors only; runs in the thread's loop."""
        await self._ensure_consumer().commit({partition: offset})

    async def owns(self, partition: TopicPartition) -> bool | None:
        """Whether a partition is assigned to this member; None when the group coordinator cannot tell now.

        Asks the coordinator with a heartbeat, because the local assignment can be out of date. Runs in the
        thread's loop.
        """
        consumer = self._ensure_consumer()
        if partition not in consumer.assignment() or internals.is_reassigning(consumer):
            return False
        is_member, generation = await self._ask_coordinator()
        if not is_member:
            return is_member
        is_current = generation == internals.coordinator(consumer).generation
        return bool(is_current and partition in consumer.assignment())

    async def _ask_coordinator(self) -> "_Answer":
        """Whether this member is one of the group's generation, by a heartbeat that is sent after this call.

        Partitions that are opened together share it: the coordinator answers the requests of a member one by one.
        """
        if self._question is None:
            self._question = asyncio.create_task(self._heartbeat())
        return await asyncio.shield(self._question)

    async def _heartbeat(self) -> "_Answer":
        async with self._asking:
            self._question = None  # it is sent now: whoever asks from here on needs another
            consumer = self._ensure_consumer()
            coordinator = internals.coordinator(consumer)
            generation = coordinator.generation
            request = HeartbeatRequest(coordinator.group_id, generation, coordinator.member_id)
            try:
                async with asyncio.timeout(_HEARTBEAT_TIMEOUT_S):
                    answer = await internals.ask_coordinator(consumer, request)
            except (KafkaError, TimeoutError):
                return _Answer(None, generation)
            error = for_code(answer.error_code)
            if error is NoError:
                return _Answer(True, generation)
            may_be = error().retriable and error is not RebalanceInProgressError
            return _Answer(None if may_be else False, generation)


class _Consumer(driver.Consumer):  # type: ignore[misc]
    app: "SlicingApp"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _ReadOffsets(self.app.sliced_topics)

    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _in_thread(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the consumer thread's loop and await its result."""
        future = asyncio.run_coroutine_threadsafe(call, self._thread.thread_loop)
        async with asyncio.timeout(_CALL_TIMEOUT_S):
            return await asyncio.wrap_future(future)

    async def seek_epoch(self, partition: TopicPartition, offset: int, epoch: int) -> None:
        """Seek; the slices that follow carry this epoch."""
        await self._in_thread(self._thread.seek_epoch(partition, offset, epoch))

    def fetched_end(self, partition: TopicPartition) -> int | None:
        """The offset after the last slice that was fetched since the seek; None when there was none."""
        end: int | None = self._thread.fetched_end(partition)
        return end

    def hold(self, partition: TopicPartition) -> None:
        """Take no slices of a partition until `release`."""
        self._thread.hold(partition)

    def release(self, partition: TopicPartition) -> None:
        """Take slices of a partition again, at once."""
        self._thread.release(partition)

    async def owns(self, partition: TopicPartition) -> bool | None:
        """Whether a partition is assigned to this worker; None when the group coordinator cannot tell now."""
        owned: bool | None = await self._in_thread(self._thread.owns(partition))
        return owned

    async def fetch_position(self, partition: TopicPartition) -> int:
        """The fetch position: the offset that is fetched next."""
        position: int = await self._in_thread(self._thread.fetch_position(partition))
        return position

    async def end_offset(self, partition: TopicPartition) -> int:
        """A partition's last stable offset, asked of its leader.

        Raises:
            KafkaError: The leader refused, or none is known.
            TimeoutError: It did not answer in time.
        """
        end: int = await self._in_thread(self._thread.end_offset(partition))
        return end

    def expulsion(self) -> BaseException | None:
        """The error with which the group expelled this worker for good; None while it has not."""
        error: BaseException | None = self._thread.expulsion()
        return error

    def member_id(self) -> str:
        """This worker's member id in the group; empty while it is not a member."""
        return str(self._thread.member_id())

    async def commit_offset(self, partition: TopicPartition, offset: int) -> None:
        """Commit a group offset, for lag monitors only."""
        await self._in_thread(self._thread.commit_offset(partition, offset))


class _Transport(driver.Transport):  # type: ignore[misc]
    Consumer = _Consumer


class _TableManager(faust_tables.TableManager):  # type: ignore[misc]
    """Faust's own sleeps a second for tables to be registered; this one does not if the app has no table."""

    async def on_start(self) -> None:
        if self:
            await super().on_start()
            return
        await self._update_channels()
        await self.recovery.start()


class SlicingApp(faust.App):  # type: ignore[misc]
    """A Faust app whose `sliced_topics` arrive as slices; ordinary agents and Tables work beside them.

    A partition of theirs is fetched from where `seek_epoch` of its consumer says, and not before that.
    """

    sliced_topics: frozenset[str] = frozenset()

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, TableManager=_TableManager, **options)

    def _new_transport(self) -> _Transport:
        return _Transport(self.conf.broker_consumer, self)
