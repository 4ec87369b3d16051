"""Errors of HTTP requests as problem details (RFC 9457), on every port that a program of ours listens on."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web
from msgspec import Struct

logger: Final = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTENT_TYPE: Final = "application/problem+json"
DESCRIPTION: Final = "/openapi.json"
"""The page on which an application describes all its pages, if it has many."""


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an error response."""

    title: str
    status: int
    detail: str
    parameter: str | None = None
    """The query parameter that is wrong, if it is one."""


class ProblemError(Exception):
    """A request is refused; its handler answers with `response()`.

    Args:
        status: The HTTP status, 400 to 599.
        detail: What is wrong and what to do, a sentence for the client's author.
        parameter: The query parameter that is wrong.
        headers: Further headers of the answer, such as `Retry-After`.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        parameter: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.headers = headers or {}

    def response(self) -> web.Response:
        """The error response."""
        problem = Problem(
            title=self.status.phrase, status=self.status, detail=self.detail, parameter=self.parameter
        )
        return web.Response(
            body=msgspec.json.encode(problem),
            status=self.status,
            content_type=CONTENT_TYPE,
            headers=self.headers,
        )


@web.middleware
async def answer_with_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost middleware of an application: whatever goes wrong is answered with a problem.

    An error that no handler expects is a fault of ours: the log has its traceback, the client none of it.
    """
    try:
        return await handler(request)
    except ConnectionError:
        raise  # the client has disconnected
    except ProblemError as problem:
        return problem.response()
    except web.HTTPException as error:
        return _of_aiohttp(request, error).response()
    except Exception:
        logger.exception("%s %s: a fault of ours", request.method, request.path)
        return ProblemError(
            HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of ours; this program's log says more"
        ).response()


def _of_aiohttp(request: web.Request, error: web.HTTPException) -> ProblemError:
    """The problem for an answer of aiohttp's: above all, to an unknown path or a method that is not allowed."""
    status, allow = HTTPStatus(error.status), error.headers.get("Allow")
    if status == HTTPStatus.NOT_FOUND:
        return ProblemError(status, f"there is no such page; {_pages_of(request.app)}")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"this page does not take {request.method}; it takes {allow}"
        return ProblemError(status, detail, headers={"Allow": allow} if allow else None)
    return ProblemError(status, error.reason)


def _pages_of(application: web.Application) -> str:
    """What a client can ask for: the pages, or the one that describes them all."""
    pages = {resource.canonical for resource in application.router.resources()}
    if DESCRIPTION in pages:
        return f"{DESCRIPTION} lists those that there are"
    return f"there are {', '.join(sorted(pages))}"
