"""F1 scores of topics."""

from collections import Counter
from collections.abc import Sequence


def f1_by_topic(pairs: Sequence[tuple[str, str | None]]) -> dict[str, float]:
    """F1 of each true topic in pairs of `(true topic, found topic)`."""
    right = Counter(topic for topic, found in pairs if topic == found)
    named = Counter(topic for topic, _ in pairs)
    given = Counter(found for _, found in pairs)
    return {topic: 2 * right[topic] / (named[topic] + given[topic]) for topic in sorted(named)}


def macro_f1(pairs: Sequence[tuple[str, str | None]]) -> float:
    """The mean of the topics' F1."""
    scores = f1_by_topic(pairs)
    return sum(scores.values()) / len(scores)
