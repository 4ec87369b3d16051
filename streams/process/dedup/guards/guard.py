"""The shape of a guard."""

from collections.abc import Callable

from msgspec import Struct

from streams.process.dedup.align import Alignment, Step


class Guard(Struct, frozen=True):
    """A rule that refuses a merge: its name, why it exists, and `objects`.

    `objects(alignment, step)` says what it saw, or returns None.
    """

    name: str
    reason: str
    objects: Callable[[Alignment, Step], str | None]


def written(step: Step) -> str:
    """A step as people read it: `before → after`, with `∅` for nothing."""
    before = " ".join(token.written for token in step.before if token.written)
    after = " ".join(token.written for token in step.after if token.written)
    return f"{before or '∅'} → {after or '∅'}"
