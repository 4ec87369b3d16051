"""The canary's headlines: one per language, each a text that was never there and resembles nothing.

The content words are made up, letter by letter, from the time: no real headline has them, so nothing merges
with a canary and no canary with another, and the categorizer has nothing to go by: `uncategorised`. The
small words around them are real and tell the language.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, NamedTuple

from schemas.cloudevents import CANARY_SOURCE
from streams.produce.observation import Observation

_SEPARATOR: Final = " ||| "
_LETTERS: Final = 9
"""Letters of a word after its beginning: two words of 9 out of 13 are alike once in ten thousand million."""


class _Template(NamedTuple):
    sentence: str
    beginning: str
    """What made-up words begin with: no real word does, for the categorizer goes by beginnings."""
    letters: str


_TEMPLATES: Final[Mapping[str, _Template]] = MappingProxyType(
    {
        "ar": _Template("{} {} في {} من {} على {}", "ظغ", "بتثجحخدذسشصضطظعغفقكلمن"),
        "fr": _Template("la {} de la {} et les {} pour une {} avec des {}", "zx", "bdfglmnprstvz"),
        "en": _Template("the {} of the {} and their {} with which {} from this {}", "zx", "bdfghklmnprstwy"),
    }
)

LANGUAGES: Final = tuple(_TEMPLATES)


def observation(at: int) -> Observation:
    """The strip that the canary shows at an instant (ms since the epoch): a slot per language."""
    slots = (
        template.sentence.format(*_words(language, template, at)) for language, template in _TEMPLATES.items()
    )
    return Observation(
        place="the canary",
        source=CANARY_SOURCE,
        observed_at=at,
        text=_SEPARATOR.join(slots),
        format="text",
        is_page=False,
        separator=_SEPARATOR,
    )


def _words(language: str, template: _Template, at: int) -> Iterator[str]:
    """Five words that only this language and instant have."""
    for number in range(5):
        digest = blake2b(f"{language} {at} {number}".encode(), digest_size=_LETTERS).digest()
        letters = template.letters
        yield template.beginning + "".join(letters[byte % len(letters)] for byte in digest)
