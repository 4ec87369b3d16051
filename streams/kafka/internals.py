"""What we use of aiokafka and Faust that is theirs alone: each name, why it is needed, and whether it is there.

A new version may lack or rename any of it. `check` finds that out when a program starts, before a record is touched;
nothing else of ours reads a private attribute of either library, `streams.kafka.fetched` aside, whose names stand here
too. Faust's classes are extended by `streams.engine.kafka.slices`, whose methods take the place of those that are
named here.
"""

import asyncio
from collections.abc import Awaitable, Collection, Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import version
from inspect import isfunction
from typing import Any, Final, Literal, NamedTuple

from aiokafka.errors import IncompatibleBrokerVersion, NodeNotReadyError

from streams.errors import TickerError

Library = Literal["aiokafka", "faust"]


class Internal(NamedTuple):
    """A name inside a library, and why there is no public way."""

    owner: str
    """`module:Class`."""
    name: str
    why: str


_DISTRIBUTIONS: Final = {"aiokafka": "aiokafka", "faust": "faust-streaming"}
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
        Internal(
            "aiokafka.client:AIOKafkaClient", "coordinator_lookup", "who answers a broker's port can be none"
        ),
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
        Internal(_TABLES, "_update_channels", "without tables nothing waits a second for them"),
        Internal(_TABLES, "recovery", "without tables nothing waits a second for them"),
    ),
}
"""Every private name that we use, by library; and public ones that Faust or aiokafka could drop as freely."""


@cache
def check(library: Library) -> None:
    """See that a library has all that we use of its inside.

    Raises:
        TickerError: Something is missing: the version that is installed is not one that this was made for.
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
    """The names that a class's own methods use: an attribute that `__init__` sets is one of them."""
    for each in owner.__mro__:
        for member in vars(each).values():
            if isfunction(member):
                yield from member.__code__.co_names


def fetcher(consumer: Any) -> Any:
    """What fetches for a consumer: `streams.kafka.fetched` takes from it."""
    return consumer._fetcher  # noqa: SLF001


def learn_topics(client: Any, topics: Collection[str]) -> Awaitable[Any]:
    """Let a consumer or a producer ask for all topics at once; else it asks for each when it meets it."""
    inner = client.client if hasattr(client, "client") else client._client  # noqa: SLF001
    answer: Awaitable[Any] = inner.set_topics(topics)
    return answer


def close_client(consumer: Any) -> Awaitable[None]:
    """Close the connections of a consumer that could not be stopped."""
    closed: Awaitable[None] = consumer._client.close()  # noqa: SLF001
    return closed


def was_open(connection: Any) -> bool:
    """Whether a connection was ever open: one that was not never closes."""
    return connection._protocol is not None  # noqa: SLF001


def read_committed(consumer: Any, fetch_wait_ms: int) -> None:
    """Let a consumer that Faust made read committed records only; a broker waits at most so long (ms) for some."""
    consumer._isolation_level = "read_committed"  # noqa: SLF001
    consumer._fetch_max_wait_ms = fetch_wait_ms  # noqa: SLF001


def outlast_strangers(consumer: Any) -> None:
    """Let a consumer go on looking for its group's coordinator where something else answers at a broker's address.

    While a broker is away its port can be another's, such as a controller's, which knows no groups. To aiokafka that is
    a broker of a version that will never do, which ends the consumer; here it is one that is not ready yet.
    """
    client = consumer._client  # noqa: SLF001
    look_up = client.coordinator_lookup

    async def patiently(kind: Any, key: Any) -> Any:
        try:
            return await look_up(kind, key)
        except IncompatibleBrokerVersion as error:
            raise NodeNotReadyError(f"no broker answers at a broker's address: {error}") from error

    client.coordinator_lookup = patiently


def heartbeats(consumer: Any) -> asyncio.Task[None] | None:
    """The task that tells the group that a member is alive; None before it has joined."""
    task: asyncio.Task[None] | None = consumer._coordinator._heartbeat_task  # noqa: SLF001
    return task


def coordinator(consumer: Any) -> Any:
    """What speaks with the group: has `group_id`, `generation` and `member_id`."""
    return consumer._coordinator  # noqa: SLF001


def ask_coordinator(consumer: Any, request: Any) -> Awaitable[Any]:
    """Send the group's coordinator a request of aiokafka's protocol; gives its answer."""
    answer: Awaitable[Any] = consumer._coordinator._send_req(request)  # noqa: SLF001
    return answer


def is_reassigning(consumer: Any) -> bool:
    """Whether the group is handing out partitions now."""
    return bool(consumer._subscription.reassignment_in_progress)  # noqa: SLF001


def is_in_transaction(producer: Any) -> bool:
    """Whether a producer has begun a transaction and not ended it."""
    return bool(producer._txn_manager.is_in_transaction())  # noqa: SLF001


def is_broken(producer: Any) -> bool:
    """Whether a producer has met an error that ends it, such as being fenced."""
    return bool(producer._txn_manager.is_fatal_error())  # noqa: SLF001


def abandon(producer: Any) -> asyncio.Task[None] | None:
    """Mark a transactional producer as closed without the broker; gives its sender's task, if it was started."""
    producer._closed = True  # noqa: SLF001
    waiter = producer._txn_manager._transaction_waiter  # noqa: SLF001
    if waiter is not None and waiter.done() and not waiter.cancelled():
        waiter.exception()  # has been told already; unread, asyncio would log it again
    task: asyncio.Task[None] | None = producer._sender.sender_task  # noqa: SLF001
    return task
