"""Fixtures for tests in a real browser: a board in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from schemas.events import CategorizedHeadline
from streams.serve.window import Window
from tests.serve.serve_support import Serving, serving


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

    def end(self, *chains: str) -> None:
        """Let a correction end chains."""

        async def run() -> None:
            self._served.end(chains)

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
