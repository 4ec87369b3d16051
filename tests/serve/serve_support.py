"""What tests of `ticker serve` share: headlines of a window, a server on loopback, readers of events."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from prometheus_client import CollectorRegistry

from schemas.events import CategorizedHeadline, Change
from schemas.instants import format_instant
from streams.observe.health import health_routes, listening
from streams.serve.app import Pages
from streams.serve.guard import Limits, guard
from streams.serve.metrics import ServeMetrics
from streams.serve.readers import Readers
from streams.serve.window import Window

IDENTITY = "0a1b2c3d"
START = 1_770_000_000_000


def headline(
    number: int,
    text: str | None = None,
    *,
    language: str = "en",
    source: str = "gazette",
    category: str = "sport",
    updates: int | None = None,
    changes: tuple[Change, ...] = (),
    chain: int | None = None,
    late: bool = False,
    link: str | None = None,
) -> CategorizedHeadline:
    """A headline as Kafka has it; `updates` is the number of the one whose facts it changes."""
    first = number if chain is None and updates is None else (chain if chain is not None else updates)
    return CategorizedHeadline(
        id=f"{number:020x}-0",
        chain=f"{first:020x}-0",
        source=source,
        observed_at=format_instant(START + number * 1000),
        slot=0,
        text=text or f"Harbour city wins match number {number}",
        language=language,
        topic="medtop:15000000",
        category=category,
        model="test",
        updates=None if updates is None else f"{updates:020x}-0",
        changes=changes,
        late=late,
        link=link,
    )


def filled(*headlines: CategorizedHeadline, size: int = 1000, partitions: int = 1) -> Window:
    """A window that has taken these, on partition 0."""
    window = Window(size, partitions, lambda: START / 1000)
    for offset, each in enumerate(headlines):
        window.add(each, 0, offset)
    return window


class Serving:
    """A server of a window on loopback: its address, and who listens."""

    def __init__(self, window: Window, readers: Readers, address: str) -> None:
        self.window = window
        self.readers = readers
        self.address = address

    def publish(self, each: CategorizedHeadline, partition: int = 0) -> None:
        """Let a headline come."""
        self.readers.publish(self.window.add(each, partition, self.window.position[partition]))

    def end(self, chains: Sequence[str]) -> None:
        """Let a correction end chains."""
        self.readers.tell_ended(self.window.correct(chains))


@asynccontextmanager
async def serving(
    window: Window,
    *,
    limits: Limits | None = None,
    most: int = 100,
    most_of_address: int | None = None,
    registry: CollectorRegistry | None = None,
) -> AsyncIterator[Serving]:
    """Serve a window while the context lasts."""
    registry = registry or CollectorRegistry()
    readers = Readers(
        window,
        IDENTITY,
        ServeMetrics(registry, window, lambda: True),
        most=most,
        most_of_address=most_of_address,
    )
    application = guard(limits or Limits())
    application.add_routes(Pages(window, readers, IDENTITY).routes())
    application.add_routes(health_routes(registry, lambda: True))
    async with listening(application, "127.0.0.1:0", shutdown_timeout=0.1) as address:
        yield Serving(window, readers, f"http://{address}")
        readers.close()


class Listener:
    """A reader of `/events`: the events that have come, as (id, event, data)."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.last_id = ""

    async def next(self) -> tuple[str, str, str]:
        """The next event with data; ids without one are remembered, as a browser does."""
        fields: dict[str, str] = {}
        while True:
            line = (await asyncio.wait_for(self._response.content.readline(), 20)).decode()
            if not line:
                raise EOFError
            line = line.rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            self.last_id = fields.get("id", self.last_id)
            if "data" in fields:
                return self.last_id, fields["event"], fields["data"]
            fields = {}


@asynccontextmanager
async def listening_to(
    address: str, query: str = "", *, last_event_id: str | None = None
) -> AsyncIterator[Listener]:
    """Listen to `/events` of a server."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{address}/events{query}", headers=headers) as response,
    ):
        assert response.status == 200, await response.text()
        yield Listener(response)


async def get(address: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any, str]:
    """Status, headers and body of a page."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{address}{path}", headers=headers) as response,
    ):
        return response.status, response.headers, await response.text()


def texts(entries: Iterator[Any] | Sequence[Any]) -> list[str]:
    """The texts of entries."""
    return [entry.headline.text for entry in entries]
