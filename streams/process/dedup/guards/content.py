"""Guards of what is said: another speaker, another word, something more."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from streams.process.dedup import licences
from streams.process.dedup.align import Alignment, Step
from streams.process.dedup.guards.facts import follows_number
from streams.process.dedup.guards.guard import Guard, on_each_step, written
from streams.process.dedup.progress import progress
from streams.process.dedup.shown import NAME, is_written
from streams.process.dedup.words import FACTS
from streams.process.fold import fold_words
from streams.process.gazetteer import places

_WORD: Final = re.compile(r"[^\W\d_]+")
_SMALL: Final = re.compile(r"(?<!\w)[a-zß-öø-ÿœ][^\W\d_]*")
"""Words that begin with a small letter."""
_ARTICLES: Final = frozenset({"l", "le", "la", "les"})
"""French articles, of which each name has its own: "l'ONU", "les Nations unies"."""
_FEMININE: Final = re.compile(r"[^\W\d_]+(?:ée|ÉE|ÉES|ées)\b")
_AMOUNTS: Final = frozenset({"number", "quantity"})
_LONGEST_LITTLE: Final = 3
_FEWEST_SHARED: Final = 0.5
"""Share of the shorter headline's words that both must have."""
_MOST_TYPOS: Final = 0.4
"""Share of the words that may be mistyped."""
_MOST_LIGHT: Final = 0.34
"""Share of the words that may come and go, if more than two do."""


def _speaker(alignment: Alignment, step: Step) -> str | None:
    if step.how != "gap" or not (step.before and step.after) or step.at or step.at_other:
        return None
    spoken = alignment.one.speaker and alignment.other.speaker
    return _unless_progress(alignment, step) if spoken else None


def _unless_progress(alignment: Alignment, step: Step) -> str | None:
    """What a step shows, unless the story moved on by it."""
    return None if progress(alignment, step) else written(alignment, step)


def _substituted(alignment: Alignment, step: Step) -> str | None:
    objects = _OBJECTIONS.get(step.how)
    if objects is not None:
        return written(alignment, step) if objects(alignment, step) else None
    if step.how != "gap" or not (step.before and step.after):
        return None
    before, after = ([t for t in side if t.kind not in FACTS] for side in (step.before, step.after))
    if not (before and after):
        # Facts, and little words that come with one of them: "des dizaines de" for "8".
        light = licences.is_light((*before, *after), alignment.lexicon)
        return None if light else _unless_progress(alignment, step)
    if _comes_before_fact(alignment, step) and licences.is_light((*before, *after), alignment.lexicon):
        return None
    if {t.written for t in (*before, *after)} <= _ARTICLES and _stands_by_name(alignment, step, 1):
        return None
    same = alignment.lexicon.interchangeable
    groups = {same.get(token.written) for token in (*before, *after)}
    return _unless_progress(alignment, step) if None in groups or len(groups) > 1 else None


def _lacks_object(alignment: Alignment, step: Step) -> bool:
    """Whether a verb acts on nothing: "attacked town" is what "attacks town" is, "attacked in town" is not."""
    sides = ((alignment.one.tokens, step.at + 1), (alignment.other.tokens, step.at_other + 1))
    movable = alignment.lexicon.movable
    return any(end >= len(tokens) or tokens[end].written in movable for tokens, end in sides)


def _may_be_names(alignment: Alignment, step: Step) -> bool:
    """Whether two words that look like a typing error may be two names, by how they are written.

    "Anderson" and "Andersen" are two people; "goverment" is a government. Where neither is known to be a word, both
    must be written in small letters; where one is, a capital inside a sentence makes them names, unless it is a place:
    "Casablnca" is Casablanca. A French participle has a feminine: "arrêté", "arrêtée".
    """
    lexicon = alignment.lexicon
    if lexicon.language == "ar":
        return False
    sides = ((step.before[0].written, alignment.one.shown), (step.after[0].written, alignment.other.shown))
    (one, _), (other, _) = sides
    if (
        abs(len(one) - len(other)) == 1
        and max(one, other, key=len)[:-1] in {one, other}
        and any(is_written(_FEMININE, word, shown) for word, shown in sides)
    ):
        return True
    if any(word in places().known for word, _ in sides):
        return False
    if any(lexicon.knows(word) for word, _ in sides):
        return all(is_written(NAME, word, shown) and _has_small_words(shown) for word, shown in sides)
    return not all(is_written(_SMALL, word, shown) for word, shown in sides)


def _has_small_words(shown: str) -> bool:
    """Whether a headline is written as a sentence, not With a Capital for Each Word."""
    words: list[str] = [word for word in _WORD.findall(shown) if len(word) > _LONGEST_LITTLE]
    return 2 * sum(word[0].islower() for word in words) >= len(words)


def _counts_otherwise(alignment: Alignment, step: Step) -> bool:
    """Whether a plural says more than the number beside it: "ministers" is not "minister".

    A verb goes with a name that has many forms: "l'ONU condamne", "les Nations unies condamnent".
    """
    return not (
        follows_number(alignment, step) or _stands_by_name(alignment, step, -1) or _agrees(alignment, step)
    )


def _agrees(alignment: Alignment, step: Step) -> bool:
    """Whether a French word has the number of the noun before it: "deux suspects arrêtés", "un suspect arrêté"."""
    before = alignment.steps[max(0, alignment.steps.index(step) - 1)]
    return alignment.lexicon.language == "fr" and before.how == "plural" and follows_number(alignment, before)


def _stands_by_name(alignment: Alignment, step: Step, side: int) -> bool:
    """Whether the step behind (1) or before (-1) another one has two forms of one French name."""
    at = alignment.steps.index(step) + side
    return (
        alignment.lexicon.language == "fr"
        and 0 <= at < len(alignment.steps)
        and alignment.steps[at].how == "variant"
    )


def _is_another_form(alignment: Alignment, step: Step) -> bool:
    """Whether an accent makes two words of a verb: "Un policier tue" is not "Un policier tué".

    It is not so where the word without it stands in capitals, or in a text that goes without accents: "controle" is no
    word by itself. Where there is no other accent to tell by, only a word before it that no verb follows tells the
    participle: "un accuse".
    """
    sides = (
        (step.before[0].written, alignment.one, step.at),
        (step.after[0].written, alignment.other, step.at_other),
    )
    (bare, reading, at), (accented, other, _) = sorted(sides, key=lambda side: "é" in side[0])
    written = {word: fold_words(word) for word in _WORD.findall(reading.shown)}
    if any(word.isupper() and folded == bare for word, folded in written.items()):
        return any(letter.isupper() and not letter.isascii() for letter in reading.shown)
    if any(not word.isascii() for word in written):
        return True
    marked = {word: fold_words(word) for word in _WORD.findall(other.shown) if not word.isascii()}
    if _GRAVE.search(bare) or any(
        folded == accented and not word[:-1].isascii() for word, folded in marked.items()
    ):
        return False
    if not (set(marked.values()) - {accented}).isdisjoint(written.values()):
        return False
    before = [token.written for token in reading.tokens[max(0, at - 1) : at]]
    return _OF_A_NOUN.isdisjoint(before)


_GRAVE: Final = re.compile("e[bcdfgjklmnpqrstvz]e$")
"""The end of a French verb that has an accent there itself: "gèle", "lève"; "gele" is one of a text without accents."""
_OF_A_NOUN: Final = frozenset({"un", "ce", "cet", "son", "du", "au"})
"""French words that no verb follows."""


_OBJECTIONS: Final[Mapping[str, Callable[[Alignment, Step], bool]]] = {
    "tense": _lacks_object,
    "typo": _may_be_names,
    "plural": _counts_otherwise,
    "accent": _is_another_form,
}
"""What can make two things of words that are alike, by how they are."""


def _comes_before_fact(alignment: Alignment, step: Step) -> bool:
    """Whether little words change with the fact that they belong to: "la moitié", "le tiers".

    Before the same number or date they say something else: "au 3 mai" is not "le 3 mai", "قبل رمضان" not "في رمضان",
    "in 3 hours" not "of 3 hours".
    """
    if any(t.kind in FACTS for t in (*step.before, *step.after)):
        return True
    following = (
        *alignment.one.tokens[step.at + len(step.before) :][:1],
        *alignment.other.tokens[step.at_other + len(step.after) :][:1],
    )
    if not all(t.kind in FACTS for t in following):
        return False
    dating = alignment.lexicon.dating
    before, after = ({dating.get(t.written) for t in side} - {None} for side in (step.before, step.after))
    return (bool(before) and before == after) or len({t.value for t in following}) > 1


def _inserted(alignment: Alignment, step: Step) -> str | None:
    if step.how != "gap" or (step.before and step.after):
        return None
    # Little words may come with a fact ("des dizaines de" for "8"); alone, a licence would have excused them.
    said = [token for token in (*step.before, *step.after) if token.kind not in FACTS]
    comes_with_fact = len(said) < len(step.before) + len(step.after)
    if (comes_with_fact and licences.is_light(said, alignment.lexicon)) or _are_counted(alignment, step):
        return None
    return _unless_progress(alignment, step)


def _are_counted(alignment: Alignment, step: Step) -> bool:
    """Whether words say that a number before them counts anybody: "72 people hurt" is "72 hurt"."""
    tokens = step.before or step.after
    reading, at = (alignment.one, step.at) if step.before else (alignment.other, step.at_other)
    before = (*tokens, reading.tokens[at - 1]) if at else tokens
    return any(token.kind in _AMOUNTS for token in before) and all(
        token.kind in _AMOUNTS or token.written in alignment.lexicon.persons for token in tokens
    )


def _exchanged(alignment: Alignment, _: Sequence[Step]) -> str | None:
    """A label before the one and a phrase after the other: "Fès : ..." and "... à Oujda"."""
    labels, phrases = (
        [s for s in alignment.steps if s.how == "gap" and licences.licence(alignment, s) == name]
        for name in ("labelled", "longer")
    )
    for label in labels:
        for phrase in phrases:
            if bool(label.before) == bool(phrase.after):
                return f"{written(alignment, label)}, {written(alignment, phrase)}"
    return None


def _unlike(alignment: Alignment, _: Sequence[Step]) -> str | None:
    """Too little in common for the differences to be slips."""
    shorter = min(len(alignment.one.tokens), len(alignment.other.tokens))
    shared = sum(s.how not in {"gap", "fact", "typo", "cut"} for s in alignment.steps)
    typos = sum(s.how == "typo" for s in alignment.steps)
    light = sum(
        len(s.before) + len(s.after)
        for s in alignment.steps
        if s.how == "gap" and licences.licence(alignment, s) == "minor"
    )
    if shared < max(1, _FEWEST_SHARED * shorter):
        return f"{shared} of {shorter} words shared"
    if typos > max(1, _MOST_TYPOS * shorter):
        return f"{typos} of {shorter} words mistyped"
    longer = max(len(alignment.one.tokens), len(alignment.other.tokens))
    if light > max(2, _MOST_LIGHT * longer):
        return f"{light} words of {longer} came or went"
    return None


SPEAKER: Final = Guard(
    "speaker", "The same words from another mouth are another headline.", on_each_step(_speaker)
)
SUBSTITUTED: Final = Guard(
    "substituted", "Two known words are two things, however alike.", on_each_step(_substituted)
)
INSERTED: Final = Guard("inserted", "Something more, or less, is said.", on_each_step(_inserted))
EXCHANGED: Final = Guard(
    "exchanged", "What only one says and what only the other says may be two places.", _exchanged
)
UNLIKE: Final = Guard("unlike", "Slips are few beside what is the same.", _unlike)
