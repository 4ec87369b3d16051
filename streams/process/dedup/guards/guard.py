"""The shape of a guard."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from streams.process.dedup.align import Alignment, Step
from streams.process.dedup.reading import Token


class Guard(Struct, frozen=True):
    """A rule that refuses a merge: its name, why it exists, and `objects`.

    `objects(alignment, steps)` is asked about the steps that nothing excuses. It says what it saw, or
    returns None.
    """

    name: str
    reason: str
    objects: Callable[[Alignment, Sequence[Step]], str | None]


def on_each_step(
    check: Callable[[Alignment, Step], str | None],
) -> Callable[[Alignment, Sequence[Step]], str | None]:
    """Ask a question about one step of every step in turn; the first objection counts."""

    def objects(alignment: Alignment, steps: Sequence[Step]) -> str | None:
        return next((seen for step in steps if (seen := check(alignment, step))), None)

    return objects


def written(alignment: Alignment, step: Step) -> str:
    """A step as people read it: `before → after`, with `∅` for nothing."""
    before, after = (step.after, step.before) if alignment.swapped else (step.before, step.after)
    return f"{_text(before)} → {_text(after)}"


def _text(tokens: Sequence[Token]) -> str:
    return " ".join(token.written for token in tokens if token.written) or "∅"
