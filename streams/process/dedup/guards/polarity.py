"""Guards of words that turn a headline round: opposites, negation, denial, doubt, questions."""

from collections.abc import Iterator
from typing import Final

from streams.process.dedup.align import Alignment, Step
from streams.process.dedup.guards.guard import Guard, on_each_step, written
from streams.process.dedup.progress import progress
from streams.process.dedup.reading import Token
from streams.process.dedup.words import stems


def _opposite(alignment: Alignment, step: Step) -> str | None:
    opposites = alignment.lexicon.opposites
    for before in _spellings(step.before):
        for after in _spellings(step.after):
            if (before, after) in opposites:
                return None if progress(alignment, step) else written(alignment, step)
    return None


def _spellings(tokens: tuple[Token, ...]) -> Iterator[str]:
    for token in tokens:
        if token.written:
            yield token.written
            yield from stems(token.written)


def _mark(name: str, reason: str) -> Guard:
    def check(alignment: Alignment, step: Step) -> str | None:
        if step.how != "gap":
            return None
        before = {token.value for token in step.before if token.kind == name}
        after = {token.value for token in step.after if token.kind == name}
        return written(alignment, step) if before != after else None

    return Guard(name, reason, on_each_step(check))


OPPOSITE: Final = Guard(
    "opposite", "Before is not after, and a win is not a defeat.", on_each_step(_opposite)
)
NEGATION: Final = _mark("negation", "A negation that came or went says the contrary.")
DENIAL: Final = _mark("denial", "A rumour denied is not the rumour.")
DOUBT: Final = _mark("doubt", "What may happen, or nearly happened, did not happen.")
QUESTION: Final = _mark("question", "A question is not its answer.")
