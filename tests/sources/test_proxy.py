"""Sources through a proxy, HTTP or SOCKS: real ones on loopback, which see what they are asked to connect to."""

import asyncio
import base64
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import trustme

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
    """An HTTP proxy: the request line has the whole address, or asks for a tunnel; whatever it is, the site answers."""
    there = await asyncio.open_connection(site.host, site.port)

    async def forward() -> None:
        while line := await reader.readline():
            method, address, version = line.decode().split()
            asked.append(address)
            rest = await reader.readuntil(b"\r\n\r\n")
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _pass_on(reader, there[1])
                return
            path = "/" + address.split("/", 3)[3]
            there[1].write(f"{method} {path} {version}\r\n".encode() + rest)
        there[1].close()

    await asyncio.gather(forward(), _pass_on(there[0], writer))


async def _refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[str]) -> None:
    """A proxy that asks for other credentials than it got."""
    while head := await reader.readuntil(b"\r\n\r\n"):
        asked.append(head.decode())
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")


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
def test_a_source_with_tls_is_read_through_a_tunnel(kind: str) -> None:
    """Its certificate is verified at the end of it, and the credentials of the proxy stay this side of it."""

    async def main() -> None:
        authority, served, trusting = (
            trustme.CA(),
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
            ssl.create_default_context(),
        )
        authority.issue_cert("203.0.113.7").configure_cert(served)
        authority.configure_trust(trusting)
        async with site(tls=served) as there, proxy(kind, there) as (address, asked):
            there.answers["/"] = answer(200, SHOWN)
            through = address.replace("//", "//desk:sesame@") if kind == "http" else address
            one = source("https://203.0.113.7/")
            async with visiting(proxy=through, ssl=trusting) as visitor:
                reading = await visitor.visit(one)
                unknown = await visitor.visit(source("https://203.0.113.8/", id="two"))
            assert reading.visit.outcome == "changed", reading.visit.problem
            assert [slot.text for slot in reading.slots][1] == "Storm closes the harbour"
            assert {each.path for each in there.requests} == {"/", "/robots.txt"}
            assert not [each for each in there.requests if "proxy-authorization" in each.headers]
            assert set(asked) == {"203.0.113.7:443", "203.0.113.8:443"}
            assert "its certificate is not trusted" in unknown.visit.robots

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


def test_a_name_that_is_too_long_to_be_one_ends_the_visit_alone() -> None:
    """It cannot be resolved before the proxy is asked, and is left to it like every such name."""

    async def main() -> None:
        async with site() as there, proxy("http", there) as (address, _):
            there.answers["/"] = answer(302, location=f"http://{'x' * 64}.example/")
            async with visiting(proxy=address) as visitor:
                reading = await visitor.visit(source("http://203.0.113.7/", allow_private=True))
            assert reading.visit.redirects == 1
            assert reading.strip is None

    run(main())


@pytest.mark.parametrize("address", ["http://203.0.113.7/", "HTTP://203.0.113.7/", "https://203.0.113.7/"])
def test_the_credentials_of_a_proxy_are_sent_to_it_and_told_to_nobody(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy that refuses them is told by its status; they stand in no reading and no log."""

    async def main() -> None:
        asked: list[str] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await _refusing(reader, writer, asked)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with visiting(proxy=f"http://desk:ses%40me@127.0.0.1:{port}") as visitor:
            reading = await visitor.visit(source(address, allow_private=True))
        server.close()
        sent = base64.b64encode(b"desk:ses@me").decode()
        assert f"Proxy-Authorization: Basic {sent}" in asked[0]
        assert "the proxy answers 407" in reading.visit.robots
        assert reading.visit.outcome == "forbidden", "nobody knows what the site's robots.txt says"
        for told in (repr(reading), caplog.text):
            assert "ses" not in told.replace("session", "")
            assert sent not in told

    run(main())
