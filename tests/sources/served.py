"""A site on loopback in a thread of its own, for commands that are processes of their own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Served:
    """What the site shows, and what it was asked."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.conditions: list[str | None] = []
        """The If-None-Match of each request for the page."""


@contextmanager
def served(shown: str) -> Iterator[tuple[str, Served]]:
    """A site whose page has an ETag; all else is not there."""
    state = Served(shown)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/":
                self.send_error(404)
                return
            tag, body = f'"{hash(state.shown)}"', state.shown.encode()
            asked = self.headers.get("If-None-Match")
            state.conditions.append(asked)
            self.send_response(304 if asked == tag else 200)
            self.send_header("ETag", tag)
            if asked == tag:
                self.end_headers()
                return
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
