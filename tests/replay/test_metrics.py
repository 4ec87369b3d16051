"""What a replay measures of itself: how far it is, and its result at the window that it is about."""

from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from streams.replay.control import PAUSED
from streams.replay.course import Course
from streams.replay.diff import Difference, Flip
from streams.replay.lag import BEHIND
from streams.replay.metrics import METRICS, STEPS, ReplayMetrics
from streams.replay.pace import Pacer
from streams.replay.partition import Written
from streams.replay.plan import Place, Plan, Span
from streams.replay.speed import Speed

PLACE = Place(bootstrap_servers="localhost:9092", cluster_id="one", prefix="ticker")
PLAN = Plan(
    id="night",
    made_at="2026-03-11T08:00:00Z",
    topic="sightings",
    source=PLACE,
    target=replace(PLACE, prefix="look"),
    spans=(
        Span(
            partition=0,
            first=0,
            end=100,
            records=100,
            bytes=1_000,
            largest=20,
            first_time="2026-03-11T06:00:00Z",
            last_time="2026-03-11T07:00:00Z",
        ),
    ),
)
SIX = 1773208800
NOTHING = Difference(
    headlines=(9, 9), common=9, gained=(), lost=(), merges_gained=(), merges_lost=(), flips=()
)
FLIP = Flip(id="a-0", text="Harbour opens", source="akhbar", old="society", new="harbours")


class Clock:
    """A clock that the test owns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def measured(plan: Plan = PLAN) -> tuple[CollectorRegistry, ReplayMetrics]:
    registry = CollectorRegistry()
    metrics = ReplayMetrics(registry, now=lambda: 1.8e9)
    metrics.planned(plan)
    return registry, metrics


def test_how_far_a_replay_is_can_be_asked_at_any_time() -> None:
    """Records of earlier runs too, the event time that was reached, why it stands still, what is left by its pace."""
    registry, metrics = measured()
    clock = Clock()
    course, pacer = Course(100, (SIX + 3600) * 1000, clock), Pacer(Speed("times", 10), clock)
    metrics.follow(course)
    course.began(40, pacer)
    pacer.begin(SIX * 1000)
    course.written(Written(partition=0, read=12, written=10, event_time=(SIX + 60) * 1000))
    course.written(Written(partition=0, read=5, written=0, event_time=0))
    clock.now += 6

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"ticker_replay_{name}", {"replay": "night", **labels})

    assert value("planned_records") == 100
    assert value("done_records") == 50
    assert value("event_timestamp_seconds") == SIX + 60
    assert value("left_seconds") == 354
    assert [value("held", reason=why) for why in (PAUSED, BEHIND)] == [0, 0]
    course.lag = 7
    pacer.hold(BEHIND)
    assert value("lag_records") == 7
    assert [value("held", reason=why) for why in (PAUSED, BEHIND)] == [0, 1]


def test_it_is_at_one_step() -> None:
    """The one that was said last."""
    registry, metrics = measured()
    for at in STEPS:
        metrics.at(at)
        assert {step: registry.get_sample_value("ticker_replay_step", {"step": step}) for step in STEPS} == {
            step: float(step == at) for step in STEPS
        }


def test_a_result_is_there_when_it_is_known_and_says_what_was_found() -> None:
    """At the window that was asked for, or that of the records where none was."""
    for plan, window in (
        (PLAN, (SIX, SIX + 3600)),
        (replace(PLAN, since="2026-03-11T06:30:00Z", until="2026-03-11T06:40:00Z"), (SIX + 1800, SIX + 2400)),
    ):
        registry, metrics = measured(plan)
        assert registry.get_sample_value("ticker_replay_failed", {"replay": "night"}) is None
        metrics.compared(replace(NOTHING, flips=(FLIP,)), "11 % of categories flipped, 1 % are allowed")
        labels = {"replay": "night", "topic": "sightings", "outcome": "failed"}
        found = {"found": "1 flips in 9 headlines of both builds"}
        begin = registry.get_sample_value("ticker_replay_window_begin_timestamp_seconds", labels | found)
        end = registry.get_sample_value("ticker_replay_window_end_timestamp_seconds", {"replay": "night"})
        assert [begin, end] == [*window]
        assert registry.get_sample_value("ticker_replay_failed", {"replay": "night"}) == 1
        assert metrics.has_result


def test_a_replay_that_broke_off_before_there_was_a_plan_has_no_result() -> None:
    """It was about no window."""
    registry = CollectorRegistry()
    metrics = ReplayMetrics(registry)
    metrics.finished("broke off: SettingsError", failed=True)
    assert not metrics.has_result
    assert registry.get_sample_value("ticker_replay_failed", {"replay": "night"}) is None


def test_a_metric_of_a_replay_names_the_replay() -> None:
    """So that what two of them say one after the other keeps apart; but the step, which there is before a plan."""
    assert [metric.name for metric in METRICS if "replay" not in metric.labels] == ["ticker_replay_step"]
