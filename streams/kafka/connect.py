"""Reaches a Kafka cluster: waits a bounded time for a broker, and says why none could be reached."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest
from msgspec import Struct

from streams.errors import TickerError, in_words
from streams.kafka.internals import check, was_open
from streams.kafka.retry import Retry
from streams.settings import Connection

logger: Final = logging.getLogger(__name__)

_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 2.0
_REQUEST_MS: Final = 10_000
_CLOSE_S: Final = 1.0
_UNKNOWN_TOPIC: Final = UnknownTopicOrPartitionError.errno
_REFUSED: Final = (
    AuthenticationFailedError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    IllegalSaslStateError,  # a login where none is wanted
    ssl.SSLCertVerificationError,
)
"""Errors that a retry does not cure."""

Report = Callable[[str], None]


async def reach(connection: Connection, *, patience: float, report: Report = logger.warning) -> None:
    """Return as soon as one of the brokers answers; try for `patience` seconds and tell `report` why it waits.

    aiokafka's clients say only that they could not bootstrap. This says why, and does not retry what cannot succeed.

    Raises:
        TickerError: No broker answered in time, one refused the login or has the wrong certificate, or the installed
            version of aiokafka is not supported.
    """
    options = connection.aiokafka_options()
    servers = options.pop("bootstrap_servers")
    check("aiokafka")
    retry, last = Retry(first=_FIRST_WAIT_S, longest=_LONGEST_WAIT_S, patience=patience), ""
    while (problem := await _try_all(servers, options)) is not None:
        if retry.is_spent:
            raise TickerError(
                f"no Kafka broker answers at {servers} (tried for {patience:g} s): {problem}; check "
                "--bootstrap-servers and --security-protocol, or start one here with `ticker broker`"
            )
        if problem != last:
            report(f"waiting for Kafka at {servers}: {problem}")
            last = problem
        await retry.wait()


@asynccontextmanager
async def administration(
    connection: Connection, *, patience: float, report: Report = logger.warning
) -> AsyncIterator[Any]:
    """A started admin client of aiokafka.

    Raises:
        TickerError: As `reach`, and for any KafkaError in the context.
    """
    retry = Retry(first=_FIRST_WAIT_S, longest=_LONGEST_WAIT_S, patience=patience)
    while True:
        await reach(connection, patience=patience, report=report)
        client = AIOKafkaAdminClient(**connection.aiokafka_options(), request_timeout_ms=_REQUEST_MS)
        is_started = False
        try:
            await client.start()
            # A broker that has just started answers before it knows any broker, itself included.
            await client.describe_cluster()
            is_started = True
            yield client
        except KafkaError as error:
            if is_started or not error.retriable or retry.is_spent:
                raise TickerError(f"Kafka at {connection.bootstrap_servers}: {in_words(error)}") from error
        else:
            return
        finally:
            await client.close()
        await retry.wait()


class Metadata(Struct, frozen=True, kw_only=True):
    """A broker's metadata of its cluster, and of the topics that it was asked for."""

    cluster: str
    """The cluster's id."""
    servers: frozenset[str]
    """The live brokers, as `HOST:PORT`."""
    topics: frozenset[str]
    """Those of the topics that exist."""
    leaderless: frozenset[str]
    """Their partitions without a leader, as `TOPIC/PARTITION`."""
    out: frozenset[int]
    """The ids of brokers that hold replicas of those partitions and are down."""


async def ask(options: Mapping[str, Any], topics: Sequence[str] = ()) -> Metadata:
    """The metadata of the first broker that answers; all are asked at once, so that one that hangs delays nothing.

    Args:
        options: aiokafka's connection options.
        topics: The topics to ask for.

    Raises:
        KafkaError: No broker answered; this is the error of one of them.
        OSError: Likewise.
    """
    others = dict(options)
    servers = others.pop("bootstrap_servers").split(",")
    asking = {asyncio.create_task(_ask_one(_connection(server, others), topics)) for server in servers}
    try:
        while asking:
            done, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.exception() is None:
                    return task.result()
                problem = task.exception()
        assert problem is not None
        raise problem
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


def _connection(server: str, options: dict[str, Any]) -> AIOKafkaConnection:
    host, _, port = server.rpartition(":")
    return AIOKafkaConnection(host.strip("[]"), int(port), request_timeout_ms=_REQUEST_MS, **options)


async def _try_all(servers: str, options: dict[str, Any]) -> str | None:
    """None if a broker answers, else the last one's problem."""
    problem = ""
    for server in servers.split(","):
        try:
            await _try_one(_connection(server, options))
        except _REFUSED as error:
            raise TickerError(f"Kafka at {server} and this client do not agree: {in_words(error)}") from error
        except (KafkaError, OSError) as error:
            problem = in_words(error)
        else:
            return None
    return problem


async def _try_one(connection: AIOKafkaConnection) -> None:
    """Connect, ask for the versions, log in."""
    async with _connected(connection):
        pass


async def _ask_one(connection: AIOKafkaConnection, topics: Sequence[str]) -> Metadata:
    async with _connected(connection):
        answer = await connection.send(MetadataRequest(list(topics), allow_auto_topic_creation=False))
    known = [(name, partitions) for code, name, _, partitions in answer.topics if code != _UNKNOWN_TOPIC]
    live = {broker[0] for broker in answer.brokers}
    leaderless = {
        f"{name}/{number}": replicas
        for name, partitions in known
        for _, number, leader, replicas, *_ in partitions
        if leader < 0
    }
    return Metadata(
        cluster=answer.cluster_id,
        servers=frozenset(f"{broker[1]}:{broker[2]}" for broker in answer.brokers),
        topics=frozenset(name for name, _ in known),
        leaderless=frozenset(leaderless),
        out=frozenset(
            number for replicas in leaderless.values() for number in replicas if number not in live
        ),
    )


@asynccontextmanager
async def _connected(connection: AIOKafkaConnection) -> AsyncIterator[None]:
    """Connected and logged in while the context lasts; the socket is always closed."""
    try:
        await connection.connect()
        yield
    finally:
        closed = connection.close()
        if was_open(connection):
            await asyncio.wait([closed], timeout=_CLOSE_S)
