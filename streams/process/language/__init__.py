"""Detect the language of a folded headline: by script, and for Latin letters by words and character trigrams.

The fold is used, not the raw text, so that all spellings of a headline have the same language and so the same
partition. French against English is a sum over words of log-odds in `latin.json`, which
`streams.process.language.train` learns: those of a known word, else those of its character trigrams (Cavnar &
Trenkle's features). Each word counts as it is used, whichever language has it too: "thé" folds to "the", which speaks
for English. Names say nothing, but for those that the two languages spell differently.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

UNDETERMINED: Final = "und"

_SCRIPTS: Final = {
    "ar": "\u0600-\u06ff\u0750-\u077f\u0870-\u08ff",
    "latin": "a-z\u00df-\u024f\u1e00-\u1eff",
    "zgh": "\u2d30-\u2d7f",
    "he": "\u05d0-\u05ea",
    "el": "\u0370-\u03ff",
    "ru": "\u0400-\u052f",
    "hi": "\u0900-\u097f",
    "th": "\u0e00-\u0e7f",
    "ko": "\u1100-\u11ff\uac00-\ud7a3",
    "ja": "\u3040-\u30ff",
    "zh": "\u3400-\u9fff",
}
_ARABIC: Final = re.compile(f"[{_SCRIPTS['ar']}]+")
_LATIN: Final = re.compile(f"[{_SCRIPTS['latin']}]+")
_ALL_ARABIC: Final = re.compile(f"[{_SCRIPTS['ar']}][{_SCRIPTS['ar']} 0-9.:/%?+-]*")
"""Texts of Arabic letters and of what is in no script: most of those in Arabic."""
_LATIN_OF_ARABIC: Final = 3
"""So many Latin letters can stand in Arabic headlines for each Arabic one: those of products, teams and films."""
_OTHERS: Final = {
    language: re.compile(f"[{letters}]+")
    for language, letters in _SCRIPTS.items()
    if language not in {"ar", "latin"}
}
LANGUAGES: Final = frozenset({"ar", "fr", "en", UNDETERMINED, *_OTHERS})
"""All that a headline can be in."""


_REMEMBERED_WORDS: Final = 1 << 16


class LatinModel(msgspec.Struct, frozen=True):
    """Log-odds of French against English, in hundredths of a nat."""

    words: dict[str, int]
    """What known words say; those that are names say 0."""
    trigrams: dict[str, int]
    """What the trigrams of other words say, those with the blanks around it included."""

    def odds_of(self, word: str) -> int:
        """What a word says by itself."""
        known = self.words.get(word)
        return sum(self.trigrams.get(trigram, 0) for trigram in trigrams_of(word)) if known is None else known

    def language_of(self, folded: str) -> str:
        """`fr` or `en`; the latter where nothing tells."""
        return "fr" if sum(map(self.odds_of, words_of(folded))) > 0 else "en"


def words_of(folded: str) -> Iterator[str]:
    """The words of a folded text that tell its language: those with letters, without the accent that a fold keeps."""
    return filter(_LATIN.search, folded.replace("é", "e").split())


def trigrams_of(word: str) -> Iterator[str]:
    """The character trigrams of a word with a blank at each end."""
    padded = f" {word} "
    return map("".join, zip(padded, padded[1:], padded[2:], strict=False))


@cache
def _latin_model() -> LatinModel:
    return msgspec.json.decode(files(__package__).joinpath("latin.json").read_bytes(), type=LatinModel)


def detect(folded: str) -> str:
    """The ISO 639 code of a folded text: the script with most letters decides, `und` where there are none.

    Arabic script is `ar`, with Latin names in it too; Latin script is `fr` or `en`; other scripts name their largest
    language.
    """
    if _ALL_ARABIC.fullmatch(folded):
        return "ar"
    if folded.isascii():
        return _latin_language(folded) if _LATIN.search(folded) else UNDETERMINED
    arabic = _letters(_ARABIC, folded)
    latin = _letters(_LATIN, folded)
    if 2 * max(arabic, latin) < len(folded) - folded.count(" "):
        counts = {language: _letters(runs, folded) for language, runs in _OTHERS.items()}
        best = max(counts, key=counts.__getitem__)
        if counts[best] > max(arabic, latin):
            return "ja" if best == "zh" and counts["ja"] else best
    if _LATIN_OF_ARABIC * arabic >= latin:
        return "ar" if arabic else UNDETERMINED
    return _latin_language(folded)


def _letters(runs: re.Pattern[str], folded: str) -> int:
    """How many letters of a script there are, counted by runs of them."""
    return len("".join(runs.findall(folded)))


def _latin_language(folded: str) -> str:
    return "fr" if sum(map(_odds.__getitem__, folded.split())) > 0 else "en"


class _Odds(dict[str, int]):
    """What a word of a folded text says; nothing if it has no letter."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _REMEMBERED_WORDS:
            self.clear()
        odds = self[word] = sum(map(_latin_model().odds_of, words_of(word)))
        return odds


_odds: Final = _Odds()
