"""Strip what stands beside a headline and is no part of it: tags, outlets, addresses, markup.

What is stripped is known to be a note (`streams.process.gazetteer`): "عاجل:", "UPDATE 2-", "- Reuters",
"| Coast Daily", "(photos)", a link. Whatever is not known stays: "(women)" and "Drill:" make another headline.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from streams.process.gazetteer import Gazetteer, gazetteer
from streams.process.letters import WORDS
from streams.process.markup import without_markup

_LONGEST: Final = 48
"""How far from either end of a headline a note can reach, in characters."""
_MOST_WORDS: Final = 6
_MOST_MARKS: Final = 3
"""Marks at the beginning of a headline that may end a note: a name can hold one ("Ouest-France : ...")."""

_ADDRESS: Final = re.compile(
    r"(?:https?://|www\.)\S+|(?:^|(?<=\s))(?:pic\.twitter\.com|t\.co|bit\.ly|ow\.ly|goo\.gl|tinyurl\.com|youtu\.be"
    r"|fb\.me|wp\.me|buff\.ly|dlvr\.it|lnkd\.in|shorturl\.at|trib\.al)/\S+",
    re.IGNORECASE,
)
_SHARED: Final = re.compile(r"^\W*RT @\w+:?\s*|\s(?:via|par|عبر)\s+@\w+\s*$")
"""Who passed a headline on: "RT @coastdaily: ...", "... via @coastdaily"."""
_DOMAIN: Final = re.compile(r"^(?:[\w-]+\.)+[^\W\d_]{2,12}(?:/\S*)?$|^@\w+$")

_START: Final = re.compile(r"[^\W_]|[\[(【«\"“#*]")
_BOXED: Final = re.compile(r"[\[(【«\"“*]\s*([^\[\]()【】«»\"“”*]{2,40}?)\s*[\])】»\"”*]\s*[:|!/،.–—-]*\s*")
_HASHED: Final = re.compile(r"#(\w+)\s*[:|!/،…–—-]*\s*")
_SYMBOLS: Final = "\u203c\u2049\u25a0-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff"
"""Bullets, stars and emoji."""
_HEAD_MARK: Final = re.compile(
    r"\s*(?:::|:(?![0-9٠-٩])|[|!،…–—»]|/(?![0-9٠-٩])|\.{2,}|\.(?=\s)|-(?=\s)|-(?=\w)|[" + _SYMBOLS + r"]+)\s*"
)
_HEAD_SIGN: Final = re.compile(r"[:|!،…–—»/.\-" + _SYMBOLS + "]")
"""What every mark of `_HEAD_MARK` has: most headlines have none of these, and are done with after a glance."""
_ANY_NAME: Final = frozenset({"|", "-", "–", "—", "/", "::", "»"})
"""Marks before which an outlet stands, also one whose name is a word."""
_SURE_NAME: Final = frozenset({":", "..", "...", "…", "،", "!"})
"""Marks before which a speaker or a place may stand as well."""
_CAPITALS: Final = re.compile(r"([A-ZÀ-Þ]{3,}(?: [A-ZÀ-Þ]{3,})?)\s+(?=\S)")

_BOXED_TAIL: Final = re.compile(r"\s*[\[(]\s*\+?\s*([^\[\]()]{2,44}?)\s*[\])][\s.!]*$")
_HASHED_TAIL: Final = re.compile(r"\s+#(\w+)[\s.!]*$")
_TAIL_MARK: Final = re.compile(
    r"\s+[-~/*]\s+|\s*[|»›·•¦]\s*|\s*::\s*|\s*[—–]\s*|\s*\.{2,}\s*|\s*…\s*|\s*\+\s*|\s*:\s+"
    r"|\s*[,،]?\s+(?=via\s|نقلا عن\s)",
    re.IGNORECASE,
)
_TAIL_SIGN: Final = re.compile(
    r"[-~/*|»›·•¦:—–.…+vVن](?:(?<=\s[-~/*])(?=\s)|(?<=[|»›·•¦—–…+])|(?<=:)(?=[:\s])|(?<=\.)(?=\.)"
    r"|(?<=[vV])(?i:ia\s)|(?<=ن)قلا عن\s)"
)
"""What every mark of `_TAIL_MARK` has, likewise; a class of characters comes first, for that is looked for quickest."""
ARABIC_CREDIT: Final = "نقلا عن "
"""The only note that can stand beside a headline of nothing but Arabic letters and spaces: "... نقلا عن رويترز"."""
_LETTERS: Final = "A-Za-zÀ-ÖØ-öø-ÿء-غـ-ي"
_BARE: Final = re.compile(
    rf"(?![ ,;'’]*[A-ZÀ-Þ]{{3}})[ ,;'’]*(?:[0-9{_LETTERS}][0-9{_LETTERS}\u064b-\u0652 ,;'’\"“”«?؟%$€]*)?"
)
"""Texts in which nothing but the words of a credit ("via") could be a mark: no other sign, no capitals before."""
_SIGNED: Final = frozenset({"|", "¦", "»", "›", "·", "•", "-", "–", "—", "::", "~", "/", "*", "", ",", "،"})
"""Marks that an outlet signs after, or a comma or nothing before "via"; after dots and a plus only tags stand."""
_CREDIT: Final = re.compile(r"^(?:via|with|avec|source|par|by|المصدر|نقلا عن)\s*:?\s+", re.IGNORECASE)
_AND: Final = re.compile(r"\s*[,/+&،]\s*|\s+و(?=\S{3})|\s+(?:et|and)\s+")
_ARTICLES: Final = frozenset({"the", "le", "la", "les", "l"})
_LITTLE: Final = frozenset(
    {
        "de",
        "du",
        "des",
        "d",
        "l",
        "la",
        "le",
        "les",
        "et",
        "en",
        "the",
        "of",
        "and",
        "for",
        "in",
        "au",
        "aux",
        "à",
    }
)
"""Words that a name in Latin letters need not write with a capital."""
_ACRONYM: Final = 4
"""Letters of the longest outlet's name that must be written in capitals throughout."""
_NEVER_CAPITAL: Final = frozenset({"dpa"})
"""Outlets that write their own short name in small letters."""
_LONGEST_LOWER: Final = 7
"""Letters that an outlet's name needs to be known without a capital: "franceinfo"."""


def plain(text: str) -> str:
    """A text with entities decoded and simple markup taken away: "<b>A &amp; B</b>" is "A & B"."""
    if "&" in text or "<" in text:
        text = without_markup(text)
    if "\u200b" in text and 2 * text.count("\u200b") > text.count(" ") + text.count("\u200b ") + 1:
        # Zero-width spaces instead of spaces part words; a stray one inside a word does not.
        text = text.replace("\u200b", " ")
    return text


def strip_notes(text: str) -> str:
    """A plain text without the notes at its beginning and end; a text that is only a note stays as it is."""
    return text if _is_bare(text) else _stripped(text)


def _is_bare(text: str) -> bool:
    """Whether a glance shows that no note stands beside a text, as for most; `_stripped` would leave it as it is."""
    return bool(_BARE.fullmatch(text)) and not _TAIL_SIGN.search(text, max(0, len(text) - _LONGEST))


def _stripped(text: str) -> str:
    if "/" in text or "www." in text or "@" in text:
        text = _or_whole(_SHARED.sub(" ", _ADDRESS.sub(" ", text)).strip(), text)
    known = gazetteer()
    while end := _head_end(text, known):
        text = text[end:]
    while begin := _tail_begin(text, known):
        text = text[:begin]
    return text


def _or_whole(rest: str, text: str) -> str:
    return rest if any(map(str.isalnum, rest)) else text


def _head_end(text: str, known: Gazetteer) -> int:
    """Where the headline begins after a note, 0 where none stands before it."""
    start = _START.search(text, 0, _LONGEST)
    if not start:
        return 0
    end = _boxed_end(text, start.start(), known) or _marked_end(text, start.start(), known)
    return end if end and any(map(str.isalnum, text[end:])) else 0


def _boxed_end(text: str, start: int, known: Gazetteer) -> int:
    """The end of a note in brackets or quotes, or behind a hash."""
    opening = text[start]
    if opening == "#":
        note = _HASHED.match(text, start)
        return note.end() if note and _folded(note[1].replace("_", "")) in known.hashtags else 0
    if opening.isalnum():
        return 0
    note = _BOXED.match(text, start)
    return note.end() if note and (_is_tag(note[1], known) or _are_outlets(note[1], known)) else 0


def _marked_end(text: str, start: int, known: Gazetteer) -> int:
    """The end of a note before a mark, or of a tag in capitals before a text that has others: "LIVE Rovers win"."""
    for mark in islice(_head_marks(text, start), _MOST_MARKS):
        if _is_head(text[start : mark.start()], mark[0], text[mark.end() : mark.end() + 1], known):
            return mark.end()
    capitals = _CAPITALS.match(text, start)
    if capitals and not text.isupper():
        return next(
            (start + len(words) for words in (capitals[1], capitals[1].split()[0]) if _is_tag(words, known)),
            0,
        )
    return 0


def _head_marks(text: str, start: int) -> Iterator[re.Match[str]]:
    """The marks near the beginning. They are looked for from the first sign, and the white space before it."""
    end = start + _LONGEST
    if sign := _HEAD_SIGN.search(text, start, end):
        yield from _HEAD_MARK.finditer(text, start + len(text[start : sign.start()].rstrip()), end)


def _is_head(note: str, mark: str, after: str, known: Gazetteer) -> bool:
    """Whether words before a mark are a note: a tag, an outlet, a section of the site."""
    if not 1 < len(note) <= _LONGEST:
        return False
    tag = _is_tag(note, known)
    if mark == "-":
        return tag and _is_slug(note, after)
    mark = mark.strip()
    if tag:
        return mark != "." or not note[0].islower()
    if mark in {":", "|"} and _folded(note) in known.sections:
        return True
    return (mark in _ANY_NAME or mark in _SURE_NAME) and _are_outlets(note, known, sure=mark in _SURE_NAME)


def _is_slug(note: str, after: str) -> bool:
    """Whether a tag is written as wire services do: "UPDATE 2-Ferry sinks", "RPT-Ferry sinks"."""
    numbered = note[-1].isdigit() and after.isalpha()
    return " " not in note.strip("0123456789 ") and (numbered or note.isupper())


def _is_tag(note: str, known: Gazetteer) -> bool:
    """Whether words say only that something is new, or what comes with it."""
    folded = _folded(note)
    if folded in known.tags or folded in known.slugs:
        return True
    words, _, number = folded.rpartition(" ")
    return (number.isdigit() and words in known.numbered) or _is_informed(note, known)


def _is_informed(note: str, known: Gazetteer) -> bool:
    """The French way to sign a scoop: "INFO LE PARISIEN", "Info Coast Daily"."""
    first, _, name = note.partition(" ")
    return bool(name) and _folded(first) in known.informed and (_are_outlets(name, known) or note.isupper())


def _tail_begin(text: str, known: Gazetteer) -> int:
    """Where a note begins that stands after the headline, 0 where none does."""
    window = max(0, len(text) - _LONGEST)
    is_boxed = text.find("(", window) >= 0 or text.find("[", window) >= 0
    if "#" in text and (hashed := _HASHED_TAIL.search(text, window)):
        begin = hashed.start() if _folded(hashed[1].replace("_", "")) in known.hashtags else 0
    elif is_boxed and (boxed := _BOXED_TAIL.search(text, window)):
        begin = boxed.start() if _is_boxed_note(boxed[1], known) else 0
    else:
        mark = None
        for mark in _tail_marks(text, window):  # noqa: B007 (the last one)
            pass
        begin = mark.start() if mark and _is_tail(text[mark.end() :], mark[0].strip(), known) else 0
    return begin if any(map(str.isalnum, text[:begin])) else 0


def _tail_marks(text: str, window: int) -> Iterator[re.Match[str]]:
    """The marks from a place on. They are looked for from the first sign, and what can stand before it in a mark."""
    if sign := _TAIL_SIGN.search(text, window):
        before = text[window : sign.start()].rstrip().rstrip(",،").rstrip()
        yield from _TAIL_MARK.finditer(text, window + len(before))


def _is_boxed_note(note: str, known: Gazetteer) -> bool:
    return _folded(note) in known.tags or _DOMAIN.match(note) is not None or _are_outlets(note, known)


def _is_tail(note: str, mark: str, known: Gazetteer) -> bool:
    """Whether words after a mark are a note."""
    note = note.strip(" .!\t\u200e\u200f")
    key = _folded(note)
    if not key:
        return False
    if mark == ":":
        return key in known.accompanying
    if key in known.tags:
        return True
    if mark not in _SIGNED:
        return False
    if _DOMAIN.match(note) or _are_outlets(note, known, sure=False):
        return True
    return mark in {"|", "»", "›", "¦"} and key in known.sections


def _folded(text: str) -> str:
    return " ".join(text.translate(WORDS).split())


def _are_outlets(note: str, known: Gazetteer, *, sure: bool = True) -> bool:
    """Whether words name an outlet, or several: "Reuters", "(AFP, AP)", "with agencies"."""
    note = _CREDIT.sub("", note)
    if is_outlet(note, known, sure=sure):
        return True
    names = _AND.split(note)
    return len(names) > 1 and all(is_outlet(name, known, sure=sure) for name in names)


def is_outlet(name: str, known: Gazetteer, *, sure: bool) -> bool:
    """Whether a name is an outlet's. `sure` asks for names that are no other words: "Reuters", not "Le Soir"."""
    words = name.translate(WORDS).split()
    if not words or len(words) > _MOST_WORDS or not _is_written_as_name(name, len("".join(words))):
        return False
    listed = known.outlets if sure else known.outlets_and_words
    return _is_listed(words, listed, known) or (len(words) > 1 and _is_plainly_outlet(name, words, known))


def _is_written_as_name(name: str, letters: int) -> bool:
    if name in _NEVER_CAPITAL:
        return True
    first = next(filter(str.isalpha, name), "")
    if not first.islower():
        return letters > _ACRONYM - 1 or not first.isascii() or name.upper() == name
    return letters >= _LONGEST_LOWER


def _is_listed(words: list[str], listed: frozenset[str], known: Gazetteer) -> bool:
    """Whether words are a listed name, without its article or with an edition: "Guardian", "Al Jazeera English"."""
    for begin in (0, 1) if words[0] in _ARTICLES else (0,):
        for end in range(len(words), max(begin, len(words) - 3), -1):
            if "".join(words[begin:end]) in listed and all(word in known.editions for word in words[end:]):
                return True
    return False


def _is_plainly_outlet(name: str, words: list[str], known: Gazetteer) -> bool:
    """Whether a word of a name says that it is an outlet's: "Coast Daily", "جريدة الضفة"."""
    if not known.never_media.isdisjoint(words):
        return False
    if words[0] in known.media_first:
        name_of = words[2:] if words[1] in known.media_first else words[1:]
        return bool(name_of) and (name_of[0].startswith("ال") or words[-1] in known.media_last)
    if words[-1] in known.media_last:
        return True
    if known.media.isdisjoint(words):
        return False
    written = re.split(r"[\s'’]+", name.strip())
    return all(word[:1].isupper() or word.isdigit() or word.casefold() in _LITTLE for word in written if word)
