"""Errors of HTTP requests as problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web
from msgspec import Struct

CONTENT_TYPE: Final = "application/problem+json"


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
