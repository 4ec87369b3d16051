"""Fixtures for tests in a real browser: Chromium, and a board in a thread of its own."""

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from schemas.events import CategorizedHeadline
from streams.serve.window import Window
from tests.serve.serve_support import Serving, serving

_QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync")  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this machine; without one, skip on a laptop and fail in continuous integration.

    For one module: while it runs, its event loop lives in this thread, where tests then can start no other.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI") == "true":
            raise FileNotFoundError("no chromium on this machine")
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        yield launched
        launched.close()


class Board:
    """A board that is being served by a thread."""

    def __init__(self, served: Serving, loop: asyncio.AbstractEventLoop) -> None:
        self._served = served
        self._loop = loop
        self.address = served.address

    def publish(self, *headlines: CategorizedHeadline) -> None:
        """Let headlines come."""

        async def run() -> None:
            for each in headlines:
                self._served.publish(each)

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)


@contextmanager
def _serve(window: Window) -> Iterator[Board]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    context = serving(window)
    board = Board(asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(10), loop)
    try:
        yield board
    finally:
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Window], Board]]:
    """Serve a window in a thread until the test ends."""
    open_boards = []

    def start(window: Window) -> Board:
        context = _serve(window)
        board = context.__enter__()
        open_boards.append(context)
        return board

    yield start
    for context in open_boards:
        context.__exit__(None, None, None)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures for the docs go: docs/images when `make pictures` runs, else nowhere that stays."""
    return Path(os.environ.get("TICKER_PICTURES", tmp_path))
