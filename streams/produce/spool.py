"""A spool: a write-ahead log on disk that keeps records through crashes and Kafka outages, bounded in bytes.

It tracks which records were appended, handed over, and lost to damage. What the records are and where they go is up
to `outgoing` and `handover`.

A spool is a folder of append-only segment files, so that a damaged byte costs only its record. (A database file would
be less code, but a damaged page takes other records with it, and a truncated end goes unnoticed.) A record is a frame:
a mark, the length, the record's number, its key, a CRC-32 of these and the body, then the body. After damage, reading
goes on at the next intact frame; a gap in the numbers shows what was lost. A process appends only to its own segments.
"""

import fcntl
import itertools
import logging
import os
import struct
import threading
import uuid
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final, NamedTuple, Self

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schemas.events import UNREADABLE
from streams.errors import SettingsError, TickerError
from streams.replacing import replace_file

logger: Final = logging.getLogger(__name__)

KEY_BYTES: Final = 10
MAX_RECORD: Final = 64 << 20
"""The largest record, in bytes: a frame with a larger length is damaged."""
_SEGMENT_BYTES: Final = 4 << 20
_MARK: Final = b"\xf5\x1etk"
_FRAME: Final = struct.Struct(f">4sIQ{KEY_BYTES}sI")
_CHECKED: Final = struct.Struct(f">IQ{KEY_BYTES}s")
_SUFFIX: Final = ".spool"
_DAMAGED: Final = ".damaged"
_IDENTITY: Final = "account.json"
_LOCK: Final = "lock"


class SpoolFullError(TickerError):
    """There is no room: none of the given records was kept."""


class Kept(NamedTuple):
    """A record of the spool: its number, its key and its bytes."""

    number: int
    key: bytes
    body: bytes


class _Identity(Struct, frozen=True):
    """The spool's id, under which Kafka keeps its position, and a lower bound of that position."""

    id: str
    sent: int = 0


class _Segment(Struct):
    """A file of the spool: the numbers of its first and last record, and its size in bytes."""

    path: Path
    first: int
    last: int
    size: int


class Spool:
    """Keeps records in order until they have been handed over; use it as a context, from any thread.

    It remembers the keys of all waiting records, and of the last segment's worth of records that were handed over:
    `number_of` finds duplicates among them.

    Args:
        folder: The spool's folder, created if missing.
        limit: The most bytes that its files may have together.
        segment: Bytes after which a new segment is begun.

    Raises:
        SettingsError: The folder cannot be used, or another process uses it (when the context is entered).
    """

    def __init__(self, folder: Path, *, limit: int, segment: int = _SEGMENT_BYTES) -> None:
        self._folder = folder
        self.limit = limit
        self.segment_bytes = min(segment, max(limit // 8, 1))
        self._guard = threading.RLock()
        self._segments: list[_Segment] = []
        self._writing: IO[bytes] | None = None
        self._numbers: OrderedDict[bytes, int] = OrderedDict()
        self._identity = _Identity("")
        self._place: tuple[int, int] = (0, 0)
        """Where reading goes on: the first number of a segment, and a byte offset in it."""
        self._places: dict[int, tuple[int, int]] = {}
        """The ends of the records of the last `read`, by number."""
        self._is_full = False
        self._lock: IO[bytes] | None = None
        self._at_open: int | None = None
        """The last number when the spool was opened; None once `reconcile` has compared it."""
        self._gaps: list[tuple[int, int]] = []
        """Ranges of numbers that were missing when it was opened: the number before the range, and its last."""
        self._known_sent = 0
        self.last = 0
        """The number of the last record, 0 before the first; numbers increase by one."""
        self.sent = 0
        """All records up to this number have been handed over."""

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self._folder / _LOCK).open("ab")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._open()
        except BlockingIOError:
            self._release()
            raise SettingsError(f"spool {self._folder}: another producer uses it; name another one") from None
        except OSError as error:
            self._release()
            raise SettingsError(
                f"spool {self._folder}: {error.strerror}; name a folder that can be written"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._end_segment()
            self._try_to_save_identity()
        self._release()

    def _release(self) -> None:
        """Close all files, and write nothing."""
        for file in (self._writing, self._lock):
            if file is not None:
                file.close()
        self._writing = self._lock = None

    @property
    def id(self) -> str:
        """The spool's id: part of its transactional id, and of the key under which Kafka keeps its position."""
        return self._identity.id

    @property
    def waiting(self) -> int:
        """The number of records that have not been handed over."""
        return self.last - self.sent

    @property
    def lost(self) -> int:
        """The number of records that were damaged before they were handed over, at most."""
        return sum(max(0, last - max(before, self._known_sent)) for before, last in self._gaps)

    @property
    def size(self) -> int:
        """The bytes of all its files; takes no lock."""
        return sum(segment.size for segment in list(self._segments))

    @property
    def is_full(self) -> bool:
        """Whether the last append found no room."""
        return self._is_full

    def number_of(self, key: bytes) -> int | None:
        """The number of the record with this key, if it is remembered; takes no lock."""
        return self._numbers.get(key)

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Append (key, body) records, all or none; once this returns they are synced to disk.

        Raises:
            SpoolFullError: There is no room for all of them, or the disk cannot be written.
            TickerError: One is larger than `MAX_RECORD`; it would be taken for damage when it is read.
        """
        largest = max((len(body) for _, body in records), default=0)
        if largest > MAX_RECORD:
            raise TickerError(
                f"the spool {self._folder} takes records of at most {MAX_RECORD:,} bytes, and one has {largest:,}"
            )
        with self._guard:
            begun = [self._frame(number, *record) for number, record in enumerate(records, self.last + 1)]
            data = b"".join(begun)
            used = sum(segment.size for segment in self._segments)
            self._is_full = used + len(data) > self.limit
            if self._is_full:
                raise SpoolFullError(
                    f"the spool {self._folder} is full: {used:,} of {self.limit:,} bytes wait for Kafka"
                )
            self._write(data)
            for number, (key, _) in enumerate(records, self.last + 1):
                self._numbers[key] = number
            self.last += len(records)
            self._segments[-1].last = self.last
            if self._segments[-1].size >= self.segment_bytes:
                self._end_segment()

    def read(self, *, most: int, most_bytes: int) -> list[Kept]:
        """The next records that have not been handed over, in order; at least one if any waits."""
        with self._guard:
            found: list[Kept] = []
            size = 0
            self._places = {}
            for segment in [each for each in self._segments if each.first >= self._place[0]]:
                offset = self._place[1] if segment.first == self._place[0] else 0
                for record, end in _frames(_content(segment, offset)):
                    if record.number <= self.sent:
                        self._place = (segment.first, offset + end)
                        continue
                    if found and (len(found) >= most or size + len(record.body) > most_bytes):
                        return found
                    self._places[record.number] = (segment.first, offset + end)
                    found.append(record)
                    size += len(record.body)
            return found

    def forget(self, through: int) -> None:
        """Note that all records up to a number have been handed over, and remove segments that hold no others.

        The newest of those segments are kept, up to a segment's worth of bytes, so that their keys stay remembered.
        """
        with self._guard:
            if through <= self.sent:
                return
            self.sent = min(through, self.last)
            self._is_full = False
            self._place = self._places.get(through, self._place)
            over = [segment for segment in self._segments if segment.last <= self.sent]
            if self._writing is not None:
                over = [segment for segment in over if segment is not self._segments[-1]]
            remembered = list(itertools.accumulate(segment.size for segment in reversed(over)))
            too_many = sum(size >= self.segment_bytes for size in remembered[:-1])
            for segment in over[:too_many]:
                self._remove(segment)
            if too_many:
                self._try_to_save_identity()

    def reconcile(self, through: int) -> None:
        """Take over the position that Kafka has for this spool; call it before the first `read`.

        If that is above the spool's last number when it was opened, this is an older copy, or its end was truncated.
        Then the spool takes a new id: under the old one, new records would reuse numbers that were handed over already.

        Raises:
            TickerError: The new id cannot be saved.
        """
        with self._guard:
            at_open, self._at_open = self._at_open, None
            if at_open is None or through <= at_open:
                self.forget(through)
                self._known_sent = max(self._known_sent, self.sent if at_open is not None else 0)
                return
            logger.warning(
                "spool %s: %d records were handed over that it does not have any more; it goes on under another name",
                self._folder,
                through - at_open,
            )
            self.forget(at_open)
            self._known_sent = self.sent
            self._identity = _Identity(_new_id())
            self._save_identity()

    def _open(self) -> None:
        self._identity = self._load_identity()
        self.sent = self._known_sent = self._identity.sent
        last, damaged = self.sent, 0
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            content = path.read_bytes()
            first, end = None, 0
            for record, next_ in _frames(content):
                if record.number > last + 1:
                    self._gaps.append((last, record.number - 1))
                damaged += next_ - _FRAME.size - len(record.body) - end
                first = record.number if first is None else first
                last, end = max(last, record.number), next_
                self._numbers[record.key] = record.number
            damaged += len(content) - end
            if first is not None:
                self._segments.append(_Segment(path, first, last, len(content)))
            elif content:
                # A file without any record is kept for inspection.
                path.rename(path.with_suffix(_DAMAGED))
            else:
                path.unlink()
        self.last = self._at_open = last
        if damaged:
            logger.warning(
                "spool %s: %s bytes are no whole record: a write that a crash cut short, or damage",
                self._folder,
                f"{damaged:,}",
            )
        if self.lost:
            logger.warning("spool %s: up to %s records were lost to damage", self._folder, f"{self.lost:,}")

    def _load_identity(self) -> _Identity:
        path = self._folder / _IDENTITY
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Identity)
        except FileNotFoundError:
            pass
        except UNREADABLE as error:
            logger.warning(
                "spool %s: %s is damaged (%s); it gets another name", self._folder, _IDENTITY, error
            )
        self._identity = _Identity(_new_id())
        self._save_identity()
        return self._identity

    def _save_identity(self) -> None:
        """Save the id and the position atomically."""
        self._identity = replace(self._identity, sent=self.sent)
        try:
            replace_file(self._folder / _IDENTITY, msgspec.json.encode(self._identity))
            self._sync_folder()
        except OSError as error:
            raise TickerError(f"spool {self._folder}: {error.strerror}") from error

    def _try_to_save_identity(self) -> None:
        """Save them, or log why not: Kafka has the exact position, this file only a lower bound."""
        try:
            self._save_identity()
        except TickerError as error:
            logger.warning("%s", error)

    def _frame(self, number: int, key: bytes, body: bytes) -> bytes:
        checked = _CHECKED.pack(len(body), number, key)
        crc = zlib.crc32(body, zlib.crc32(checked))
        return _FRAME.pack(_MARK, len(body), number, key, crc) + body

    def _write(self, data: bytes) -> None:
        """Append to the current segment, or begin one, and sync it to disk."""
        try:
            if self._writing is None:
                path = self._folder / f"{self.last + 1:020}{_SUFFIX}"
                # Unbuffered, so that nothing of a failed write is written after `_undo_write` has truncated the file.
                self._writing = path.open("xb", buffering=0)
                self._segments.append(_Segment(path, self.last + 1, self.last, 0))
                self._sync_folder()
            rest = memoryview(data)
            while rest:
                rest = rest[self._writing.write(rest) :]
            os.fsync(self._writing.fileno())
        except OSError as error:
            self._is_full = True
            self._undo_write()
            raise SpoolFullError(f"the spool {self._folder} cannot be written: {error.strerror}") from error
        self._segments[-1].size += len(data)

    def _undo_write(self) -> None:
        """After a failed write: truncate the segment to its last whole record and end it."""
        if self._writing is None:
            return
        segment = self._segments[-1]
        try:
            self._writing.truncate(segment.size)
        except OSError as error:
            logger.warning("spool %s: %s", self._folder, error.strerror)
        self._end_segment()

    def _end_segment(self) -> None:
        if self._writing is None:
            return
        self._writing.close()
        self._writing = None
        if self._segments[-1].last < self._segments[-1].first:
            self._segments.pop().path.unlink(missing_ok=True)

    def _remove(self, segment: _Segment) -> None:
        segment.path.unlink(missing_ok=True)
        self._segments.remove(segment)
        while self._numbers and next(iter(self._numbers.values())) <= segment.last:
            self._numbers.popitem(last=False)

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _new_id() -> str:
    return uuid.uuid4().hex[:16]


def _content(segment: _Segment, offset: int) -> bytes:
    with segment.path.open("rb") as file:
        file.seek(offset)
        return file.read(segment.size - offset)


def _frames(data: bytes) -> Iterator[tuple[Kept, int]]:
    """The intact records, each with the offset behind it; damaged bytes are skipped."""
    offset = 0
    while (offset := data.find(_MARK, offset)) >= 0:
        if offset + _FRAME.size > len(data):
            return
        _, length, number, key, crc = _FRAME.unpack_from(data, offset)
        begin = offset + _FRAME.size
        body = data[begin : begin + length] if length <= MAX_RECORD else b""
        if len(body) == length and zlib.crc32(body, zlib.crc32(_CHECKED.pack(length, number, key))) == crc:
            offset = begin + length
            yield Kept(number, key, body), offset
        else:
            offset += 1
