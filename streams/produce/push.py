"""`POST /strips`: sites and crawlers deliver strips themselves. A strip that is answered with 202 is on disk."""

import asyncio
import logging
import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web
from msgspec import Struct

from streams.errors import InputError
from streams.produce.intake import Intake
from streams.produce.metrics import Pushed
from streams.produce.outgoing import Outgoing, prepare
from streams.produce.read import MAX_LINE, observe_line
from streams.produce.spool import SpoolFullError
from streams.web.access import Rates, has_token, no_token, too_many
from streams.web.problems import ProblemError

logger: Final = logging.getLogger(__name__)

PATH: Final = "/strips"
_AT_ONCE: Final = 16
"""Bodies that are read and split at the same time; further requests wait in their sockets."""
_BODY_S: Final = 30.0
_ENDS: Final = ProblemError(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "the producer ends and takes no more; nothing was kept: send it again after Retry-After",
    headers={"Retry-After": "10"},
)
_FULL_S: Final = 30
"""The Retry-After of a full spool, in seconds."""
_CHUNK: Final = 1 << 16


class _Taken(Struct, frozen=True):
    """The body of the response to an accepted strip."""

    id: str
    slots: int
    sightings: int


def push_routes(
    intake: Intake,
    *,
    token: str,
    rate: float,
    observe: Callable[[Pushed], None],
    tell: Callable[[Outgoing], None] = lambda _: None,
    is_ending: Callable[[], bool] = lambda: False,
) -> list[web.RouteDef]:
    """The route, for the application that serves the producer's health pages.

    Args:
        intake: Where strips go.
        token: The bearer token that a request must have; not empty.
        rate: Strips a second that one client address may send (token bucket); infinity for no limit.
        observe: Called with the outcome of every request.
        tell: Called with each accepted strip.
        is_ending: Whether the producer is ending and accepts no more.
    """
    assert token
    rates = None if math.isinf(rate) else Rates(rate)
    reading = asyncio.Semaphore(_AT_ONCE)

    async def take(request: web.Request) -> web.Response:
        if is_ending():
            observe("ending")
            return _ENDS.response()
        try:
            outgoing = await _checked(request, rates, token, reading)
            await intake.take(outgoing)
        except SpoolFullError:
            observe("full")
            return _full().response()
        except ProblemError as problem:
            observe(_outcome(problem.status))
            return problem.response()
        observe("taken")
        tell(outgoing)
        taken = _Taken(outgoing.strip.id, outgoing.strip.slots, len(outgoing.found.records))
        return web.Response(
            body=msgspec.json.encode(taken), status=HTTPStatus.ACCEPTED, content_type="application/json"
        )

    return [web.post(PATH, take)]


async def _checked(
    request: web.Request, rates: Rates | None, token: str, reading: asyncio.Semaphore
) -> Outgoing:
    """The strip in a request's body.

    Raises:
        ProblemError: The client may not send one now, or the body has none that can be published.
    """
    if rates is not None and (seconds := rates.wait(request.remote or "")) > 0:
        raise too_many(seconds)
    if not has_token(request, token):
        raise no_token()
    if request.content_type != "application/json":
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"a strip is wanted as application/json, not as {ascii(request.content_type)[1:-1][:60]}",
            headers={"Accept-Post": "application/json"},
        )
    async with reading:
        body = await _body(request)
        try:
            observation = observe_line(body, "the body")
            outgoing = await asyncio.to_thread(prepare, observation)
        except InputError as error:
            raise ProblemError(HTTPStatus.BAD_REQUEST, error.problem) from error
    if outgoing.problem is not None:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"observed_at: {outgoing.problem}")
    return outgoing


async def _body(request: web.Request) -> bytes:
    """The decompressed body of a request, at most `MAX_LINE` bytes.

    Raises:
        ProblemError: It is longer, is malformed, or does not arrive in time.
    """
    too_long = ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {MAX_LINE:,} bytes, decompressed"
    )
    if (request.content_length or 0) > MAX_LINE:
        raise too_long
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_S):
            while chunk := await request.content.read(_CHUNK):
                body += chunk
                if len(body) > MAX_LINE:
                    raise too_long
    except TimeoutError:
        raise ProblemError(
            HTTPStatus.REQUEST_TIMEOUT, f"the body was not there after {_BODY_S:g} s; send it again"
        ) from None
    except (web.RequestPayloadError, ValueError) as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"the body cannot be read: {error}") from error
    return bytes(body)


def _full() -> ProblemError:
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "the spool is full, because Kafka takes nothing; nothing was kept: send it again after Retry-After",
        headers={"Retry-After": str(_FULL_S)},
    )


def _outcome(status: HTTPStatus) -> Pushed:
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return "too many"
        case HTTPStatus.UNAUTHORIZED:
            return "unauthorized"
        case _:
            return "invalid"
