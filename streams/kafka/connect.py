"""Reaches a Kafka cluster: waits for a broker a bounded time, and tells why none could be reached."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from streams.errors import TickerError
from streams.settings import Connection

_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 2.0
_REQUEST_MS: Final = 10_000
_CLOSE_S: Final = 1.0
_REFUSED: Final = (
    AuthenticationFailedError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    ssl.SSLCertVerificationError,
)
"""What another try does not change."""

Report = Callable[[str], None]


async def reach(connection: Connection, *, patience: float, report: Report = lambda _: None) -> None:
    """Return as soon as one of the brokers answers; try for `patience` seconds, tell `report` why it waits.

    Clients of aiokafka say only that they could not bootstrap; this says why, and does not wait where waiting
    is of no use.

    Raises:
        TickerError: no broker answered in time, or one refused the login or has the wrong certificate.
    """
    options = connection.aiokafka_options()
    servers = options.pop("bootstrap_servers")
    clock = asyncio.get_running_loop().time
    deadline, wait, told = clock() + patience, _FIRST_WAIT_S, ""
    while True:
        problem = await _try_all(servers, options)
        if problem is None:
            return
        if clock() + wait > deadline:
            raise TickerError(
                f"no Kafka broker answers at {servers} (tried for {patience:g} s): {problem}; check "
                "--bootstrap-servers and --security-protocol, or start one here with `ticker broker`"
            )
        if problem != told:
            report(f"waiting for Kafka at {servers}: {problem}")
            told = problem
        await asyncio.sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT_S)


@asynccontextmanager
async def administration(
    connection: Connection, *, patience: float, report: Report = lambda _: None
) -> AsyncIterator[Any]:
    """An admin client of aiokafka for a cluster that has been reached.

    Raises:
        TickerError: as `reach`, and for whatever Kafka refuses to the client.
    """
    await reach(connection, patience=patience, report=report)
    client = AIOKafkaAdminClient(**connection.aiokafka_options(), request_timeout_ms=_REQUEST_MS)
    try:
        await client.start()
        yield client
    except KafkaError as error:
        raise TickerError(f"Kafka at {connection.bootstrap_servers}: {error}") from error
    finally:
        await client.close()


async def _try_all(servers: str, options: dict[str, Any]) -> str | None:
    """None if a broker answers, else why the last one did not."""
    problem = ""
    for server in servers.split(","):
        host, _, port = server.rpartition(":")
        try:
            await _try_one(
                AIOKafkaConnection(host.strip("[]"), int(port), request_timeout_ms=_REQUEST_MS, **options)
            )
        except _REFUSED as error:
            raise TickerError(f"Kafka at {server} and this client do not agree: {_told(error)}") from error
        except (KafkaError, OSError) as error:
            problem = _told(error)
        else:
            return None
    return problem


async def _try_one(connection: AIOKafkaConnection) -> None:
    """Connect, ask for the versions, log in; and leave no socket behind, whatever came of it."""
    try:
        await connection.connect()
    finally:
        closed = connection.close()
        if connection._protocol is not None:  # noqa: SLF001 (else it was never open, and never closes)
            await asyncio.wait([closed], timeout=_CLOSE_S)


def _told(error: BaseException) -> str:
    return str(error) or type(error).__name__
