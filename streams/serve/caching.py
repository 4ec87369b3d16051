"""A cache of responses, valid until a headline arrives, with validators for conditional requests (RFC 9110, 8.8)."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from email.utils import formatdate, parsedate_to_datetime
from hashlib import blake2b
from http import HTTPStatus
from typing import Final

from aiohttp import web
from msgspec import Struct

from streams.serve.window import Window

_ANSWERS: Final = 256
"""The most cached responses; the least recently used is dropped."""


class _Answer(Struct):
    body: bytes
    etag: str
    end: int
    """The window's `end` for which the body holds."""
    changed_at: float
    """When the newest headline in it arrived, in seconds since the epoch."""


class Answers:
    """Makes and caches responses from a window.

    Args:
        window: The window.
        clock: Seconds since the epoch.
    """

    def __init__(self, window: Window, clock: Callable[[], float] = time.time) -> None:
        self._window = window
        self._clock = clock
        self._kept: OrderedDict[Hashable, _Answer] = OrderedDict()

    def answer(
        self, request: web.Request, key: Hashable, content_type: str, make: Callable[[], tuple[bytes, float]]
    ) -> web.Response:
        """The response to a request; 304 if the client has it already.

        Args:
            request: The request.
            key: The cache key: as long as the window does not change, the same key means the same body.
            content_type: The body's media type.
            make: Makes the body; also gives the time at which the newest headline in it arrived.
        """
        kept = self._kept.pop(key, None)
        if kept is None or kept.end != self._window.end:
            end = self._window.end
            body, changed_at = make()
            if kept is not None and body == kept.body:
                kept.end = end
            else:
                etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
                kept = _Answer(body, etag, end, changed_at)
        self._kept[key] = kept
        if len(self._kept) > _ANSWERS:
            self._kept.popitem(last=False)
        headers = {"ETag": kept.etag, "Cache-Control": "no-cache"}
        if self._clock() - kept.changed_at >= 1:
            # Not within the same second: another headline could still arrive in it, and the date would not change.
            headers["Last-Modified"] = formatdate(kept.changed_at, usegmt=True)
        if _has_it(request, kept.etag, headers.get("Last-Modified")):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(body=kept.body, content_type=content_type, charset="utf-8", headers=headers)


def _has_it(request: web.Request, etag: str, last_modified: str | None) -> bool:
    """Whether the client has this version, by its validators; the tag takes precedence (RFC 9110, 13.2.2)."""
    wanted = request.headers.get("If-None-Match")
    if wanted is not None:
        return wanted.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
    since = request.headers.get("If-Modified-Since")
    if since is None or last_modified is None:
        return False
    try:
        return parsedate_to_datetime(last_modified) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False
