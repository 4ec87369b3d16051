"""Every private name of aiokafka and Faust that we use, with the reason, and a check that the installed version has it.

A new version may lack or rename any of them. `check` finds that out when a program starts, before it touches a record.
Only this module and `streams.kafka.fetched` read private attributes of aiokafka; `streams.engine.kafka.slices`
overrides private methods of Faust. The names of all three are listed here.
"""

import asyncio
from collections.abc import Awaitable, Collection, Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import version
from inspect import isfunction
from typing import Any, Final, Literal, NamedTuple

from aiokafka.errors import IncompatibleBrokerVersion, NodeNotReadyError

from streams.errors import TickerError, in_words

Library = Literal["aiokafka", "faust"]


class Internal(NamedTuple):
    """A name inside a library, and why there is no public way."""

    owner: str
    """`module:Class`."""
    name: str
    why: str


_DISTRIBUTIONS: Final = {"aiokafka": "aiokafka", "faust": "faust-streaming"}
_ADMIN: Final = "aiokafka.admin.client:AIOKafkaAdminClient"
_CONSUMER: Final = "aiokafka.consumer.consumer:AIOKafkaConsumer"
_COORDINATOR: Final = "aiokafka.consumer.group_coordinator:GroupCoordinator"
_FETCHER: Final = "aiokafka.consumer.fetcher:Fetcher"
_FETCHED: Final = "aiokafka.consumer.fetcher:FetchResult"
_BATCHES: Final = "aiokafka.consumer.fetcher:PartitionRecords"
_PRODUCER: Final = "aiokafka.producer.producer:AIOKafkaProducer"
_TRANSACTIONS: Final = "aiokafka.producer.transaction_manager:TransactionManager"
_DRIVER: Final = "faust.transport.drivers.aiokafka"
_TABLES: Final = "faust.tables.manager:TableManager"

INTERNALS: Final[dict[Library, tuple[Internal, ...]]] = {
    "aiokafka": (
        Internal(_ADMIN, "_client", "ask every broker, not one at random"),
        Internal("aiokafka.client:AIOKafkaClient", "force_metadata_update", "which brokers there are now"),
        Internal("aiokafka.client:AIOKafkaClient", "coordinator_lookup", "survive a foreign broker"),
        Internal("aiokafka.client:AIOKafkaClient", "set_topics", "learn of all topics at once"),
        Internal("aiokafka.conn:AIOKafkaConnection", "_protocol", "whether a connection was ever open"),
        Internal(_CONSUMER, "_client", "learn of all topics at once, not 0.1 s apart"),
        Internal(_CONSUMER, "_coordinator", "ask the group who owns a partition"),
        Internal(_CONSUMER, "_subscription", "whether the group is handing out partitions"),
        Internal(_CONSUMER, "_fetcher", "take record batches undecoded"),
        Internal(_CONSUMER, "_isolation_level", "Faust makes the consumer and asks for it in no public way"),
        Internal(_CONSUMER, "_fetch_max_wait_ms", "Faust makes the consumer and has 1.5 s built in"),
        Internal(_COORDINATOR, "_heartbeat_task", "an expelled member without input is never told"),
        Internal(_COORDINATOR, "_send_req", "a heartbeat when we want to know, not when it is due"),
        Internal(_COORDINATOR, "generation", "what a heartbeat says of its sender"),
        Internal(_COORDINATOR, "member_id", "what a heartbeat says of its sender"),
        Internal(_COORDINATOR, "group_id", "what a heartbeat says of its sender"),
        Internal(_FETCHER, "_closed", "a stopped client has nothing to take"),
        Internal(_FETCHER, "_create_fetch_waiter", "wait for batches"),
        Internal(_FETCHER, "_fetch_waiters", "wake who waits when a partition goes on"),
        Internal(_FETCHER, "_notify", "wake who waits when a partition goes on"),
        Internal(_FETCHER, "_records", "take record batches undecoded"),
        Internal(_FETCHER, "_subscriptions", "wait until no assignment is under way"),
        Internal(_FETCHER, "_wait_consume_future", "let the next fetch begin: there is room"),
        Internal(_FETCHED, "_partition_records", "take record batches undecoded"),
        Internal(_FETCHED, "_update_position", "what was taken is not fetched again"),
        Internal(_FETCHED, "check_assignment", "what was lost meanwhile is not taken"),
        Internal(_FETCHED, "has_more", "take record batches undecoded"),
        Internal(_BATCHES, "_aborted_producers", "leave out what was aborted"),
        Internal(_BATCHES, "_records_iterator", "let go of what was fetched"),
        Internal(_BATCHES, "_consume_aborted_up_to", "leave out what was aborted"),
        Internal(_BATCHES, "_contains_abort_marker", "leave out what was aborted"),
        Internal(_BATCHES, "_records", "take record batches undecoded"),
        Internal(_BATCHES, "next_fetch_offset", "what was taken is not fetched again"),
        Internal(_PRODUCER, "_closed", "no stop while a broker is away may hang"),
        Internal(_PRODUCER, "_sender", "its task has to be cancelled where stopping would hang"),
        Internal(_PRODUCER, "_txn_manager", "whether there is a transaction to abort"),
        Internal("aiokafka.producer.sender:Sender", "sender_task", "as `_sender`"),
        Internal(_TRANSACTIONS, "_transaction_waiter", "its error is told already; unread, asyncio logs it"),
        Internal(_TRANSACTIONS, "is_in_transaction", "whether there is a transaction to abort"),
        Internal(_TRANSACTIONS, "is_fatal_error", "a fenced producer cannot be stopped as others are"),
    ),
    "faust": (
        Internal("faust:App", "_new_transport", "slices come by a transport of ours"),
        Internal(f"{_DRIVER}:Transport", "Consumer", "slices come by a consumer of ours"),
        Internal(f"{_DRIVER}:Consumer", "_new_consumer_thread", "slices come by a thread of ours"),
        Internal(f"{_DRIVER}:Consumer", "_read_offset", "after a seek back Faust drops what is below it"),
        Internal(f"{_DRIVER}:Consumer", "_thread", "what runs in the thread's loop is called there"),
        Internal(f"{_DRIVER}:AIOKafkaConsumerThread", "_create_worker_consumer", "set it to read_committed"),
        Internal(f"{_DRIVER}:AIOKafkaConsumerThread", "_ensure_consumer", "the consumer, in its own loop"),
        Internal(f"{_DRIVER}:AIOKafkaConsumerThread", "_fetch_records", "a fetch becomes slices here"),
        Internal(
            f"{_DRIVER}:AIOKafkaConsumerThread",
            "call_thread",
            "what runs in the thread's loop is called there",
        ),
        Internal(f"{_DRIVER}:AIOKafkaConsumerThread", "on_partitions_assigned", "runners alone seek"),
        Internal(f"{_DRIVER}:AIOKafkaConsumerThread", "seek_to_committed", "runners alone seek"),
        Internal(_TABLES, "_update_channels", "without tables nothing waits a second for them"),
        Internal(_TABLES, "recovery", "without tables nothing waits a second for them"),
    ),
}
"""Every private name that we use, by library; and public ones that Faust or aiokafka could drop as freely."""


@cache
def check(library: Library) -> None:
    """Check that a library has every private name that we use.

    Raises:
        TickerError: One is missing: the installed version is not supported.
    """
    missing = [f"{one.owner}.{one.name} ({one.why})" for one in INTERNALS[library] if not _is_there(one)]
    if missing:
        name = _DISTRIBUTIONS[library]
        raise TickerError(
            f"{name} {version(name)} lacks {', '.join(missing)}: install a version that headline-ticker was made"
            " for (its pyproject.toml says which)"
        )


def _is_there(internal: Internal) -> bool:
    module, _, name = internal.owner.partition(":")
    try:
        owner = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        return False
    return hasattr(owner, internal.name) or internal.name in set(_attributes(owner))


def _attributes(owner: type) -> Iterator[str]:
    """The names that occur in a class's methods, and so the attributes that `__init__` sets."""
    for each in owner.__mro__:
        for member in vars(each).values():
            if isfunction(member):
                yield from member.__code__.co_names


def fetcher(consumer: Any) -> Any:
    """A consumer's fetcher, for `streams.kafka.fetched`."""
    return consumer._fetcher  # noqa: SLF001


def learn_topics(client: Any, topics: Collection[str]) -> Awaitable[Any]:
    """Let a consumer or producer fetch the metadata of all topics at once, not of each when it first needs it."""
    inner = client.client if hasattr(client, "client") else client._client  # noqa: SLF001
    answer: Awaitable[Any] = inner.set_topics(topics)
    return answer


async def ask_every_broker(admin: Any, request: Any) -> list[Any]:
    """Send every broker that there is now a request of aiokafka's protocol; gives each answer, or why there is none."""
    client = admin._client  # noqa: SLF001
    await client.force_metadata_update()
    nodes = [broker.nodeId for broker in client.cluster.brokers()]
    return await asyncio.gather(*(client.send(node, request) for node in nodes), return_exceptions=True)


def close_client(consumer: Any) -> Awaitable[None]:
    """Close the connections of a consumer that could not be stopped."""
    closed: Awaitable[None] = consumer._client.close()  # noqa: SLF001
    return closed


def was_open(connection: Any) -> bool:
    """Whether a connection was ever open: one that was not never closes."""
    return connection._protocol is not None  # noqa: SLF001


def read_committed(consumer: Any, fetch_wait_ms: int) -> None:
    """Set a consumer that Faust made to read_committed, and its `fetch.max.wait` to `fetch_wait_ms`."""
    consumer._isolation_level = "read_committed"  # noqa: SLF001
    consumer._fetch_max_wait_ms = fetch_wait_ms  # noqa: SLF001


def tolerate_foreign_brokers(consumer: Any) -> None:
    """Let a consumer go on looking for its group coordinator when a foreign server answers at a broker's address.

    While a broker is down, another process can listen on its port: for example a controller, which knows no groups.
    aiokafka takes that for a broker of an incompatible version and ends the consumer; here it is retried.
    """
    client = consumer._client  # noqa: SLF001
    look_up = client.coordinator_lookup

    async def patiently(kind: Any, key: Any) -> Any:
        try:
            return await look_up(kind, key)
        except IncompatibleBrokerVersion as error:
            raise NodeNotReadyError(f"no broker answers at a broker's address: {in_words(error)}") from error

    client.coordinator_lookup = patiently


def heartbeats(consumer: Any) -> asyncio.Task[None] | None:
    """A consumer's heartbeat task; None before it has joined its group."""
    task: asyncio.Task[None] | None = consumer._coordinator._heartbeat_task  # noqa: SLF001
    return task


def coordinator(consumer: Any) -> Any:
    """A consumer's client of the group coordinator: has `group_id`, `generation` and `member_id`."""
    return consumer._coordinator  # noqa: SLF001


def ask_coordinator(consumer: Any, request: Any) -> Awaitable[Any]:
    """Send the group coordinator a request; gives its answer."""
    answer: Awaitable[Any] = consumer._coordinator._send_req(request)  # noqa: SLF001
    return answer


def is_reassigning(consumer: Any) -> bool:
    """Whether a rebalance is in progress."""
    return bool(consumer._subscription.reassignment_in_progress)  # noqa: SLF001


def is_in_transaction(producer: Any) -> bool:
    """Whether a producer has begun a transaction and not ended it."""
    return bool(producer._txn_manager.is_in_transaction())  # noqa: SLF001


def is_broken(producer: Any) -> bool:
    """Whether a producer has met a fatal error, such as being fenced."""
    return bool(producer._txn_manager.is_fatal_error())  # noqa: SLF001


def abandon(producer: Any) -> asyncio.Task[None] | None:
    """Mark a transactional producer as closed without asking the broker; gives its sender's task, if it was started."""
    producer._closed = True  # noqa: SLF001
    waiter = producer._txn_manager._transaction_waiter  # noqa: SLF001
    if waiter is not None and waiter.done() and not waiter.cancelled():
        waiter.exception()  # was raised to the caller already; unretrieved, asyncio would log it again
    task: asyncio.Task[None] | None = producer._sender.sender_task  # noqa: SLF001
    return task
