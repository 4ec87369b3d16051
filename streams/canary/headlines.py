"""The canary's headlines: one per language, each a text that was never there and resembles nothing.

The content words are made up, letter by letter, from the time: no real headline has them, so nothing merges
with a canary and no canary with another, and the categorizer has nothing to go by: `uncategorised`. The
small words around them are real and tell the language.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Final

from schemas.cloudevents import CANARY
from streams.produce.read import Observation

_SEPARATOR: Final = " ||| "
_LETTERS: Final = 9
"""Letters of a word: 9 out of 13 or more make two alike less likely than one in ten thousand million."""

_TEMPLATES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "ar": ("{} {} في {} من {} على {}", "بتثجحخدذسشصضطظعغفقكلمن"),
        "fr": ("la {} de la {} et les {} pour une {} avec des {}", "bdfglmnprstvz"),
        "en": ("the {} of the {} and their {} with which {} from this {}", "bdfghklmnprstwy"),
    }
)
"""The sentence of a language, and letters for its made-up words."""

LANGUAGES: Final = tuple(_TEMPLATES)


def observation(at: int) -> Observation:
    """The strip that the canary shows at an instant (ms since the epoch): a slot per language."""
    slots = (
        template.format(*_words(language, letters, at))
        for language, (template, letters) in _TEMPLATES.items()
    )
    return Observation(
        place="the canary",
        source=CANARY,
        observed_at=at,
        text=_SEPARATOR.join(slots),
        format="text",
        is_page=False,
        separator=_SEPARATOR,
    )


def _words(language: str, letters: str, at: int) -> Iterator[str]:
    """Five words that only this language and instant have."""
    for number in range(5):
        digest = blake2b(f"{language} {at} {number}".encode(), digest_size=_LETTERS).digest()
        yield "".join(letters[byte % len(letters)] for byte in digest)
