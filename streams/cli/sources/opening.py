"""Makes a fetcher and a visitor from the settings, for all commands that request sites."""

import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from streams.errors import SettingsError
from streams.settings import Settings
from streams.settings.sources import (
    LONGEST_INTERVAL,
    SHORTEST_INTERVAL,
    SOURCES_CONTACT,
    SOURCES_DISTANCE,
    SOURCES_PROXY,
)

if TYPE_CHECKING:
    from streams.sources.fetch import Fetcher
    from streams.sources.hosts import Hosts
    from streams.sources.memory import Memory
    from streams.sources.registry import Registry
    from streams.sources.visitor import Visitor


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def opened(memory: "Memory", settings: Settings) -> "AsyncIterator[tuple[Fetcher, Hosts]]":
    """A fetcher, and the hosts whose turns it takes.

    Raises:
        SettingsError: The setting with the contact for site owners is missing.
    """
    from streams.sources.fetch import fetching

    contact = settings[SOURCES_CONTACT]
    if not contact:
        raise SettingsError(
            "sources.contact: a site's owner must be able to complain; give an address of mail or of a page with"
            f" {SOURCES_CONTACT.flag}, {SOURCES_CONTACT.variable} or {SOURCES_CONTACT.key} in ticker.toml"
        )
    async with fetching(
        memory,
        contact=contact,
        distance=settings[SOURCES_DISTANCE],
        proxy=settings[SOURCES_PROXY],
        now=now,
    ) as fetcher_and_hosts:
        yield fetcher_and_hosts


@asynccontextmanager
async def opened_visitor(
    registry: "Registry | None",
    memory: "Memory",
    settings: Settings,
    *,
    gone: Callable[[Collection[str]], None] = lambda _: None,
) -> "AsyncIterator[Visitor]":
    """A visitor of a registry's sources; `gone` is called with the ids of removed sources.

    Raises:
        SettingsError: The contact for site owners is missing, or the bounds of intervals are invalid.
    """
    from streams.sources.schedule import Bounds
    from streams.sources.visitor import Visitor

    bounds = Bounds(settings[SHORTEST_INTERVAL], settings[LONGEST_INTERVAL])
    if bounds.shortest > bounds.longest:
        raise SettingsError(
            f"sources.shortest_interval is {bounds.shortest:g} s and sources.longest_interval {bounds.longest:g} s:"
            " make the first the smaller"
        )
    async with opened(memory, settings) as (fetcher, hosts):
        yield Visitor(registry, fetcher, hosts, memory, bounds=bounds, now=now, gone=gone)
