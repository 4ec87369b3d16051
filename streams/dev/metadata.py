"""Ask a broker on this machine which brokers it knows: once it answers, it is ready."""

import socket
import struct

from streams.dev.ports import HOST


def known_brokers(port: int, *, timeout: float = 2.0) -> frozenset[int]:
    """The ids of the brokers known to the broker at this port of 127.0.0.1; empty if it does not answer.

    This sends a plain Metadata request (version 1, without topics). The port is open earlier, but a broker answers this
    request only after it has caught up with the controllers.
    """
    request = struct.pack(">hhihi", 3, 1, 0, -1, 0)
    try:
        with socket.create_connection((HOST, port), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(struct.pack(">i", len(request)) + request)
            with connection.makefile("rb") as answer:
                (length,) = struct.unpack(">i", answer.read(4))
                body = answer.read(length)
        return _broker_ids(body)
    except (OSError, struct.error):
        return frozenset()


def _broker_ids(body: bytes) -> frozenset[int]:
    """The ids in the body of a Metadata response, version 1: correlation id, then id, host, port and rack of each."""
    _, count = struct.unpack_from(">ii", body)
    at, ids = 8, set[int]()
    for _ in range(count):
        node_id, host_length = struct.unpack_from(">ih", body, at)
        at += 6 + host_length + 4
        (rack_length,) = struct.unpack_from(">h", body, at)
        at += 2 + max(0, rack_length)
        ids.add(node_id)
    return frozenset(ids)
