"""The features of a folded headline: stems, prefixes of words, and neighbouring stems.

A feature is written as in a lexicon: `stem`, `prefix*`, `stem stem`. The features of one word depend on that word
alone, so the sum of their weights is computed once and cached. Character n-grams inside words were measured and left
out: they added nothing to prefixes (docs/model-card.md).
"""

import re
from collections.abc import Container, Iterator, Sequence
from typing import Final

from streams.process.categorize.stem import stems
from streams.process.fold import QUESTION

_SCORE: Final = re.compile(r"\d{1,3}[-/]\d{1,3}")
_STOP_WORDS: Final = {
    "ar": "في من على علي الى الي عن مع بعد قبل هذا هذه ذلك تلك ان انه انها او ثم بين حول ضد عند لدى لدي كل "
    "بعض غير قد لا لم لن ما ماذا لماذا كيف هل هو هي هم و يا اي حتى حتي اذا بل لكن ولا وفي ومن وعلي "
    "منذ خلال عبر بسبب التي الذي الذين كان كانت اليوم امس غدا بن دون نحو فوق تحت وراء هنا هناك ب ل د "
    "م اكثر كما عليه فيه منه له لها به بها",
    "fr": "le la les l un une des de du d et a au aux en dans sur sous pour par avec sans ce cet cette ces "
    "c que qui qu quoi dont ou est sont ont ete etre avoir s se sa son ses leur leurs il elle ils "
    "elles on nous vous je j ne n pas plus mais comme entre vers chez apres avant contre selon y t m "
    "voici",
    "en": "the a an of in on at to for from by with and or as is are was were be been has have had it its s "
    "t this that these those his her he she they their we you your i my our not no but after before "
    "over under into out up down off about than then so if will would can could who what why how when "
    "where which amid",
}
_STOP: Final = {language: frozenset((*words.split(), QUESTION)) for language, words in _STOP_WORDS.items()}
_NONE: Final = frozenset((QUESTION,))
LONGEST_BEGINNING: Final = 12
SHORTEST_BEGINNING: Final = 3


def content_words(folded: str, language: str) -> list[str]:
    """The words of a folded headline that can indicate a topic; a number is replaced by its kind."""
    contents = (content_word(word, language) for word in folded.split())
    return [content for content in contents if content is not None]


def content_word(word: str, language: str) -> str | None:
    """A word of a folded headline, or the kind of a number; None if it cannot indicate a topic."""
    if word in _STOP.get(language, _NONE):
        return None
    if word[0].isdigit():
        return _number_kind(word)
    return word.replace("é", "e")


def _number_kind(word: str) -> str:
    if _SCORE.fullmatch(word):
        return "#score"
    return "#percent" if word.endswith("%") else "#number"


def word_stems(word: str, language: str) -> tuple[str, ...]:
    """The stems of one content word; the kind of a number is its own stem."""
    return (word,) if word.startswith("#") else stems(word, language)


def word_features(word: str, language: str) -> tuple[str, ...]:
    """Every feature of one content word, each once."""
    found = word_stems(word, language)
    beginnings = {
        f"{form[:length]}*": None
        for form in word_forms(word, found)
        for length in range(SHORTEST_BEGINNING, min(len(form), LONGEST_BEGINNING) + 1)
    }
    return (*found, *beginnings)


def word_forms(word: str, stems: tuple[str, ...]) -> tuple[str, ...]:
    """The forms of a content word whose beginnings are features: itself and its stems; a number's kind has none."""
    if word.startswith("#"):
        return ()
    # A stem that begins the word has no beginnings of its own.
    return (word, *(stem for stem in stems if not word.startswith(stem)))


def pair_features(words: Sequence[tuple[str, ...]], heads: Container[str] | None = None) -> Iterator[str]:
    """Neighbouring stems, two and three together; `words` are the stems of each content word.

    With `heads`, only those whose first stem is in it.
    """
    for at, first in enumerate(words[:-1]):
        for one in first:
            if heads is None or one in heads:
                for two in words[at + 1]:
                    yield f"{one} {two}"
                if at + 2 < len(words):
                    yield f"{one} {words[at + 1][-1]} {words[at + 2][-1]}"
