"""Which Kafka topic a categorized headline goes to: exactly one, that of its surest topic."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from schemas.events import CategorizedHeadline
from schemas.mediatopics import UNCATEGORISED, slug_of
from schemas.topics import CATEGORIES, Topic

if TYPE_CHECKING:
    from streams.process.categorize.rules import Rule


def route(categorized: CategorizedHeadline) -> Topic:
    """The topic of a headline's category; a user's own topic has one of its own."""
    return category(slug_of(categorized.topic))


def own_topics(rules: "Iterable[Rule]") -> tuple[Topic, ...]:
    """The Kafka topics that a user's rules need beside the eighteen."""
    slugs = dict.fromkeys(slug_of(rule.topic) for rule in rules)
    return tuple(category(slug) for slug in slugs if slug not in CATEGORIES)


@cache
def category(slug: str) -> Topic:
    """The Kafka topic of a category: one of the eighteen, or a user's own laid out like them."""
    return CATEGORIES.get(slug) or replace(
        CATEGORIES[UNCATEGORISED],
        name=f"category.{slug}",
        description=f"Headlines that the rules file's [topics.{slug}] takes.",
    )
