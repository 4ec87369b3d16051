"""Read the numbers of a headline: digits, number words, magnitudes and units become one value.

"3 آلاف", "ثلاثة آلاف" and "3000" are the same number, and so are "2 millions" and "2,000,000".
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.process.dedup.words import Lexicon

_DIGITS: Final = re.compile(r"^((?:وال|بال|فال|ال|لل|[وفبلك])?)([-+]?[0-9][0-9.:/-]*)([^0-9]*)$")
_SCORE: Final = re.compile(r"^[0-9]{1,3}-[0-9]{1,3}$")
_ORDINAL_ENDINGS: Final = frozenset({"st", "nd", "rd", "th", "er", "ere", "e", "eme", "nde"})
_MAGNITUDE_LETTERS: Final = {
    "k": 1_000,
    "m": 1_000_000,
    "mn": 1_000_000,
    "bn": 1_000_000_000,
    "md": 1_000_000_000,
    "mds": 1_000_000_000,
}
_MAGNITUDE_AND_UNIT: Final = re.compile(r"^(k|mds?|mn|bn|m)([$€£¥]|dh|da|dt)$")
"""A magnitude with its unit: "25 MDH", "3 Md€"."""
_OF: Final = frozenset({"d", "de"})
"""Little words between a magnitude and its unit: "2 milliards d'euros"."""
_CELSIUS: Final = "c"
"""The scale of degrees, which are a number without a unit: "48C", "48 degrees"."""
_CURRENCIES: Final = frozenset("$€£¥")
_GROUPED: Final = re.compile(r"^([0-9]{1,3}(?:\.[0-9]{3})+)$|^([0-9]{1,3}(?:\.[0-9]{3})+)(\.[0-9]{1,2})$")
"""Thousands between points, as `fold` leaves commas too, with or without decimals."""
_THOUSANDS: Final = re.compile(r"^[0-9]{3}$")
_CONNECTIVES: Final = {"fr": "et", "en": "and"}
_TEN: Final = 10
_HUNDRED: Final = 100
_FRENCH_TWENTY: Final = 20
_FRENCH_SIXTIES: Final = frozenset({60, 80})
"""Tens that count on to nineteen: soixante-quinze, quatre-vingt-onze."""


class Numeral(Struct, frozen=True, gc=False):
    """A number read from `used` words: its kind (number, score or ordinal) and its value, unit included."""

    kind: str
    value: str
    used: int


def read_numeral(words: Sequence[str], start: int, lexicon: Lexicon) -> Numeral | None:
    """The number that starts at a word, or None."""
    word = words[start]
    if word[0].isdecimal() and (clock := _read_clock(words, start, lexicon)):
        return clock
    if match := _DIGITS.match(word):
        return _read_digits(match[2], match[3], words, start, lexicon)
    if any(character.isdigit() for character in word):
        return Numeral("number", word, 1)
    value, used = _read_words(words, start, lexicon)
    if not used:
        return _read_roman(word) if lexicon.language == "fr" else None
    return _scaled(float(value), "", words[start:], used, lexicon)


def _read_clock(words: Sequence[str], start: int, lexicon: Lexicon) -> Numeral | None:
    """An hour with its minutes: "20h00" and "20:00" are "20h", "8:00 p.m." and "8.00pm" are "8pm"."""
    hours = _HOURS.get(lexicon.language)
    if hours is None or not (match := hours.match(words[start])):
        return None
    hour, minutes, half = match.groups()
    used = 1
    if lexicon.language == "en" and not half:
        half, used = _unit(words, start + 1, lexicon) if start + 1 < len(words) else ("", 0)
        used -= start
        if half not in _HALVES:
            return None
    return Numeral("number", f"{int(hour)}{'' if minutes == '00' else ':' + minutes}{half or 'h'}", used)


_HOURS: Final = {
    "fr": re.compile(r"^([0-9]{1,2})[h:]([0-9]{2})()$"),
    "en": re.compile(r"^([0-9]{1,2})[:.]([0-9]{2})(am|pm)?$"),
}
_HALVES: Final = frozenset({"am", "pm"})
"""Halves of the day that an English hour has."""


def _read_roman(word: str) -> Numeral | None:
    """A French rank in Roman numerals: "XIe"; only those that are no other words, as "vie" is."""
    if not (match := _ROMAN.match(word)) or not ("ii" in word or word.startswith("x")):
        return None
    values = [_ROMAN_DIGITS[letter] for letter in match[1]]
    total = sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )
    return Numeral("ordinal", str(total), 1)


_ROMAN: Final = re.compile(r"^(x{0,3}(?:ix|iv|v?i{0,3}))(?:e|eme)$")
_ROMAN_DIGITS: Final = {"i": 1, "v": 5, "x": 10}


def _read_digits(
    digits: str, ending: str, words: Sequence[str], start: int, lexicon: Lexicon
) -> Numeral | None:
    if _SCORE.match(digits) and not ending:
        return Numeral("score", digits, 1)
    if ending in _ORDINAL_ENDINGS and digits.isdecimal():
        following = lexicon.meaning(words[start + 1]) if start + 1 < len(words) else None
        is_date = following is not None and following.kind == "month"
        return Numeral("number" if is_date else "ordinal", str(int(digits)), 1)
    end = start + 1
    if digits.isdecimal() and not ending and len(digits) <= len("999"):
        while end < len(words) and _THOUSANDS.match(words[end]):
            digits += words[end]
            end += 1
    if grouped := _GROUPED.match(digits):
        whole, whole_of_decimal, decimals = grouped.groups("")
        digits = (whole + whole_of_decimal).replace(".", "") + decimals
    try:
        value = float(digits)
    except ValueError:
        return Numeral("number", digits + ending, end - start)
    if ending in _MAGNITUDE_LETTERS:
        value, ending = value * _MAGNITUDE_LETTERS[ending], ""
    elif both := _MAGNITUDE_AND_UNIT.match(ending):
        value, ending = value * _MAGNITUDE_LETTERS[both[1]], both[2]
    unit = "" if ending == _CELSIUS else lexicon.units.get(ending, ending)
    return _scaled(value, unit, words[start:], end - start, lexicon)


def _scaled(value: float, unit: str, words: Sequence[str], used: int, lexicon: Lexicon) -> Numeral:
    """A number that stands in the first `used` words, with the magnitudes and the unit that follow."""
    while used < len(words) and (scale := lexicon.scale(words[used])):
        value *= scale
        used += 1
    if used < len(words) and (letters := _magnitude(words, used, lexicon, unit)):
        scale, unit = letters
        value *= scale
        used += 1
    if not unit and used < len(words):
        unit, used = _unit(words, used, lexicon)
    return Numeral("number", f"{value:.12g}{unit}", used)


def _magnitude(words: Sequence[str], used: int, lexicon: Lexicon, unit: str) -> tuple[int, str] | None:
    """A magnitude written in letters, and the unit known by then: "$5 m", "25 M DH", "3 Md€"."""
    word = words[used]
    if not unit and (both := _MAGNITUDE_AND_UNIT.match(word)):
        return _MAGNITUDE_LETTERS[both[1]], lexicon.units.get(both[2], both[2])
    follows = words[used + 1 : used + 2]
    if word in _MAGNITUDE_LETTERS and (
        unit in _CURRENCIES or (not unit and follows and follows[0] in lexicon.units)
    ):
        return _MAGNITUDE_LETTERS[word], unit
    return None


def _unit(words: Sequence[str], used: int, lexicon: Lexicon) -> tuple[str, int]:
    """The unit that follows a number, and how many words were read by then."""
    begin = used + (words[used] in _OF)
    pair = " ".join(words[begin : begin + 2])
    if pair in lexicon.units:
        return lexicon.units[pair], begin + 2
    if begin < len(words) and words[begin] in lexicon.units:
        return lexicon.units[words[begin]], begin + 1
    if begin < len(words) and words[begin] in _CURRENCIES:
        return words[begin], begin + 1
    return "", used


def _read_words(words: Sequence[str], start: int, lexicon: Lexicon) -> tuple[int, int]:
    """The value of a run of number words and how many they are; (0, 0) where there is none."""
    total, end = lexicon.number(words[start]), start + 1
    if total is None:
        scale = lexicon.scale(words[start]) or 0
        return (2 * scale if _is_dual(words, start, lexicon) else scale, 1 if scale else 0)
    while end < len(words) and words[end] not in lexicon.units:
        after = end + (words[end] == _CONNECTIVES.get(lexicon.language) and end + 1 < len(words))
        following = lexicon.number(words[after])
        if following is None or (joined := _join(total, following, words[after], lexicon.language)) is None:
            break
        total, end = joined, after + 1
    return total, end - start


def _is_dual(words: Sequence[str], start: int, lexicon: Lexicon) -> bool:
    """Whether an Arabic magnitude is two of it: "ألفا جندي" are 2,000, for 1,000 are "ألف جندي"."""
    following = words[start + 1 : start + 2]
    return (
        lexicon.language == "ar"
        and words[start].endswith("ا")
        and bool(following)
        and not following[0].startswith("و")
        and following[0] not in lexicon.movable
        and lexicon.scale(following[0]) is None
    )


def _join(total: int, following: int, word: str, language: str) -> int | None:
    """What two number words in a row say together, or None if they are two numbers."""
    if following == _HUNDRED and 0 < total < _HUNDRED:
        return total * following
    if language == "ar":
        return _join_arabic(total, following, word)
    if language == "fr":
        if (total, following) == (4, 20):
            return total * following
        if total % _HUNDRED in _FRENCH_SIXTIES and 0 < following < _FRENCH_TWENTY:
            return total + following
    return total + following if 0 < following < _round_to(total) else None


def _join_arabic(total: int, following: int, word: str) -> int | None:
    """Units come before tens: خمسة عشر, خمسة وعشرون, مئة وخمسة."""
    units = 0 < total < _TEN
    if units and (following == _TEN or (following % _TEN == 0 and word.startswith("و"))):
        return total + following
    return total + following if word.startswith("و") and 0 < following < _round_to(total) else None


def _round_to(total: int) -> int:
    """The largest power of ten that divides a number: what can still be added to it in words."""
    power = 1
    while total and total % (power * 10) == 0:
        power *= 10
    return power
