"""The names of record headers that readers and writers share.

The headers of public events are in `schemas.cloudevents`, those of dead letters in `schemas.deadletters`.
"""

from collections.abc import Iterable
from typing import Final

from .deadletters import PREFIX

SOURCE_HEADER: Final = "source"
"""The one header of a sighting: its source, in UTF-8. It is always the first."""
CORRECTION_KEY: Final = b"correction/"
"""The prefix of a correction's key, before its id. Fold keys are hexadecimal, so the two never collide."""
EVENT_TIME_KEY: Final = b"event time"
"""The key of a partition's event time on `ticker.seen`."""
ATTEMPT_HEADER: Final = PREFIX + "attempt"
"""How often a record was rejected; a redrive sends it back with the record."""
REPLAY_ID_HEADER: Final = "ticker-replay-id"
"""The replay that wrote a record."""
REPLAY_SOURCE_HEADER: Final = "ticker-replay-source"
"""`topic/partition/offset` from which a replay read a record."""


_ATTEMPT_DIGITS: Final = 9
"""A number with more digits is ignored: anybody can write headers, and no record is tried a thousand million times."""


def attempts(headers: Iterable[tuple[str, bytes | None]]) -> int:
    """How often a record was rejected before; 0 if its headers do not say."""
    for name, value in headers:
        if name == ATTEMPT_HEADER and value is not None and value.isdigit() and len(value) <= _ATTEMPT_DIGITS:
            return int(value)
    return 0
