"""Detect the language of a folded headline: by script, and for Latin letters by character trigrams and words.

The fold is used, not the raw text, so that all spellings of a headline have the same language and so the same
partition. French against English is a naive Bayes on character trigrams (Cavnar & Trenkle's
features, log-odds weights) over `latin.json`, which `streams.process.language.train` makes. Words that only one of the
two languages is known to have weigh as well: by its letters "Labour leader criticises harbour programme" is French.
"""

import re
from functools import cache
from importlib.resources import files
from itertools import pairwise
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
_OTHERS: Final = {
    language: re.compile(f"[{letters}]+")
    for language, letters in _SCRIPTS.items()
    if language not in {"ar", "latin"}
}
LANGUAGES: Final = frozenset({"ar", "fr", "en", UNDETERMINED, *_OTHERS})
"""All that a headline can be in."""


_WORDS: Final = "streams.process.dedup.words"
"""The package with the lists of known words."""
_REMEMBERED_WORDS: Final = 1 << 16
_WORD_ODDS: Final = 600
"""What a word of one language weighs, in hundredths of a nat.

Of the 21,844 headlines that both were learned from it leaves 6 in the wrong language instead of 65; of 272 others (in
`streams/evaluate/data`) 1 instead of 5."""


class LatinModel(msgspec.Struct, frozen=True):
    """Log-odds of French against English, in hundredths of a nat."""

    bias: int
    trigrams: dict[str, int]


@cache
def _latin_model() -> LatinModel:
    return msgspec.json.decode(files(__package__).joinpath("latin.json").read_bytes(), type=LatinModel)


@cache
def _telling_words() -> dict[str, int]:
    """Words that one of French and English is known to have and the other is not, and what each weighs."""
    french, english = (
        set(files(_WORDS).joinpath("known", f"{language}.txt").read_text("utf-8").split("\n"))
        for language in ("fr", "en")
    )
    return dict.fromkeys(french - english, _WORD_ODDS) | dict.fromkeys(english - french, -_WORD_ODDS)


def detect(folded: str) -> str:
    """The ISO 639 code of a folded text: the script with most letters decides, `und` where there are none.

    Arabic script is `ar`; Latin script is `fr` or `en`; other scripts name their largest language.
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
    if arabic >= latin:
        return "ar" if arabic else UNDETERMINED
    return _latin_language(folded)


def _letters(runs: re.Pattern[str], folded: str) -> int:
    """How many letters of a script there are, counted by runs of them."""
    return len("".join(runs.findall(folded)))


def _latin_language(folded: str) -> str:
    model = _latin_model()
    words = folded.replace("é", "e").split()
    odds = model.bias + sum(map(_odds.__getitem__, words))
    if abs(odds) > _most_between() * len(words):
        return "fr" if odds > 0 else "en"  # whatever the trigrams between words say
    for before, after in pairwise(words):
        odds += model.trigrams.get(f"{before[-1]} {after[0]}", 0)
    return "fr" if odds > 0 else "en"


@cache
def _most_between() -> int:
    """The most that a trigram of the end of a word and the beginning of the next one says."""
    return max(abs(odds) for trigram, odds in _latin_model().trigrams.items() if trigram[1] == " ")


class _Odds(dict[str, int]):
    """What a word says by itself, and by its trigrams, those with the blanks around it included."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _REMEMBERED_WORDS:
            self.clear()
        weight = _latin_model().trigrams.get
        padded = f" {word} "
        trigrams = map("".join, zip(padded, padded[1:], padded[2:], strict=False))
        odds = self[word] = _telling_words().get(word, 0) + sum(weight(trigram, 0) for trigram in trigrams)
        return odds


_odds: Final = _Odds()
