"""A small news site on loopback whose strips change every few seconds, as sources for `ticker dev`.

It has four outlets: one with a list of items, one with headlines between `***`, one with headlines between bars, and
one with a feed. The headlines are the bundled sample's. One story of each outlet has a number that grows, so that
updates keep coming.
"""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from types import TracebackType
from typing import Final, Self

from schemas.instants import format_instant
from streams.produce.observation import observe
from streams.produce.strips import strip_of

_SHOWN: Final = 5
"""How many headlines of the sample an outlet shows at a time."""
_OUTLETS: Final[Mapping[str, tuple[str, str]]] = {
    "akhbar": ("ar", "الفيضانات تعزل {number} قرية في سهل الغرب"),
    "depeches": ("fr", "Inondations : {number} villages isolés dans la plaine du Gharb"),
    "newsline": ("en", "Floods cut off {number} villages in the Gharb plain"),
    "sahafa": ("ar", "الفيضانات تعزل {number} قرية في سهل الغرب"),
}
_ROBOTS: Final = "User-agent: *\nDisallow: /story/\n"


class Site:
    """The site; a context manager that serves it from a thread.

    Args:
        every: Seconds between two changes.
    """

    def __init__(self, every: float) -> None:
        self._every = every
        self._headlines = _sample()
        self._began = time.time()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, *_: object) -> None:
                """Log nothing: the producer logs its requests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="site", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """The base URL of the site."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def sources(self) -> str:
        """The entries of sources.toml for its outlets."""
        return "\n".join(
            f'[[source]]\nid = "{name}"\naddress = "{self.address}/{name}{".xml" if name == "newsline" else ""}"\n'
            f'language = "{language}"\ninterval = 5\nallow_private = true\n'
            for name, (language, _) in _OUTLETS.items()
        )

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request with a page or feed and its ETag, or with 304 if the client has the current one."""
        path = request.path.partition("?")[0]
        name = path.strip("/").removesuffix(".xml")
        if path == "/robots.txt":
            _send(request, HTTPStatus.OK, _ROBOTS, "text/plain")
        elif name in _OUTLETS:
            edition = int((time.time() - self._began) / self._every)
            tag = f'"{name}-{edition}"'
            if request.headers.get("If-None-Match") == tag:
                _send(request, HTTPStatus.NOT_MODIFIED, "", tag=tag)
            elif path.endswith(".xml"):
                _send(request, HTTPStatus.OK, self._feed(name, edition), "application/rss+xml", tag)
            else:
                _send(request, HTTPStatus.OK, self._page(name, edition), "text/html", tag)
        elif path == "/":
            links = "".join(f'<li><a href="/{each}">{each}</a></li>' for each in _OUTLETS)
            _send(
                request, HTTPStatus.OK, f"<!doctype html><title>Outlets</title><ul>{links}</ul>", "text/html"
            )
        else:
            _send(request, HTTPStatus.NOT_FOUND, "there is no such page\n", "text/plain")

    def _shown(self, name: str, edition: int) -> list[str]:
        """The headlines of an edition. Each edition adds one and drops one; every fourth raises the story's number."""
        story = _OUTLETS[name][1].format(number=3 + edition // 4)
        sample = self._headlines[name]
        return [story, *(sample[(edition + number) % len(sample)] for number in range(_SHOWN, 0, -1))]

    def _page(self, name: str, edition: int) -> str:
        language, shown = _OUTLETS[name][0], [escape(text) for text in self._shown(name, edition)]
        if name == "akhbar":
            items = "".join(f'<li><a href="/story/{escape(_slug(text))}">{text}</a></li>' for text in shown)
            strip = f'<ul class="breaking-news">{items}</ul>'
        else:
            strip = f'<div class="news-ticker">{(" *** " if name == "sahafa" else " | ").join(shown)}</div>'
        direction = "rtl" if language == "ar" else "ltr"
        return (
            f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
            f"<title>{name}</title></head><body>{strip}<main><h1>{name}</h1></main></body></html>"
        )

    def _feed(self, name: str, edition: int) -> str:
        items = "".join(
            f"<item><title>{escape(text)}</title><link>{self.address}/story/{escape(_slug(text))}</link>"
            f"<pubDate>{format_instant(round(1000 * (self._began + self._every * edition)))}</pubDate></item>"
            for text in self._shown(name, edition)
        )
        channel = f"<channel><title>{name}</title>{items}</channel>"
        return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0">{channel}</rss>'


def _send(
    request: BaseHTTPRequestHandler, status: HTTPStatus, text: str, kind: str = "text/plain", tag: str = ""
) -> None:
    body = text.encode()
    request.send_response(status)
    if tag:
        request.send_header("ETag", tag)
    if status != HTTPStatus.NOT_MODIFIED:
        request.send_header("Content-Type", f"{kind}; charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def _slug(text: str) -> str:
    """The last part of a story's URL: a hexadecimal number that depends on the text."""
    return f"{sum(ord(character) << (number % 24) for number, character in enumerate(text)):x}"


def _sample() -> dict[str, Sequence[str]]:
    """The distinct headlines of the bundled sample, by outlet."""
    found: dict[str, dict[str, None]] = {name: {} for name in _OUTLETS}
    for line in files("streams").joinpath("samples", "strips.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        _, slots = strip_of(
            observe(
                place="the sample",
                source=row["source"],
                observed_at=row["observed_at"],
                text=row["text"],
                is_page=False,
            )
        )
        name = row["source"].removesuffix("-strip")
        found[name].update(dict.fromkeys(slot.text for slot in slots if slot.text))
    return {name: list(texts) for name, texts in found.items()}
