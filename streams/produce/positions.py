"""How far a followed file has been read: remembered beside it once what was read is on Kafka, and found again.

A file is known again by the line that was read last, not by its name or inode: so it is found where rotation has
renamed or copied it, and one that was replaced or cut short is read from its beginning. Where nothing is found,
reading starts over, which is harmless: ids stay the same.
"""

import logging
import os
from collections.abc import Iterator
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
"""The most files beside a followed one that are looked at for what it was renamed to, the newest first."""
_MAX_POSITION: Final = 4_096


_LARGEST: Final = 2**63 - 1
_LONGEST: Final = 1 << 23
"""Bytes of a line: more than any reader takes, and no more than can be read back at once."""


class ReadTo(Struct, frozen=True, kw_only=True):
    """The end of a line of a file."""

    offset: Annotated[int, Meta(ge=0, le=_LARGEST)] = 0
    """Bytes of the file that were read."""
    line: int = 0
    """The number of the line that ends there, from 1; 0 at the beginning."""
    length: Annotated[int, Meta(ge=0, le=_LONGEST)] = 0
    """Bytes of that line."""
    digest: str = ""
    """Its BLAKE2b, 128 bits in hexadecimal."""


def read_to(line: bytes, *, offset: int, number: int) -> ReadTo:
    """Where a line ends: `offset` is the place in the file behind it, `number` counts lines from 1."""
    return ReadTo(offset=offset, line=number, length=len(line), digest=_digest(line))


class Positions:
    """Remembers in a file of its own how far another one has been read.

    Args:
        path: The file that is followed.
        kept_in: Where to remember; None means beside it, as `NAME.position`.
    """

    def __init__(self, path: Path, kept_in: Path | None = None) -> None:
        self._kept_in = kept_in or path.with_name(f"{path.name}.position")
        self._works = True

    def recall(self) -> ReadTo | None:
        """Where it was; None where nothing that can be used is remembered.

        Raises:
            SettingsError: What is remembered cannot be read.
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
        """Keep a position, all of it or none: a crash leaves the one before."""
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
    """The files that hold what came after a position, oldest first, each with where to go on in it.

    The followed file is the last of them; what it was before, where rotation renamed or copied it, comes first.
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
    """Files that `path` may have been renamed or copied to, the last written first; compressed ones are none."""
    found: list[tuple[float, Path]] = []
    try:
        for entry in os.scandir(path.parent):
            named_alike = entry.name.startswith(path.stem) and entry.name != path.name
            if (
                named_alike
                and entry.is_file()
                and not entry.name.endswith((".gz", ".zst", ".xz", ".bz2", ".position"))
            ):
                found.append((entry.stat().st_mtime, Path(entry.path)))
    except OSError:
        return []
    return [sibling for _, sibling in sorted(found, reverse=True)[:_SIBLINGS]]


def _holds(path: Path, position: ReadTo) -> bool:
    """Whether the line that was read last stands where it stood."""
    try:
        with path.open("rb") as file:
            file.seek(position.offset - position.length)
            return _digest(file.read(position.length)) == position.digest
    except (OSError, ValueError):
        return False


def _digest(line: bytes) -> str:
    return blake2b(line, digest_size=16).hexdigest()
