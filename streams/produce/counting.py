"""What counts headlines: numbers, signs, letters and Roman numerals, each with the mark that it is written with.

`1. Ferry … 2. Bakers …`, `① Ferry …`, `a) Ferry … b) Bakers …`, `i. Ferry … ii. Bakers …`, `أ) عبارة … ب) مخابز …`.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

_COUNT: Final = (
    r"(?P<before>[(\[#]|n° ?|no\.? ?)?"
    r"(?:(?P<number>\d{1,3})(?P<after>\ufe0f?\u20e3|[°º]?[.)\]:/]?(?: ?[-–—](?=\s))?-?)|(?P<sign>[①-⑳❶-❿])"
    r"|(?P<letter>[a-z]|[ivx]{2,5}|[\u0621-\u063a\u0641-\u064a]\u0640?)"
    r"(?P<mark>[.:/](?=\s)|[)\]](?: ?[-–—](?=\s))?| ?[-–—](?=\s)))"
)
COUNT: Final = re.compile(rf"{_COUNT}\s*(?=\S)", re.IGNORECASE)
"""A count before a headline, with its mark: `1.`, `(1)`, `1 -`, `n°1`, `1°`, `①`, a key with 1, `a)`, `II.`, `ب -`."""
COUNTS: Final = re.compile(rf"(?<!\S){_COUNT}(?:\s*(?=[^\W\d]|[\"'«“‘(\[#@])|\s+(?=\d))", re.IGNORECASE)
"""The same inside a text, where a word begins."""
_FIRST: Final = re.compile(r"\s*[(\[]?[aAiIأا] ?[.)\]:/–—-]")
_LONGEST_LABEL: Final = 34

_UNITS: Final = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
_SERIES: Final = (
    tuple("abcdefghijklmnopqrstuvwxyz"),
    tuple(ten + unit for ten in ("", "x") for unit in _UNITS if ten + unit),
    tuple("ابجدهوزحطيكلمنسعفصقرشتثخذضظغ"),
    tuple("ابتثجحخدذرزسشصضطظعغفقكلمنهوي"),
)
"""Latin letters, Roman numerals, and Arabic letters in both orders that are used to count."""
_ALEF: Final = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "\u0640": None})


def begins_with_letter(text: str) -> bool:
    """Whether a text begins as those that letters or Roman numerals count, perhaps behind a label and a colon."""
    if _FIRST.match(text):
        return True
    colon = text.find(":", 0, _LONGEST_LABEL)
    return colon > 0 and _FIRST.match(text, colon + 1) is not None


def written_with(match: re.Match[str]) -> str:
    """What a count that `COUNT` has matched is written with, the same for all of a strip; '' for a bare number."""
    sign, letter = match["sign"], match["letter"]
    if sign:
        return "①" if sign <= "⑳" else "❶"
    if letter:
        kind = "A" if letter.isupper() else "a" if letter.isascii() else "ا"
        return f"{match['before'] or ''}{kind}{match['mark'].strip()}"
    return f"{match['before'] or ''}{match['after']}".strip()


def numbers_of(matches: Sequence[re.Match[str]]) -> list[int]:
    """The numbers that counts written alike stand for; none where letters begin no series, or do not go on in one."""
    if all(match["letter"] for match in matches):
        letters = [match["letter"].casefold().translate(_ALEF) for match in matches]
        return next(filter(None, (_in_series(letters, series) for series in _SERIES)), [])
    return [] if any(match["letter"] for match in matches) else list(map(_number_of, matches))


def _in_series(letters: Sequence[str], series: Sequence[str]) -> list[int]:
    """Places from 1 on, if each follows the one before or begins the series again."""
    if letters[0] != series[0] or not set(letters) <= set(series):
        return []
    places = [series.index(letter) + 1 for letter in letters]
    return places if all(after in {before + 1, 1} for before, after in pairwise(places)) else []


def _number_of(match: re.Match[str]) -> int:
    sign = match["sign"]
    if sign:
        return ord(sign) - (ord("①") if sign <= "⑳" else ord("❶")) + 1
    return int(match["number"])
