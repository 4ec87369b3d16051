"""One HTTP request and its response, within limits of time and size. It follows no redirect and decides nothing.

Bodies are decompressed as a stream and only up to the limit, so that a decompression bomb does no harm. Every failure
becomes a message in the answer (`Answer.problem`); no exception of aiohttp leaves this module.
"""

import asyncio
import re
import ssl
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from msgspec import Struct
from yarl import URL

from streams.errors import described, in_words
from streams.outbound import ForbiddenAddressError, unconnected

MAX_BODY: Final = 4 << 20
"""The largest body, compressed or not, in bytes: far above real pages."""
LARGE: Final = 1 << 20
"""A body of more bytes than this is large: at most `_LARGE_AT_ONCE` of those are read at the same time."""
_LARGE_AT_ONCE: Final = 8
_GZIP: Final = b"\x1f\x8b\x08"
_CHUNK: Final = 1 << 16
MAX_PROBLEM: Final = 300
"""Characters of a problem that are shown."""

_CHARSET: Final = re.compile(r'charset\s*=\s*"?([\w.:-]{2,40})', re.IGNORECASE)
_UNSHOWN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


class Answer(Struct, frozen=True, kw_only=True):
    """A response: a status with headers and a body, or the problem that prevented it."""

    status: int | None = None
    headers: Mapping[str, str] = {}
    """By lower-case name; the values of a repeated header are joined by commas."""
    body: bytes = b""
    """Decompressed."""
    wire_bytes: int = 0
    """Bytes of headers and body as received."""
    problem: str = ""
    """Why the answer cannot be used; empty if it can."""


def shown(text: str) -> str:
    """A text from outside, made safe to show: on one line, without control characters, at most `MAX_PROBLEM` long.

    It can be encoded as UTF-8: lone surrogates, by which aiohttp represents invalid bytes in headers, are replaced.
    """
    told = _UNSHOWN.sub(" ", text).strip().encode("utf-8", "replace").decode()
    return told if len(told) <= MAX_PROBLEM else f"{told[:MAX_PROBLEM]}…"


def charset_of(content_type: str) -> str | None:
    """The charset of a Content-Type; None if it has none."""
    found = _CHARSET.search(content_type)
    return found[1] if found else None


class _BadBodyError(Exception):
    """A body that is too large, truncated or damaged; its message is shown to users."""


class Client:
    """Sends requests and reads their answers (`ask`), few large bodies at a time; as a context, it closes the session.

    Args:
        session: A session that neither decompresses nor keeps cookies.
        proxy: The URL of an HTTP proxy, with its credentials; None for none.
    """

    def __init__(self, session: aiohttp.ClientSession, proxy: str | None = None) -> None:
        self._session = session
        self._proxy: URL | None = None
        self._proxy_headers: Mapping[str, str] = {}
        if proxy is not None:
            self._proxy, self._proxy_headers = _without_userinfo(proxy)
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(
        self,
        address: str,
        headers: Mapping[str, str],
        *,
        within: float,
        connect_within: float,
        most: int = MAX_BODY,
        cut: bool = False,
    ) -> Answer:
        """Send one GET request.

        Args:
            address: An http or https URL.
            headers: Sent as they are.
            within: Seconds for the whole answer.
            connect_within: Seconds for the connection.
            most: The most bytes of a body, compressed or not.
            cut: Whether a longer body is truncated; else it is a problem.

        Raises:
            ForbiddenAddressError: The address is a private one.
        """
        wire = 0
        try:
            async with (
                asyncio.timeout(within),
                self._session.get(
                    address,
                    # Without TLS there is no CONNECT: the proxy finds its credentials in the request itself.
                    headers={**headers, **self._proxy_headers} if _is_plain(address) else headers,
                    allow_redirects=False,
                    proxy=self._proxy,
                    proxy_headers=self._proxy_headers,
                    timeout=aiohttp.ClientTimeout(sock_connect=connect_within),
                ) as response,
            ):
                wire = sum(len(name) + len(value) + 4 for name, value in response.raw_headers)
                told: dict[str, str] = {}
                for name, value in response.headers.items():
                    key = name.lower()
                    told[key] = f"{told[key]}, {value}" if key in told else value
                if self._proxy is not None and response.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                    # It is not the site's answer: so a 4xx must not count as "no robots.txt".
                    return Answer(problem=_refused(response.status), wire_bytes=wire)
                if response.status != HTTPStatus.OK:
                    # Such a body is not used: the connection is closed rather than read to the end.
                    return Answer(status=response.status, headers=told, wire_bytes=wire)
                body, taken = await self._body(response.content, told, most, cut=cut)
                return Answer(status=response.status, headers=told, body=body, wire_bytes=wire + taken)
        except TimeoutError:
            return Answer(problem=f"no whole answer within {within:g} s", wire_bytes=wire)
        except _BadBodyError as error:
            return Answer(problem=str(error), wire_bytes=wire)
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            for cause in _causes(error):
                if isinstance(cause, ForbiddenAddressError):
                    raise ForbiddenAddressError(shown(str(cause))) from None
            return Answer(problem=problem_of(error), wire_bytes=wire)

    async def _body(
        self, content: aiohttp.StreamReader, headers: Mapping[str, str], most: int, *, cut: bool
    ) -> tuple[bytes, int]:
        """The decompressed body, and its bytes on the wire."""
        inflate = _inflater(headers.get("content-encoding", ""))
        parts: list[bytes] = []
        wire = size = 0
        is_large = False
        try:
            async for data in content.iter_chunked(_CHUNK):
                wire += len(data)
                part = inflate.take(data, most + 1 - size)
                parts.append(part)
                size += len(part)
                if size > most or wire > most:
                    if cut:
                        return b"".join(parts)[:most], wire
                    raise _BadBodyError(f"a body of more than {most:,} bytes")
                if size > LARGE and not is_large:
                    await self._large.acquire()
                    is_large = True
            inflate.check()
            body = b"".join(parts)
            return (_unpacked(body, most) if body.startswith(_GZIP) else body), wire
        finally:
            if is_large:
                self._large.release()


def _unpacked(body: bytes, most: int) -> bytes:
    """Decompress a file that is itself gzip, such as `sitemap.xml.gz`."""
    inflate = _Inflate()
    unpacked = inflate.take(body, most + 1)
    if len(unpacked) > most:
        raise _BadBodyError(f"a body of more than {most:,} bytes")
    inflate.check()
    return unpacked


class _Plain:
    """Passes on a body that is not compressed."""

    def take(self, data: bytes, _most: int) -> bytes:
        return data

    def check(self) -> None:
        return


class _Inflate:
    """Decompresses gzip or deflate, the latter with its zlib header or, as some servers send it, without."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        self._begun = False

    def take(self, data: bytes, most: int) -> bytes:
        """Decompress a piece of the body, to at most `most` bytes."""
        try:
            part = self._stream.decompress(data, most)
        except zlib.error as error:
            if self._begun:
                raise _BadBodyError(f"a compressed body that is damaged: {error}") from None
            self._stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
            try:
                part = self._stream.decompress(data, most)
            except zlib.error:
                raise _BadBodyError(f"a compressed body that is damaged: {error}") from None
        self._begun = True
        return part

    def check(self) -> None:
        """Check that the stream is complete."""
        if self._begun and not self._stream.eof:
            raise _BadBodyError("a compressed body that ends too early")


def _inflater(encoding: str) -> _Plain | _Inflate:
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return _Plain()
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return _Inflate()
    raise _BadBodyError(f"a body in the encoding {shown(encoding)!r}, which was not asked for")


def _without_userinfo(proxy: str) -> tuple[URL, dict[str, str]]:
    """A proxy's URL without its credentials, so that no message can contain them, and the header with them."""
    address = URL(proxy)
    if address.user is None and address.password is None:
        return address, {}
    credentials = b64encode(f"{address.user or ''}:{address.password or ''}".encode()).decode()
    return address.with_user(None), {"Proxy-Authorization": f"Basic {credentials}"}


def _is_plain(address: str) -> bool:
    """Whether an address is requested without TLS."""
    return urlsplit(address).scheme == "http"


def _refused(status: int) -> str:
    """The message for a proxy's refusal: the status alone, as the rest may echo the credentials sent to it."""
    return f"the proxy answers {status}"


def problem_of(error: Exception) -> str:
    """A message for the error of a request."""
    untrusted = next(
        (each for each in _causes(error) if isinstance(each, ssl.SSLCertVerificationError)), None
    )
    if untrusted is not None:
        return shown(f"its certificate is not trusted: {in_words(untrusted)}")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _refused(error.status)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the connection was closed without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the body was cut off"
    if isinstance(error, aiohttp.ClientConnectorError):
        return shown(unconnected(error))
    return shown(described(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes, in order from the error itself to the first cause."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
