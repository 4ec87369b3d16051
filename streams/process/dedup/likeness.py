"""How alike two words are: the same, another spelling, another inflection, a typing error, or neither."""

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct
from rapidfuzz.distance import OSA

from streams.process.dedup.reading import Token
from streams.process.dedup.words import FACTS, Lexicon, take_apart
from streams.process.gazetteer import places

_SHORTEST_STEM: Final = 3
"""Letters that two forms of a word must share at their beginning."""
_SHORTEST_TYPO: Final = 4
"""Letters that an Arabic word needs for a typing error in it to be told from another word."""
_SHORTEST_LATIN_TYPO: Final = 5
"""Letters that a word in Latin letters needs for it: shorter words that are not known are acronyms (PAM, PJD)."""
_SHORTEST_UNKNOWN: Final = 6
"""Letters that two words which are not known need, for one to be a typing error for the other."""
_SHORTEST_DOUBLE: Final = 6
"""Letters that both words need, prefixes aside, for one to have two typing errors."""
_FARTHEST: Final = 4
"""Letters by which two forms of a word differ at most: a conjunction, a preposition and an article."""
_SHORTEST_BARE: Final = 4
"""Letters that must stay when a preposition is taken from a word."""
_ENDINGS: Final = (("ون", "ين"), ("ان", "ين"), ("", "ا"), ("و", "وا"))
"""Arabic case endings: the same word in another place of the sentence."""


_ALIF: Final = "ا"
_YA: Final = "ي"
_OF_MANY: Final = re.compile("يي(?:ها|هم|هما|هن|نا|كم)$")
"""The end of Arabic words for several people of somebody's."""
_THEIR: Final = "هم"
_LONGEST_ALTERNATION: Final = 2
"""Letters before the first difference of two words that can belong to their endings: "eur" and "euse" have two."""
_SHORTEST_PART: Final = 3
"""Letters of the shortest word that a compound is made of: "chairman", "chairwoman"."""
_TA: Final = "ت"
_HA: Final = "ه"
"""What a feminine ending folds to as well: "مدرسه" is a school, and his teacher."""

_FUTURE: Final = frozenset({"س", "وس", "فس"})
"""Arabic prefixes of what will be: سيحكم has not happened."""
_PERSONS: Final = frozenset("يتنا")
"""Arabic letters that say who does it: يفوز is he, تفوز is she."""
_IMPOSSIBLE: Final = re.compile(r"(.)\1\1|ii|uu|hh|vv|ww|xx|qq")
"""Letters that next to no French or English word writes twice or thrice in a row."""
_REPEATED: Final = re.compile(r"(.)\1+")


class Likeness(Struct, frozen=True, gc=False):
    """How two tokens match: `how` names it, `cost` says how far apart they are (0 the same, 2 unrelated)."""

    how: str
    cost: float


SAME: Final = Likeness("same", 0.0)
NUMERAL: Final = Likeness("numeral", 0.05)
VARIANT: Final = Likeness("variant", 0.1)
AFFIX: Final = Likeness("affix", 0.2)
INFLECTION: Final = Likeness("inflection", 0.25)
COUNTED: Final = Likeness("counted", 0.3)
PLURAL: Final = Likeness("plural", 0.35)
TENSE: Final = Likeness("tense", 0.35)
ACCENT: Final = Likeness("accent", 0.3)
TYPO: Final = Likeness("typo", 0.4)
FACT: Final = Likeness("fact", 0.9)
OTHER_FACT: Final = Likeness("fact", 1.2)


def likeness(one: Token, other: Token, lexicon: Lexicon) -> Likeness | None:
    """How two tokens match, or None. Symmetric."""
    if one.kind or other.kind:
        if one.kind == other.kind:
            if one.value == other.value:
                return SAME if one.written == other.written else NUMERAL
            return FACT if one.kind in FACTS else None
        if one.kind in FACTS and other.kind in FACTS:
            return NUMERAL if _is_rank(one, other) or _is_rank(other, one) else OTHER_FACT
    elif one.value == other.value:
        return SAME if one.written == other.written else VARIANT
    return _words_with_accents(one.written or one.value, other.written or other.value, lexicon)


def _is_rank(number: Token, rank: Token) -> bool:
    """Whether a number in figures stands for an Arabic rank: "المرة الـ3", "المرة الثالثة"."""
    return (
        (number.kind, rank.kind) == ("number", "ordinal")
        and number.value == rank.value
        and number.written[-1:].isdigit()
        and bool(take_apart(rank.written).article)
    )


def _words_with_accents(one: str, other: str, lexicon: Lexicon) -> Likeness | None:
    """As `_words`; an accent that the fold kept ("tué") is told from its absence, and otherwise counts for nothing."""
    if one.isascii() == other.isascii() or "é" not in one + other:
        return _words(one, other, lexicon)
    plain, plain_other = one.replace("é", "e"), other.replace("é", "e")
    return ACCENT if plain == plain_other else _words(plain, plain_other, lexicon)


@lru_cache(maxsize=1 << 16)
def _apart(word: str) -> tuple[str, str, str]:
    """The conjunction and article, the preposition, and the stem of a word."""
    parts = take_apart(word)
    return parts.conjunction + parts.article, parts.preposition, parts.stem


def _words(one: str, other: str, lexicon: Lexicon) -> Likeness | None:
    counted = lexicon.counted.get(one)
    if counted and counted == lexicon.counted.get(other):
        return COUNTED
    if OSA.distance(one, other, score_cutoff=_FARTHEST) > _FARTHEST:
        return None
    if lexicon.language == "ar":
        if found := _inflected(one, other, lexicon) or _counted(one, other, lexicon):
            return found
    elif _is_tense(one, other, lexicon):
        return TENSE
    elif _is_plural(one, other) or _is_plural(other, one) or _is_verb_of_many(one, other, lexicon):
        return PLURAL
    return TYPO if _is_typo(one, other, lexicon) else None


def _counted(one: str, other: str, lexicon: Lexicon) -> Likeness | None:
    """Two forms of an Arabic noun that a count gives it, one of them with its article: "عشرات القتلى", "40 قتيلا"."""
    noun, noun_of_other = (lexicon.counted.get(word.removeprefix("ال")) for word in (one, other))
    return COUNTED if noun and noun == noun_of_other else None


def _is_plural(word: str, singular: str) -> bool:
    """English and French plurals: goals, libraries, journaux."""
    if not word.endswith(("s", "x")) or len(singular) < _SHORTEST_STEM:
        return False
    return word[:-1] == singular or any(
        word.endswith(plural) and singular == word.removesuffix(plural) + ending
        for plural, ending in (("ies", "y"), ("es", ""), ("aux", "al"))
    )


def _is_verb_of_many(one: str, other: str, lexicon: Lexicon) -> bool:
    """A French verb of one and of many: "condamne", "condamnent"."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return lexicon.language == "fr" and shorter.endswith("e") and longer == f"{shorter}nt"


def _is_tense(one: str, other: str, lexicon: Lexicon) -> bool:
    """Two tenses of one English verb: "signs" and "signed", "wins" and "won"."""
    tense = lexicon.tenses.get(one)
    if tense and tense == lexicon.tenses.get(other):
        return True
    present, past = (one, other) if other.endswith("ed") else (other, one)
    if lexicon.language != "en" or not present.endswith("s") or not past.endswith("ed"):
        return False
    roots = {past[:-2], past[:-1], f"{past[:-3]}y" if past.endswith("ied") else past[:-2]}
    stem = present[:-1]
    return (
        stem in roots
        or (present.endswith("ies") and f"{present[:-3]}y" in roots)
        or (present.endswith("es") and present[:-2] == past[:-2] != "")
    )


def _inflected(one: str, other: str, lexicon: Lexicon) -> Likeness | None:
    (_, before, stem), (_, preposition, stem_of_other) = _apart(one), _apart(other)
    if stem != stem_of_other:
        # A letter that opens the stem of one word can be a prefix of the other: "والد", "الوالد".
        stem, stem_of_other = _common_stem(one, other)
        before = preposition = ""
    free = before == preposition or (len(stem) >= _SHORTEST_BARE and not (before and preposition))
    if stem == stem_of_other:
        return AFFIX if free else None
    if not free:
        return None
    if not lexicon.names.isdisjoint((stem, stem_of_other, one, other)):
        # "علي" with an ending more is not the same man: it is عليا, a woman.
        return None
    if _is_from(stem, stem_of_other) or _is_from(one, other):
        return None
    if lexicon.variants.get(stem, stem) == lexicon.variants.get(stem_of_other, stem_of_other):
        return VARIANT
    return INFLECTION if _is_inflected(stem, stem_of_other) or _is_inflected(one, other) else None


def _is_from(one: str, other: str) -> bool:
    """Whether one of two Arabic words is a place, and the other says who is from there: "ليبيا", "ليبي"."""
    return any(
        place == native + _ALIF and native.endswith(_YA) and place in places().known
        for place, native in ((one, other), (other, one))
    )


def _is_inflected(one: str, other: str) -> bool:
    alike = one[:_SHORTEST_STEM] == other[:_SHORTEST_STEM]
    return alike and any(_ends_as(one, other, *endings) for endings in _ENDINGS)


def _common_stem(one: str, other: str) -> tuple[str, str]:
    """Two words without the conjunction or article that only the longer one has."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    stripped = next((longer[len(p) :] for p in ("وال", "ال", "و") if longer == p + shorter), "")
    if stripped and len(shorter) >= _SHORTEST_STEM - 1:
        return stripped, shorter
    return _apart(one)[2], _apart(other)[2]


def _ends_as(one: str, other: str, ending: str, other_ending: str) -> bool:
    for first, second in ((one, other), (other, one)):
        root = second.removesuffix(other_ending)
        if len(root) >= _SHORTEST_STEM and second.endswith(other_ending) and first == root + ending:
            # "مستشاره" with an ending more is hers: "مستشارها".
            return bool(ending) or not (root.endswith(_HA) or _is_theirs(root))
    return False


def _is_theirs(word: str) -> bool:
    """Whether an Arabic word is theirs, who with an ending more are two: "إدانتهم", "إدانتهما"; not so "متهم"."""
    return word.endswith(_THEIR) and len(word) >= _SHORTEST_DOUBLE


def _is_typo(one: str, other: str, lexicon: Lexicon) -> bool:
    shortest = min(len(one), len(other))
    if shortest < (_SHORTEST_TYPO if lexicon.language == "ar" else _SHORTEST_LATIN_TYPO):
        return False
    if one in lexicon.known and other in lexicon.known:
        return False
    farthest = 2 if min(len(_apart(one)[2]), len(_apart(other)[2])) >= _SHORTEST_DOUBLE else 1
    distance = 1 if _is_drawn_out(one, other) else OSA.distance(one, other, score_cutoff=farthest)
    if distance > farthest or not (one + other).isalpha() or _is_contrary(one, other, lexicon):
        return False
    drawn_out = _is_drawn_out(one, other)
    if (
        drawn_out
        and distance == 1
        and (lexicon.language == "ar" or _IMPOSSIBLE.search(max(one, other, key=len)))
    ):
        # Arabic writes no letter twice in a row but where a word has it twice: her lawyer is one, "محامييها" are more.
        return not _OF_MANY.search(max(one, other, key=len))
    if not drawn_out and _is_derived(one, other, lexicon):
        return False
    known = lexicon.knows(one) + lexicon.knows(other)
    # Neither is known: in Latin letters a guard sees whether it is written as a name.
    return known == 1 or (
        known == 0 and distance == 1 and lexicon.language != "ar" and shortest >= _SHORTEST_UNKNOWN
    )


def _is_derived(one: str, other: str, lexicon: Lexicon) -> bool:
    """Whether two words are forms of one stem, or compounds of one part, that say different things.

    A name and its feminine ("Karim", "Karima"), his adviser, her adviser and his advisers ("مستشاره", "مستشارها",
    "مستشاروه"), a man and a woman ("businessman", "businesswoman"), who does and who suffers it ("employer",
    "employee"), what is and what will be ("inaugure", "inaugurera"; "يحكم", "سيحكم").
    """
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    if longer.endswith(shorter) and longer[: -len(shorter)] in _FUTURE:
        return True
    if one[1:] == other[1:] and {one[0], other[0]} <= _PERSONS:
        return True
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(shorter))
    if lexicon.language == "ar":
        if _lost_letter(longer, shorter, same):
            return False
    elif _are_compounds(longer, shorter, same, lexicon):
        return True
    return _alternate(longer, shorter, same, lexicon)


def _alternate(longer: str, shorter: str, same: int, lexicon: Lexicon) -> bool:
    """Whether two words that differ from a place on have two endings of one stem.

    The endings may share their first letters: "ensevelit" and "enseveli" end in "it" and "i", "boxeur" and "boxeuse" in
    "eur" and "euse". The same letters in another order are a typing error.
    """
    begins = range(same, max(_SHORTEST_STEM, same - _LONGEST_ALTERNATION) - 1, -1)
    pairs = [(longer[begin:], shorter[begin:]) for begin in begins]
    return any(
        lexicon.endings.issuperset(pair) or not lexicon.alternating.isdisjoint((pair, pair[::-1]))
        for pair in pairs
        if sorted(pair[0]) != sorted(pair[1])
    )


def _lost_letter(longer: str, shorter: str, same: int) -> bool:
    """Whether an Arabic word lost a letter before its ending: "القوات", "القوت"; "السعودية", "السعودة".

    Not so "مستشارته" and "مستشاره": a word with an article belongs to nobody.
    """
    ending = shorter[same:]
    if not ending or not longer[same:].endswith(ending):
        return False
    return ending == _TA or (ending == _HA and bool(take_apart(longer).article))


def _are_compounds(longer: str, shorter: str, same: int, lexicon: Lexicon) -> bool:
    """Whether two words differ by a part that is a word: "northeast", "northwest"; "stepfather", "stepmother"."""
    return any(
        lexicon.parts.issuperset((longer[begin:], shorter[begin:]))
        for begin in range(min(same, len(shorter) - _SHORTEST_PART) + 1)
    )


def _is_drawn_out(one: str, other: str) -> bool:
    """Whether two words differ by letters that one writes several times: "goooal"; not "rejette" and "rejetee"."""
    return len(one) != len(other) and _REPEATED.sub(r"\1", one) == _REPEATED.sub(r"\1", other)


def _is_contrary(one: str, other: str, lexicon: Lexicon) -> bool:
    """Whether two words are opposites: "lawful" and "unlawful", "importer" and "exporter", known or not."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    if (one, other) in lexicon.opposites or longer.removesuffix(shorter) in lexicon.contrary:
        return True
    same = next(
        (i for i, (a, b) in enumerate(zip(one[::-1], other[::-1], strict=False)) if a != b), len(shorter)
    )
    return any(
        lexicon.prefixes.issuperset((one[: len(one) - stem], other[: len(other) - stem]))
        for stem in range(same, max(_SHORTEST_BARE, same - _LONGEST_ALTERNATION) - 1, -1)
    )
