"""The position up to which a followed file was read: saved beside it once that part is on Kafka, and found again.

A file is recognized by the line that was read last, not by its name or inode. So it is found after rotation has
renamed or copied it, and a file that was replaced or truncated is read from its beginning. If it is not found at all,
reading starts over; that is harmless, because ids are deterministic.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from schemas.events import UNREADABLE
from streams.errors import SettingsError
from streams.replacing import replace_file

logger: Final = logging.getLogger(__name__)

_SIBLINGS: Final = 100
"""The most sibling files that are searched for the rotated file, newest first."""
_NOT_ROTATED: Final = (".gz", ".zst", ".xz", ".bz2", ".position")
"""Endings of siblings that hold no lines: compressed files, and positions."""
_MAX_POSITION: Final = 4_096


_LARGEST: Final = 2**63 - 1
_LONGEST: Final = 1 << 23
"""The longest line, in bytes: more than `streams.produce.read` takes, and little enough to be read back at once."""


class ReadTo(Struct, frozen=True, kw_only=True):
    """A position in a file: the end of a line."""

    offset: Annotated[int, Meta(ge=0, le=_LARGEST)] = 0
    """Bytes from the beginning of the file."""
    line: int = 0
    """The number of the line that ends there, from 1; 0 at the beginning."""
    length: Annotated[int, Meta(ge=0, le=_LONGEST)] = 0
    """Bytes of that line."""
    digest: str = ""
    """Its BLAKE2b, 128 bits in hexadecimal."""


def read_to(line: bytes, *, offset: int, number: int) -> ReadTo:
    """The position at the end of a line: `offset` is that of the next byte, `number` counts lines from 1."""
    return ReadTo(offset=offset, line=number, length=len(line), digest=_digest(line))


class Positions:
    """Saves the position of a followed file in a file of its own.

    Args:
        path: The followed file.
        kept_in: The file for the position; None is `NAME.position` beside the followed one.
    """

    def __init__(self, path: Path, kept_in: Path | None = None) -> None:
        self._kept_in = kept_in or path.with_name(f"{path.name}.position")
        self._works = True

    def recall(self) -> ReadTo | None:
        """The saved position; None if there is none, or it is damaged.

        Raises:
            SettingsError: The file of the position cannot be read.
        """
        try:
            with self._kept_in.open("rb") as file:
                return msgspec.json.decode(file.read(_MAX_POSITION), type=ReadTo)
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            logger.warning(
                "%s is no position (%s): reading starts over, which is harmless", self._kept_in, error
            )
            return None
        except OSError as error:
            raise SettingsError(
                f"{self._kept_in}: cannot be read: {error.strerror}; name another --position"
            ) from error

    def remember(self, position: ReadTo) -> None:
        """Save a position atomically: a crash leaves the one before. A failure is logged once."""
        try:
            replace_file(self._kept_in, msgspec.json.encode(position))
        except OSError as error:
            if self._works:
                logger.warning(
                    "%s: cannot be written (%s): the next start reads from the beginning, which is harmless",
                    self._kept_in,
                    error.strerror,
                )
            self._works = False
        else:
            self._works = True


def parts_since(path: Path, position: ReadTo | None) -> Iterator[tuple[Path, ReadTo | None]]:
    """The files with the lines after a position, oldest first, each with the position to start at (None: beginning).

    The followed file is the last. If it was rotated since, the files that it was renamed or copied to come before it.
    """
    if position is None or _holds(path, position):
        yield path, position
        return
    newer: list[Path] = []
    for sibling in _siblings(path):
        if _holds(sibling, position):
            yield sibling, position
            yield from ((rotated, None) for rotated in reversed(newer))
            break
        newer.append(sibling)
    else:
        if path.exists():
            logger.info("%s is not the file that was read before: it is read from its beginning", path)
    yield path, None


def _siblings(path: Path) -> list[Path]:
    """Uncompressed files that rotation may have made of `path`, the last modified first: `a.log.1` of `a.log`."""
    try:
        entries = list(os.scandir(path.parent))
    except OSError:
        return []
    found: list[tuple[float, Path]] = []
    for entry in entries:
        if (
            not entry.name.startswith(path.stem)
            or entry.name == path.name
            or entry.name.endswith(_NOT_ROTATED)
        ):
            continue
        with suppress(OSError):  # it was removed or renamed meanwhile
            if entry.is_file():
                found.append((entry.stat().st_mtime, Path(entry.path)))
    return [sibling for _, sibling in sorted(found, reverse=True)[:_SIBLINGS]]


def _holds(path: Path, position: ReadTo) -> bool:
    """Whether a file has the line that was read last in the same place."""
    try:
        with path.open("rb") as file:
            file.seek(position.offset - position.length)
            return _digest(file.read(position.length)) == position.digest
    except (OSError, ValueError):
        return False


def _digest(line: bytes) -> str:
    return blake2b(line, digest_size=16).hexdigest()
