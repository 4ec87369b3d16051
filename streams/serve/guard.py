"""What guards every request of `ticker serve`: token, rate limit, security headers.

By the Content-Security-Policy, pages run only their own scripts and load nothing from other sites.
"""

import math
from typing import Final

from aiohttp import web
from msgspec import Struct

from streams.web.access import Rates, has_token, no_token, too_many
from streams.web.problems import Handler, answer_with_problems

_OPEN_PATHS: Final = frozenset({"/healthz"})
"""Paths that need no token: a process manager has none."""

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)


class Limits(Struct, frozen=True, kw_only=True):
    """Access limits."""

    token: str = ""
    """The bearer token that a request must have; empty for none."""
    rate: float = math.inf
    """Requests a second of one client address, with bursts of six seconds' worth; infinite for no limit."""
    frame_ancestors: str = "'self'"
    """The sites that may embed the plain strip, as in a Content-Security-Policy."""
    cors_origins: tuple[str, ...] = ()
    """The origins whose scripts may read answers; `*` for any."""


def guard(limits: Limits) -> web.Application:
    """An application with this middleware; the caller adds routes."""
    rates = None if math.isinf(limits.rate) else Rates(limits.rate)

    def check(request: web.Request) -> None:
        if rates is not None and (seconds := rates.wait(request.remote or "")) > 0:
            raise too_many(seconds)
        if limits.token and request.path not in _OPEN_PATHS and not has_token(request, limits.token):
            raise no_token()

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        check(request)
        return await handler(request)

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

    application = web.Application(middlewares=[answer_with_problems, guarded], client_max_size=1024)
    application.on_response_prepare.append(dress)
    return application
