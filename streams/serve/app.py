"""The request handlers of `ticker serve`, by path."""

import time
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from schemas.mediatopics import LABELS
from schemas.topics import CATEGORIES
from streams.serve import feeds
from streams.serve.caching import Answers
from streams.serve.filter import Filter, read_filter
from streams.serve.openapi import document
from streams.serve.position import Position, read_position, write_position
from streams.serve.readers import Readers
from streams.serve.rows import Page, TopicRow, row
from streams.serve.strip import HEADLINES as STRIP_HEADLINES
from streams.serve.strip import strip_text
from streams.serve.why import why
from streams.serve.window import Entry, Window
from streams.web.problems import DESCRIPTION, ProblemError

Handler = Callable[[web.Request], Coroutine[None, None, web.Response]]

MOST_ROWS: Final = 500
"""The most headlines in one answer of the API."""
_ROWS: Final = 100

_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Pages:
    """The handlers of one window.

    Args:
        window: The headlines.
        readers: The readers of `/events`.
        identity: The log's identity in positions (`streams.serve.position.log_identity`).
    """

    def __init__(self, window: Window, readers: Readers, identity: str) -> None:
        self._window = window
        self.readers = readers
        self._identity = identity
        self._answers = Answers(window)
        self._files = {
            path.name: (path.read_bytes(), _TYPES[path.suffix])
            for path in Path(str(files("streams.serve") / "page")).iterdir()
            if path.suffix in _TYPES
        }
        self._openapi = msgspec.json.encode(document())
        self._started_at = time.time()

    def routes(self) -> list[web.AbstractRouteDef]:
        """The routes."""
        feed = r"{kind:atom|json}"
        return [
            web.get("/", self._file("board.html")),
            web.get("/embed.js", self._file("embed.js")),
            web.get("/strip", self._file("strip.html")),
            web.get(r"/page/{name:[a-z]+\.(?:css|js|svg)}", self.static),
            web.get("/events", self.events, allow_head=False),
            web.get("/api/headlines", self.headlines),
            web.get("/api/headlines/{id}/why", self.why),
            web.get("/api/topics", self.topics),
            web.get("/strip.txt", self.strip),
            web.get(f"/all.{feed}", self.feed),
            web.get(f"/topics/{{topic}}.{feed}", self.feed),
            web.get(DESCRIPTION, self.openapi),
        ]

    async def headlines(self, request: web.Request) -> web.Response:
        """The newest headlines of a filter, as JSON."""
        wanted = self._filter(request)
        limit = _whole(request, "limit", default=_ROWS, most=MOST_ROWS)
        before = _whole(request, "before", default=self._window.end, most=2**53)

        entries = _first(self._window, wanted, limit, before)
        page = Page(
            position=write_position(self._identity, self._window.position),
            headlines=[row(self._window, entry) for entry in entries],
        )
        answer = web.Response(body=msgspec.json.encode(page), content_type="application/json")
        answer.enable_compression()  # a hundred headlines are 70 kB, compressed a fifth of that
        return answer

    async def why(self, request: web.Request) -> web.Response:
        """Why a headline was published, and which near duplicates were merged into it."""
        explanation = why(self._window, request.match_info["id"])
        if explanation is None:
            raise ProblemError(
                HTTPStatus.NOT_FOUND,
                "no headline of that id is in the window; `ticker explain ID` looks at all that Kafka keeps",
            )
        return web.Response(body=msgspec.json.encode(explanation), content_type="application/json")

    async def topics(self, _request: web.Request) -> web.Response:
        """The topics that a filter can name; a user's own topic once a headline has it."""
        slugs = sorted({*CATEGORIES, *self._window.own_topics()})
        topics = [TopicRow(slug=slug, labels=LABELS.get(slug)) for slug in slugs]
        return web.Response(body=msgspec.json.encode(topics), content_type="application/json")

    async def feed(self, request: web.Request) -> web.Response:
        """The newest headlines of a filter as a feed."""
        topic = request.match_info.get("topic")
        wanted = self._filter(request, topic)
        kind = request.match_info["kind"]
        address, home = str(request.url), _home(request, topic)

        def make() -> tuple[bytes, float]:
            entries = _first(self._window, wanted, feeds.ENTRIES)
            rows = [row(self._window, entry) for entry in entries]
            write = feeds.atom if kind == "atom" else feeds.json_feed
            title = f"Headlines: {', '.join(sorted(wanted.topics)) or 'all topics'}"
            return write(rows, title=title, address=address, home=home), _changed_at(entries)

        content_type = feeds.ATOM if kind == "atom" else feeds.JSON_FEED
        return self._answers.answer(request, (kind, wanted, address), content_type, make)

    async def strip(self, request: web.Request) -> web.Response:
        """The newest headlines of a filter, on one line."""
        wanted = self._filter(request)

        def make() -> tuple[bytes, float]:
            entries = _first(self._window, wanted, STRIP_HEADLINES)
            text = strip_text(entry.headline.text for entry in entries)
            return f"{text}\n".encode(), _changed_at(entries)

        return self._answers.answer(request, ("strip", wanted), "text/plain", make)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """New headlines of a filter as they arrive, as server-sent events."""
        wanted = self._filter(request)
        address = request.remote or ""
        if self.readers.is_full(address):
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "there are as many readers as may be, or from your address",
                headers={"Retry-After": "5"},
            )
        after, known = self._position(request)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        try:
            await self.readers.catch_up(response.write, wanted, after, known=known)
        except (TimeoutError, ConnectionError):
            return response
        transport = request.transport
        if transport is None or transport.is_closing():
            return response
        reader = self.readers.join(
            transport, address, wanted, after=after if known else None, sightings="sightings" in request.query
        )
        try:
            await reader.gone.wait()
        finally:
            self.readers.leave(reader)
        return response

    async def static(self, request: web.Request) -> web.Response:
        """A stylesheet or module of the pages."""
        return self._page(request, request.match_info["name"])

    async def openapi(self, _request: web.Request) -> web.Response:
        """The OpenAPI document."""
        return web.Response(body=self._openapi, content_type="application/json")

    def _file(self, name: str) -> Handler:
        async def handler(request: web.Request) -> web.Response:
            return self._page(request, name)

        return handler

    def _page(self, request: web.Request, name: str) -> web.Response:
        if name not in self._files:
            raise web.HTTPNotFound
        body, content_type = self._files[name]
        return self._answers.answer(request, name, content_type, lambda: (body, self._started_at))

    def _filter(self, request: web.Request, topic: str | None = None) -> Filter:
        return read_filter(request.query, own_topics=self._window.own_topics(), topic=topic)

    def _position(self, request: web.Request) -> tuple[Position | None, bool]:
        """The position at which a reader of events resumes, None for none, and whether it belongs to this log."""
        text = request.headers.get("Last-Event-ID") or request.query.get("after")
        if not text:
            return None, True
        position = read_position(text, self._identity, len(self._window.position))
        return position, position is not None


def _first(window: Window, wanted: Filter, number: int, before: int | None = None) -> list[Entry]:
    """The newest wanted entries, `number` at most."""
    return list(islice(window.newest(wanted, before=before), number))


def _changed_at(entries: list[Entry]) -> float:
    return max((entry.taken_at for entry in entries), default=0.0)


def _home(request: web.Request, topic: str | None) -> str:
    """The address of the board with the same filter."""
    query = request.url.query.copy()
    if topic is not None:
        query["topic"] = topic
    return str(request.url.with_path("/").with_query(query))


def _whole(request: web.Request, name: str, *, default: int, most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 1 <= int(text) <= most):  # noqa: PLR2004
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, f"{name} must be a whole number from 1 to {most}", parameter=name
        )
    return int(text)
