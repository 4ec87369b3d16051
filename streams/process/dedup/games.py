"""Read the score of a game in words: "two goals to one", "un but partout", "بهدفين مقابل هدف", "بثلاثية نظيفة".

It is read only beside a headline that has a score in figures; goals that nothing is set against are no score.
"""

import re
from collections.abc import Sequence
from typing import Final

from streams.process.dedup.numerals import Numeral
from streams.process.dedup.words import Lexicon

_FIGURES: Final = re.compile(r"^[0-9]{1,3}-[0-9]{1,3}$")
_WITH: Final = "ب"
_TO: Final = "ل"
"""Arabic prepositions that are written with the word after them: "بهدفين لهدف"."""
_MOST: Final = 20
"""More goals than this are none of a score in words."""


def has_score(words: frozenset[str], lexicon: Lexicon) -> bool:
    """Whether one of some words is a score in figures, or says goals: "بهدفين"."""
    figures = any("-" in word and _FIGURES.match(word) for word in words)
    return figures or not lexicon.games.said.isdisjoint(words)


def read_score(words: Sequence[str], start: int, lexicon: Lexicon) -> Numeral | None:
    """The score in words that starts at a word, or None."""
    games = lexicon.games
    won = _goals(words, start + (words[start] in games.by), lexicon, _WITH)
    if won is None:
        return None
    goals, end, named = won
    for nothing in games.nil:
        if tuple(words[end : end + len(nothing)]) == nothing:
            return Numeral("score", f"{goals}-0", end + len(nothing) - start)
    if named and end < len(words) and words[end] in games.even:
        return Numeral("score", f"{goals}-{goals}", end + 1 - start)
    lost = None
    against = end < len(words) and words[end] in games.against
    if against:
        lost = _goals(words, end + 1, lexicon, "")
    elif end < len(words) and words[end].startswith(_TO):
        lost = _goals(words, end, lexicon, _TO)
    alone = against and words[start - 1 : start] and words[start - 1] not in lexicon.elsewhere
    if lost is None or not (named or lost[2] or alone):
        # "de 2 à 0" is no score, nor is anything that has no goals and does not follow the game: "..., 2 à 0".
        return None
    return Numeral("score", f"{goals}-{lost[0]}", lost[1] - start)


def _goals(words: Sequence[str], start: int, lexicon: Lexicon, prefix: str) -> tuple[int, int, bool] | None:
    """How many goals are said at a place, where their words end, and whether they are called goals."""
    if start >= len(words):
        return None
    word = words[start]
    bare = word.removeprefix(prefix) if lexicon.language == "ar" else word
    games = lexicon.games
    if goals := games.goals.get(bare):
        return goals, start + 1, True
    number = int(bare) if bare.isdecimal() else lexicon.numbers.get(bare, games.numbers.get(bare))
    if number is None or number > _MOST:
        return None
    named = start + 1 < len(words) and words[start + 1] in games.nouns
    return number, start + 1 + named, named
