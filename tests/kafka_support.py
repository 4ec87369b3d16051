"""What tests do with a real Kafka: start clusters, make certificates, write and read records."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import pytest
import trustme
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec import Struct

from streams.dev.configuration import Security
from streams.dev.kafka import Cluster
from streams.errors import TickerError
from streams.kafka.connect import administration
from streams.settings import Connection

T = TypeVar("T")

_PAUSE_S: Final = 0.02
"""Between two looks: who is asked without a pause has less of the processor to become what is waited for."""

BRIEF: Final = ("-XX:TieredStopAtLevel=1",)
"""For Java that runs for seconds or has little to do: it compiles fast, and not again what is called often."""

USERS = {"reader": "correct-horse", "writer": "battery-staple"}


class Certificates(Struct, frozen=True):
    """PEM files of one authority: the brokers' identity and a client's."""

    authority: Path
    server: Path
    client: Path

    def security(self) -> Security:
        """What makes a cluster open listeners with TLS and logins."""
        return Security(keystore=self.server, authority=self.authority, users=USERS)


def make_certificates(folder: Path) -> Certificates:
    """An authority, a certificate for 127.0.0.1 and one for a client, as files in a folder."""
    authority = trustme.CA()
    made = Certificates(folder / "authority.pem", folder / "server.pem", folder / "client.pem")
    authority.cert_pem.write_to_path(made.authority)
    for path, identity in ((made.server, "127.0.0.1"), (made.client, "client.example.org")):
        certificate = authority.issue_cert(identity)
        key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
        chain = b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain)
    return made


def start(cluster: Cluster) -> None:
    """Start a cluster; where that cannot be, skip on a laptop and fail in continuous integration."""
    try:
        cluster.start()
    except TickerError as error:
        unavailable("Kafka", error)


def unavailable(what: str, error: TickerError) -> NoReturn:
    """Skip on a laptop, and fail in continuous integration, which must have it."""
    if os.environ.get("CI") == "true":
        raise error
    pytest.skip(f"no {what} on this machine: {error}")


def produce(connection: Connection, topic: str, values: Sequence[bytes], *, key: bytes | None = None) -> None:
    """Write records, acknowledged by all replicas in sync."""

    async def run() -> None:
        producer = AIOKafkaProducer(**connection.aiokafka_options(), acks="all", enable_idempotence=True)
        await producer.start()
        try:
            await asyncio.gather(*[await producer.send(topic, value, key) for value in values])
        finally:
            await producer.stop()

    asyncio.run(run())


def consume(connection: Connection, topic: str, count: int) -> list[bytes]:
    """Read so many records from the beginning of a topic; takes 30 s at most."""

    async def run() -> list[bytes]:
        consumer = AIOKafkaConsumer(
            topic, **connection.aiokafka_options(), group_id=None, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            return [(await consumer.getone()).value for _ in range(count)]
        finally:
            await consumer.stop()

    return asyncio.run(asyncio.wait_for(run(), 30))


def wait_until(condition: Callable[[], T], *, seconds: float = 60) -> T:
    """Ask until the answer is true: what one broker has decided, others hear a moment later."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds:g} s"
        time.sleep(_PAUSE_S)
    return answer


def administer(
    connection: Connection, act: Any, *arguments: Any, patience: float = 30, **options: Any
) -> Any:
    """Call a function of an admin client: `administer(connection, create, TOPICS, prefix=topic_prefix)`."""

    async def run() -> Any:
        async with administration(connection, patience=patience) as client:
            return await act(client, *arguments, **options)

    return asyncio.run(run())
