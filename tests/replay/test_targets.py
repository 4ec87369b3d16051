"""How the two ends of a replay get their settings."""

from pathlib import Path

import pytest

from streams.cli.clusters import Target, production
from streams.cli.replay.ends import planned_settings
from streams.errors import SettingsError
from streams.settings import Settings
from streams.settings.connection import BOOTSTRAP_SERVERS
from streams.settings.topics import TOPIC_PREFIX
from tests.replay.test_checks import PLAN


@pytest.fixture
def source() -> Settings:
    environment = {"TICKER_BOOTSTRAP_SERVERS": "source:9092", "TICKER_PRODUCTION_CLUSTERS": "A, B"}
    return Settings.read({"topic_prefix": "ticker"}, environment=environment)


def test_a_target_is_the_source_but_for_what_was_given(source: Settings) -> None:
    """Another prefix, or another address, with the same login."""
    there = Target(config=None, bootstrap_servers="there:9092", prefix="staging").settings(source)
    assert there[BOOTSTRAP_SERVERS] == "there:9092"
    assert there[TOPIC_PREFIX] == "staging"
    beside = Target(config=None, bootstrap_servers=None, prefix="staging").settings(source)
    assert beside[BOOTSTRAP_SERVERS] == "source:9092"


def test_a_targets_own_file_is_not_overridden_by_what_is_said_of_the_source(
    source: Settings, tmp_path: Path
) -> None:
    """Neither the environment nor the source's flags reach a cluster with settings of its own."""
    file = tmp_path / "staging.toml"
    file.write_text('bootstrap_servers = "there:9093"\nproduction_clusters = "C"\n')
    there = Target(config=file, bootstrap_servers=None, prefix=None).settings(source)
    assert there[BOOTSTRAP_SERVERS] == "there:9093"
    assert there[TOPIC_PREFIX] == "ticker"


def test_production_is_what_either_end_marks(source: Settings, tmp_path: Path) -> None:
    """A cluster id in the settings of the source or of the target."""
    file = tmp_path / "staging.toml"
    file.write_text('production_clusters = "C"\n')
    there = Target(config=file, bootstrap_servers=None, prefix=None).settings(source)
    assert production(source, there) == {"A", "B", "C"}


@pytest.mark.parametrize(
    ("flag", "named", "to"),
    [("--topic-prefix other", "other", None), ("--to-topic-prefix other", None, "other")],
)
def test_a_planned_replay_keeps_its_prefixes(flag: str, named: str | None, to: str | None) -> None:
    """They were counted and checked: a flag with another one is refused, one with the same is not."""
    settings = Settings.read({TOPIC_PREFIX.name: named} if named else {}, environment={})
    with pytest.raises(SettingsError, match=f"{flag}: the plan has (ticker|staging); plan again"):
        planned_settings(PLAN, settings, Target(config=None, bootstrap_servers=None, prefix=to))
    same = Settings.read({TOPIC_PREFIX.name: "ticker"}, environment={})
    here, there = planned_settings(PLAN, same, Target(config=None, bootstrap_servers=None, prefix="staging"))
    assert (here[TOPIC_PREFIX], there[TOPIC_PREFIX]) == ("ticker", "staging")
