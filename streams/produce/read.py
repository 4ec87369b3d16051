"""Reads pages and strips from files, folders and standard input, with limits on their size.

A file is a page (text or HTML) in which a strip must be found, or JSON Lines with a strip on each line:
`{"source": "…", "observed_at": "…", "text": "…"}`. A file or line that cannot be read is reported with its place, and
reading goes on with the next.
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
"""Seconds between looks at a file that is followed."""
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
        source: The source of pages; None derives it from the path (`streams.produce.sources`).
        observed_at: When pages were observed (ms); None takes the file's modification time.
        progress: Called with the number of bytes read since the last call.
    """
    for place in places:
        if place == _STDIN:
            reader = _Reader("standard input", source or "stdin", observed_at, failed, progress)
            # Not sys.stdin.buffer: Python cannot exit while a thread blocks in it.
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
    """Read strips from a file of JSON Lines as they are appended, like `tail -F`, until told to stop.

    It waits for a file that does not exist yet. When rotation replaces or truncates the file, the old one is read to
    its end, then the new one from its beginning. An incomplete last line is read once its newline is written. Each
    observation carries the position after it (`read_to`).

    Args:
        place: The file.
        failed: Called with every line that cannot be read.
        stopped: Set to end the iteration, within a moment.
        progress: Called with the number of bytes read since the last call.
        since: The position to resume at, possibly in a file that rotation has renamed; None starts at the beginning.
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
                tailed = _TailedFile(file, path, stopped, is_over=part != path)
                yield from reader.read_lines(tailed, since=position or ReadTo())
        except FileNotFoundError:
            if not waiting:
                logger.info("waiting for %s", path)
            waiting = True
            stopped.wait(_LOOK_AGAIN_S)
        except OSError as error:
            failed(InputError(place, f"cannot be read: {error.strerror or error}"))
            return


def size_of(places: Sequence[str]) -> int | None:
    """The bytes that `read` will read, for a progress bar; None if unknown (standard input)."""
    if _STDIN in places:
        return None
    paths = (path for place in places for path, _ in _files(Path(place), lambda _: None))
    return sum(path.stat().st_size for path in paths if path.is_file())


def _files(root: Path, failed: Failed) -> Iterator[tuple[Path, str]]:
    """The files of a place, each with its source."""
    try:
        is_there, is_folder = root.exists(), root.is_dir()
    except OSError as error:  # a name that is too long, a folder that may not be entered
        failed(InputError(str(root), f"cannot be read: {error.strerror}"))
        return
    if not is_there:
        failed(InputError(str(root), "there is no such file or folder"))
    elif not is_folder:
        yield root, sources_of([root.name], root.stem)[root.name]
    else:
        yield from _in_folder(root, failed)


def _in_folder(root: Path, failed: Failed) -> Iterator[tuple[Path, str]]:
    """The files of a folder and of those within, each with its source; hidden ones are left out."""
    found = False

    def unlisted(error: OSError) -> None:
        nonlocal found
        found = True
        failed(InputError(str(error.filename), f"cannot be listed: {error.strerror}"))

    for folder, folders, names in os.walk(root, onerror=unlisted):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        shown = sorted(name for name in names if not name.startswith("."))
        within = Path(folder).relative_to(root).as_posix()
        sources = sources_of(shown, "" if within == "." else within)
        found = found or bool(shown)
        for name in shown:
            under = sources[name] if within == "." or sources[name] == within else f"{within}/{sources[name]}"
            yield Path(folder, name), under or root.resolve().name
    if not found:
        failed(InputError(str(root), "there is no file in this folder"))


class _Reader:
    """Reads one file; holds its place, its source and the callbacks."""

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
        """Observations of JSON Lines after the position `since`, each with the position after it."""
        offset, number = since.offset, since.line
        while line := file.readline(MAX_LINE + 1):
            offset += len(line)
            number += 1
            position = read_to(line, offset=offset, number=number)
            if len(line) > MAX_LINE:
                # Skip the rest of the line too.
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
        """Report that a line is too long and skip the rest of it; gives the number of bytes skipped."""
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
    """Check that a `.json` file is JSON: a truncated one must not be taken for text with a strip in it."""
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(place, f"is not JSON: {error}; JSON Lines of strips are called .jsonl") from None


def _is_strip_line(first: bytes) -> bool:
    """Whether the first line of a file without suffix looks like JSON Lines, not like a page or a JSON Feed."""
    begun = first.lstrip(b"\xef\xbb\xbf \t\r\n")
    return begun.startswith(b"{") and begun.rstrip() != b"{" and b"jsonfeed.org/version" not in begun


class _Lines(Protocol):
    """A file of lines."""

    def readline(self, limit: int, /) -> bytes:
        """The next line, or its first `limit` bytes; empty at the end."""


class _TailedFile:
    """A file that is appended to; it ends when it was replaced or truncated, or when `stopped` is set."""

    def __init__(self, file: BinaryIO, path: Path, stopped: Event, *, is_over: bool = False) -> None:
        self._file = file
        self._path = path
        self._stopped = stopped
        self._ended = is_over
        self._begun = b""

    def readline(self, limit: int, /) -> bytes:
        """Wait for the next whole line, or its first `limit` bytes; empty at the end."""
        over = self._ended
        while True:
            self._begun += self._file.readline(limit - len(self._begun))
            if self._begun.endswith(b"\n") or len(self._begun) >= limit or over:
                line, self._begun = self._begun, b""
                return line
            if self._stopped.is_set():
                return b""
            # Check before reading once more, so that the last lines appended before a rotation are not lost.
            over = self._is_over()
            if not over:
                self._stopped.wait(_LOOK_AGAIN_S)

    def _is_over(self) -> bool:
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return False  # renamed, and its successor does not exist yet
        mine = os.fstat(self._file.fileno())
        return (now.st_dev, now.st_ino) != (mine.st_dev, mine.st_ino) or now.st_size < self._file.tell()


def observe_line(line: bytes, place: str) -> Observation:
    """The observation in a line of JSON Lines.

    Raises:
        InputError: The line has none, or one that the contract does not allow.
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
