"""Lets the partitions of a worker decide in turn, one in each round of the event loop.

Deciding takes the processor and waits for nothing, and a commit needs the event loop about twenty times. When several
partitions decided for some milliseconds in each round, a commit beside them took a quarter of a second.
"""

import asyncio
from collections import deque


class Turns:
    """The turns of one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_taken = False
        """Whether somebody has this round's turn."""

    async def take(self) -> None:
        """Wait for a turn, behind those who wait already; it lasts until the caller waits for something."""
        loop = asyncio.get_running_loop()
        if self._is_taken:
            turn = loop.create_future()
            self._waiting.append(turn)
            await turn
        else:
            self._is_taken = True
            loop.call_soon(self._next_round)

    def _next_round(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # else whoever waited was cancelled
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._next_round)
                return
        self._is_taken = False
