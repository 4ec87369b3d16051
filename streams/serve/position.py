"""A reader's position: its next offset in each partition of `ticker.headlines`, written as the id of an event.

Everything below these offsets has been sent to the reader. All instances of `ticker serve` read the same partitions, so
a reader can resume at any of them, even at one that has just started.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b

_TEXT = re.compile(r"([0-9a-f]{8})((?:\.(?:0|[1-9]\d{0,18})){1,64})")

Position = tuple[int, ...]
"""The next offset of each partition."""


def log_identity(*parts: str) -> str:
    """Eight hexadecimal digits that identify a log, of a cluster's id and a topic's name: offsets hold for one log."""
    return blake2b("\0".join(parts).encode(), digest_size=4).hexdigest()


def write_position(identity: str, position: Position) -> str:
    """A position as an event's id: `1f3a9c02.120.7.0.0.33.0`."""
    return ".".join([identity, *map(str, position)])


def read_position(text: str, identity: str, partitions: int) -> Position | None:
    """The position in an event's id; None if it is not a position of this log."""
    match = _TEXT.fullmatch(text)
    if match is None or match[1] != identity:
        return None
    offsets = tuple(int(offset) for offset in match[2][1:].split("."))
    return offsets if len(offsets) == partitions else None


def furthest(one: Sequence[int], other: Sequence[int]) -> Position:
    """The greater offset for each partition."""
    return tuple(map(max, one, other))
