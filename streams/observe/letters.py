"""Says in the log that there are dead letters: at once of a new reason, then a line a minute with how many more."""

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
"""Sources of one minute that are told apart; what more bring is counted together, for anybody can name sources."""


class Rejected(NamedTuple):
    """What dead letters of one kind have in common."""

    reason: str
    """The class of the error at the bottom of it."""
    source: str
    """Empty where the record does not say."""


class LetterLog:
    """Collects dead letters by stage and reason, and logs a line of each a minute at most.

    Args:
        later: Calls a function after so many seconds, as `asyncio`'s `call_later` does.
    """

    def __init__(self, later: Callable[[float, Callable[[], None]], object]) -> None:
        self._later = later
        self._quiet: dict[tuple[str, str], Counter[str | None]] = {}
        """What came since the last line, by source, None for those that are too many; for a minute after it."""
        self._said: dict[tuple[str, str], str] = {}

    def add(self, stage: str, rejected: Rejected, letters: int, said: str) -> None:
        """Dead letters were written; `said` is what one of their errors says."""
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
        # One text, not one with values: each kind has its minute here already, so none is kept back for another.
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
    """A line for a terminal, not too long: what a record quotes is anybody's text."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text[:_MOST_SAID])
    return " ".join(printable.split()) + ("…" if len(text) > _MOST_SAID else "")
