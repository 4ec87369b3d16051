"""The rails: every check refuses what it is for, says what helps, and can be told to let go where that is sane."""

from typing import Final

import pytest
from msgspec.structs import replace

from schemas.instants import format_instant
from schemas.topics import SIGHTINGS
from streams.kafka.topics import TopicDescription
from streams.replay.checks import ACCEPTABLE, Check, Facts, check
from streams.replay.plan import Place, Plan, Span
from tests.support import START

HOUR = 3_600_000
PLAN = Plan(
    id="p1",
    made_at=format_instant(START),
    topic="sightings",
    source=Place(bootstrap_servers="a:1", cluster_id="A", prefix="ticker"),
    target=Place(bootstrap_servers="b:1", cluster_id="B", prefix="staging"),
    spans=(
        Span(
            partition=0,
            first=100,
            end=200,
            records=100,
            bytes=20_000,
            largest=300,
            first_time=format_instant(START),
            last_time=format_instant(START + HOUR),
        ),
    ),
)
CONFIG = {**SIGHTINGS.config, "message.timestamp.after.max.ms": str(HOUR)}
FACTS = Facts(
    source_cluster="A",
    target_cluster="B",
    source_servers="asked-for:1",
    target_servers="b:1",
    source_partitions=6,
    beginnings=dict.fromkeys(range(6), 0),
    target={
        "staging.sightings": TopicDescription(6, 1, CONFIG),
        "staging.positions": TopicDescription(6, 1, {}),
    },
    state_records=0,
    resumed=False,
    production=frozenset(),
    cut=(),
    now=START + 2 * HOUR,
)


def found(name: str, plan: Plan = PLAN, facts: Facts = FACTS) -> Check:
    return next(each for each in check(plan, facts) if each.name == name)


def configured(**config: str) -> Facts:
    named = {key.replace("_", "."): value for key, value in config.items()}
    return replace(
        FACTS, target={**FACTS.target, "staging.sightings": TopicDescription(6, 1, {**CONFIG, **named})}
    )


def test_a_plan_between_two_clusters_passes() -> None:
    """With its topics there and laid out as the contract says, nothing refuses."""
    assert {each.outcome for each in check(PLAN, FACTS)} == {"ok"}


def test_a_topic_is_never_written_to_itself() -> None:
    """Same cluster and same name: nothing lets that pass. Another prefix on the cluster does."""
    here = replace(PLAN, target=replace(PLAN.source), accept=("other-topic",))
    facts = replace(FACTS, target_cluster="A")
    assert found("other-topic", here, facts).outcome == "refused"
    beside = replace(PLAN, target=replace(PLAN.source, prefix="staging"))
    assert found("other-topic", beside, facts).outcome == "ok"


def test_production_is_written_to_only_when_named() -> None:
    """The word has to be the cluster's id; `production` alone is not enough."""
    marked = replace(FACTS, production=frozenset({"B"}))
    assert found("production", PLAN, marked).outcome == "refused"
    assert "production:B" in found("production", PLAN, marked).remedy
    assert found("production", replace(PLAN, accept=("production",)), marked).outcome == "refused"
    assert found("production", replace(PLAN, accept=("production:B",)), marked).outcome == "accepted"


def test_a_plan_belongs_to_its_clusters() -> None:
    """Addresses can move; ids do not."""
    moved = replace(FACTS, target_cluster="C")
    assert found("clusters", replace(PLAN, accept=("clusters",)), moved).outcome == "refused"


def test_missing_topics_are_made_only_when_told() -> None:
    """`--create` is the word."""
    empty = replace(FACTS, target={})
    assert found("exists", PLAN, empty).outcome == "refused"
    assert "--create" in found("exists", PLAN, empty).remedy
    assert found("exists", replace(PLAN, create=True), empty).outcome == "ok"


def test_what_is_made_keeps_old_event_times() -> None:
    """A topic that the replay makes has no retention."""
    created = replace(PLAN, create=True)
    old = replace(FACTS, target={}, now=START + 10_000 * HOUR)
    assert found("retention", created, old).outcome == "ok"


REFUSALS: Final = {
    "partitions": replace(FACTS, source_partitions=3),
    "timestamps": configured(message_timestamp_type="LogAppendTime"),
    "cleanup": configured(cleanup_policy="compact"),
    "retention": replace(FACTS, now=START + 8 * 24 * HOUR),
    "clock": replace(FACTS, now=START - HOUR),
    "size": configured(max_message_bytes="400"),
    "state": replace(FACTS, state_records=5),
    "window": replace(FACTS, cut=("partition 0 begins at offset 7",)),
}
"""A refusal that can be accepted, by the check's name."""


@pytest.mark.parametrize(("name", "facts"), REFUSALS.items())
def test_a_refusal_can_be_accepted_by_name(name: str, facts: Facts) -> None:
    """It says the name; with it the check lets go, and only this one."""
    refused = found(name, PLAN, facts)
    assert refused.outcome == "refused"
    assert f"--accept {name}" in refused.remedy
    assert found(name, replace(PLAN, accept=(name,)), facts).outcome == "accepted"
    assert found(name, replace(PLAN, accept=("other",)), facts).outcome == "refused"


def test_all_names_that_can_be_accepted_are_known_to_the_command_line() -> None:
    """Those of the refusals, and of the filters, which are checked while a plan is drafted."""
    assert {*REFUSALS, "filters"} == ACCEPTABLE


def test_progress_has_to_have_its_place() -> None:
    """It is written on the partition of the records, so positions has to have as many."""
    few = replace(FACTS, target={**FACTS.target, "staging.positions": TopicDescription(3, 1, {})})
    assert found("partitions", replace(PLAN, accept=("partitions",)), few).outcome == "refused"


def test_a_window_that_was_cut_since_the_plan_must_be_planned_again() -> None:
    """Records that the plan counted are gone: said before anything is written."""
    cut = replace(FACTS, beginnings={0: 150})
    gone = found("window", replace(PLAN, accept=("window",)), cut)
    assert gone.outcome == "refused"
    assert "offsets 100 to 149 of partition 0 are gone" in gone.finding


def test_a_replay_that_goes_on_finds_its_own_traces() -> None:
    """State and a cut beginning are no news when this replay has begun before."""
    resumed = replace(FACTS, resumed=True, state_records=5, beginnings={0: 150})
    assert {each.outcome for each in check(PLAN, resumed)} == {"ok"}


def test_a_plan_of_nothing_is_refused() -> None:
    """Nothing is written, and nothing is called whole."""
    empty = replace(PLAN, spans=(replace(PLAN.spans[0], records=0),))
    assert found("records", empty).outcome == "refused"
    assert found("records").outcome == "ok"


def test_another_cluster_is_named_by_the_address_that_was_asked_for() -> None:
    """A flag overrides the plan's address: that is where the other cluster answered."""
    assert "asked-for:1 is C" in found("clusters", facts=replace(FACTS, source_cluster="C")).finding
