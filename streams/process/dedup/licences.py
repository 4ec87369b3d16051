"""What excuses a difference: rubrics, places, cuts, spaces, words that say little, a question asked twice.

A licence is asked before the guards, and says what the words of a difference are: "Agadir:" is a known place. What
no licence knows is no small matter but something said, and makes two headlines. Tags and outlets are gone by then:
the fold strips those that it knows.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from rapidfuzz.distance import OSA

from streams.process.dedup.align import Alignment, Step
from streams.process.dedup.reading import Reading, Token, make_one
from streams.process.dedup.spans import spans
from streams.process.dedup.words import Lexicon, stems, take_apart
from streams.process.fold import QUESTION, fold_words
from streams.process.gazetteer import gazetteer, given_names, places
from streams.process.notes import is_outlet

_LONGEST_RUBRIC: Final = 5
"""Words of the longest label of a rubric: "كيوسك يوم الأربعاء"."""
_FEWEST_BEFORE_CUT: Final = 3
_FEWEST_LETTERS_BEFORE_CUT: Final = 12
_FEWEST_AFTER_LABEL: Final = 4
_FEWEST_BEFORE_PLACE: Final = 4
"""Words that a headline needs, at least, for a place at its end to be something that it could do without."""
_LONGEST_PLACE: Final = 6
"""Words of the longest phrase that names a place: "near the town of Deir al-Balah" without its little words."""
_SHORTEST_RESPACED: Final = 9


def is_light(tokens: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether words say so little that they can come and go."""
    return all(
        not token.kind and (token.written in lexicon.droppable or token.written in lexicon.minor)
        for token in tokens
    )


def _is_minor(alignment: Alignment, step: Step) -> bool:
    """Words that say little, on one side only, and not as a label of their own."""
    tokens = step.before or step.after
    if (step.before and step.after) or not is_light(tokens, alignment.lexicon):
        return False
    reading, at = (alignment.one, step.at) if step.before else (alignment.other, step.at_other)
    lexicon = alignment.lexicon
    heads = _is_head(tokens, reading, at) and not all(token.written in lexicon.droppable for token in tokens)
    ends = _is_tail(tokens, reading, at) and any(token.written in lexicon.advances for token in tokens)
    if heads or ends:
        # "رسميا: ..." and "... (رسميا)" say that it is official.
        return False
    if _asks_by_order(tokens, at, alignment.lexicon) or _measures(tokens, reading, at, alignment.lexicon):
        return False
    if any(token.written in alignment.lexicon.minor for token in tokens) and _names_place(
        tokens, reading, at
    ):
        return False
    return not any(token.written in alignment.lexicon.renewed for token in tokens) or not _recurs(alignment)


def _measures(tokens: Sequence[Token], reading: Reading, at: int, lexicon: Lexicon) -> bool:
    """Whether a little word says what the number or date after it is.

    Cut "to a million" is not cut "a million", and closed "until Friday" ("حتى الجمعة") is not closed on Friday.
    """
    following = reading.tokens[at + len(tokens) : at + len(tokens) + 1]
    if not following or _CLOCK.search(following[0].value):
        return False
    if following[0].kind in _DATES:
        return any(token.written in lexicon.dating for token in tokens)
    return following[0].kind in {"number", "quantity"} and any(
        token.written in lexicon.measuring for token in tokens
    )


_DATES: Final = frozenset({"weekday", "month", "day"})
_CLOCK: Final = re.compile(r":|h$")
"""Hours, which a preposition says nothing of: "Match à 20h", "Match 20h"."""


def _asks_by_order(tokens: Sequence[Token], at: int, lexicon: Lexicon) -> bool:
    """Whether an English headline opens with its verb: "Is the bridge safe" asks."""
    return lexicon.language == "en" and at == 0 and tokens[0].written in AUXILIARIES


AUXILIARIES: Final = frozenset(
    {
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
        "will",
        "can",
        "should",
        "must",
        "shall",
    }
)
"""English verbs that stand before their subject in a question."""


def _names_place(tokens: Sequence[Token], reading: Reading, at: int) -> bool:
    """Whether little words make another place of what stands beside them: "New Mexico", "Grande-Bretagne"."""
    begin, end = at, at + len(tokens)
    names = (
        "".join(token.written for token in reading.tokens[begin : end + 1]),
        "".join(token.written for token in reading.tokens[max(0, begin - 1) : end]),
    )
    return any(name in places().known for name in names)


def _recurs(alignment: Alignment) -> bool:
    """Whether the headline is about what can happen again: "a new strike" is not the strike."""
    recurring = alignment.lexicon.recurring
    return any(
        token.written in recurring or take_apart(token.written).stem in recurring
        for token in alignment.one.tokens
        if token.written
    )


def _is_asked(alignment: Alignment, step: Step) -> bool:
    """A question mark, where the other headline asks too: with another mark, or with the same word of asking."""
    tokens = (*step.before, *step.after)
    if any(token.value != QUESTION for token in tokens):
        return False
    return all(
        any(token.kind == "question" for token in side.tokens) for side in (alignment.one, alignment.other)
    )


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


def _is_rubric(alignment: Alignment, step: Step) -> bool:
    """The label of a rubric before the headline, on either side or on both: "كيوسك الأربعاء |".

    Or a word that flags a headline without a mark: "عاجل زلزال يضرب ...".
    """
    if len(step.before) + len(step.after) == 1 and not (step.at if step.before else step.at_other):
        (token,) = step.before or step.after
        if token.written in alignment.lexicon.flags:
            return True
    sides = ((step.before, alignment.one, step.at), (step.after, alignment.other, step.at_other))
    return all(
        _is_head(tokens, reading, at) and _names_rubric(tokens, alignment.lexicon)
        for tokens, reading, at in sides
        if tokens
    )


def _is_head(tokens: Sequence[Token], reading: Reading, at: int) -> bool:
    return at == 0 and len(tokens) in reading.breaks


def _is_tail(tokens: Sequence[Token], reading: Reading, at: int) -> bool:
    return at in reading.breaks and at + len(tokens) == len(reading.tokens)


def _names_rubric(tokens: Sequence[Token], lexicon: Lexicon) -> bool:
    rubrics = [token for token in tokens if token.written in lexicon.rubrics]
    return (
        len(tokens) <= _LONGEST_RUBRIC
        and bool(rubrics)
        and all(
            token in rubrics
            or token.kind in {"weekday", "day"}
            or token.written in lexicon.droppable
            or token.written in gazetteer().tags
            for token in tokens
        )
    )


def _is_noted(alignment: Alignment, step: Step) -> bool:
    """A tag or an outlet beside the headline where the fold leaves it: "X -- Reuters", "X «video»".

    The fold drops what it knows by the usual marks. Here any mark will do, as long as nothing but the note is beyond.
    """
    sides = ((step.before, alignment.one, step.at), (step.after, alignment.other, step.at_other))
    return all(_is_note(tokens, reading, at) for tokens, reading, at in sides if tokens)


def _is_note(tokens: Sequence[Token], reading: Reading, at: int) -> bool:
    first, last = at == 0, at + len(tokens) == len(reading.tokens)
    if first == last or _MARK.search(reading.shown) is None:
        return False
    words = _bare(" ".join(token.written for token in tokens))
    for mark in _MARK.finditer(reading.shown):
        note = reading.shown[: mark.start()] if first else reading.shown[mark.end() :]
        if len(note) <= _LONGEST_NOTE and _bare(fold_words(note)) == words:
            parts = [part.strip(_AROUND_NOTE) for part in _BETWEEN_NOTES.split(note)]
            told = [part for part in parts if part and not _DATE.fullmatch(part)]
            return bool(told) and all(_says_nothing(part, mark[0].strip(), first=first) for part in told)
    return False


def _says_nothing(note: str, mark: str, *, first: bool) -> bool:
    """Whether a note is known to say nothing of the news.

    In quotation marks an outlet's name must be no other word; before a colon it is who speaks. A comma is no mark: what
    it parts may be two of a row, as in "Mayor sues Times, Guardian".
    """
    known = gazetteer()
    if note.startswith("@") or mark.endswith("@"):
        return _is_handle(note.removeprefix("@"))
    note = note.replace("&", "and")
    folded = _bare(fold_words(note))
    if folded in known.labels or ((first or mark not in _COLONS) and _are_tags(folded.split())):
        return True
    if first and len(folded.split()) > 1 and folded.split()[-1] in known.papers:
        return True
    quoted = not _QUOTES.isdisjoint(mark)
    if mark in _COLONS or (quoted and folded in known.signatures):
        return False
    return (folded in known.signatures and not note[:1].islower()) or is_outlet(note, known, sure=quoted)


def _is_handle(handle: str) -> bool:
    """Whether an account's name is an outlet's, as "CoastDaily" and "coastdaily" are; a person's account speaks."""
    known = gazetteer()
    name = _HUMP.sub(" ", handle)
    if is_outlet(name, known, sure=True):
        return True
    folded = "".join(fold_words(name).split())
    ending = max((word for word in known.media if folded.endswith(word)), key=len, default="")
    return folded in known.outlets or (
        _SHORTEST_IN_HANDLE <= len(ending) < len(folded)
        and not any(word in folded for word in known.never_media if len(word) >= _SHORTEST_IN_HANDLE)
    )


def _are_tags(words: Sequence[str]) -> bool:
    """Whether words are tags one after the other, "and" between them or not: "exclusive video", "بالصور والفيديو"."""
    known = gazetteer()
    if not words:
        return True
    for end in range(len(words), 0, -1):
        phrase = " ".join(words[:end])
        tagged = {phrase, phrase.removeprefix("و"), "ب" + phrase.removeprefix("و")}
        if not tagged.isdisjoint(known.tags | known.labels) and _are_tags(
            words[end + (words[end : end + 1] in _ANDS) :]
        ):
            return True
    return False


def _bare(folded: str) -> str:
    """Folded words without the accents that the fold keeps in some places only."""
    return folded.replace("é", "e")


_MARK: Final = re.compile(r"(?:(?<=\s)-(?=[\s\w])|--+|\.{2,}|[^\w\s'’.,،;؛!?؟&$€£%#+-])+")
_BETWEEN_NOTES: Final = re.compile(r"\s+[–—|•·/-]\s+|\s*[|•·»]\s*")
_DATE: Final = re.compile(
    r"\d{1,4}([/.-])\d{1,2}\1\d{2,4}|(?:[^\W\d_]+,? )?(?:\d{1,2} [^\W\d_]+|[^\W\d_]+ \d{1,2}),? \d{4}"
)
_ANDS: Final = (["and"], ["et"], ["و"])
_COLONS: Final = frozenset({":", "؛", "："})
_QUOTES: Final = frozenset('«»“”"‘')
_AROUND_NOTE: Final = " \t«»“”\"‘’'()[]{}<>【】*.!…|•·–—-"
_LONGEST_NOTE: Final = 48
_HUMP: Final = re.compile(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])|_")
_SHORTEST_IN_HANDLE: Final = 4
"""Letters of a word that tells an outlet's account, where no capital parts it from the word before."""


def _is_labelled(alignment: Alignment, step: Step) -> bool:
    """A place before the headline, or a place and an agency: "Agadir :", "ALEPPO (AFP) -".

    A country or capital before a colon may be speaking ("Moscow: ..."): that is no mere place.
    """
    if step.before and step.after:
        return False
    tokens, reading, at = (
        (step.before, alignment.one, step.at) if step.before else (step.after, alignment.other, step.at_other)
    )
    enough = len(reading.tokens) - len(tokens) >= _FEWEST_AFTER_LABEL
    if not enough or not _is_head(tokens, reading, at) or any(token.kind for token in tokens):
        return False
    ends = sorted(end for end in reading.breaks if 0 < end < len(tokens))
    parts = [_name(tokens[i:j], alignment.lexicon) for i, j in pairwise([0, *ends, len(tokens)])]
    known = places().known
    if reading.speaker:
        # A person may have the name of a town: "Nancy : ...".
        known = known - places().speak - given_names()
    found = [part in known for part in parts]
    return found[0] and all(
        is_place or part in gazetteer().outlets for is_place, part in zip(found, parts, strict=True)
    )


def _name(tokens: Sequence[Token], lexicon: Lexicon) -> str:
    """The name that words make, as the gazetteer holds it: without spaces, and without "the town of"."""
    words = [token.written for token in tokens]
    whole = "".join(words)
    if whole in places().known or whole in gazetteer().outlets:
        return whole
    return "".join(word for word in words if word not in lexicon.areas and word not in lexicon.droppable)


def says(tokens: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether words say only that somebody says it: "said", "a déclaré", "قال"."""
    said = " ".join(token.written for token in tokens if token.written not in lexicon.droppable)
    return said in lexicon.saying


def _is_attributed(alignment: Alignment, step: Step) -> bool:
    """A verb of saying in place of a colon, the same speaker beside it: "FBI: no arrests", "No arrests, FBI says".

    The speaker opens the headline or ends it.
    """
    if step.before and step.after:
        return False
    tokens, told, at, other = (
        (step.before, alignment.one, step.at, alignment.other)
        if step.before
        else (step.after, alignment.other, step.at_other, alignment.one)
    )
    if not other.speaker or not says(tokens, alignment.lexicon):
        return False
    speaker = _bared(other.tokens[: min(end for end in other.breaks if end)], alignment.lexicon)
    end = at + len(tokens)
    before = range(at) if end == len(told.tokens) else (0,)
    after = range(end, len(told.tokens) + 1) if not at else (len(told.tokens),)
    beside = [told.tokens[begin:at] for begin in before] + [told.tokens[end:last] for last in after]
    return any(_bared(name, alignment.lexicon) == speaker for name in beside)


def _bared(tokens: Sequence[Token], lexicon: Lexicon) -> tuple[str, ...]:
    return tuple(token.value for token in tokens if token.written not in lexicon.droppable)


def _is_respaced(alignment: Alignment, step: Step) -> bool:
    """The same letters with the spaces elsewhere, one slip allowed."""
    if not step.before or not step.after:
        return False
    before = "".join(token.written for token in step.before)
    after = "".join(token.written for token in step.after)
    if before == after:
        negated = any(token.kind == "negation" for token in (*step.before, *step.after))
        apart = [token.written for token in max(step.before, step.after, key=len)]
        return (
            not any(c.isdigit() for c in before)
            and (alignment.lexicon.language == "ar" or not negated)
            and make_one(apart, alignment.lexicon)
        )
    if len(step.before) == len(step.after) or any(t.kind for t in (*step.before, *step.after)):
        return False
    return (
        min(len(before), len(after)) >= _SHORTEST_RESPACED
        and not alignment.lexicon.known.issuperset((before, after))
        and OSA.distance(before, after, score_cutoff=1) <= 1
    )


def _is_same_span(alignment: Alignment, step: Step) -> bool:
    """Two words for one unit of time: "سنوات", "أعوام"; "ans", "années"."""
    found = spans(alignment, step)
    return found is not None and found[0] == found[1] and not any(t.kind for t in (*step.before, *step.after))


def _tells_death(alignment: Alignment, step: Step) -> bool:
    """Two words for a death, where both headlines say the accident: "killed in crash", "dies in crash".

    Elsewhere who is killed did not just die.
    """
    before, after = (" ".join(token.written for token in side) for side in (step.before, step.after))
    lexicon = alignment.lexicon
    if not any({before, after} <= group for group in lexicon.deaths):
        return False
    return all(
        any(
            not lexicon.accidents.isdisjoint((token.written, *stems(token.written or " ")))
            for token in side.tokens
        )
        for side in (alignment.one, alignment.other)
    )


def _is_placed(alignment: Alignment, step: Step) -> bool:
    """Where it happened, said more at the end: "in Leeds", "بمدينة خريبكة".

    Where someone goes is no mere place: "Le club vend son gardien à Nice" says to whom.
    """
    tokens = step.before or step.after
    if (step.before and step.after) or alignment.steps[-1] is not step or len(tokens) > _LONGEST_PLACE:
        return False
    shorter = min(alignment.one.tokens, alignment.other.tokens, key=len)
    if len(shorter) < _FEWEST_BEFORE_PLACE or any(token.kind for token in tokens):
        return False
    lexicon = alignment.lexicon
    if any(token.written in lexicon.destinations for token in shorter):
        return False
    return _place_after(tokens, lexicon)


def _place_after(tokens: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether words are a preposition of place and a known place.

    The Arabic ب ("بخريبكة") marks an object as well ("يشيد بفرنسا"): after it, what speaks is no mere place.
    """
    first, *rest = tokens
    if first.written in lexicon.locative:
        return _name(rest, lexicon) in places().known
    if lexicon.language != "ar" or not first.written.startswith("ب"):
        return False
    bare = Token(first.written[1:], "", first.written[1:])
    name = _name((bare, *rest), lexicon)
    return name in places().known and name not in places().speak


_LICENCES: Final[tuple[tuple[str, Callable[[Alignment, Step], bool]], ...]] = (
    ("cut", _is_cut),
    ("asked", _is_asked),
    ("retagged", _is_rubric),
    ("retagged", _is_noted),
    ("labelled", _is_labelled),
    ("attributed", _is_attributed),
    ("respaced", _is_respaced),
    ("variant", _is_same_span),
    ("variant", _tells_death),
    ("minor", _is_minor),
    ("longer", _is_placed),
)


def licence(alignment: Alignment, step: Step) -> str | None:
    """The name of the licence that excuses a gap, or None."""
    return next((name for name, excuses in _LICENCES if excuses(alignment, step)), None)
