"""Read pages and strips from files, folders and standard input, bounded in size.

A file is a page (text or HTML) in which a strip must be found, or JSON Lines with a strip a line:
`{"source": "…", "observed_at": "…", "text": "…"}`. What cannot be read is reported with its place
and the rest goes on.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import BinaryIO, Final, Literal, Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.errors import InputError
from streams.produce.decode import MAX_PAGE, decode
from streams.produce.observation import Format, Observation, observe
from streams.produce.positions import ReadTo, parts_since, read_to
from streams.produce.sources import sources_of

logger: Final = logging.getLogger(__name__)

MAX_LINE: Final = 4 << 20
"""The longest line of JSON Lines, in bytes."""

_LOOK_AGAIN_S: Final = 0.2
"""How often a file that is followed is looked at."""
_JSON: Final = ".json"
_JSON_LINES: Final = {".jsonl", ".ndjson"}
_STDIN: Final = "-"


class _StripLine(Struct, frozen=True, kw_only=True):
    """A line of JSON Lines; a `ticker.strips` value is one too. Unknown fields are ignored."""

    type: Literal["ticker.strip.v1"] = "ticker.strip.v1"
    source: str
    observed_at: str
    text: str
    format: Format = "text"
    separator: str | None = None


_decode_line: Final = msgspec.json.Decoder(_StripLine).decode

Failed = Callable[[InputError], None]


def read(
    places: Sequence[str],
    *,
    failed: Failed,
    source: str | None = None,
    observed_at: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Observation]:
    """Read observations from files, folders (recursively, in order of names) and `-`, standard input.

    Args:
        places: Paths, or `-`.
        failed: Called with everything that cannot be read.
        source: The source of pages; without it a page's source is its path without suffix.
        observed_at: When pages were observed (ms); without it, when the file was last modified.
        progress: Called with the number of bytes read since the last call.
    """
    for place in places:
        if place == _STDIN:
            reader = _Reader("standard input", source or "stdin", observed_at, failed, progress)
            # Not sys.stdin.buffer: Python cannot end while a thread waits in that.
            with open(sys.stdin.fileno(), "rb", closefd=False) as file:
                yield from reader.read(file, suffix="", modified=time.time())
            continue
        root = Path(place)
        for path, name in _files(root, failed):
            reader = _Reader(str(path), source or name, observed_at, failed, progress)
            try:
                with path.open("rb") as file:
                    modified = os.fstat(file.fileno()).st_mtime
                    yield from reader.read(file, suffix=path.suffix.lower(), modified=modified)
            except OSError as error:
                failed(InputError(str(path), f"cannot be read: {error.strerror or error}"))


def follow(
    place: str,
    *,
    failed: Failed,
    stopped: Event,
    progress: Callable[[int], None] = lambda _: None,
    since: ReadTo | None = None,
) -> Iterator[Observation]:
    """Read strips from a file of JSON Lines as they are appended, until told to stop.

    A file that is not there yet is waited for. One that is replaced or cut short, as rotation does, is read to
    its end, and then the new one from its beginning. A line counts once it has ended. Each observation says how
    far the file was read then.

    Args:
        place: The file.
        failed: Called with every line that cannot be read.
        stopped: Set by whoever wants it to end; it does within a moment.
        progress: Called with the number of bytes read since the last call.
        since: Where to go on, which can be in a file that rotation has renamed; None begins at the beginning.
    """
    path = Path(place)
    parts = parts_since(path, since)
    waiting = False
    while not stopped.is_set():
        part, position = next(parts, (path, None))
        reader = _Reader(str(part), path.stem, None, failed, progress)
        try:
            with part.open("rb") as file:
                waiting = False
                file.seek(position.offset if position else 0)
                growing = _Growing(file, path, stopped, is_over=part != path)
                yield from reader.read_lines(growing, since=position or ReadTo())
        except FileNotFoundError:
            if not waiting:
                logger.info("waiting for %s", path)
            waiting = True
            stopped.wait(_LOOK_AGAIN_S)
        except OSError as error:
            failed(InputError(place, f"cannot be read: {error.strerror or error}"))
            return


def size_of(places: Sequence[str]) -> int | None:
    """How many bytes `read` will read, for a progress bar; None where nobody knows (standard input)."""
    if _STDIN in places:
        return None
    paths = (path for place in places for path, _ in _files(Path(place), lambda _: None))
    return sum(path.stat().st_size for path in paths if path.is_file())


def _files(root: Path, failed: Failed) -> Iterator[tuple[Path, str]]:
    """The files of a place, each with its source."""
    if not root.exists():
        failed(InputError(str(root), "there is no such file or folder"))
    elif not root.is_dir():
        yield root, sources_of([root.name], root.stem)[root.name]
    else:
        for folder, folders, names in os.walk(root, onerror=lambda error: _unreadable(error, failed)):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            shown = sorted(name for name in names if not name.startswith("."))
            within = Path(folder).relative_to(root).as_posix()
            sources = sources_of(shown, "" if within == "." else within)
            for name in shown:
                under = (
                    sources[name] if within == "." or sources[name] == within else f"{within}/{sources[name]}"
                )
                yield Path(folder, name), under or root.resolve().name


def _unreadable(error: OSError, failed: Failed) -> None:
    failed(InputError(str(error.filename), f"cannot be listed: {error.strerror}"))


class _Reader:
    """Reads one file; knows its place, its source and whom to tell of failures."""

    def __init__(
        self,
        place: str,
        source: str,
        observed_at: int | None,
        failed: Failed,
        progress: Callable[[int], None],
    ) -> None:
        self._place = place
        self._source = source
        self._observed_at = observed_at
        self._failed = failed
        self._progress = progress

    def read(self, file: BinaryIO, *, suffix: str, modified: float) -> Iterator[Observation]:
        """Observations of an open file; `modified` is in seconds since the epoch."""
        first = file.readline(MAX_LINE + 1)
        if suffix in _JSON_LINES or (not suffix and _is_strip_line(first)):
            yield from self._lines(first, file)
            return
        data = first + file.read(max(0, MAX_PAGE + 1 - len(first)))
        self._progress(len(data))
        observed_at = round(modified * 1000) if self._observed_at is None else self._observed_at
        try:
            text = decode(data, self._place)
            if suffix == _JSON:
                _check_json(text, self._place)
            page = observe(place=self._place, source=self._source, observed_at=observed_at, text=text)
        except InputError as error:
            self._failed(error)
            return
        yield page

    def read_lines(self, file: "_Lines", *, since: ReadTo) -> Iterator[Observation]:
        """Observations of JSON Lines behind a place in a file, each with how far it was read."""
        offset, number = since.offset, since.line
        while line := file.readline(MAX_LINE + 1):
            offset += len(line)
            number += 1
            position = read_to(line, offset=offset, number=number)
            if len(line) > MAX_LINE:
                # The rest of it is a line of the same number, and passed over as well.
                offset += self._pass_over(line, file, number)
                continue
            self._progress(len(line))
            for observation in self._line(line, number):
                yield replace(observation, read_to=position)

    def _lines(self, line: bytes, file: "_Lines") -> Iterator[Observation]:
        number = 1
        while line:
            if len(line) > MAX_LINE:
                self._pass_over(line, file, number)
            else:
                self._progress(len(line))
                yield from self._line(line, number)
            line = file.readline(MAX_LINE + 1)
            number += 1

    def _line(self, line: bytes, number: int) -> Iterator[Observation]:
        if line.strip():
            try:
                yield observe_line(line, f"{self._place}:{number}")
            except InputError as error:
                self._failed(error)

    def _pass_over(self, line: bytes, file: "_Lines", number: int) -> int:
        """Say that a line is too long and read to its end; how many bytes that was."""
        place = f"{self._place}:{number}"
        self._failed(InputError(place, f"the line is longer than {MAX_LINE >> 20} MiB and was passed over"))
        self._progress(len(line))
        rest = 0
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE)
            rest += len(line)
            self._progress(len(line))
        return rest


def _check_json(text: str, place: str) -> None:
    """See that a file that is called JSON is: what is left of one that was cut short is no strip."""
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(place, f"is not JSON: {error}; JSON Lines of strips are called .jsonl") from None


def _is_strip_line(first: bytes) -> bool:
    """Whether what has no suffix begins with a strip, and not with a page or a JSON Feed."""
    begun = first.lstrip(b"\xef\xbb\xbf \t\r\n")
    return begun.startswith(b"{") and begun.rstrip() != b"{" and b"jsonfeed.org/version" not in begun


class _Lines(Protocol):
    """What lines are read from."""

    def readline(self, limit: int, /) -> bytes:
        """A line, or as much of it as the limit allows; empty at the end."""


class _Growing:
    """A file that others append to: its end is where it was replaced, cut short, or nobody wants more."""

    def __init__(self, file: BinaryIO, path: Path, stopped: Event, *, is_over: bool = False) -> None:
        self._file = file
        self._path = path
        self._stopped = stopped
        self._ended = is_over
        self._begun = b""

    def readline(self, limit: int, /) -> bytes:
        """A whole line, waited for, or as much of it as the limit allows; empty at the end."""
        over = self._ended
        while True:
            self._begun += self._file.readline(limit - len(self._begun))
            if self._begun.endswith(b"\n") or len(self._begun) >= limit or over:
                line, self._begun = self._begun, b""
                return line
            if self._stopped.is_set():
                return b""
            # Looked at before it is read once more: what was appended until then is not lost.
            over = self._is_over()
            if not over:
                self._stopped.wait(_LOOK_AGAIN_S)

    def _is_over(self) -> bool:
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return False  # renamed, and the next one is not there yet
        mine = os.fstat(self._file.fileno())
        return (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino) or now.st_size < self._file.tell()


def observe_line(line: bytes, place: str) -> Observation:
    """The observation that a line of JSON Lines says.

    Raises:
        InputError: It says none, or one that the contract does not allow.
    """
    try:
        strip = _decode_line(line.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(place, f"is not a strip: {error}") from None
    return observe(
        place=place,
        source=strip.source,
        observed_at=strip.observed_at,
        text=strip.text,
        format=strip.format,
        is_page=False,
        separator=strip.separator,
    )
