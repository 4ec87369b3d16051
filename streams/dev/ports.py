"""Free ports on this machine."""

import random
import socket
from collections.abc import Iterator
from typing import Final

HOST: Final = "127.0.0.1"
_FREE_PORTS: Final = range(20_000, 32_000)
"""Below the kernel's ephemeral ports: an outgoing connection could take one of those before Kafka does."""


def free_ports() -> Iterator[int]:
    """The free ports, in random order so that simultaneous starts choose different ones."""
    return filter(is_free, random.sample(_FREE_PORTS, len(_FREE_PORTS)))


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        # As Kafka does: connections of an earlier server in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
