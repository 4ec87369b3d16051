"""A seeded corpus of strips: headlines of known words, shown and replaced as by tickers.

In the natural mix each headline is shown about a hundred times, sometimes with another tag; in the all-new mix every
slot of every strip is new. The same seed gives the same bytes on every machine; `digest` identifies them.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from importlib.resources import files
from itertools import accumulate
from typing import Final, Literal

from msgspec import Struct

from streams.produce.observation import Observation

Mix = Literal["natural", "new"]

SLOTS: Final = 54
_SEED: Final = 20260311
_START_MS: Final = 1_773_216_000_000
_POLL_MS: Final = 60_000
"""How often each source is read."""
_SIGHTINGS_PER_HEADLINE: Final = 100
_SEPARATOR: Final = "\u00a0" * 4
_LANGUAGES: Final = {"ar": 70, "fr": 20, "en": 10}
_WORDS: Final = (6, 12)
_ZIPF: Final = 0.75
_FOLDED_TA_MARBUTA: Final = re.compile(r"(?<=\w\w)ه\b")
_TAGS: Final = {"ar": "عاجل: ", "fr": "URGENT - ", "en": "Breaking: "}
_RETAGGED: Final = 0.02


class Corpus(Struct, frozen=True):
    """Strips in memory, and their identity: mix, seed and digest."""

    mix: Mix
    observations: Sequence[Observation]
    sightings: int
    headlines: int
    digest: str


def make(
    mix: Mix,
    sightings: int,
    *,
    seed: int = _SEED,
    sources: int = 20,
    languages: Mapping[str, int] = _LANGUAGES,
) -> Corpus:
    """Make strips with at least `sightings` sightings in total, shown in turn by `sources` sources.

    Args:
        mix: Whether headlines stay for a while or every slot is new.
        sightings: The least number of sightings.
        seed: The random seed, which determines the whole corpus.
        sources: The number of sources.
        languages: The weight of each language among the sources.
    """
    maker = _Maker(random.Random(seed), languages)  # noqa: S311 (a corpus, not a secret)
    observations = list(maker.observations(mix, -(-sightings // SLOTS), sources))
    digest = blake2b(digest_size=8)
    for observation in observations:
        digest.update(f"{observation.source}\0{observation.observed_at}\0{observation.text}\n".encode())
    return Corpus(mix, observations, len(observations) * SLOTS, maker.made, digest.hexdigest())


class _Maker:
    def __init__(self, rng: random.Random, languages: Mapping[str, int]) -> None:
        self._rng = rng
        self._languages = languages
        self.made = 0
        self._words = {language: _words(language) for language in languages}
        self._weights = {
            language: list(accumulate(1 / (rank + 10) ** _ZIPF for rank in range(len(words))))
            for language, words in self._words.items()
        }

    def observations(self, mix: Mix, strips: int, sources: int) -> Iterator[Observation]:
        languages = self._rng.choices(list(self._languages), list(self._languages.values()), k=sources)
        shown = [[self._headline(language) for _ in range(SLOTS)] for language in languages]
        replaced_per_strip = SLOTS / _SIGHTINGS_PER_HEADLINE
        for number in range(strips):
            source = number % sources
            slots = shown[source]
            if mix == "new":
                slots[:] = [self._headline(languages[source]) for _ in range(SLOTS)]
            elif self._rng.random() < replaced_per_strip:
                slots.pop()
                slots.insert(0, self._headline(languages[source]))
            yield Observation(
                place=f"strip {number}",
                source=f"source-{source:02}",
                observed_at=_START_MS + number * _POLL_MS // sources,
                text=_SEPARATOR.join(self._retagged(text, languages[source]) for text in slots),
                format="text",
                is_page=False,
            )

    def _headline(self, language: str) -> str:
        self.made += 1
        count = self._rng.randint(*_WORDS)
        words = self._rng.choices(self._words[language], cum_weights=self._weights[language], k=count)
        return _written(" ".join(words), language)

    def _retagged(self, text: str, language: str) -> str:
        return _TAGS[language] + text if self._rng.random() < _RETAGGED else text


def _written(folded: str, language: str) -> str:
    """Folded words in normal spelling, so that folding has work to do and texts have their usual size."""
    return _FOLDED_TA_MARBUTA.sub("ة", folded) if language == "ar" else folded.capitalize()


def _words(language: str) -> Sequence[str]:
    known = files("streams.process.dedup.words").joinpath("known", f"{language}.txt").read_text("utf-8")
    words = [word for word in known.split() if len(word) > len("ab")]
    random.Random(language).shuffle(words)  # noqa: S311
    return words
