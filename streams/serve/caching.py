"""Answers that are made once for all who ask until a headline changes them, with validators (RFC 9110, 8.8)."""

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
"""Answers that are kept; the one that nobody has asked for the longest goes first."""


class _Answer(Struct):
    body: bytes
    etag: str
    end: int
    changed_at: float
    """When the newest headline in it came, in seconds since the epoch."""


class Answers:
    """Answers made from a window.

    Args:
        window: What they are made from.
        clock: Seconds since the epoch.
    """

    def __init__(self, window: Window, clock: Callable[[], float] = time.time) -> None:
        self._window = window
        self._clock = clock
        self._kept: OrderedDict[Hashable, _Answer] = OrderedDict()

    def answer(
        self, request: web.Request, key: Hashable, content_type: str, make: Callable[[], tuple[bytes, float]]
    ) -> web.Response:
        """The answer to a request: 304 where the client has it already.

        Args:
            request: What was asked.
            key: Says which answer it is: the same key is the same body until the window changes.
            content_type: Its media type.
            make: Makes the body, and says when the newest headline in it came.
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
            # Within a second a further headline could come, and the date would not tell it.
            headers["Last-Modified"] = formatdate(kept.changed_at, usegmt=True)
        if _has_it(request, kept.etag, headers.get("Last-Modified")):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(body=kept.body, content_type=content_type, charset="utf-8", headers=headers)


def _has_it(request: web.Request, etag: str, last_modified: str | None) -> bool:
    """Whether the client's validators say that it has this (RFC 9110, 13.2.2: the tag goes before the date)."""
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
