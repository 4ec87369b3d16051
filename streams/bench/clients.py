"""Load generators for `ticker serve`, in a separate process: many readers of events, or requests in a closed loop.

`python -m streams.bench.clients listen ADDRESS READERS HEADLINES`, or `ask ADDRESS CONNECTIONS SECONDS`; prints a
line of JSON.
"""

import asyncio
import re
import sys
import time
from statistics import quantiles
from typing import Final

import msgspec
from msgspec import Struct

from schemas.instants import parse_instant

_OBSERVED: Final = re.compile(rb'"observed_at":"([^"]+)"')
_PATIENCE_S: Final = 120.0


class Heard(Struct, frozen=True):
    """How many events or responses arrived, and for events the latency of each in ms."""

    number: int
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0


async def listen(host: str, port: int, readers: int, headlines: int) -> Heard:
    """Run `READERS` readers of /events, each until it has received `HEADLINES` headlines."""
    latencies: list[float] = []

    async def hear() -> None:
        reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
        writer.write(b"GET /events HTTP/1.1\r\nHost: bench\r\n\r\n")
        for _ in range(headlines):
            while (found := _OBSERVED.search(await reader.readline())) is None:
                pass
            latencies.append(time.time() * 1000 - parse_instant(found[1].decode()))
        writer.close()

    async with asyncio.timeout(_PATIENCE_S + headlines), asyncio.TaskGroup() as tasks:
        for _ in range(readers):
            tasks.create_task(hear())
    cuts = quantiles(latencies, n=100, method="inclusive")
    return Heard(len(latencies), round(cuts[49], 1), round(cuts[98], 1), round(max(latencies), 1))


class _Asker(asyncio.Protocol):
    """Sends the next request as soon as the previous one is answered."""

    def __init__(self, request: bytes, answers: list[int]) -> None:
        self._request = request
        self._answers = answers
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if not data.startswith(b"HTTP/1.1 304"):
            raise ValueError(data[:60])
        self._answers[0] += 1
        self._transport.write(self._request)


async def ask(host: str, port: int, connections: int, seconds: float) -> Heard:
    """Conditional GETs of a feed whose ETag the clients know, over `CONNECTIONS` connections."""
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
    writer.write(b"GET /all.atom HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
    etag = re.search(rb"\r\nETag: ([^\r]+)", await reader.read())
    writer.close()
    assert etag is not None
    request = b"GET /all.atom HTTP/1.1\r\nHost: bench\r\nIf-None-Match: " + etag[1] + b"\r\n\r\n"
    answers = [0]
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: _Asker(request, answers), host, port) for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    number = answers[0]
    for transport, _ in opened:
        transport.abort()
    return Heard(number)


def main(what: str, address: str, connections: str, amount: str) -> None:
    """Run the named load generator and print its result."""
    host, _, port = address.rpartition(":")
    if what == "listen":
        heard = asyncio.run(listen(host, int(port), int(connections), int(amount)))
    else:
        heard = asyncio.run(ask(host, int(port), int(connections), float(amount)))
    sys.stdout.buffer.write(msgspec.json.encode(heard) + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
