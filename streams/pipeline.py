"""The whole topology on one screen.

sources ─ produce ─▶ strips
                └──▶ sightings ─ deduplicate ─▶ decisions ─ categorize ─▶ headlines, category.SLUG
                                      ├─▶ seen                   ├─▶ current (the newest wordings)
                                      ├─▶ duplicates             └─▶ canary
                                      └─▶ corrections (those in force)
any stage ─▶ deadletters, positions
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from schemas.routing import own_topics
from schemas.topics import (
    CANARY,
    CATEGORIES,
    CORRECTIONS,
    CURRENT,
    DECISIONS,
    DUPLICATES,
    HEADLINES,
    SEEN,
    SIGHTINGS,
)
from streams.process.categorize.model import Categorizer
from streams.process.categorize.model import warm_up as load_model
from streams.process.categorize.processor import OUTCOMES as CATEGORIZE_OUTCOMES
from streams.process.categorize.processor import CategorizeProcessor
from streams.process.dedup.deduplicator import OUTCOMES as DEDUPLICATE_OUTCOMES
from streams.process.dedup.deduplicator import Deduplicator
from streams.process.dedup.deduplicator import warm_up as load_words
from streams.stage import Stage

if TYPE_CHECKING:
    from streams.process.categorize.rules import Rule

DEDUPLICATE: Final = Stage(
    name="deduplicate",
    source=SIGHTINGS,
    state=SEEN,
    outputs=(DECISIONS, DUPLICATES, CORRECTIONS),
    processor=Deduplicator,
    outcomes=DEDUPLICATE_OUTCOMES,
    warm_up=load_words,
)
CATEGORIZE: Final = Stage(
    name="categorize",
    source=DECISIONS,
    state=None,
    outputs=(HEADLINES, CURRENT, CANARY, *CATEGORIES.values()),
    processor=CategorizeProcessor,
    outcomes=CATEGORIZE_OUTCOMES,
    warm_up=load_model,
)
STAGES: Final = (DEDUPLICATE, CATEGORIZE)
"""In topological order: each stage reads a topic that the one before it writes."""


def stages(rules: "Sequence[Rule]" = ()) -> tuple[Stage, ...]:
    """The topology with a user's own rules, whose media topics have a Kafka topic each."""
    if not rules:
        return STAGES
    return (
        DEDUPLICATE,
        replace(
            CATEGORIZE,
            outputs=(*CATEGORIZE.outputs, *own_topics(rule.topic for rule in rules)),
            processor=lambda: CategorizeProcessor(Categorizer(rules=rules)),
        ),
    )
