"""Politeness towards a host: one request at a time, a least distance between two, and the pauses it asks for.

Everybody who asks a host for anything takes a turn here, robots.txt and redirects included; so what a turn allows is
all that a host ever gets from us. A distance lies between the end of one request and the beginning of the next, and
is waited for in the turn; a pause can last a week, so whoever comes in it is sent away.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

_LEAST_PAUSE_S: Final = 1.0
"""What is left of a pause below this is waited for: clocks are rounded, and who comes back is early by a little."""
_MOST_IDLE: Final = 20_000
"""Hosts that are remembered, beyond which those whose turn is long over are let go."""


class PostponedError(Exception):
    """A host asked to be left alone for longer: nothing was asked of it.

    Args:
        host: The host.
        seconds: For how much longer.
    """

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(f"{host} asked to be left alone for another {math.ceil(seconds)} s")
        self.host = host
        self.seconds = seconds


class _Host:
    """The turns of one host; times are the loop's, in seconds."""

    __slots__ = ("distance", "ended", "gate", "not_before")

    def __init__(self) -> None:
        self.gate = asyncio.Lock()
        self.ended: float | None = None
        self.distance = 0.0
        self.not_before = 0.0


class Hosts:
    """Gives turns to whoever asks a host for something.

    Args:
        distance: The least seconds between two requests to one host.
        postponed: Told of each host that asks for a pause, and of its seconds.
    """

    def __init__(self, distance: float, postponed: Callable[[str, float], None] = lambda *_: None) -> None:
        self._distance = distance
        self._postponed = postponed
        self._clock = asyncio.get_running_loop().time
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[float | None]:
        """Wait for one's turn at an address's host; gives the seconds since the last one ended, None for the first.

        Raises:
            PostponedError: It is to be left alone for now, by what it said before or while one waited.
        """
        host = self._of(address)
        async with host.gate:
            while (wait := self._wait(host)) > 0:
                if (pause := self.pause(address)) >= _LEAST_PAUSE_S:
                    raise PostponedError(host_of(address), pause)
                await asyncio.sleep(wait)
            now = self._clock()
            try:
                yield None if host.ended is None else now - host.ended
            finally:
                host.ended = self._clock()

    def keep_distance(self, address: str, seconds: float) -> None:
        """From now on leave at least so many seconds between two requests to this host; never less than usual."""
        self._of(address).distance = seconds

    def postpone(self, address: str, seconds: float) -> None:
        """Leave a host alone for so many seconds from now."""
        self.postpone_host(host_of(address), seconds)
        self._postponed(host_of(address), seconds)

    def postpone_host(self, name: str, seconds: float) -> None:
        """Leave a host alone for so many seconds from now, as was known before."""
        host = self._named(name)
        host.not_before = max(host.not_before, self._clock() + seconds)

    def pause(self, address: str) -> float:
        """The seconds for which a host is to be left alone yet; 0 where it may be asked, at its distance."""
        host = self._hosts.get(host_of(address))
        return max(0.0, host.not_before - self._clock()) if host else 0.0

    def _wait(self, host: _Host) -> float:
        now = self._clock()
        due = host.not_before
        if host.ended is not None:
            due = max(due, host.ended + max(self._distance, host.distance))
        return due - now

    def _of(self, address: str) -> _Host:
        return self._named(host_of(address))

    def _named(self, name: str) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= _MOST_IDLE:
                self._forget()
            host = self._hosts[name] = _Host()
        return host

    def _forget(self) -> None:
        """Let go of hosts that nobody waits for and whose next turn could be now."""
        for name, host in list(self._hosts.items()):
            if not host.gate.locked() and self._wait(host) <= 0:
                del self._hosts[name]


def host_of(address: str) -> str:
    """The host that an address names, in small letters and without its port."""
    return (urlsplit(address).hostname or "").rstrip(".")
