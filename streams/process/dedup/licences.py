"""What excuses a difference: tags and outlets, cuts, spaces, words that say little, a phrase at the end.

A licence is asked before the guards: what it excuses is no change of the headline.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from rapidfuzz.distance import OSA

from streams.process.dedup.align import Alignment, Step
from streams.process.dedup.reading import LONGEST_NOTE, Reading, Token
from streams.process.dedup.words import Lexicon, take_apart

_LONGEST_TAGS: Final = 5
_FEWEST_BEFORE_CUT: Final = 3
_FEWEST_LETTERS_BEFORE_CUT: Final = 12
_FEWEST_AFTER_LABEL: Final = 4
_FEWEST_BEFORE_PHRASE: Final = 5
_LONGEST_PHRASE: Final = 3
_SHORTEST_RESPACED: Final = 9
_OUTLET_NUMBERS: Final = frozenset({"24", "360"})
"""Numbers that end outlets' names."""


def is_light(tokens: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether words say so little that they can come and go."""
    return all(
        not token.kind and (token.written in lexicon.droppable or token.written in lexicon.minor)
        for token in tokens
    )


def _is_minor(alignment: Alignment, step: Step) -> bool:
    """Words that say little, on one side only."""
    one_sided = not (step.before and step.after)
    return one_sided and is_light((*step.before, *step.after), alignment.lexicon)


def _is_cut(alignment: Alignment, step: Step) -> bool:
    """What one headline lost because the site cut it."""
    one, other = alignment.one, alignment.other
    lost, kept, cut = (
        (step.before, step.after, other.cut) if step.before else (step.after, step.before, one.cut)
    )
    if not cut or kept or alignment.steps[-1] is not step:
        return False
    shown = other if step.before else one
    enough = sum(len(token.written) for token in shown.tokens) >= _FEWEST_LETTERS_BEFORE_CUT
    return bool(lost) and len(shown.tokens) >= _FEWEST_BEFORE_CUT and enough


def _is_note(alignment: Alignment, step: Step) -> bool:
    """A tag before or an outlet after the headline, on either side or on both."""
    lexicon = alignment.lexicon
    sides = ((step.before, alignment.one, step.at), (step.after, alignment.other, step.at_other))
    if step.before and step.after:
        return all(
            _is_head(tokens, reading, at) and _only_tags(tokens, lexicon) for tokens, reading, at in sides
        )
    tokens, reading, at = sides[0] if step.before else sides[1]
    if _is_head(tokens, reading, at) and _only_tags(tokens, lexicon):
        return True
    if at not in reading.tails or at + len(tokens) != len(reading.tokens):
        return False
    starts = sorted(start - at for start in reading.tails if start >= at)
    return all(_is_outlet(tokens[start:end], lexicon) for start, end in pairwise([*starts, len(tokens)]))


def _is_head(tokens: Sequence[Token], reading: Reading, at: int) -> bool:
    return at == 0 and len(tokens) in reading.breaks


def _only_tags(tokens: Sequence[Token], lexicon: Lexicon) -> bool:
    """Words that only ever label: "كيوسك الأربعاء", "أخبار الساعة", with the day of a rubric."""
    rubric = any(token.written in lexicon.rubrics for token in tokens)
    return len(tokens) <= _LONGEST_TAGS and all(
        take_apart(token.written).stem in lexicon.tags
        or token.written in lexicon.tags
        or (rubric and (token.kind in {"weekday", "day"} or token.written in lexicon.droppable))
        for token in tokens
    )


def _is_labelled(alignment: Alignment, step: Step) -> bool:
    """A short label before the headline that is no known tag: a place, a speaker, a section."""
    if step.before and step.after:
        return False
    tokens, reading, at = (
        (step.before, alignment.one, step.at) if step.before else (step.after, alignment.other, step.at_other)
    )
    enough = len(reading.tokens) - len(tokens) >= _FEWEST_AFTER_LABEL
    plain = not any(token.kind for token in tokens)
    return enough and plain and _is_head(tokens, reading, at) and _is_short(tokens, alignment.lexicon)


def _is_outlet(tokens: Sequence[Token], lexicon: Lexicon) -> bool:
    named = any(not token.kind for token in tokens)
    return (
        named
        and _is_short(tokens, lexicon)
        and all(
            not token.kind or token.kind == "day" or (token.value in _OUTLET_NUMBERS and token is tokens[-1])
            for token in tokens
        )
    )


def _is_short(tokens: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether words are few enough for a note, articles aside."""
    named = sum(token.written not in lexicon.droppable for token in tokens)
    return named <= LONGEST_NOTE and len(tokens) <= _LONGEST_TAGS


def _is_respaced(alignment: Alignment, step: Step) -> bool:
    """The same letters with the spaces elsewhere, one slip allowed."""
    if not step.before or not step.after:
        return False
    before = "".join(token.written for token in step.before)
    after = "".join(token.written for token in step.after)
    if before == after:
        negated = any(token.kind == "negation" for token in (*step.before, *step.after))
        return not any(c.isdigit() for c in before) and (alignment.lexicon.language == "ar" or not negated)
    if len(step.before) == len(step.after) or any(t.kind for t in (*step.before, *step.after)):
        return False
    return (
        min(len(before), len(after)) >= _SHORTEST_RESPACED
        and OSA.distance(before, after, score_cutoff=1) <= 1
    )


def _is_phrase(alignment: Alignment, step: Step) -> bool:
    """A short phrase more at the end, opened by a preposition: where, or in which competition."""
    tokens = step.before or step.after
    if (step.before and step.after) or alignment.steps[-1] is not step or len(tokens) > _LONGEST_PHRASE:
        return False
    if any(token.kind for token in tokens):
        return False
    first, lexicon = tokens[0].written, alignment.lexicon
    opens = first in lexicon.movable or (lexicon.language == "ar" and first.startswith(("ب", "ل")))
    return opens and min(len(alignment.one.tokens), len(alignment.other.tokens)) >= _FEWEST_BEFORE_PHRASE


_LICENCES: Final[tuple[tuple[str, Callable[[Alignment, Step], bool]], ...]] = (
    ("cut", _is_cut),
    ("retagged", _is_note),
    ("labelled", _is_labelled),
    ("respaced", _is_respaced),
    ("minor", _is_minor),
    ("longer", _is_phrase),
)


def licence(alignment: Alignment, step: Step) -> str | None:
    """The name of the licence that excuses a gap, or None."""
    return next((name for name, excuses in _LICENCES if excuses(alignment, step)), None)
