"""What stands between a user and a registry: logins, TLS, proxies, other servers at the address. All are real servers.

The registry behind the logins is an HTTP server that knows one subject: what is told of are the ways to it.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from streams.dev.ports import free_ports
from streams.errors import SettingsError, TickerError
from streams.registry.client import Login, Registry
from streams.settings import Secret
from tests.kafka_support import Certificates

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PASSWORD = "correct-horse"
BASIC = "Basic Y2k6Y29ycmVjdC1ob3JzZQ=="
BEARER = f"Bearer {PASSWORD}"


@asynccontextmanager
async def _serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The address of a server on this machine that answers everything alike."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def _guarded(allowed: str) -> Handler:
    """A registry that lists its subjects to whoever says this."""

    async def answer(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization")
        if given is None:
            return web.json_response({"error_code": 401, "message": "Unauthorized"}, status=401)
        if given != allowed:
            return web.json_response({"error_code": 40301, "message": "not for you"}, status=403)
        return web.json_response(["ticker.headlines-value"])

    return answer


def _subjects(
    handler: Handler,
    login: Login | None = None,
    *,
    context: ssl.SSLContext | None = None,
    cafile: Path | None = None,
) -> frozenset[str]:
    async def run() -> frozenset[str]:
        async with (
            _serving(handler, context) as address,
            Registry(address, login=login, cafile=cafile) as registry,
        ):
            return await registry.subjects()

    return asyncio.run(run())


def _refusal(handler: Handler, login: Login | None = None, *, context: ssl.SSLContext | None = None) -> str:
    with pytest.raises(TickerError) as raised:
        _subjects(handler, login, context=context)
    assert PASSWORD not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("login", "allowed"),
    [
        (Login(username="ci", password=Secret(PASSWORD)), BASIC),
        (Login(token=Secret(PASSWORD)), BEARER),
    ],
    ids=["name and password", "token"],
)
def test_who_is_known_is_let_in(login: Login, allowed: str) -> None:
    """By name and password or by token; without them the error says where to set them, and never what was set."""
    assert _subjects(_guarded(allowed), login) == {"ticker.headlines-value"}
    assert "TICKER_SCHEMAS_TOKEN" in _refusal(_guarded(allowed))
    assert "does not let this login" in _refusal(_guarded("another"), login)


def test_half_a_login_is_refused() -> None:
    """Before anything is sent anywhere."""
    with pytest.raises(SettingsError, match=r"schemas\.password is missing"):
        Login(username="ci")
    with pytest.raises(SettingsError, match=r"schemas\.username is missing"):
        Login(password=Secret(PASSWORD))
    with pytest.raises(SettingsError, match="leave one out"):
        Login(username="ci", password=Secret(PASSWORD), token=Secret(PASSWORD))


def test_a_certificate_is_checked(certificates: Certificates) -> None:
    """One of an unknown authority is refused, with the setting that names it; then it is trusted."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server)
    login = Login(token=Secret(PASSWORD))
    assert "TICKER_SCHEMAS_CAFILE" in _refusal(_guarded(BEARER), login, context=context)
    assert _subjects(_guarded(BEARER), login, context=context, cafile=certificates.authority)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"<html>Welcome</html>", 200, "is something else at this address"),
        (b'{"subjects": []}', 200, "is something else at this address"),
        (b"<html>Not here</html>", 404, "/apis/ccompat/v7"),
        (b"upstream\x1b[31m is down", 502, "502 Bad Gateway"),
        (b"", 302, "set that one"),
        (b"[" + b" " * (5 << 20) + b"]", 200, "no registry does"),
    ],
    ids=["a page", "another API", "another path", "a proxy's error", "a redirect", "endless"],
)
def test_what_is_no_registry_is_told(body: bytes, status: int, told: str) -> None:
    """With what is there instead, and what to do."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, status=status, headers={"Location": "/login"})

    assert told in _refusal(answer)


def test_a_registry_that_is_away_is_told() -> None:
    """Nobody listens, TLS is spoken where none is, the connection ends without an answer: the address is named."""
    address = f"http://127.0.0.1:{next(free_ports())}"

    async def ask(address: str) -> None:
        async with Registry(address) as registry:
            await registry.subjects()

    with pytest.raises(TickerError, match=f"{address} cannot be reached"):
        asyncio.run(ask(address))

    async def ask_with_tls() -> None:
        async with _serving(_guarded(BASIC)) as address:
            await ask(address.replace("http:", "https:"))

    with pytest.raises(TickerError, match="is it http and not https"):
        asyncio.run(ask_with_tls())

    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert "broke off" in _refusal(hang_up)


def test_the_login_stays_with_the_registry() -> None:
    """What `ce_dataschema` names is fetched as a consumer does: elsewhere, no login goes along."""
    seen: list[str | None] = []

    async def remember(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response([])

    async def run() -> None:
        async with (
            _serving(remember) as elsewhere,
            _serving(remember) as address,
            Registry(address, login=Login(token=Secret(PASSWORD))) as registry,
        ):
            await registry.subjects()
            await registry.fetch(f"{elsewhere}/ticker.category.v1.schema.json")

    asyncio.run(run())
    assert seen == [BEARER, None]
