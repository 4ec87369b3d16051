"""Fold a headline to the normalized text that decides its identity, and hash it to a key.

Two headlines with the same fold are the same headline: case, accents, tashkeel, tatweel, hamza seats, quotes, digits'
scripts, markup and notes beside the headline (`notes`) do not count. Facts do: numbers keep their signs, points,
scores and units, grades and blood groups their signs ("BB+" is not "BB-"), and a question keeps its mark, as a word of
its own ("Minister resigns?" is "minister resigns ?").

A change of the fold changes keys, so it must raise `FOLD_VERSION`; docs/operations.md says what happens to state with
keys of an older version.
"""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from streams.process.accents import ACUTE, keep_participles
from streams.process.letters import (
    CHANGED_ARABIC,
    KEPT_ACUTE,
    KEPT_MINUS,
    KEPT_PLUS,
    PLAIN_ARABIC,
    WORDS,
    WORDS_AND_NUMBERS,
)
from streams.process.notes import ARABIC_CREDIT, plain, strip_notes

FOLD_VERSION: Final = 5
"""Raised whenever any headline folds differently than before."""
QUESTION: Final = "?"
"""The word that a question mark folds to."""

_ALL_ARABIC: Final = re.compile(f"[{PLAIN_ARABIC} ]*")
_KEY_BYTES: Final = 10
_DIGIT: Final = re.compile("[0-9]")
_LOOSE: Final = re.compile(r"[.,:/](?![0-9])|(?<![0-9])[.,:/]|[-+](?![0-9])|(?<=[^\s0-9])[-+]")
_SPACED_RANGE: Final = re.compile(r"(?<=[0-9]) +- +(?=[0-9])")
_DECIMAL_COMMA: Final = re.compile(r"(?<=[0-9]),(?=[0-9])")
_UNIT: Final = r"[%‰$€£¥]"
_UNIT_BEFORE: Final = re.compile(rf"(?<![0-9])({_UNIT}) *([-+]?[0-9][0-9.:/-]*)")
_UNIT_APART: Final = re.compile(rf"(?<=[0-9]) +(?={_UNIT})")
_DAMAGED: Final = re.compile(r"(?<=[a-z])\?+(?=[a-z])|^[\s?]+")
"""Question marks that ask nothing: an apostrophe that was lost ("l?organisation"), and those before the first word."""
_OURS: Final = (KEPT_ACUTE, KEPT_PLUS, KEPT_MINUS)
_ASKED: Final = re.compile(r"[\s?]*\?[\s?]*")
_END: Final = r"(?![^\s.,;:…!?،؛؟()\]»\"”'’|/])"
_SIGNED: Final = re.compile(rf"[+−-](?<=[A-Da-dOo].){_END}")
"""What may be the sign of a grade, found quickly in the texts that have one."""
_GRADE: Final = re.compile(
    rf"(?<![^\s(\[«\"“‘'’])(a{{1,3}}|b{{1,3}}|c{{1,3}}|ab|[do])([+−-]){_END}", re.IGNORECASE
)
"""Credit ratings, school grades and blood groups with their sign: `AA-`, `BB+`, `O-`. Names, `Canal+`, are none."""
_LETTERED: Final = re.compile(
    r"(?<!\S)(?<!blood )((?:group|groupe|pool|poule|plan|vitamine?|hepatitis|hepatite|league|ligue|serie"
    rf"|مجموعه|المجموعه|فيتامين) [a-d]){KEPT_MINUS}"
)
"""A letter that names one of several, and a dash that is glued to it: `groupe B- Tunisie`. It is no grade."""


@lru_cache(maxsize=1 << 13)
def fold(text: str) -> str:
    """Fold a headline to lower-case words and numbers with single spaces between them.

    Idempotent. A text without a letter or digit folds to itself with collapsed white space. Cached, because each stage
    folds a new headline again: a cached fold costs a tenth.
    """
    if _ALL_ARABIC.fullmatch(text) and ARABIC_CREDIT not in text:  # as in most: no note stands beside it
        return _fold_arabic(text)
    return fold_words(headline_of(text)) or " ".join(text.split())


def headline_of(text: str) -> str:
    """What a text says as a headline: its markup read, the notes beside it gone."""
    return strip_notes(plain(text).strip())


def fold_words(text: str) -> str:
    """Fold a headline, or a part of one, that has no notes beside it; empty where it has no word."""
    if _ALL_ARABIC.fullmatch(text):
        return _fold_arabic(text)
    for ours in _OURS:  # no characters of a text
        if ours in text:
            text = text.replace(ours, " ")
    is_graded = ("+" in text or "-" in text or "−" in text) and _SIGNED.search(text) is not None
    if is_graded:
        text = _GRADE.sub(_with_kept_sign, text)
    if "é" in text or "É" in text or ACUTE in text:
        text = keep_participles(text)
    folded = text.translate(WORDS)
    if _DIGIT.search(folded):
        folded = text.translate(WORDS_AND_NUMBERS)
        folded = _SPACED_RANGE.sub("-", folded)
        folded = _LOOSE.sub(" ", folded)
        folded = _DECIMAL_COMMA.sub(".", folded)
        # One pass may put a unit before the next number: `%0%0` is `0% %0`, then `0% 0%`.
        while (moved := _UNIT_APART.sub("", _UNIT_BEFORE.sub(r" \2\1 ", folded))) != folded:
            folded = moved
    if QUESTION in folded:
        folded = _ASKED.sub(" ? ", _DAMAGED.sub(" ", folded))
    if is_graded:
        folded = _LETTERED.sub(r"\1 ", " ".join(folded.split()))
        folded = folded.replace(KEPT_PLUS, "+").replace(KEPT_MINUS, "-")
    return " ".join(folded.split())


def _with_kept_sign(grade: re.Match[str]) -> str:
    return grade[1] + (KEPT_PLUS if grade[2] == "+" else KEPT_MINUS)


def _fold_arabic(text: str) -> str:
    """Fold a text of letters of the Arabic alphabet: a few of all are replaced in half of the time of a translation."""
    for letter, folded in CHANGED_ARABIC:
        text = text.replace(letter, folded)
    has_more_space = "  " in text or text.startswith(" ") or text.endswith(" ")
    return " ".join(text.split()) if has_more_space else text


def fold_key(folded: str) -> bytes:
    """The key of a folded text: 80 bits of BLAKE2b as 20 hexadecimal digits.

    At a million live headlines the chance that any two of them share a key is below 1e-12. The version of the fold
    is hashed too: texts that two versions fold alike are not taken for one another.
    """
    digest = _OF_NOTHING.copy()
    digest.update(folded.encode("utf-8", "surrogatepass"))
    return digest.hexdigest().encode()


_OF_NOTHING: Final = blake2b(digest_size=_KEY_BYTES, person=f"fold {FOLD_VERSION}".encode())
"""To be copied: making one takes as long as hashing a headline."""
