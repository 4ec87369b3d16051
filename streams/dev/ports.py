"""Which ports of this machine nobody listens on."""

import random
import socket
from collections.abc import Iterator
from typing import Final

HOST: Final = "127.0.0.1"
_FREE_PORTS: Final = range(20_000, 32_000)
"""Below the ports that the kernel gives to outgoing connections, which could take one before Kafka does."""


def free_ports() -> Iterator[int]:
    """Ports that nobody listens on, in random order so that starts at the same time choose apart."""
    return filter(is_free, random.sample(_FREE_PORTS, len(_FREE_PORTS)))


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As Kafka does: connections of an earlier server that are not quite over do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
