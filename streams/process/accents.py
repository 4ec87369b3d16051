"""Keep the one accent that is a fact: in French a participle in -é is another word than its verb in -e.

"Un policier tue" and "Un policier tué" are two stories. Accents are folded elsewhere, as many texts and most capitals
go without them; of the verbs in `participles.txt`, the usual ones of the first group, the participle keeps its own.
What a text without accents means by "tue" is decided where headlines are compared
(`streams.process.dedup.guards.content`).
"""

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Final

from streams.process.letters import KEPT_ACUTE, WORDS

ACUTE: Final = "\u0301"
_ENDING: Final = re.compile(r"([^\W\d_]{2,20})[éÉ](?!\w)")


def keep_participles(text: str) -> str:
    """A text in which KEPT_ACUTE stands for the é of participles that would fold to another form of their verb."""
    if ACUTE in text:
        text = unicodedata.normalize("NFC", text)
    return _ENDING.sub(_kept, text)


def _kept(match: re.Match[str]) -> str:
    return match[1] + KEPT_ACUTE if match[1].translate(WORDS) in _verbs() else match[0]


@cache
def _verbs() -> frozenset[str]:
    """The verbs of `participles.txt`, read when a headline first needs them."""
    text = files(__package__).joinpath("participles.txt").read_text("utf-8")
    return frozenset(word for line in text.split("\n") if not line.startswith("#") for word in line.split())
