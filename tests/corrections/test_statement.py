"""Corrections as people say them, and what is made of them."""

import msgspec
import pytest

from schemas.events import Correction
from streams.corrections.export import Example, Pair, examples
from streams.corrections.statement import correction, media_topic
from streams.errors import SettingsError
from streams.explain.explanation import Evidence, explain
from tests.support import START


def test_said_twice_it_is_one() -> None:
    """Who says it, when, why and in which order does not matter to what holds."""
    one = correction("split", ["Port reopens", "Port closes"], by="amina", why="no", at=START)
    other = correction("split", ["Port closes", "PORT REOPENS!"], by="karim", why="as she says", at=START + 1)
    assert one.id == other.id
    assert one.keys == other.keys
    assert correction("join", ["Port reopens", "Port closes"], by="a", why="b", at=START).id != one.id


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["Port reopens", "PORT REOPENS!"], "nothing to split"),
        (["Port reopens after the storm", "أمطار غزيرة شمال المملكة"], "different languages"),
    ],
)
def test_what_would_change_nothing_is_refused(texts: list[str], problem: str) -> None:
    """Texts that are one to the pipeline, and texts that are never compared."""
    with pytest.raises(SettingsError, match=problem):
        correction("split", texts, by="amina", why="so", at=START)


def test_a_category_is_a_media_topic_or_ones_own() -> None:
    """By the slug that readers know."""
    assert media_topic("sport") == "medtop:15000000"
    assert media_topic("agadir") == "user:agadir"


def test_test_data_comes_of_corrections() -> None:
    """What a person decided is what rules and model should have; a withdrawal teaches nothing."""
    said = [
        correction("split", ["Port reopens", "Port closes"], by="a", why="b", at=START),
        correction("recategorize", ["Port reopens"], by="a", why="b", at=START, topic="medtop:04000000"),
        correction("withdraw", ["Port reopens"], by="a", why="b", at=START),
    ]
    pair, example = examples(said)
    assert isinstance(pair, Pair)
    assert pair.relation == "distinct"
    assert example == Example("Port reopens", "en", "medtop:04000000", said[1].id)


def test_an_explanation_tells_what_was_corrected() -> None:
    """Also of a headline that is seen no more because of it."""
    said = correction("withdraw", ["Port reopens"], by="amina", why="a hoax", at=START)
    assert explain("port reopens", Evidence([], [], [said])).corrections == (said,)
    assert explain("Port closes", Evidence([], [], [said])).corrections == ()


def test_a_correction_survives_being_written_and_read() -> None:
    """decode(encode(x)) == x."""
    said = correction("split", ["Port reopens", "Port closes"], by="amina", why="no", at=START)
    assert msgspec.json.decode(msgspec.json.encode(said), type=Correction) == said
