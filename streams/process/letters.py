"""Fold letters: one character at a time, to what is left of it when case, accents and script do not count.

The folding follows Lucene's ArabicNormalizationFilter and ASCIIFoldingFilter, done from the Unicode compatibility
decomposition of each character, so that no separate NFKC pass is needed. What a folded text means (notes, numbers,
questions) is decided elsewhere.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final

_LETTERS: Final = {
    "ٱ": "ا",
    "ى": "ي",
    "ی": "ي",
    "ې": "ي",
    "ے": "ي",
    "ة": "ه",
    "ہ": "ه",
    "ە": "ه",
    "ھ": "ه",
    "ک": "ك",
    "گ": "ك",
    "ڭ": "ك",
    "ݣ": "ك",
    "پ": "ب",
    "چ": "ج",
    "ژ": "ز",
    "ڤ": "ف",
    "ڢ": "ف",
    "ڥ": "ف",
    "ڨ": "ق",
    "œ": "oe",
    "æ": "ae",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ħ": "h",
    "ı": "i",
    "ŋ": "n",
}
"""Letters that no decomposition folds."""

IN_NUMBERS: Final = {
    "٪": "%",
    "%": "%",
    "‰": "‰",
    "٫": ".",
    "٬": ",",
    ".": ".",
    ",": ",",
    ":": ":",
    "/": "/",
    "⁄": "/",
    "-": "-",
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "–": "-",
    "—": "-",
    "−": "-",
    "_": "-",
    "+": "+",
}
"""Punctuation that can be part of a number, and what it folds to."""

_QUESTION_MARKS: Final = dict.fromkeys("?؟⸮❓❔⁇", "?")
"""A question is another headline than its answer, so its mark is kept."""

_DROPPED_MARKS: Final = (
    *range(0x0300, 0x0370),  # Latin, Greek, Cyrillic accents
    *range(0x0483, 0x048A),
    *range(0x0591, 0x05C8),  # Hebrew points
    *range(0x0610, 0x061B),  # Arabic honorifics
    *range(0x064B, 0x0660),  # tashkeel, hamza and madda marks
    0x0670,
    *range(0x06D6, 0x06EE),  # Quranic marks
    *range(0x08CA, 0x0900),
    *range(0x1AB0, 0x1B00),
    *range(0x1DC0, 0x1E00),
    *range(0x20D0, 0x2100),
    *range(0xFE00, 0xFE10),  # variation selectors
    *range(0xFE20, 0xFE30),
)
_IGNORED_MARKS: Final = frozenset(map(chr, _DROPPED_MARKS)) | {"ـ"}


class Folding(dict[int, str]):
    """Code point to its fold, worked out when a character is first met: a table for `str.translate`.

    Args:
        kept: Signs that fold to something; all others but question marks fold to a space.
    """

    def __init__(self, kept: Mapping[str, str]) -> None:
        super().__init__()
        self._kept = {**_QUESTION_MARKS, **kept}

    def __missing__(self, code: int) -> str:
        parts = unicodedata.normalize("NFKD", chr(code))
        folded = self[code] = "".join(self._kept.get(part) or _fold_character(part) for part in parts)
        return folded


def _fold_character(character: str) -> str:
    if character in _IGNORED_MARKS:
        return ""
    match unicodedata.category(character)[0], unicodedata.category(character)[1]:
        case "N", "d":
            return str(unicodedata.digit(character))
        case ("L" | "M" | "N", _) | ("S", "c"):
            lowered = unicodedata.normalize("NFKD", character.casefold())
            return "".join(_LETTERS.get(c, c) for c in lowered if c not in _IGNORED_MARKS)
        case "C", "f":
            return ""
        case _:
            return " "


KEPT_ACUTE: Final = "\ufdd0"
"""Stands for an é that folds to itself (`accents`); no text has this code point, which Unicode keeps for programs."""
KEPT_PLUS: Final = "\ufdd1"
KEPT_MINUS: Final = "\ufdd2"
"""Likewise, for the sign of a grade: `BB+`, `A-`."""
_KEPT: Final = {KEPT_ACUTE: "é", KEPT_PLUS: KEPT_PLUS, KEPT_MINUS: KEPT_MINUS}

WORDS: Final = Folding(_KEPT)
"""Folds a text to words: letters and digits, spaces between, and question marks."""
WORDS_AND_NUMBERS: Final = Folding({**_KEPT, **IN_NUMBERS})
"""The same, with the signs that can be part of a number."""

_ALPHABET: Final = [chr(code) for code in (*range(ord("ء"), ord("غ") + 1), *range(ord("ف"), ord("ي") + 1))]
PLAIN_ARABIC: Final = "".join(_ALPHABET)
"""The letters of the Arabic alphabet, each of which folds to one letter."""
CHANGED_ARABIC: Final = [(letter, WORDS[ord(letter)]) for letter in _ALPHABET if WORDS[ord(letter)] != letter]
"""Those of them that fold to another one, and to which; none of these folds further."""
