"""Errors of sockets, TLS and Kafka's client are said in words that a person understands."""

import asyncio
import errno
import os
import socket
import ssl

import pytest
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    NodeNotReadyError,
    TopicAuthorizationFailedError,
)

from streams.errors import described, in_words, plain

REFUSED = "it refused the connection"


def test_a_refused_connection_is_said_without_numbers() -> None:
    """A person reads what happened, not an errno; whoever shows it has named the address."""

    async def connect(port: int) -> None:
        await asyncio.open_connection("127.0.0.1", port)

    with socket.socket() as bound:  # nobody listens there
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError) as failure:
            asyncio.run(connect(bound.getsockname()[1]))
    assert in_words(failure.value) == REFUSED


def test_a_host_of_several_addresses_says_the_same_once() -> None:
    """`localhost` is ::1 and 127.0.0.1: asyncio joins both failures to one text."""
    one, other = "('::1', 9092, 0, 0)", "('127.0.0.1', 9092)"
    text = f"[Errno 111] Connect call failed {one}, [Errno 111] Connect call failed {other}"
    assert plain(f"Multiple exceptions: {text}") == REFUSED


def test_a_port_without_tls_is_said() -> None:
    """OpenSSL's own message is about version numbers and lines of C."""

    async def connect() -> OSError:
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-server\r\n")
            writer.close()

        async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ssl.SSLError) as failure:
                await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context())
            return failure.value

    assert in_words(asyncio.run(connect())) == "it does not speak TLS"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)),
            "it broke off the connection",
        ),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no host has that name"),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "ca.pem"),
            "no such file or directory: 'ca.pem'",
        ),
        (
            KafkaConnectionError("Connection at 127.0.0.1:9092 broken: [Errno 104] Connection reset by peer"),
            "KafkaConnectionError: Connection at 127.0.0.1:9092 broken: it broke off the connection",
        ),
        (TopicAuthorizationFailedError("ticker.seen"), "TopicAuthorizationFailedError: ticker.seen"),
        (
            ssl.SSLCertVerificationError(
                1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: expired (_ssl.c:1006)"
            ),
            "certificate verify failed: expired",
        ),
        (
            OSError(
                errno.EADDRNOTAVAIL,
                "error while attempting to bind on address ('192.0.2.1', 1): cannot assign",
            ),
            "this machine does not have that address",
        ),
        (TimeoutError(), "it did not answer in time"),
        (ConnectionResetError(), "it broke off the connection"),
        (IllegalSaslStateError("<AIOKafkaConnection host=127.0.0.1 port=9092>"), "IllegalSaslStateError"),
        (NodeNotReadyError(), "NodeNotReadyError"),
    ],
)
def test_errors_are_said_in_plain_words(error: Exception, words: str) -> None:
    """Numbers, lines of C and empty messages are for the authors of libraries."""
    assert in_words(error) == words


def test_what_may_be_a_fault_of_ours_keeps_its_class() -> None:
    """The class helps to find a fault; an error of the system has a meaning of its own."""
    assert described(KeyError("slot")) == "KeyError: 'slot'"
    assert described(OSError("refused")) == "OSError: refused"
    assert described(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")) == REFUSED
    assert described(TimeoutError()) == "it did not answer in time"
