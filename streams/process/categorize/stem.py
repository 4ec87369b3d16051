"""Light stemming of folded words: Arabic clitics and endings, French and English endings.

What matters is that variants of one word meet, not that the stem is a word. Arabic follows Light10
(Larkey, Ballesteros and Connell 2007) on folded letters; French and English follow the minimal
stemmers of Savoy (2006) and Harman's S-stemmer, with the commonest verb endings. A lexicon goes through
the same functions, so both sides of a comparison agree.

By hand and not by a library: Snowball's stemmers (snowballstemmer 3.1) expect accents, hamzas and vowel marks that
folding has taken away. With them in this module's place, and the model learned again, the evaluation set fell
from .846 to .838 (Arabic .897 to .890, French .875 in both, English .765 to .750), and a headline of new words took
455 µs instead of 51.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

_Endings: TypeAlias = tuple[tuple[str, str], ...]

_ARTICLES: Final = ("وبال", "وال", "بال", "كال", "فال", "ولل", "لل", "ال")
_CLITICS: Final = frozenset("وفبلك")
_ARABIC_ENDINGS: Final = ("ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي", "ا")
_MIN_STEM: Final = 3
_MIN_LATIN: Final = 4

_FRENCH_ENDINGS: Final = (
    ("issements", ""),
    ("issement", ""),
    ("ements", ""),
    ("ement", ""),
    ("aient", ""),
    ("eront", ""),
    ("eraient", ""),
    ("antes", ""),
    ("ante", ""),
    ("ants", ""),
    ("ees", ""),
    ("ee", ""),
    ("eux", "eu"),
    ("euse", "eu"),
    ("euses", "eu"),
    ("aux", "al"),
    ("ales", "al"),
    ("ale", "al"),
    ("iere", "ier"),
    ("ieres", "ier"),
    ("iers", "ier"),
    ("ives", "if"),
    ("ive", "if"),
    ("ifs", "if"),
    ("nnes", "n"),
    ("nne", "n"),
    ("es", ""),
    ("er", ""),
    ("ent", ""),
    ("ant", ""),
    ("x", ""),
    ("s", ""),
    ("e", ""),
)
_ENGLISH_ENDINGS: Final = (
    ("nesses", "ness"),
    ("sses", "ss"),
    ("ies", "y"),
    ("ying", "y"),
    ("ied", "y"),
    ("ings", ""),
    ("ing", ""),
    ("ers", "er"),
    ("ed", ""),
    ("es", ""),
    ("ss", "ss"),
    ("us", "us"),
    ("is", "is"),
    ("s", ""),
    ("e", ""),
)


def _by_last_letter(endings: _Endings) -> Mapping[str, _Endings]:
    return {
        letter: tuple(pair for pair in endings if pair[0].endswith(letter))
        for letter in sorted({ending[-1] for ending, _ in endings})
    }


_FRENCH: Final = _by_last_letter(_FRENCH_ENDINGS)
_ENGLISH: Final = _by_last_letter(_ENGLISH_ENDINGS)


def stems(word: str, language: str) -> tuple[str, ...]:
    """The stem of a folded word; for Arabic a second one where its first letter may be a clitic."""
    if language == "ar":
        return _arabic(word)
    if language == "fr":
        return (_latin(word, _FRENCH),)
    if language == "en":
        return (_latin(word, _ENGLISH),)
    return (word,)


def _arabic(word: str) -> tuple[str, ...]:
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= _MIN_STEM:
            return (_without_ending(word[len(article) :]),)
    stem = _without_ending(word)
    if word[0] in _CLITICS and len(word) > _MIN_STEM + 1:
        other = _arabic(word[1:])[0] if word[0] in "وف" else _without_ending(word[1:])
        return (stem, other)
    return (stem,)


def _without_ending(word: str) -> str:
    for ending in _ARABIC_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            return word[: -len(ending)]
    return word


def _latin(word: str, endings: Mapping[str, _Endings]) -> str:
    for ending, instead in endings.get(word[-1], ()):
        if word.endswith(ending):
            stem = word[: -len(ending)] + instead
            return stem if len(stem) >= _MIN_LATIN else word
    return word
