"""Where events go: one owner per language, one topic per headline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cloudevents import CANARY_SOURCE
from schemas.events import CategorizedHeadline
from schemas.mediatopics import SLUG_BY_TOPIC, slug_of
from schemas.routing import PARTITION_BY_LANGUAGE, category_topic, own_topics, partition_of, topics_of
from schemas.topics import CATEGORIES

LANGUAGES = st.from_regex(r"[a-z]{2,3}", fullmatch=True)


@given(LANGUAGES, st.integers(1, 100))
def test_every_language_has_a_partition_that_exists(language: str, partitions: int) -> None:
    """Whatever the number of partitions, a language's is one of them, and always the same."""
    assert partition_of(language, partitions) in range(partitions)
    assert partition_of(language, partitions) == partition_of(language, partitions)


@given(LANGUAGES.filter(lambda language: language not in PARTITION_BY_LANGUAGE), st.integers(4, 100))
def test_small_languages_keep_off_the_big_ones_partitions(language: str, partitions: int) -> None:
    """Arabic, French and English have an owner each that does nothing else."""
    assert partition_of(language, partitions) not in PARTITION_BY_LANGUAGE.values()


@pytest.mark.parametrize(
    ("language", "partition"), [("ar", 0), ("fr", 1), ("en", 2), ("es", 3), ("de", 5), ("und", 4)]
)
def test_partitions_of_the_contract(language: str, partition: int) -> None:
    """These are on disk in every cluster: another answer would split a language between two owners."""
    assert partition_of(language, 6) == partition


def _names(topic: str | None, *, source: str = "akhbar", late: bool = False) -> list[str]:
    headline = CategorizedHeadline(
        id=f"{'0' * 20}-1",
        chain=f"{'0' * 20}-1",
        source=source,
        observed_at="2026-03-11T08:00:00.000Z",
        slot=1,
        text="Port reopens after the storm",
        language="en",
        topic=topic,
        category=slug_of(topic),
        late=late,
        model="1",
    )
    return [found.name for found in topics_of(headline)]


def test_a_headline_goes_to_its_surest_topics_category() -> None:
    """Each of the seventeen has its own topic, null the eighteenth, a user's one laid out like them."""
    for media_topic, slug in SLUG_BY_TOPIC.items():
        assert _names(media_topic) == ["headlines", f"category.{slug}", "current"]
    assert _names(None)[1] == "category.uncategorised"
    assert _names("user:agadir")[1] == "category.agadir"
    assert category_topic("agadir").partitions == CATEGORIES["sport"].partitions


def test_a_late_headline_is_not_the_current_wording() -> None:
    """It is published, but what its chain says now is known already."""
    assert _names(None, late=True) == ["headlines", "category.uncategorised"]


def test_the_canary_keeps_off_everybodys_topics() -> None:
    """Whatever it is about."""
    assert _names(None, source=CANARY_SOURCE) == ["canary"]


def test_only_users_own_topics_are_added_each_once() -> None:
    """A rule that speaks for one of the eighteen needs no topic."""
    (sport,) = (topic for topic, slug in SLUG_BY_TOPIC.items() if slug == "sport")
    assert own_topics(["user:agadir", sport, "user:agadir"]) == (category_topic("agadir"),)
