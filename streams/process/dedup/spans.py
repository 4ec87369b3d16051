"""Spans of time, which a number and a unit make, or an Arabic dual: "6 months", "a year", "سنتين"."""

from collections.abc import Sequence
from typing import Final

from streams.process.dedup.align import Alignment, Step
from streams.process.dedup.reading import Reading, Token
from streams.process.dedup.words import FACTS, Lexicon

_ONE: Final = frozenset({"a", "an", "un", "une"})


def spans(alignment: Alignment, step: Step) -> tuple[str, str] | None:
    """The units of time in one another's place: "6 months", "6 years"; None where one of them is no span."""
    before = _span(alignment.one, step.before, step.at, alignment.lexicon)
    after = _span(alignment.other, step.after, step.at_other, alignment.lexicon)
    return (before, after) if before and after else None


def _span(reading: Reading, tokens: Sequence[Token], at: int, lexicon: Lexicon) -> str:
    """The unit of a span of time that words are, with the number before them or in them; empty for others."""
    names = [token for token in tokens if token.kind not in FACTS]
    if not names or any(token.written not in lexicon.droppable | _ONE for token in names[:-1]):
        return ""
    word = names[-1].written
    if noun := lexicon.duals.get(word):
        return lexicon.spans.get(noun, "")
    if word not in lexicon.spans or tokens[-1] is not names[-1]:
        return ""
    counts = (*reading.tokens[max(0, at - 1) : at], *tokens[:-1])
    counted = any(token.kind == "number" or token.written in _ONE for token in counts)
    return lexicon.spans[word] if counted else ""
