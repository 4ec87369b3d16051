"""Reaches a Kafka cluster: waits for a broker a bounded time, and tells why none could be reached."""

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
    KafkaError,
    SaslAuthenticationFailed,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest
from msgspec import Struct

from streams.errors import TickerError
from streams.kafka.internals import check, was_open
from streams.kafka.retry import Retry, told
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
    ssl.SSLCertVerificationError,
)
"""What another try does not change."""

Report = Callable[[str], None]


async def reach(connection: Connection, *, patience: float, report: Report = logger.warning) -> None:
    """Return as soon as one of the brokers answers; try for `patience` seconds, tell `report` why it waits.

    Clients of aiokafka say only that they could not bootstrap; this says why, and does not wait where waiting
    is of no use.

    Raises:
        TickerError: no broker answered in time, one refused the login or has the wrong certificate, or a version of
            aiokafka is installed that this was not made for.
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
    """An admin client of aiokafka for a cluster that has been reached.

    Raises:
        TickerError: as `reach`, and for whatever Kafka refuses to the client.
    """
    retry = Retry(first=_FIRST_WAIT_S, longest=_LONGEST_WAIT_S, patience=patience)
    while True:
        await reach(connection, patience=patience, report=report)
        client = AIOKafkaAdminClient(**connection.aiokafka_options(), request_timeout_ms=_REQUEST_MS)
        is_started = False
        try:
            await client.start()
            # A broker that has just started answers before it knows of any broker, itself included.
            await client.describe_cluster()
            is_started = True
            yield client
        except KafkaError as error:
            if is_started or not error.retriable or retry.is_spent:
                raise TickerError(f"Kafka at {connection.bootstrap_servers}: {error}") from error
        else:
            return
        finally:
            await client.close()
        await retry.wait()


class Metadata(Struct, frozen=True, kw_only=True):
    """What a broker tells of its cluster, and of the topics that it was asked for."""

    cluster: str
    """The cluster's id."""
    servers: frozenset[str]
    """The brokers that live, as `HOST:PORT`."""
    topics: frozenset[str]
    """Those of the topics that are there."""
    leaderless: frozenset[str]
    """Their partitions that nobody leads, as `TOPIC/PARTITION`."""
    out: frozenset[int]
    """The numbers of brokers that should have copies of those and do not live."""


async def ask(options: Mapping[str, Any], topics: Sequence[str] = ()) -> Metadata:
    """What the first broker to answer tells; all are asked at once, so that one that hangs hides no other.

    Args:
        options: aiokafka's connection options.
        topics: What to ask for.

    Raises:
        KafkaError: None answered; this is what was wrong with one of them.
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
    """None if a broker answers, else why the last one did not."""
    problem = ""
    for server in servers.split(","):
        try:
            await _try_one(_connection(server, options))
        except _REFUSED as error:
            raise TickerError(f"Kafka at {server} and this client do not agree: {told(error)}") from error
        except (KafkaError, OSError) as error:
            problem = told(error)
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
    """Connected and logged in while the context lasts; no socket is left behind, whatever came of it."""
    try:
        await connection.connect()
        yield
    finally:
        closed = connection.close()
        if was_open(connection):
            await asyncio.wait([closed], timeout=_CLOSE_S)
