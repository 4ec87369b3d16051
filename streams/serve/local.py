"""Fills the window from files through the local engine, for a board without a broker."""

from collections.abc import Callable, Sequence

from schemas.events import CategorizedHeadline, Duplicate
from schemas.instants import format_instant
from schemas.topics import DUPLICATES, HEADLINES
from streams.engine.local.engine import LocalEngine
from streams.errors import InputError
from streams.pipeline import DEDUPLICATE, STAGES
from streams.process.dedup.deduplicator import Deduplicator
from streams.produce.read import read
from streams.produce.sightings import sightings
from streams.produce.strips import strip_of
from streams.serve.window import Sightings, Window
from streams.stage import EventRecord


def fill(window: Window, places: Sequence[str], failed: Callable[[Exception], None]) -> None:
    """Put the headlines of files and folders into a window, with their near duplicates and sightings.

    `failed` is called with an error for everything that cannot be read, split or processed.

    Raises:
        InputError: Not one headline came of it.
    """
    headlines: list[CategorizedHeadline] = []
    duplicates: list[Duplicate] = []

    def take(record: EventRecord) -> None:
        assert isinstance(record.value, CategorizedHeadline)
        headlines.append(record.value)

    def swallow(record: EventRecord) -> None:
        assert isinstance(record.value, Duplicate)
        duplicates.append(record.value)

    deduplicator = Deduplicator()
    engine = LocalEngine(
        STAGES,
        processors={DEDUPLICATE.name: deduplicator},
        subscribers={HEADLINES.name: take, DUPLICATES.name: swallow},
        dead_letters=lambda letter: failed(InputError(f"stage {letter.stage}", str(letter.error))),
    )
    for observation in read(places, failed=failed):
        try:
            strip, slots = strip_of(observation)
        except InputError as error:
            failed(error)
        else:
            engine.process(sightings(strip, slots).records)
    if not headlines:
        raise InputError(
            ", ".join(places), "no headline to show; `ticker run` says what becomes of each slot"
        )
    # A strip shows its newest headline first.
    headlines.sort(key=lambda headline: (headline.observed_at, -headline.slot))
    for offset, headline in enumerate(headlines):
        window.add(headline, 0, offset)
    for duplicate in duplicates:
        window.swallow(duplicate)
    for live in deduplicator.live():
        names = tuple(source.decode() for source in live.sources)
        window.see(live.id, Sightings(live.sightings, format_instant(live.last_shown), names))
