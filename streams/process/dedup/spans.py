"""Spans of time, which a number and a unit make, or an Arabic noun by its form: "6 months", "a year", "سنتين"."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.process.dedup.align import Alignment, Step
from streams.process.dedup.reading import Reading, Token
from streams.process.dedup.words import FACTS, Lexicon

_ONE: Final = frozenset({"a", "an", "un", "une"})


class Span(Struct, frozen=True, gc=False):
    """A unit of time and how many of it its own words say: 1 for "a year", 2 for "سنتين", 0 where a number does."""

    unit: str
    said: int


def spans(alignment: Alignment, step: Step) -> tuple[Span, Span] | None:
    """The spans of time in one another's place: "6 months", "6 years"; None where one of them is none."""
    before = _span(alignment.one, step.before, step.at, alignment.lexicon)
    after = _span(alignment.other, step.after, step.at_other, alignment.lexicon)
    return (before, after) if before and after else None


def _span(reading: Reading, tokens: Sequence[Token], at: int, lexicon: Lexicon) -> Span | None:
    names = [token for token in tokens if token.kind not in FACTS]
    if not names or any(token.written not in lexicon.droppable | _ONE for token in names[:-1]):
        return None
    word = names[-1].written
    noun = lexicon.duals.get(word, "")
    if noun in lexicon.spans:
        return Span(lexicon.spans[noun], 2)
    if word not in lexicon.spans or tokens[-1] is not names[-1]:
        return None
    counts = (*reading.tokens[max(0, at - 1) : at], *tokens[:-1])
    if any(token.kind == "number" for token in counts):
        return Span(lexicon.spans[word], 0)
    singular = lexicon.language == "ar" and lexicon.counted.get(word) == word
    is_one = singular or any(token.written in _ONE for token in counts)
    return Span(lexicon.spans[word], 1) if is_one else None
