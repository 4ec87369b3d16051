"""Rate limits per host: one request at a time, a least distance between two, and the pauses that the host asks for.

Every request takes a turn here, robots.txt and redirects included, so that a host gets no request beyond these limits.
The distance is measured from the end of one request to the beginning of the next, and a caller waits for it. A pause
(Retry-After) can last a week: during it, a caller gets a `PostponedError`.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from streams.sources.robots import origin_of

_LEAST_PAUSE_S: Final = 1.0
"""The rest of a pause is waited for if it is shorter: after rounding, a caller comes back slightly too early."""
_MOST_IDLE: Final = 20_000
"""When more hosts than this are remembered, those without a limit in force are forgotten."""


class PostponedError(Exception):
    """A host has asked to be left alone; no request was sent.

    Args:
        host: The host.
        seconds: How long the pause still lasts.
    """

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(f"{host} asked to be left alone for another {math.ceil(seconds)} s")
        self.host = host
        self.seconds = seconds


class _Host:
    """The turns of one host; times are the loop's, in seconds."""

    __slots__ = ("asked", "ended", "gate", "not_before")

    def __init__(self) -> None:
        self.gate = asyncio.Lock()
        self.ended: float | None = None
        self.asked: dict[str, float] = {}
        """The distances that its origins ask for, where they do."""
        self.not_before = 0.0


class Hosts:
    """Gives callers their turns at hosts.

    Args:
        distance: The least seconds between two requests to one host.
        postponed: Called with a host that asks for a pause, and its seconds.
    """

    def __init__(self, distance: float, postponed: Callable[[str, float], None] = lambda *_: None) -> None:
        self._distance = distance
        self._postponed = postponed
        self._clock = asyncio.get_running_loop().time
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[float | None]:
        """Wait for a turn at an address's host; gives the seconds since the last turn ended, None for the first.

        Raises:
            PostponedError: The host has asked for a pause, before or while we waited.
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
        """From now on leave at least `seconds` between two requests to this host, as an address's origin asks.

        Each origin of a host (http and https, a port) has a robots.txt of its own: the longest distance counts.
        """
        asked, origin = self._of(address).asked, origin_of(address)
        if seconds > 0:
            asked[origin] = seconds
        else:
            asked.pop(origin, None)

    def postpone(self, address: str, seconds: float) -> None:
        """Leave a host alone for `seconds` from now, as it has just asked."""
        self.postpone_host(host_of(address), seconds)
        self._postponed(host_of(address), seconds)

    def postpone_host(self, name: str, seconds: float) -> None:
        """Leave a host alone for `seconds` from now, as it asked in an earlier run."""
        host = self._named(name)
        host.not_before = max(host.not_before, self._clock() + seconds)

    def pause(self, address: str) -> float:
        """The seconds that are left of a host's pause; 0 if there is none."""
        host = self._hosts.get(host_of(address))
        return max(0.0, host.not_before - self._clock()) if host else 0.0

    def _wait(self, host: _Host) -> float:
        now = self._clock()
        due = host.not_before
        if host.ended is not None:
            due = max(due, host.ended + max(self._distance, *host.asked.values(), 0.0))
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
        """Forget hosts without a waiting caller whose next turn could be now."""
        for name, host in list(self._hosts.items()):
            if not host.gate.locked() and self._wait(host) <= 0:
                del self._hosts[name]


def host_of(address: str) -> str:
    """The host of an address, in lower case and without its port."""
    return (urlsplit(address).hostname or "").rstrip(".")
