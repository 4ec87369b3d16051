"""Guards of word order: who did it to whom."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from streams.process.dedup.align import Alignment, Step
from streams.process.dedup.guards.guard import Guard, written
from streams.process.dedup.licences import AUXILIARIES, says
from streams.process.dedup.reading import Token
from streams.process.dedup.shown import NAME, is_written
from streams.process.dedup.words import Lexicon, take_apart
from streams.process.gazetteer import places

_PAIR: Final = 2
_IMPERFECT: Final = ("ي", "ت")
"""Letters that open an Arabic verb of the third person."""
_TO: Final = "ل"
"""The Arabic preposition of a goal that is written with the word after it."""
_LONGEST_SPEAKER: Final = 5
"""Words of the longest speaker, with the verb of saying."""


def _roles(alignment: Alignment, _: Sequence[Step]) -> str | None:
    """A word that is missing at one place and comes at another, so it changed places; little words count too.

    So do two names of one thing: of two prime ministers one can be the "head of government" and visit the other.
    """
    named = {(s.before[0].written, s.after[0].written): s for s in alignment.steps if s.how == "variant"}
    if turned := next((step for (one, other), step in named.items() if (other, one) in named), None):
        return written(alignment, turned)
    gaps = [step for step in alignment.steps if step.how == "gap"]
    for step in gaps:
        left = _stems(step.before)
        for another in gaps:
            if another is not step and _stems(another.after) & left:
                return f"{written(alignment, step)}, {written(alignment, another)}"
    return None


def _stems(tokens: tuple[Token, ...]) -> frozenset[str]:
    return frozenset(take_apart(token.written).stem for token in tokens if token.written)


def _moved(alignment: Alignment, _: Sequence[Step]) -> str | None:
    """A block that moved, unless it is one that moves freely."""
    if not alignment.moved:
        return None
    moved = " ".join(token.written for token in alignment.moved)
    if any(token.kind == "score" for token in alignment.one.tokens) or _is_elsewhere(alignment):
        return moved
    if _parts_initials(alignment):
        return moved
    return None if _is_inversion(alignment) or _is_segment(alignment) or _is_adverbial(alignment) else moved


def _parts_initials(alignment: Alignment) -> bool:
    """Whether letters that stand side by side in one headline do not in the other: "D. A." is not "A. D."."""
    begin, turn, end = alignment.turned
    tokens = alignment.one.tokens
    return any(
        len(left.written) == len(right.written) == 1 and (left.written + right.written).isalpha()
        for left, right in ((tokens[turn - 1], tokens[turn]), (tokens[end - 1], tokens[begin]))
    )


def _is_elsewhere(alignment: Alignment) -> bool:
    """Whether a place in front of one headline is where something goes or comes from in the other: "إلى طنجة"."""
    lexicon = alignment.lexicon
    for side, beside in ((alignment.one, alignment.other), (alignment.other, alignment.one)):
        label = side.tokens[: min((end for end in side.breaks if end), default=0)]
        if not label or "".join(token.written for token in label) not in places().known:
            continue
        first = label[0].written
        attached = _TO + first if lexicon.language == "ar" else None
        for before, token in pairwise(beside.tokens):
            if token.written == attached or (token.written == first and before.written in lexicon.elsewhere):
                return True
    return False


def _is_inversion(alignment: Alignment) -> bool:
    """Verb and subject that open a headline, either of them first; in English "Has the mayor paid" asks.

    Two names are no verb and subject: "Karim Tahar" is not "Tahar Karim". An Arabic verb in the imperfect may stand
    before or behind a subject of several words: "وزير الصحة يفتتح", "يفتتح وزير الصحة".
    """
    begin, turn, end = alignment.turned
    broken = any(0 < at < end for at in alignment.one.breaks | alignment.other.breaks)
    if begin or broken:
        return False
    blocks = alignment.one.tokens[:turn], alignment.one.tokens[turn:end]
    lexicon = alignment.lexicon
    if end > _PAIR:
        return lexicon.language == "ar" and any(
            len(block) == 1 and _is_verb(block[0], lexicon) for block in blocks
        )
    asking = lexicon.language == "en" and any(
        token.written in AUXILIARIES for token in alignment.one.tokens[:end]
    )
    return not asking and not _are_names(alignment)


def _are_names(alignment: Alignment) -> bool:
    """Whether the first two words are two names: known ones in Arabic, elsewhere two that are written as names."""
    first, second = alignment.one.tokens[:_PAIR]
    if alignment.lexicon.language == "ar":
        names = alignment.lexicon.names | places().known
        return names.issuperset((first.written, second.written))
    sides = ((second, alignment.one.shown), (first, alignment.other.shown))
    return all(is_written(NAME, token.written, shown) for token, shown in sides)


def _is_verb(token: Token, lexicon: Lexicon) -> bool:
    """Whether an Arabic word is a known verb, or can be an imperfect and is no name: "يفتتح", but not "يوسف"."""
    word = token.written
    return word in lexicon.verbs or (
        len(word) > _PAIR
        and word.startswith(_IMPERFECT)
        and not token.kind
        and word not in lexicon.names
        and word not in places().known
    )


def _is_segment(alignment: Alignment) -> bool:
    """What stood before the first separator went to the end, or came from there: a speaker, a place.

    A speaker needs no separator: "Police say no one was hurt", "No one was hurt, police say".
    """
    begin, turn, end = alignment.turned
    if begin or end != len(alignment.one.tokens):
        return False
    # The little words that only one of them has ("in Cape Town", "Cape Town:") may be on either side of the boundary.
    boundaries = {len(alignment.other.tokens) - turn, end - turn}
    broken = turn in alignment.one.breaks or not boundaries.isdisjoint(alignment.other.breaks)
    told = [token for token in alignment.moved if token.written not in alignment.lexicon.droppable]
    return broken or (len(told) <= _LONGEST_SPEAKER and says(told[-1:], alignment.lexicon))


def _is_adverbial(alignment: Alignment) -> bool:
    """A block that opens with a preposition, or an adverb of time."""
    begin, turn, end = alignment.turned
    tokens = alignment.one.tokens
    return any(
        _can_move(tokens[block], alignment.lexicon) for block in (slice(begin, turn), slice(turn, end))
    )


def _can_move(block: tuple[Token, ...], lexicon: Lexicon) -> bool:
    first = block[0].written
    if first in lexicon.movable or block[0].kind in {"day", "weekday"}:
        return True
    return lexicon.language == "ar" and bool(take_apart(first).preposition) and first not in lexicon.known


ROLES: Final = Guard("roles", "Who did it and to whom: names that changed places tell another story.", _roles)
MOVED: Final = Guard("moved", "A block moves freely only as a phrase of its own.", _moved)
