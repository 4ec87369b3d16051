"""Lets the partitions of a worker decide in turn, one in each round of the event loop.

Deciding takes the processor and waits for nothing, and a commit needs the event loop about twenty times. When several
partitions decided for some milliseconds in each round, a commit beside them took a quarter of a second. While one is in
flight, two rounds of three are without a turn: they take some microseconds, and the commit comes on by three steps.

When a worker starts, commits have the event loop for themselves: all of its partitions begin at once, and what comes
first is full of new headlines. Beside their turns the first commit took 0.1 s of processor time, and 0.02 s alone.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_START_S: Final = 0.2
"""How long a worker is starting, from its first commit on: so long a partition whose broker is away can stop others."""
_ROUNDS: Final = 3
"""In so many rounds of the event loop there is one turn while a commit is in flight."""


class Turns:
    """The turns of one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_taken = False
        """Whether somebody has this round's turn."""
        self._commits = 0
        """The commits in flight."""
        self._is_starting: bool | None = None
        """Whether the worker is starting; None before its first commit."""

    async def take(self) -> None:
        """Wait for a turn, behind those who wait already; it lasts until the caller waits for something."""
        loop = asyncio.get_running_loop()
        if self._is_taken or self._is_resting:
            turn = loop.create_future()
            self._waiting.append(turn)
            await turn
        else:
            self._is_taken = True
            self._rest()

    @contextmanager
    def committing(self) -> Iterator[None]:
        """The context of a commit; while the worker is starting, nobody gets a turn before it ends."""
        if self._is_starting is None:
            self._is_starting = True
            asyncio.get_running_loop().call_later(_START_S, self._started)
        self._commits += 1
        try:
            yield
        finally:
            self._commits -= 1
            self._go_on()

    @property
    def _is_resting(self) -> bool:
        return bool(self._is_starting and self._commits)

    def _started(self) -> None:
        self._is_starting = False
        self._go_on()

    def _go_on(self) -> None:
        if not self._is_taken and not self._is_resting:
            self._is_taken = True
            self._next_round()

    def _next_round(self) -> None:
        while self._waiting and not self._is_resting:
            turn = self._waiting.popleft()
            if not turn.done():  # else whoever waited was cancelled
                turn.set_result(None)
                self._rest()
                return
        self._is_taken = False

    def _rest(self, rounds: int = 0) -> None:
        """Give the next turn in the next round of the event loop, or some rounds later if a commit is in flight."""
        if rounds and (rounds >= _ROUNDS or not self._commits):
            self._next_round()
        else:
            asyncio.get_running_loop().call_soon(self._rest, rounds + 1)
