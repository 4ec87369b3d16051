"""Logs dead letters with a limit: the first of each stage and reason at once, further ones once a minute as a count."""

import logging
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from streams.counted import counted

logger: Final = logging.getLogger(__name__)

MINUTE_S: Final = 60.0
_MOST_SAID: Final = 200
_MOST_SOURCES: Final = 3
_MOST_COUNTED: Final = 1_000
"""The most sources that are counted apart within a minute: anybody can name sources. The rest are counted together."""


class Rejected(NamedTuple):
    """A kind of dead letters."""

    reason: str
    """The class of the error's root cause."""
    source: str
    """Empty if the record names none."""


class LetterLog:
    """Collects dead letters by stage and reason, and logs at most a line a minute for each.

    Args:
        later: Calls a function after so many seconds, as `asyncio`'s `call_later` does.
    """

    def __init__(self, later: Callable[[float, Callable[[], None]], object]) -> None:
        self._later = later
        self._quiet: dict[tuple[str, str], Counter[str | None]] = {}
        """By stage and reason, for a minute after a line: the letters since, by source; None is for further sources."""
        self._said: dict[tuple[str, str], str] = {}

    def add(self, stage: str, rejected: Rejected, letters: int, said: str) -> None:
        """Note dead letters that were written; `said` is the message of one of their errors."""
        kind = stage, rejected.reason
        self._said[kind] = said
        waiting = self._quiet.get(kind)
        if waiting is not None:
            is_counted = rejected.source in waiting or len(waiting) < _MOST_COUNTED
            waiting[rejected.source if is_counted else None] += letters
            return
        self._tell(kind, Counter({rejected.source: letters}))

    def _tell(self, kind: tuple[str, str], sources: Counter[str | None]) -> None:
        stage, reason = kind
        total = sources.total()
        letters = counted(total, "dead letter")
        said = f"{stage}: {letters} of {_named(sources)}: {reason}: {_one_line(self._said[kind])}"
        # The values are part of the message, not arguments: the log's own limit counts lines by message, and would
        # hold back one kind because of another.
        text = f"{said}. Look with `ticker deadletters list --stage {stage}`; nothing is lost"
        logger.warning(text)
        self._quiet[kind] = Counter()
        self._later(MINUTE_S, lambda: self._minute_over(kind))

    def _minute_over(self, kind: tuple[str, str]) -> None:
        waiting = self._quiet.pop(kind)
        if waiting:
            self._tell(kind, waiting)
        else:
            del self._said[kind]


def _named(sources: Counter[str | None]) -> str:
    told = [name for name, _ in sources.most_common() if name is not None]
    named = [name or "an unknown source" for name in told[:_MOST_SOURCES]]
    others = len(told) - len(named)
    more = f" and {'more than ' if None in sources else ''}{others:,} more" if others else ""
    return _one_line(", ".join(named)) + more


def _one_line(text: str) -> str:
    """A text from outside, made safe for a terminal: one line of limited length without control characters."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text[:_MOST_SAID])
    return " ".join(printable.split()) + ("…" if len(text) > _MOST_SAID else "")
