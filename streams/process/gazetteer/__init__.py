"""Gazetteers: outlets, places, given names, and the notes next to headlines, as data.

A difference between two headlines is excused only if its words are known to be a note or a mere place, never because
they are unknown. `outlets.txt`, `places.txt` and `names.txt` hold names between bars, in any script;
`notes.toml` holds words by what they do. Each file says its format. All are read when a headline first needs them,
in a few milliseconds, and compared folded (`streams.process.letters`); names are compared without spaces.
"""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final

from msgspec import Struct

from streams.process.letters import WORDS, Folding

_BAR: Final = "|"
_ALSO: Final = "~"
_NAMES: Final = Folding({_BAR: _BAR, "\n": "\n", _ALSO: _ALSO})


class Gazetteer(Struct, frozen=True):
    """Names and notes, folded; names of several words have no spaces between them.

    `outlets` are no other words; `outlets_and_words` holds them and those that are ("Le Soir"). `tags` may
    stand before or after a headline (`hashtags` are the same without spaces), `slugs` and `sections` before
    it, `numbered` before a number, `informed` before an outlet; `accompanying` may stand after a colon, too.
    `labels` are tags, `signatures` outlets and `papers` last words of outlets of which the fold knows nothing.
    `editions` follow an outlet's name. `media`, `media_first` and `media_last` make a name an outlet's, `never_media`
    does not.
    """

    outlets: frozenset[str]
    outlets_and_words: frozenset[str]
    tags: frozenset[str]
    hashtags: frozenset[str]
    slugs: frozenset[str]
    accompanying: frozenset[str]
    numbered: frozenset[str]
    informed: frozenset[str]
    labels: frozenset[str]
    signatures: frozenset[str]
    papers: frozenset[str]
    sections: frozenset[str]
    editions: frozenset[str]
    media: frozenset[str]
    media_first: frozenset[str]
    media_last: frozenset[str]
    never_media: frozenset[str]


class Places(Struct, frozen=True):
    """Places, folded, without spaces. Those that `speak` are countries and capitals, which make statements."""

    known: frozenset[str]
    speak: frozenset[str]


@cache
def gazetteer() -> Gazetteer:
    """The outlets and notes, read once."""
    outlets, words = _names("outlets.txt")
    notes = tomllib.loads(files(__package__).joinpath("notes.toml").read_text("utf-8"))
    return Gazetteer(
        outlets=outlets,
        outlets_and_words=outlets | words,
        hashtags=frozenset(tag.replace(" ", "") for tag in _folded(notes["tags"])),
        **{name: _folded(listed) for name, listed in notes.items()},
    )


@cache
def places() -> Places:
    """The places, read once."""
    mute, speak = _names("places.txt")
    return Places(known=mute | speak, speak=speak)


@cache
def given_names() -> frozenset[str]:
    """Given names of one word, folded, read once."""
    names, _ = _names("names.txt")
    return names


def _names(file: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names of a file, folded: those of plain lines, and those of lines that begin with a tilde."""
    text = files(__package__).joinpath(file).read_text("utf-8")
    lines = "\n".join(line for line in text.split("\n") if not line.startswith("#"))
    plain: set[str] = set()
    also: set[str] = set()
    for line in lines.translate(_NAMES).replace(" ", "").split("\n"):
        (also if line.startswith(_ALSO) else plain).update(line.removeprefix(_ALSO).split(_BAR))
    return frozenset(plain - {""}), frozenset(also - {""})


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(" ".join(word.translate(WORDS).split()) for word in words)
