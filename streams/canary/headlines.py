"""The canary's headlines: one per language, each a new text that is similar to no other headline.

The content words are derived from the time, letter by letter. No real headline has them, so that a canary headline is
never merged with a real one or with another canary headline, and the categorizer files it as `uncategorised`. The
function words around them are real, so that the language is recognized.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, NamedTuple

from schemas.cloudevents import CANARY_SOURCE
from streams.produce.observation import Observation

_SEPARATOR: Final = " ||| "
_LETTERS: Final = 9
"""Letters of a word after its prefix. Two words of 9 letters out of 13 are equal once in ten thousand million."""


class _Template(NamedTuple):
    sentence: str
    beginning: str
    """The prefix of the made-up words. No real word has it, because the categorizer compares prefixes."""
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
    """The canary's strip at an instant (ms since the epoch), with one slot per language."""
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
    """Five words that are unique to this language and instant."""
    for number in range(5):
        digest = blake2b(f"{language} {at} {number}".encode(), digest_size=_LETTERS).digest()
        letters = template.letters
        yield template.beginning + "".join(letters[byte % len(letters)] for byte in digest)
