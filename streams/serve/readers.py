"""Server-sent events: every reader gets each wanted headline once, in order, and no reader waits for another.

Each event is encoded once and written directly to the readers' connections. A reader that is too slow is dropped and
counted; when it reconnects, it resumes at the id of its last event.
Source of the format: WHATWG HTML, "Server-sent events".
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from schemas.events import encode
from streams.serve.filter import Filter
from streams.serve.position import Position, furthest, write_position
from streams.serve.window import Entry, Sightings, Window, wants

MAX_WAITING_BYTES: Final = 512 * 1024
"""The most unsent bytes in a reader's buffer before it is dropped: about 400 headlines."""
RETRY_MS: Final = 2_000
"""How long a browser should wait before it reconnects."""


PIECE: Final = 200
"""Headlines that are sent together to a reader that catches up."""
PATIENCE_S: Final = 30.0
"""How long a reader that catches up may take to receive one piece."""
_RESET: Final = b'event: reset\ndata: {"reason":"what lies between that position and here is not kept"}\n\n'

Write = Callable[[bytes], Awaitable[None]]


class Transport(Protocol):
    """A connection (`asyncio.WriteTransport`)."""

    def write(self, data: bytes, /) -> None:
        """Send, or buffer."""

    def get_write_buffer_size(self) -> int:
        """Bytes in the buffer."""

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""

    def abort(self) -> None:
        """Close at once."""


class ReadersObserver(Protocol):
    """Gets the readers' events, for metrics."""

    def reading(self, readers: int) -> None:
        """The number of connected readers has changed."""

    def sent(self, events: int) -> None:
        """Events were sent, counted for each reader."""

    def dropped(self) -> None:
        """A reader was too slow and was dropped."""


class Reader(Struct, eq=False):
    """A connected reader."""

    transport: Transport
    address: str
    wanted: Filter
    sightings: bool
    """Whether it wants events about sightings and ended chains too."""
    behind: Position | None
    """Its position when it connected, as long as this process lags behind that: another instance has already sent
    everything below it, and this one must not repeat it."""
    gone: asyncio.Event
    """Set when it has disconnected or was dropped."""


class Readers:
    """The readers of one window.

    Args:
        window: The window.
        identity: The log's identity in positions (`streams.serve.position.log_identity`).
        observer: Gets the readers' events.
        most: The most readers at the same time.
        most_of_address: The most of them from one address; None for no further limit.
    """

    def __init__(
        self,
        window: Window,
        identity: str,
        observer: ReadersObserver,
        *,
        most: int,
        most_of_address: int | None = None,
    ) -> None:
        self._window = window
        self._identity = identity
        self._observer = observer
        self._most = most
        self._most_of_address = most if most_of_address is None else most_of_address
        self._by_address: Counter[str] = Counter()
        self._readers: defaultdict[Filter, set[Reader]] = defaultdict(set)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def is_full(self, address: str) -> bool:
        """Whether no further reader is accepted, or none from that address."""
        return self._count >= self._most or self._by_address[address] >= self._most_of_address

    async def catch_up(self, write: Write, wanted: Filter, after: Position | None, *, known: bool) -> int:
        """Send a reader what it has missed, piece by piece as it receives them; then it can `join`.

        Args:
            write: Sends a piece, and returns when there is room for another.
            wanted: The reader's filter.
            after: The reader's position; None starts with the next headline.
            known: False if it named a position that this log does not have. Then it gets a `reset` event and the whole
                window, and likewise if the window does not reach back to its position.

        Returns:
            The number of the entry that comes next.

        Raises:
            TimeoutError: The reader is too slow.
        """
        await self._patiently(write, f"retry: {RETRY_MS}\n\n".encode())
        number = self._window.end
        if not known or (after is not None and not self._window.reaches(after)):
            await self._patiently(write, _RESET)
            after, number = None, self._window.begins
        elif after is not None:
            number = self._window.begins
        while number < self._window.end:
            number = max(number, self._window.begins)
            piece = self._window.slice(number, number + PIECE)
            number += len(piece)
            given = [
                self._event(entry, entry.position if after is None else furthest(entry.position, after))
                for entry in piece
                if (after is None or entry.offset >= after[entry.partition]) and wants(wanted, entry)
            ]
            if given:
                await self._patiently(write, b"".join(given))
                self._observer.sent(len(given))
        return number

    def join(
        self, transport: Transport, address: str, wanted: Filter, *, after: Position | None, sightings: bool
    ) -> Reader:
        """Send a reader every new headline from now on; call it right after `catch_up`, without an await in between.

        Args:
            transport: The reader's connection.
            address: The reader's client address.
            wanted: The reader's filter.
            after: Its position when it connected, if it named one (`Reader.behind`).
            sightings: Whether it wants events about sightings and ended chains too.
        """
        current = self._window.position
        behind = after if after is not None and furthest(current, after) != current else None
        reader = Reader(transport, address, wanted, sightings, behind, asyncio.Event())
        transport.write(_chunk(self._mark(current if behind is None else furthest(current, behind))))
        self._readers[wanted].add(reader)
        self._by_address[address] += 1
        self._count += 1
        self._observer.reading(self._count)
        return reader

    async def _patiently(self, write: Write, data: bytes) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await write(data)
        except TimeoutError:
            self._observer.dropped()
            raise

    def leave(self, reader: Reader) -> None:
        """Remove a reader that has disconnected, or is to be."""
        readers = self._readers.get(reader.wanted, set())
        if reader in readers:
            readers.remove(reader)
            self._count -= 1
            self._by_address[reader.address] -= 1
            if not self._by_address[reader.address]:
                del self._by_address[reader.address]
            if not readers:
                del self._readers[reader.wanted]
            self._observer.reading(self._count)
        reader.gone.set()

    def publish(self, entry: Entry) -> None:
        """Send a new entry to all readers that want it."""
        chunk: bytes | None = None
        for wanted, readers in list(self._readers.items()):
            if not wants(wanted, entry):
                continue
            chunk = chunk or _chunk(self._event(entry, entry.position))
            self._observer.sent(sum([self._give(reader, entry, chunk) for reader in list(readers)]))

    def tell_sightings(self, seen: Iterable[tuple[Entry, Sightings]]) -> None:
        """Send the sightings of headlines to the readers that want them; these events have no id."""
        for entry, sightings in seen:
            data = encode_sightings(entry, sightings)
            chunk = _chunk(b"event: sightings\ndata: " + data + b"\n\n")
            for wanted, readers in list(self._readers.items()):
                if wants(wanted, entry):
                    for reader in [reader for reader in readers if reader.sightings]:
                        self._write(reader, chunk)

    def tell_ended(self, chains: Iterable[str]) -> None:
        """Send the chains that a correction has ended to the readers that want such events; they have no id."""
        for chain in chains:
            chunk = _chunk(b"event: ended\ndata: " + msgspec.json.encode({"chain": chain}) + b"\n\n")
            for readers in list(self._readers.values()):
                for reader in [reader for reader in readers if reader.sightings]:
                    self._write(reader, chunk)

    def beat(self) -> None:
        """Send a sign of life to all readers; it updates the position of those whose filter has matched nothing."""
        mark = _chunk(self._mark(self._window.position))
        for readers in list(self._readers.values()):
            for reader in list(readers):
                self._write(reader, mark if self._caught_up(reader) else _chunk(b":\n\n"))

    def close(self) -> None:
        """End every connection: the process stops."""
        for readers in list(self._readers.values()):
            for reader in list(readers):
                self.leave(reader)

    def _give(self, reader: Reader, entry: Entry, chunk: bytes) -> bool:
        if reader.behind is None:
            return self._write(reader, chunk)
        if entry.offset < reader.behind[entry.partition]:
            return False
        position = furthest(entry.position, reader.behind)
        self._caught_up(reader)
        return self._write(reader, _chunk(self._event(entry, position)))

    def _caught_up(self, reader: Reader) -> bool:
        """Whether this process has read up to the position that the reader had when it connected."""
        if reader.behind is not None:
            current = self._window.position
            if furthest(current, reader.behind) != current:
                return False
            reader.behind = None
        return True

    def _write(self, reader: Reader, chunk: bytes) -> bool:
        transport = reader.transport
        if transport.is_closing():
            self.leave(reader)
            return False
        if transport.get_write_buffer_size() + len(chunk) > MAX_WAITING_BYTES:
            self._observer.dropped()
            transport.abort()
            self.leave(reader)
            return False
        transport.write(chunk)
        return True

    def _event(self, entry: Entry, position: Position) -> bytes:
        """A headline as an event: its data is the value on Kafka, its id the reader's position after it."""
        identity = write_position(self._identity, position)
        return f"id: {identity}\nevent: headline\ndata: ".encode() + encode(entry.headline) + b"\n\n"

    def _mark(self, position: Position) -> bytes:
        """An id without an event: a browser remembers the id and dispatches nothing."""
        return f"id: {write_position(self._identity, position)}\n\n".encode()


class _SightingsRow(Struct, frozen=True):
    id: str
    chain: str
    sightings: int
    last_seen: str
    sources: tuple[str, ...]


def encode_sightings(entry: Entry, sightings: Sightings) -> bytes:
    """A headline's sightings as JSON."""
    return msgspec.json.encode(
        _SightingsRow(
            entry.headline.id,
            entry.headline.chain,
            sightings.sightings,
            sightings.last_seen,
            sightings.sources,
        )
    )


def _chunk(data: bytes) -> bytes:
    """One chunk of an HTTP/1.1 body (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)
