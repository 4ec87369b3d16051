"""Plans as files, and which topics can be replayed."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from schemas.topics import TOPICS
from streams.errors import InputError, SettingsError
from streams.replay.plan import read_plan, replay_id, topic_named, write_plan
from streams.replay.select import Selection
from tests.replay.test_checks import PLAN


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Everything in it, filters too; people can read it."""
    plan = replace(PLAN, selection=Selection(sources=("akhbar",), text="ميناء"), accept=("partitions",))
    write_plan(plan, tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json") == plan
    assert "ميناء" in (tmp_path / "plan.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('"speed": "1x"', '"speed": "fast"'), "speed 'fast'"),
        (('"topic": "sightings"', '"topic": "positions"'), "means nothing elsewhere"),
        (('"id": "p1"', '"id": "P 1"'), "id"),
        (('"create": false', '"creates": false'), "creates"),
        (("{", "["), "not a plan"),
    ],
)
def test_a_plan_that_was_changed_badly_is_refused(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    """With what is wrong in it."""
    path = tmp_path / "plan.json"
    write_plan(PLAN, path)
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises((InputError, SettingsError), match=told):
        read_plan(path)


def test_every_topic_but_positions_can_be_replayed() -> None:
    """By its name without prefix; a user's own category too."""
    for topic in TOPICS:
        if topic.name != "positions":
            assert topic_named(topic.name) == topic
    assert topic_named("category.mine").name == "category.mine"
    with pytest.raises(SettingsError, match="there are"):
        topic_named("nothing")


def test_ids_are_made_up_or_checked() -> None:
    """They stand in keys, headers and transactional ids."""
    assert replay_id(None) != replay_id(None)
    assert replay_id("day-1") == "day-1"
    with pytest.raises(SettingsError, match="small letters"):
        replay_id("Day|1")
