"""A spool: records on disk, in order, that outlive a crash and a Kafka that is away, bounded in bytes.

It knows what was put in, what was handed over and what was lost to damage; what its records are and where they go
is for `outgoing` and `handover` to say.

A spool is a folder of segments, files that are only appended to, so that no damage to one byte can cost more than the
record that it is in. A database file would be less code, but a damaged page of it takes its neighbours along, and what
was cut off at its end nobody tells. A record is a frame: a mark, its length, its number, its key and a CRC-32 of all
that, in front of its bytes. After damage, reading goes on at the next mark whose frame is whole, and what is missing
between two numbers was lost. A process appends only to segments of its own.
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
"""The largest record, in bytes: a length beyond it is damage."""
_SEGMENT_BYTES: Final = 4 << 20
_MARK: Final = b"\xf5\x1etk"
_FRAME: Final = struct.Struct(f">4sIQ{KEY_BYTES}sI")
_CHECKED: Final = struct.Struct(f">IQ{KEY_BYTES}s")
_SUFFIX: Final = ".spool"
_DAMAGED: Final = ".damaged"
_ACCOUNT: Final = "account.json"
_LOCK: Final = "lock"


class SpoolFullError(TickerError):
    """There is no room for a record: nothing of what was given was kept."""


class Kept(NamedTuple):
    """A record of the spool: its number, its key and its bytes."""

    number: int
    key: bytes
    body: bytes


class _Account(Struct, frozen=True):
    """Who a spool is, for whoever remembers how far it was handed over, and up to which number it was at least."""

    id: str
    sent: int = 0


class _Segment(Struct):
    """A file of the spool: the numbers of its first and last record, and its size in bytes."""

    path: Path
    first: int
    last: int
    size: int


class Spool:
    """Records in order until they have been handed over; use it as a context, from any thread.

    A record whose key is still remembered is not taken again: keys are those of what waits and of a segment's worth
    of what was handed over last.

    Args:
        folder: Where it is; made when it is not there.
        limit: The most bytes that its files may have together.
        segment: Bytes after which a new file is begun.

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
        self._account = _Account("")
        self._place: tuple[int, int] = (0, 0)
        """Where reading goes on: the first number of a segment, and an offset in it."""
        self._places: dict[int, tuple[int, int]] = {}
        """The ends of the records that were read last, by number."""
        self._is_full = False
        self._lock: IO[bytes] | None = None
        self._at_open: int | None = None
        """The last number that was there when it was opened, until that was compared with who takes the records."""
        self._gaps: list[tuple[int, int]] = []
        """Numbers that were missing when it was opened: the one before, and the last one."""
        self._known_sent = 0
        self.last = 0
        """The number of the last record, 0 before the first one; numbers rise by one."""
        self.sent = 0
        """The number up to which all records have been handed over."""

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
            self._try_to_keep_account()
        self._release()

    def _release(self) -> None:
        """Close all files, and write nothing."""
        for file in (self._writing, self._lock):
            if file is not None:
                file.close()
        self._writing = self._lock = None

    @property
    def id(self) -> str:
        """Names this spool: whoever remembers how far it was handed over remembers it under this name."""
        return self._account.id

    @property
    def waiting(self) -> int:
        """How many records have not been handed over."""
        return self.last - self.sent

    @property
    def lost(self) -> int:
        """How many records damage has cost that had not been handed over, as far as is known."""
        return sum(max(0, last - max(before, self._known_sent)) for before, last in self._gaps)

    @property
    def size(self) -> int:
        """The size of its files together; waits for no write that is under way."""
        return sum(segment.size for segment in list(self._segments))

    @property
    def is_full(self) -> bool:
        """Whether the last record that was given found no room."""
        return self._is_full

    def number_of(self, key: bytes) -> int | None:
        """The number of a record with this key, where it is remembered; waits for no write that is under way."""
        return self._numbers.get(key)

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Keep records, each with its key, all or none: when this returns, no crash loses them.

        Raises:
            SpoolFullError: There is no room for all of them, or the disk has none.
        """
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
        """The next records that have not been handed over, in order; at least one where one is there."""
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
        """All records up to a number have been handed over: files that hold nothing else are removed.

        But for the newest of them, a segment's worth: their keys are remembered.
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
                self._try_to_keep_account()

    def agree(self, through: int) -> None:
        """Learn how far whoever takes the records says that they were handed over; call it before the first `read`.

        Where that is further than this spool came before it was opened, this is an older copy, or its end was cut
        off. It takes another name then, so that what came since is not held to be known.

        Raises:
            TickerError: The other name cannot be written down.
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
            self._account = _Account(_new_id())
            self._keep_account()

    def _open(self) -> None:
        self._account = self._recall()
        self.sent = self._known_sent = self._account.sent
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
                # What holds no record at all is left to whoever wants to look at it.
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

    def _recall(self) -> _Account:
        path = self._folder / _ACCOUNT
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Account)
        except FileNotFoundError:
            pass
        except UNREADABLE as error:
            logger.warning(
                "spool %s: %s is damaged (%s); it gets another name", self._folder, _ACCOUNT, error
            )
        self._account = _Account(_new_id())
        self._keep_account()
        return self._account

    def _keep_account(self) -> None:
        """Write who it is and how far it was handed over, all of it or none."""
        self._account = replace(self._account, sent=self.sent)
        try:
            replace_file(self._folder / _ACCOUNT, msgspec.json.encode(self._account))
            self._sync_folder()
        except OSError as error:
            raise TickerError(f"spool {self._folder}: {error.strerror}") from error

    def _try_to_keep_account(self) -> None:
        """Write it down where that can be: it is a help, and whoever takes the records knows better."""
        try:
            self._keep_account()
        except TickerError as error:
            logger.warning("%s", error)

    def _frame(self, number: int, key: bytes, body: bytes) -> bytes:
        checked = _CHECKED.pack(len(body), number, key)
        crc = zlib.crc32(body, zlib.crc32(checked))
        return _FRAME.pack(_MARK, len(body), number, key, crc) + body

    def _write(self, data: bytes) -> None:
        """Append to the segment under way, which is begun here when there is none."""
        try:
            if self._writing is None:
                path = self._folder / f"{self.last + 1:020}{_SUFFIX}"
                # Not buffered: what a failed write left is cut off below, and nothing of it is written later.
                self._writing = path.open("xb", buffering=0)
                self._segments.append(_Segment(path, self.last + 1, self.last, 0))
                self._sync_folder()
            rest = memoryview(data)
            while rest:
                rest = rest[self._writing.write(rest) :]
            os.fsync(self._writing.fileno())
        except OSError as error:
            self._is_full = True
            self._take_back()
            raise SpoolFullError(f"the spool {self._folder} cannot be written: {error.strerror}") from error
        self._segments[-1].size += len(data)

    def _take_back(self) -> None:
        """After a failed write: cut off what it left; later records go to a file of their own."""
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
    """Whole records with the offset behind each; what is no record is passed over."""
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
