"""Clean a text: decode entities and simple markup, repair mojibake, remove control characters.

Entities (`&#8217;`, also escaped twice), simple markup (`<b>`, `<br>`) and UTF-8 that was decoded in another encoding
(`Ã©`) are replaced by the characters that they stand for. Invisible characters that control a terminal or the text
direction of a page are removed. Cleaning is idempotent.
"""

import re
from typing import Final

from streams.process.markup import without_markup

_ROUNDS: Final = 3
"""How often a text can have been decoded wrongly, one time inside the other."""

_STEERING: Final = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates: what is left open turns the rest of a page round. Marks may stay."""

_CONTROL: Final = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_STEERING}\ud800-\udfff]")
_SEQUENCE: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]"
)
"""What terminals obey (ECMA-48): colours, titles, and so on, with all that belongs to it."""

_LINE_ENDS: Final = frozenset("\x0b\x0c\x1c\x1d\x1e")
_UNIT_SEPARATOR: Final = "\x1f"


def without_controls(text: str) -> str:
    r"""A text without control characters, but for `\t`, `\n` and `\r`; C1 is read as Windows-1252, as browsers do."""
    if not _CONTROL.search(text):
        return text
    return _CONTROL.sub(_visible, _SEQUENCE.sub("", text))


def _visible(match: re.Match[str]) -> str:
    character = match[0]
    if character in _LINE_ENDS:
        return "\n"
    if character == _UNIT_SEPARATOR:
        return "\t"
    if "\x80" <= character <= "\x9f":
        return character.encode("latin-1").decode("cp1252", "ignore")
    return "\ufffd" if "\ud800" <= character <= "\udfff" else ""


def plain(text: str) -> str:
    """What a text with entities and markup written out stands for; no entity becomes a control character.

    Markup that breaks a line becomes a line break. What is no known element (`<3`, `x < y`) stays.
    """
    if "&" not in text and "<" not in text:
        return text
    return without_controls(without_markup(text))


# Text that was decoded wrongly before

_LOST: Final = 0xFF
"""Stands for a byte that the wrong encoding had no character for: it is never part of UTF-8."""

_COMMON: Final = tuple(character.encode() for character in "ÃÂâØÙطظÉéèàêç«»’–…النоае")
"""Characters of which at least one stands in nearly every text of these languages, in UTF-8.

The first are what others look like when they are misread, for texts that were misread twice."""

_PLAUSIBLE: Final = re.compile(
    "[\xa0-\xffŒœŸŠšŽžĞğŞşİı\u0400-\u045f\u060c\u061b\u061f-\u063a\u0640-\u0652\u0660-\u066d\u0670-\u06d3\u06f0-\u06f9"
    "\u200b-\u200f\u2010-\u2026\u2030\u2039\u203a\u20ac\u2122\u2190-\u27bf\ufeff\U0001f000-\U0001faff]"
)
"""What a repair may give: other characters are a chance agreement, such as `É»` read as two bytes of UTF-8."""

_SOUND_SHARE: Final = 0.75
_SOUND_SHARE_OF_DAMAGED: Final = 0.5
"""The share of characters of a repaired word that must be sound; the others were lost before."""


class _Misreading:
    """An encoding in which UTF-8 is often read by mistake."""

    def __init__(self, encoding: str) -> None:
        characters = {
            bytes([byte]).decode(encoding, "ignore") or chr(byte): byte for byte in range(0x80, 0x100)
        }
        characters |= {chr(byte): byte for byte in range(0x80, 0xA0) if chr(byte) not in characters}
        self._bytes = {ord(character): byte for character, byte in characters.items()}
        written = {byte: character for character, byte in reversed(characters.items())}
        self._tells = tuple(
            {
                "".join(read(byte) for byte in common[:2])
                for common in _COMMON
                for read in (written.__getitem__, chr)
            }
        )
        classes = "".join(map(re.escape, characters))
        self._words = re.compile(f"[{classes}\ufffd]{{2,}}")

    def stands_in(self, text: str, characters: frozenset[str]) -> bool:
        """Whether the text, of these characters, has what a common character looks like when it is misread.

        Most pages lack one of the two characters of nearly all that is looked for, and are long.
        """
        return any(characters.issuperset(tell) and tell in text for tell in self._tells)

    def repair(self, text: str) -> str:
        """The text with each word read right that is UTF-8 in this encoding."""
        return self._words.sub(self._repaired, text)

    def _repaired(self, match: re.Match[str]) -> str:
        data = bytes(self._bytes.get(ord(character), _LOST) for character in match[0])
        repaired = re.sub("\ufffd+", "\ufffd", data.decode("utf-8", "replace"))
        lost = repaired.count("\ufffd")
        # What was misread twice is made of this encoding's own characters after one repair.
        sound = sum(1 for each in repaired if ord(each) in self._bytes or _PLAUSIBLE.match(each))
        in_word = match.start() and match.string[match.start() - 1].islower()
        # A word that has damage already is damaged text all over: "في" misread is "Ù\ufffdÙŠ".
        share = _SOUND_SHARE_OF_DAMAGED if "\ufffd" in match[0] else _SOUND_SHARE
        if (
            sound + lost < len(repaired)
            or sound < share * len(repaired)
            or (in_word and repaired.isalpha() and repaired.isupper())
        ):
            return match[0]
        return repaired


_MISREADINGS: Final = tuple(
    map(
        _Misreading,
        (
            "cp1252",
            "cp1256",
            "iso8859-15",
            "mac_roman",
            "cp1251",
            "cp850",
            "cp437",
            "cp1254",
            "cp1250",
            "cp1257",
        ),
    )
)

_HALF_SPACE: Final = re.compile(r"(?<=\w)Â(?=\s|$)", re.MULTILINE)


def repair(text: str) -> str:
    """A text in which words of UTF-8 that were read in another encoding are read right; others are left alone."""
    if text.isascii():
        return text
    before = text
    for _ in range(2 * _ROUNDS):
        characters = frozenset(text)
        for misreading in _MISREADINGS:
            if misreading.stands_in(text, characters) and (repaired := misreading.repair(text)) != text:
                text = repaired
                break
        else:
            break
    # The second byte of a no-break space looks like one, and was collapsed or trimmed with others.
    text = text if text == before else _HALF_SPACE.sub("\xa0", text)
    return _SEGMENT.sub(_arabic, text) if _ALEF in text and _LATINED.search(text) else text


_ALEF: Final = "Ç"
"""What alef of Windows-1256 is in Windows-1252; no Arabic text goes without it."""
_LATINED: Final = re.compile("[À-ÖØ-öø-ÿ]{4}")
"""Letters that no language of Latin script has side by side, and Arabic has where Windows-1256 was read as 1252."""
_SEGMENT: Final = re.compile(r"[^<>\n]+")
_BEYOND_ASCII: Final = re.compile("[\x80-\uffff]+")
_ARABIC: Final = re.compile("[\u060c\u061b\u061f\u0621-\u06d3\xa0«»’‘“”…–—•×àâçèéêëîïôùûüŒœ\u200c-\u200f]+")


def _arabic(match: re.Match[str]) -> str:
    """A text between tags with its letters read as Windows-1256, where they make words that way only."""
    return _BEYOND_ASCII.sub(_read_as_arabic, match[0]) if _LATINED.search(match[0]) else match[0]


def _read_as_arabic(match: re.Match[str]) -> str:
    try:
        data = bytes(_CP1252.get(ord(character), ord(character)) for character in match[0])
    except ValueError:
        return match[0]
    read = data.decode("cp1256")
    return read if _ARABIC.fullmatch(read) else match[0]


_CP1252: Final = {ord(bytes([byte]).decode("cp1252", "replace")): byte for byte in range(0x80, 0xA0)}


_DAMAGED_SHARE: Final = 0.25
"""The share of a text's characters that are lost or misread from which it is no headline."""

_MISREAD: Final = re.compile(
    "[ÃÂØÙÚÐÑ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|[طظ][^\\s\\u0621-\\u064a]|[РС][\xa0-\xbf‚„…†‡€‰‹‘’“”•–—™›]"
)
_SIGNS_OF_DAMAGE: Final = ("\ufffd", "???", "Ø", "Ù", "Ã", "Â", "ط§", "ظ„", "Ð", "Р°")
_QUESTIONED: Final = re.compile(r"\?{3,}")


def damaged_share(text: str) -> float:
    """The share of a text's characters, without blanks, that are lost (U+FFFD, `????`) or mojibake (0 to 1)."""
    lost = text.count("\ufffd") + sum(map(len, _QUESTIONED.findall(text)))
    if not lost and text.isascii():
        return 0.0
    misread = sum(map(len, _MISREAD.findall(text)))
    return (lost + misread) / max(1, len(text) - text.count(" "))


def is_damaged(text: str) -> bool:
    """Whether so much of a text is damaged that it is unreadable."""
    return may_be_damaged(text) and damaged_share(text) >= _DAMAGED_SHARE


def may_be_damaged(text: str) -> bool:
    """Whether anything in a text looks damaged, in a fraction of the time that it takes to say how much."""
    for sign in _SIGNS_OF_DAMAGE:  # noqa: SIM110 (`any` takes twice as long, and every slot is looked at)
        if sign in text:
            return True
    return False
