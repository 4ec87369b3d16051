"""The headers of records by name: what reads or writes one takes its name from here.

Headers of events for consumers are in `schemas.cloudevents`, those that say why a record became a dead letter
in `schemas.deadletters`.
"""

from collections.abc import Iterable
from typing import Final

from .deadletters import PREFIX

SOURCE_HEADER: Final = "source"
"""The one header of a sighting: its source, in UTF-8. It is always the first."""
CORRECTION_KEY: Final = b"correction/"
"""What the key of a correction begins with, before its id; fold keys are hexadecimal."""
EVENT_TIME_KEY: Final = b"event time"
"""The key of a partition's event time on `ticker.seen`."""
ATTEMPT_HEADER: Final = PREFIX + "attempt"
"""How often a record was rejected: a redrive gives it back with the record."""
REPLAY_ID_HEADER: Final = "ticker-replay-id"
"""The replay that wrote a record."""
REPLAY_SOURCE_HEADER: Final = "ticker-replay-source"
"""`topic/partition/offset` where a replay read a record."""


_ATTEMPT_DIGITS: Final = 9
"""A longer number counts as none: anybody can write headers, and no record is tried a thousand million times."""


def attempts(headers: Iterable[tuple[str, bytes | None]]) -> int:
    """How often a record has been rejected before; 0 where its headers do not say."""
    for name, value in headers:
        if name == ATTEMPT_HEADER and value is not None and value.isdigit() and len(value) <= _ATTEMPT_DIGITS:
            return int(value)
    return 0
