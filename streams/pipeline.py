"""The whole topology on one screen.

sources ─ produce ─▶ strips
                └──▶ sightings ─ deduplicate ─▶ headlines ─ categorize ─▶ category.SLUG
                                      ├─▶ seen        (the stage's state)
                                      └─▶ duplicates  (near duplicates swallowed)
any stage ─▶ deadletters, positions
"""

from typing import Final

from schemas.topics import CATEGORIES, DUPLICATES, HEADLINES, SEEN, SIGHTINGS
from streams.process.categorize.processor import OUTCOMES as CATEGORIZE_OUTCOMES
from streams.process.categorize.processor import CategorizeProcessor
from streams.process.dedup.deduplicator import OUTCOMES as DEDUPLICATE_OUTCOMES
from streams.process.dedup.deduplicator import Deduplicator
from streams.stage import Stage

DEDUPLICATE: Final = Stage(
    name="deduplicate",
    source=SIGHTINGS,
    state=SEEN,
    outputs=(HEADLINES, DUPLICATES),
    processor=Deduplicator,
    outcomes=DEDUPLICATE_OUTCOMES,
)
CATEGORIZE: Final = Stage(
    name="categorize",
    source=HEADLINES,
    state=None,
    outputs=tuple(CATEGORIES.values()),
    processor=CategorizeProcessor,
    outcomes=CATEGORIZE_OUTCOMES,
)
STAGES: Final = (DEDUPLICATE, CATEGORIZE)
"""In the order of the flow: each reads what the one before it wrote."""
