"""Fold a headline to the text that decides its identity, and key it.

Two headlines with the same fold are the same headline: case, accents, tashkeel, tatweel, hamza seats,
quotes, digits' scripts, leading tags ("عاجل:", "URGENT -") and trailing outlet names do not count.
Facts do: numbers keep their signs, points, scores and units.

The folding of letters follows Lucene's ArabicNormalizationFilter and ASCIIFoldingFilter, done one
character at a time from the Unicode compatibility decomposition, so that no separate NFKC pass is needed.
"""

import re
import unicodedata
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

_KEY_BYTES: Final = 10

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

_KEPT: Final = {
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
"""Punctuation that can be part of a number; elsewhere `_LOOSE` removes it."""

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


class _Folding(dict[int, str]):
    """Code point to its fold, worked out when a character is first met."""

    def __init__(self, kept: Mapping[str, str]) -> None:
        super().__init__()
        self._kept = kept

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


_FOLDING: Final = _Folding(_KEPT)
_FOLDING_OF_WORDS: Final = _Folding({})
_DIGIT: Final = re.compile("[0-9]")
_LOOSE: Final = re.compile(r"[.,:/](?![0-9])|(?<![0-9])[.,:/]|[-+](?![0-9])|(?<=[^\s0-9])[-+]")
_SPACED_RANGE: Final = re.compile(r"(?<=[0-9]) +- +(?=[0-9])")
_DECIMAL_COMMA: Final = re.compile(r"(?<=[0-9]),(?=[0-9])")
_UNIT: Final = r"[%‰$€£¥]"
_UNIT_BEFORE: Final = re.compile(rf"(?<![0-9])({_UNIT}) *([-+]?[0-9][0-9.:/-]*)")
_UNIT_APART: Final = re.compile(rf"(?<=[0-9]) +(?={_UNIT})")

_TAGS: Final = (
    "عاجل|عاجلا|خاص|حصري|حصريا|بالفيديو|فيديو|شاهد|بالصور|صور|بالصورة|بالصوت والصورة|مباشر"
    "|بث مباشر|متابعة|جديد|تحديث|هام|urgent|flash|alerte|direct|en direct|exclusif|exclusivité"
    "|vidéo|video|photos|en images|diaporama|mise à jour|màj|breaking|breaking news|just in"
    "|live|exclusive|update|updated|watch|pictures|in pictures"
)
_OUTLETS: Final = (
    "هسبريس|هبة بريس|هبةبريس|اليوم 24|اليوم24|العمق المغربي|العمق|كود|شوف تيفي|الأيام 24|لكم"
    "|مغرس|فبراير|الجزيرة نت|الجزيرة|العربية نت|العربية|بي بي سي عربي|سكاي نيوز عربية|فرانس 24"
    "|رويترز|الشروق أونلاين|النهار أونلاين|hespress(?: français| english)?|le ?360|médias ?24"
    "|medias ?24|telquel|yabiladi|le matin|l['’]economiste|libération|lemonde\\.fr|le monde"
    "|le figaro|franceinfo|france 24|bfmtv|rfi|afp|tsa|mosaïque fm|kapitalis|reuters|bbc news"
    "|bbc sport|bbc|cnn|al jazeera(?: english)?|the guardian|associated press|ap news|sky news"
    "|morocco world news|maroc hebdo"
)
_NOTE_SPAN: Final = 32
"""How far from either end of a headline a tag or an outlet's name can reach, in characters."""
_TAG_END: Final = re.compile(r"[:|!/،…\])»\"–—-]|\.\.")
_NOTE_START: Final = re.compile(r"[|–—\-+)\]]")
_LEADING_TAG: Final = re.compile(
    rf"^[\s\W]*?(?:[\[(«\"]\s*(?:{_TAGS})\s*[\])»\"]\s*[:|!/،–—-]*|(?:{_TAGS})\s*(?:[:|!/،…]+|\.{{2,}}|[–—-]+(?=\s)))\s*(?=\S)",
    re.IGNORECASE,
)
_TRAILING_NOTE: Final = re.compile(
    rf"\s*(?:\s[|–—-]\s*(?:{_OUTLETS}|{_TAGS})|[\[(]\s*\+?\s*(?:{_OUTLETS}|{_TAGS})\s*[\])]|\s\+\s*(?:{_TAGS}))[\s.]*$",
    re.IGNORECASE,
)


def fold(text: str) -> str:
    """Fold a headline to lower-case words and numbers with single spaces between them.

    Idempotent. A text without a letter or digit folds to itself, its white space collapsed.
    """
    text = _strip_notes(text.strip())
    folded = text.translate(_FOLDING_OF_WORDS)
    if not _DIGIT.search(folded):
        return " ".join(folded.split()) or " ".join(text.split())
    folded = text.translate(_FOLDING)
    folded = _SPACED_RANGE.sub("-", folded)
    folded = _LOOSE.sub(" ", folded)
    folded = _DECIMAL_COMMA.sub(".", folded)
    folded = _UNIT_BEFORE.sub(r" \2\1 ", folded)
    folded = _UNIT_APART.sub("", folded)
    return " ".join(folded.split()) or " ".join(text.split())


def _strip_notes(text: str) -> str:
    while _TAG_END.search(text, 0, _NOTE_SPAN) and (match := _LEADING_TAG.match(text)):
        text = text[match.end() :]
    while _NOTE_START.search(text, max(0, len(text) - _NOTE_SPAN)):
        match = _TRAILING_NOTE.search(text, max(0, len(text) - _NOTE_SPAN))
        if not match or not match.start():
            break
        text = text[: match.start()]
    return text


def fold_key(folded: str) -> bytes:
    """The key of a folded text: 80 bits of BLAKE2b as 20 hexadecimal digits.

    At a million live headlines the chance that any two of them share a key is below 1e-12.
    """
    return blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).hexdigest().encode()
