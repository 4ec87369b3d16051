"""The topology: what it needs on a cluster, with and without a user's rules."""

from itertools import pairwise

from schemas.topics import CATEGORIES
from streams.pipeline import CATEGORIZE, DEDUPLICATE, STAGES, stages
from streams.process.categorize.rules import parse_rules


def test_each_stage_reads_what_an_earlier_one_writes() -> None:
    """The flow has no gap: the first reads what producers write."""
    for before, after in pairwise(STAGES):
        assert after.source in before.outputs


def test_a_stage_names_every_topic_that_it_needs() -> None:
    """A worker checks them at its start: source, state, outputs, positions, dead letters."""
    assert [topic.name for topic in DEDUPLICATE.topics] == [
        "sightings",
        "seen",
        "decisions",
        "duplicates",
        "corrections",
        "positions",
        "deadletters",
    ]


def test_a_users_topics_have_a_kafka_topic_each() -> None:
    """Beside the eighteen; a rule for one of the seventeen needs none."""
    rules = parse_rules(b'[topics.walking]\nwords = ["walk"]\n', "topics.toml")
    *_, categorize = stages(rules)
    assert set(CATEGORIES.values()) < set(CATEGORIZE.outputs)
    assert [topic.name for topic in categorize.outputs[len(CATEGORIZE.outputs) :]] == ["category.walking"]
    assert stages(()) == STAGES
