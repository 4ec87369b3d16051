"""A client of Confluent's schema registry REST API, which Confluent, Karapace and Apicurio (`ccompat`) serve.

Each method is one request. Every failure is a TickerError that says where, what and what to do, and never contains the
login.
"""

import ssl
from base64 import b64encode
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from msgspec import Struct

from schemas.events import UNREADABLE
from streams.errors import SettingsError, TickerError, described, in_words
from streams.outbound import connector, unconnected
from streams.settings import Secret

_CONTENT_TYPE: Final = "application/vnd.schemaregistry.v1+json"
_TIMEOUT_S: Final = 30.0
_LARGEST: Final = 4 << 20
"""The maximum size of a response in bytes; our schemas have a few thousand."""
_SHOWN: Final = 300
_LOGIN: Final = "set TICKER_SCHEMAS_USERNAME and TICKER_SCHEMAS_PASSWORD, or TICKER_SCHEMAS_TOKEN"

T = TypeVar("T")


class Login(Struct, frozen=True, kw_only=True):
    """The login to the registry: username and password, or a bearer token, or nothing.

    Raises:
        SettingsError: Both are given, or a username or password alone.
    """

    username: str = ""
    password: Secret = Secret("")
    token: Secret = Secret("")

    def __post_init__(self) -> None:
        if bool(self.username) != bool(self.password.reveal()):
            missing = "password" if self.username else "username"
            raise SettingsError(f"schemas.{missing} is missing: the registry's login needs name and password")
        if self.username and self.token.reveal():
            raise SettingsError("schemas.token and schemas.username are both set: leave one out")

    def headers(self) -> dict[str, str]:
        """The headers of a request with this login."""
        if self.username:
            return {"Authorization": _basic(self.username, self.password.reveal())}
        return {"Authorization": f"Bearer {self.token.reveal()}"} if self.token.reveal() else {}


class Registered(Struct, frozen=True):
    """A schema under a subject."""

    version: int
    id: int
    schema: str


class _Id(Struct, frozen=True):
    id: int


class _Compatible(Struct, frozen=True):
    is_compatible: bool


class _Level(Struct, frozen=True):
    level: str = msgspec.field(name="compatibilityLevel")


class _Problem(Struct, frozen=True):
    message: str = ""
    error_code: int = 0


class _Answer(Struct, frozen=True):
    status: int
    body: bytes


class Registry:
    """A schema registry, by its base URL; an asynchronous context manager."""

    def __init__(self, address: str, *, login: Login | None = None, cafile: Path | None = None) -> None:
        self._address = address
        self._login = login or Login()
        self._cafile = cafile
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # The user configured the address: registries often run in private networks or on this machine.
        self._session = aiohttp.ClientSession(
            connector=connector(allow_private=True, ssl=_context(self._cafile)),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def subjects(self) -> frozenset[str]:
        """All subjects that have a schema."""
        return frozenset(self._read(await self._ask("GET", "/subjects"), list[str]))

    async def find(self, subject: str, schema: str) -> Registered | None:
        """The version of the subject that has exactly this schema; None if there is none, or no such subject."""
        answer = await self._ask("POST", f"/subjects/{_part(subject)}", _body(schema), or_missing=True)
        return self._found(answer, Registered)

    async def latest(self, subject: str) -> Registered | None:
        """The newest schema of the subject; None if there is none."""
        path = f"/subjects/{_part(subject)}/versions/latest"
        return self._found(await self._ask("GET", path, or_missing=True), Registered)

    async def register(self, subject: str, schema: str) -> int:
        """Register the schema as the subject's next version, and return its id.

        A schema that the subject already has keeps its version and id.

        Raises:
            TickerError: The request failed, or the registry finds the schema incompatible with earlier versions.
        """
        answer = await self._ask("POST", f"/subjects/{_part(subject)}/versions", _body(schema))
        return self._read(answer, _Id).id

    async def is_compatible(self, subject: str, schema: str) -> bool:
        """Whether the schema is compatible with the subject's newest."""
        path = f"/compatibility/subjects/{_part(subject)}/versions/latest"
        return self._read(await self._ask("POST", path, _body(schema)), _Compatible).is_compatible

    async def level(self, subject: str) -> str | None:
        """The compatibility level that is set for the subject itself; None if the registry's default applies."""
        answer = await self._ask("GET", f"/config/{_part(subject)}", or_missing=True)
        found = self._found(answer, _Level)
        return None if found is None else found.level

    async def set_level(self, subject: str, level: str) -> None:
        """Set the compatibility level of the subject."""
        await self._ask("PUT", f"/config/{_part(subject)}", {"compatibility": level})

    async def fetch(self, url: str) -> bytes:
        """The content of any URL. The login is sent only to URLs of the registry itself.

        Raises:
            TickerError: The server cannot be reached or does not answer with 200.
        """
        answer = await self._send("GET", url, None)
        if answer.status != HTTPStatus.OK:
            raise TickerError(f"{url} answers {_named(answer.status)}: consumers cannot fetch the schema")
        return answer.body

    async def _ask(self, method: str, path: str, body: Any = None, *, or_missing: bool = False) -> _Answer:
        """Send a request to the registry; an answer other than 200, or with `or_missing` its own 404, is an error."""
        answer = await self._send(method, f"{self._address}{path}", body)
        if answer.status != HTTPStatus.OK and not (or_missing and _is_missing(answer)):
            raise self._refused(method, path, answer)
        return answer

    def _refused(self, method: str, path: str, answer: _Answer) -> TickerError:
        status, said = answer.status, _said(answer)
        match status:
            case HTTPStatus.UNAUTHORIZED:
                why = f"asks for a login ({said}); {_LOGIN}"
            case HTTPStatus.FORBIDDEN:
                why = f"does not let this login do that ({said}); {method} {path} is what it must be allowed"
            case HTTPStatus.NOT_FOUND:
                why = (
                    f"has no {path} ({said}): the address must be that of Confluent's API; "
                    "of Apicurio it ends with /apis/ccompat/v7"
                )
            case HTTPStatus.CONFLICT:
                why = f"refuses the schema as incompatible with those before ({said}): {method} {path}"
            case _ if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
                why = f"answers {_named(status)}, another address: set that one as schemas.registry"
            case _:
                why = f"answers {_named(status)} to {method} {path}: {said}"
        return TickerError(f"the schema registry {self._address} {why}")

    async def _send(self, method: str, url: str, body: Any) -> _Answer:
        assert self._session is not None, "a registry is used within `async with`"
        own = url.startswith(f"{self._address}/")
        headers = {"Accept": f"{_CONTENT_TYPE}, application/json"} | (self._login.headers() if own else {})
        data = None
        if body is not None:
            data = msgspec.json.encode(body)
            headers["Content-Type"] = _CONTENT_TYPE
        who = f"the schema registry {self._address}" if own else url
        try:
            async with self._session.request(
                method, url, data=data, headers=headers, allow_redirects=not own
            ) as response:
                return _Answer(response.status, await _whole(response, who))
        except aiohttp.ClientConnectorCertificateError as error:
            raise TickerError(
                f"{who}: its certificate is not trusted: {in_words(error.certificate_error)}; "
                "name its authority: TICKER_SCHEMAS_CAFILE"
            ) from None
        except aiohttp.ClientSSLError as error:
            raise TickerError(
                f"{who}: no TLS is spoken there ({in_words(error)}); is it http and not https?"
            ) from None
        except aiohttp.ClientConnectorError as error:
            raise TickerError(f"{who} cannot be reached: {unconnected(error)}") from None
        except TimeoutError:
            raise TickerError(f"{who} has not answered within {_TIMEOUT_S:g} s") from None
        except aiohttp.ClientError as error:
            raise TickerError(f"{who} broke off: {described(error)}") from None

    def _found(self, answer: _Answer, kind: type[T]) -> T | None:
        return None if answer.status == HTTPStatus.NOT_FOUND else self._read(answer, kind)

    def _read(self, answer: _Answer, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except UNREADABLE as error:
            raise TickerError(
                f"the schema registry {self._address} answers what no registry does ({error}): "
                f"{_text(answer.body)}; is something else at this address?"
            ) from None


async def _whole(response: aiohttp.ClientResponse, who: str) -> bytes:
    body = b""
    async for part in response.content.iter_any():
        body += part
        if len(body) > _LARGEST:
            raise TickerError(f"{who} answers with more than {_LARGEST:,} bytes: no registry does")
    return body


def _context(cafile: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=cafile)
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(f"schemas.cafile {cafile} holds no certificates: {in_words(error)}") from None


def _is_missing(answer: _Answer) -> bool:
    """Whether a 404 comes from the registry, for a missing subject or schema, and not from another kind of server."""
    return answer.status == HTTPStatus.NOT_FOUND and _problem(answer).error_code > 0


def _problem(answer: _Answer) -> _Problem:
    try:
        return msgspec.json.decode(answer.body, type=_Problem)
    except UNREADABLE:
        return _Problem()


def _said(answer: _Answer) -> str:
    return _problem(answer).message[:_SHOWN] or _text(answer.body) or _named(answer.status)


def _text(body: bytes) -> str:
    text = " ".join(body[: 4 * _SHOWN].decode("utf-8", "replace").split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _basic(username: str, password: str) -> str:
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"


def _part(subject: str) -> str:
    return quote(subject, safe="")


def _body(schema: str) -> dict[str, str]:
    return {"schemaType": "JSON", "schema": schema}
