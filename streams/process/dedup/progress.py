"""What says that a story moved on, where it is no number: another state, another span of time, a clause more.

A fire is put out, a match postponed is cancelled, an alert goes from orange to red. Which states one thing goes through
the lexicon knows. What is found here makes an update of what would be distinct, and never a duplicate.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from msgspec import Struct

from streams.process.dedup.align import Alignment, Step
from streams.process.dedup.licences import says
from streams.process.dedup.reading import Reading, Token
from streams.process.dedup.spans import spans
from streams.process.dedup.words import FACTS, Lexicon, stems
from streams.process.fold import fold_words

_FEWEST_IN_CLAUSE: Final = 3
"""Words of the shortest clause that is added to a headline: ", tsunami warning issued"."""
_SUBJECTS: Final = frozenset({"he", "she", "it", "they", "il", "elle", "ils", "elles"})
"""With one of these, two words are a clause: ", il démissionne"."""
_FEWEST_BEFORE_CLAUSE: Final = 3
_LONGEST_CONFIRMATION: Final = 3
_ADDS: Final = ",،;؛("
"""Marks before what is added."""
_AND: Final = "و"
_THEM: Final = "هم"
_OF_TWO: Final = "ا"
_LINKS: Final = frozenset({"and", "et", "then", "puis", "ثم"})


class Progress(Struct, frozen=True, gc=False):
    """How a story moved on: the kind of the change, and what the step has before and after it."""

    kind: str
    before: str
    after: str


def progress(alignment: Alignment, step: Step) -> Progress | None:
    """How a step says that the story moved on, or None."""
    before, after = _text(step.before), _text(step.after)
    if step.how != "gap":
        kind = _other_pronoun(before, after) if step.how == "inflection" else ""
    elif before and after:
        kind = (
            _other_span(alignment, step)
            or _other_pronoun(before, after)
            or _other_state(alignment, before, after)
        )
    else:
        kind = _added(alignment, step, before or after)
    return Progress(kind, before, after) if kind else None


def _text(tokens: Sequence[Token]) -> str:
    return " ".join(token.written for token in tokens if token.written)


def _known(text: str, phrases: Collection[str], lexicon: Lexicon) -> str:
    """The phrase that words are, with little words before it or none ("un corps retrouvé"); empty for others."""
    words = text.split()
    while words and " ".join(words) not in phrases and words[0] in lexicon.droppable:
        words.pop(0)
    return known if (known := " ".join(words)) in phrases else ""


def _other_state(alignment: Alignment, before: str, after: str) -> str:
    if not alignment.lexicon.ends_of_states.issuperset(
        (before.rsplit(maxsplit=1)[-1], after.rsplit(maxsplit=1)[-1])
    ):
        return ""
    for states in alignment.lexicon.states:
        one, other = (_known(text, states.are, alignment.lexicon) for text in (before, after))
        named = one and other and states.are[one] != states.are[other]
        if named and _are_about(alignment, states.of):
            return "state"
    return ""


def _are_about(alignment: Alignment, things: frozenset[str]) -> bool:
    """Whether both headlines are about something that has such states: an alert may be red, and so may a carpet."""
    return not things or all(
        any(not things.isdisjoint(_forms(token)) for token in side.tokens)
        for side in (alignment.one, alignment.other)
    )


def _forms(token: Token) -> Iterator[str]:
    for word in token.written.split():
        yield word
        yield from stems(word)


def _other_span(alignment: Alignment, step: Step) -> str:
    found = spans(alignment, step)
    counted = any(token.kind for token in (*step.before, *step.after))
    return "number" if found and (counted or found[0] != found[1]) else ""


def _other_pronoun(before: str, after: str) -> str:
    """Whether an Arabic word says of two what another one says of more: "مشتبه فيهما", "مشتبه فيهم"."""
    many, two = sorted((before, after), key=len)
    return "number" if many.endswith(_THEM) and two == many + _OF_TWO else ""


def _added(alignment: Alignment, step: Step, told: str) -> str:
    """What one headline has more than the other: how grave it is, that it is official, or a clause at its end."""
    tokens, reading, at = (
        (step.before, alignment.one, step.at) if step.before else (step.after, alignment.other, step.at_other)
    )
    if _known(told, alignment.lexicon.advances, alignment.lexicon):
        return "state"
    if at + len(tokens) != len(reading.tokens) or at < _FEWEST_BEFORE_CLAUSE:
        return ""
    mark = _mark_before(tokens, reading)
    if not (mark or tokens[0].written in _LINKS or tokens[0].written.startswith(_AND)):
        return ""
    confirmed = mark and not alignment.lexicon.confirming.isdisjoint(token.written for token in tokens)
    if confirmed and len(tokens) <= _LONGEST_CONFIRMATION:
        return "state"
    fewest = _FEWEST_IN_CLAUSE - (tokens[0].written in _SUBJECTS)
    if len(tokens) < fewest or (mark == "(" and all(token.kind not in FACTS for token in tokens)):
        return ""
    # What somebody says of it all is a claim: "..., police say".
    return "" if any(says((token,), alignment.lexicon) for token in tokens) else "more"


def _mark_before(tokens: Sequence[Token], reading: Reading) -> str:
    """The comma or bracket before words at the end of a headline; empty where there is none."""
    words = " ".join(token.written for token in tokens)
    for at, mark in enumerate(reading.shown):
        if mark in _ADDS and fold_words(reading.shown[at + 1 :]) == words:
            return mark
    return ""
