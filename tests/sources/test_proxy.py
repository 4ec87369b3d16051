"""Sources through a proxy, HTTP or SOCKS: real ones on loopback, which see what they are asked to connect to."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.sources.world import Site, answer, page, run, site, source, visiting

SHOWN = page(
    "Parliament votes on the new water law", "Storm closes the harbour", "Olive harvest begins early"
)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _socks(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, site: Site, asked: list[str]
) -> None:
    """SOCKS 5 (RFC 1928) without authentication; whatever it is asked for, it connects to the site."""
    _, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    writer.write(b"\x05\x00")
    _, _, _, kind = await reader.readexactly(4)
    if kind == 3:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    else:
        host = ".".join(map(str, await reader.readexactly(4)))
    (port,) = struct.unpack(">H", await reader.readexactly(2))
    asked.append(f"{host}:{port}")
    there = await asyncio.open_connection(site.host, site.port)
    writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
    await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))


async def _http(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, site: Site, asked: list[str]
) -> None:
    """An HTTP proxy: the request line has the whole address; whatever it is, the site answers."""
    there = await asyncio.open_connection(site.host, site.port)

    async def forward() -> None:
        while line := await reader.readline():
            method, address, version = line.decode().split()
            asked.append(address)
            path = "/" + address.split("/", 3)[3]
            rest = await reader.readuntil(b"\r\n\r\n")
            there[1].write(f"{method} {path} {version}\r\n".encode() + rest)
        there[1].close()

    await asyncio.gather(forward(), _pass_on(there[0], writer))


@asynccontextmanager
async def proxy(kind: str, site: Site) -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy's address, and what it was asked for."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await (_socks if kind == "socks5" else _http)(reader, writer, site, asked)
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"{kind}://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        server.close()


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_source_is_read_through_a_proxy(kind: str) -> None:
    """Robots.txt and the page go through it, though the proxy itself is in a private network."""

    async def main() -> None:
        async with site() as there, proxy(kind, there) as (address, asked):
            there.answers["/"] = answer(200, SHOWN)
            async with visiting(proxy=address) as visitor:
                reading = await visitor.visit(source("http://203.0.113.7/", allow_private=True))
            assert reading.visit.outcome == "changed", reading.visit.problem
            assert {each.path for each in there.requests} == {"/", "/robots.txt"}
            assert all("203.0.113.7" in each for each in asked)

    run(main())


@pytest.mark.parametrize("kind", ["http", "socks5"])
@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "[::1]"])
def test_a_proxy_is_not_asked_for_a_private_address(kind: str, host: str) -> None:
    """What it would connect to is checked before: it would be our errand."""

    async def main() -> None:
        async with site() as there, proxy(kind, there) as (address, asked):
            async with visiting(proxy=address) as visitor:
                reading = await visitor.visit(source(f"http://{host}/", allow_private=False))
            assert reading.visit.outcome == "failed"
            assert "private address" in reading.visit.problem
            assert asked == []

    run(main())
