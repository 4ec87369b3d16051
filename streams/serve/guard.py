"""What every request passes: the token, the rate of an address, and every answer: its security headers, its problem.

The pages run no script but their own and load nothing from elsewhere; headlines are text, never markup.
"""

import hmac
import logging
import math
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from msgspec import Struct

from streams.serve.problems import ProblemError

logger: Final = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ADDRESSES: Final = 10_000
"""Addresses whose rate is remembered; the one that was quiet for longest is forgotten first."""
_OPEN_PATHS: Final = frozenset({"/healthz"})
"""What answers without a token: a process manager has none."""

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)


class Limits(Struct, frozen=True, kw_only=True):
    """What is allowed to whom.

    `rate` is requests a second of one address (infinite for no limit; a tenth of a minute's worth may come at
    once), `frame_ancestors` the sites that may embed the plain strip, `cors_origins` those whose scripts may read.
    """

    token: str = ""
    rate: float = math.inf
    frame_ancestors: str = "'self'"
    cors_origins: tuple[str, ...] = ()


class Rates:
    """Token buckets by address: `rate` requests a second, six times that at once.

    Args:
        rate: Requests a second of one address.
        clock: Seconds, of a clock that never goes back.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(1.0, rate * 6)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Take a token of an address: 0 when there was one, else the seconds until there is."""
        now = self._clock()
        tokens, since = self._buckets.pop(address, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        granted = tokens >= 1
        self._buckets[address] = (tokens - 1 if granted else tokens, now)
        if len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        return 0.0 if granted else (1 - tokens) / self._rate


def guard(limits: Limits) -> web.Application:
    """An application whose every request is guarded; routes are added to it."""
    rates = None if math.isinf(limits.rate) else Rates(limits.rate)

    def check(request: web.Request) -> None:
        if rates is not None and (seconds := rates.wait(request.remote or "")) > 0:
            raise _too_many(seconds)
        if limits.token and request.path not in _OPEN_PATHS and not _has_token(request, limits.token):
            raise _no_token()

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check(request)
            return await handler(request)
        except ConnectionError:
            raise  # the client has gone: there is nobody to answer
        except Exception as error:  # noqa: BLE001 (whatever it is, the client gets a problem and the log the trace)
            return _refusal(request, error)

    async def dress(request: web.Request, response: web.StreamResponse) -> None:
        embeddable = request.path == "/strip"
        headers = response.headers
        headers["Content-Security-Policy"] = _POLICY.format(
            ancestors=limits.frame_ancestors if embeddable else "'none'"
        )
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Resource-Policy"] = (
            "cross-origin" if request.path == "/embed.js" else "same-origin"
        )
        headers.setdefault("Cache-Control", "no-cache")
        headers.popall("Server", None)
        origin = request.headers.get("Origin")
        if origin and (origin in limits.cors_origins or "*" in limits.cors_origins):
            headers["Access-Control-Allow-Origin"] = origin
            headers["Vary"] = "Origin"
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"

    application = web.Application(middlewares=[guarded], client_max_size=1024)
    application.on_response_prepare.append(dress)
    return application


def _refusal(request: web.Request, error: Exception) -> web.Response:
    """What a client is told of an error."""
    match error:
        case ProblemError():
            return error.response()
        case web.HTTPException():
            return _problem_of(error).response()
        case _:
            logger.error("%s %s: a fault of ours", request.method, request.path, exc_info=error)
            return ProblemError(
                HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of ours; the log of `ticker serve` says more"
            ).response()


def _has_token(request: web.Request, token: str) -> bool:
    """By `Authorization: Bearer`, or as the password of `Basic`, which browsers ask for."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            credentials = b64decode(credentials, validate=True).decode().partition(":")[2]
        except (Base64Error, UnicodeDecodeError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(credentials.encode(), token.encode())


def _no_token() -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "a token is wanted: as Authorization: Bearer TOKEN, or as the password in a browser",
        headers={"WWW-Authenticate": 'Basic realm="ticker", charset="UTF-8"'},
    )


def _too_many(seconds: float) -> ProblemError:
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too many requests from this address; come again after the seconds in Retry-After",
        headers={"Retry-After": str(math.ceil(seconds))},
    )


def _problem_of(error: web.HTTPException) -> ProblemError:
    status = HTTPStatus(error.status)
    allow = error.headers.get("Allow")
    detail = {
        HTTPStatus.NOT_FOUND: "there is no such page; /openapi.json lists those that there are",
        HTTPStatus.METHOD_NOT_ALLOWED: "this page is read only",
    }.get(status, error.reason)
    return ProblemError(status, detail, headers={"Allow": allow} if allow else None)
