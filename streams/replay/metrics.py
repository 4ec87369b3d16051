"""The metrics of a replay: its progress, and its result with the differences that a try found.

A process has one replay, so its id may be a label here. The series of the result appear when it is known; a replay
that serves its metrics ends once they have been scraped (`streams.observe.beside`).
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry

from schemas.instants import parse_instant
from streams.observe.instruments import Instruments
from streams.observe.metric import Metric
from streams.replay.apply import Closing
from streams.replay.control import PAUSED
from streams.replay.course import Course
from streams.replay.diff import KINDS, Difference
from streams.replay.lag import BEHIND
from streams.replay.plan import Plan
from streams.replay.through import Remaining

STEPS: Final = ("plan", "replay", "split", "compare", "clean", "done")
"""The steps of a try, in order; `apply` has only `replay` and `done`."""

STEP: Final = Metric(
    name="ticker_replay_step",
    kind="gauge",
    unit="1",
    labels=("step",),
    help="1 for the step that the replay is at, 0 for the others.",
)
PLANNED: Final = Metric(
    name="ticker_replay_planned_records",
    kind="gauge",
    unit="records",
    labels=("replay",),
    help="Records that the replay will have written.",
)
DONE: Final = Metric(
    name="ticker_replay_done_records",
    kind="gauge",
    unit="records",
    labels=("replay",),
    help="Records that it has written, earlier runs of it included.",
)
REACHED: Final = Metric(
    name="ticker_replay_event_timestamp_seconds",
    kind="gauge",
    unit="seconds since the epoch",
    labels=("replay",),
    help="The latest event time that this run has written; 0 before the first.",
)
LEFT: Final = Metric(
    name="ticker_replay_left_seconds",
    kind="gauge",
    unit="seconds",
    labels=("replay",),
    help="How long it will take to write the rest.",
)
LAG: Final = Metric(
    name="ticker_replay_lag_records",
    kind="gauge",
    unit="records",
    labels=("replay",),
    help="Records that the target's consumers are behind.",
)
HELD: Final = Metric(
    name="ticker_replay_held",
    kind="gauge",
    unit="1",
    labels=("replay", "reason"),
    help="1 while the replay stands still: it is paused, or waits for consumers that are behind.",
)
UNREAD: Final = Metric(
    name="ticker_replay_unread_records",
    kind="gauge",
    unit="records",
    labels=("replay", "stage"),
    help="Records that a stage of this build has still to read, in a try whose records are all written.",
)
LOST: Final = Metric(
    name="ticker_replay_lost_records",
    kind="gauge",
    unit="records",
    labels=("replay",),
    help="Records that the closing report missed in the target; anything but 0 is a fault.",
)
DOUBLED: Final = Metric(
    name="ticker_replay_doubled_records",
    kind="gauge",
    unit="records",
    labels=("replay",),
    help="Records that it found twice.",
)
COMPARED: Final = Metric(
    name="ticker_replay_compared_headlines",
    kind="gauge",
    unit="headlines",
    labels=("replay",),
    help="Headlines of both builds that a try has compared.",
)
DIFFERENCES: Final = Metric(
    name="ticker_replay_differences",
    kind="gauge",
    unit="1",
    labels=("replay", "kind"),
    help="What a try found that this build decides otherwise, by kind.",
)
FLIPPED: Final = Metric(
    name="ticker_replay_flipped_ratio",
    kind="gauge",
    unit="1",
    labels=("replay",),
    help="The share of compared headlines whose category flipped.",
)
FAILED: Final = Metric(
    name="ticker_replay_failed",
    kind="gauge",
    unit="1",
    labels=("replay",),
    help="1 where the replay broke off, is not whole, or flipped more than is allowed; 0 where it is as it should be.",
)
FINISHED: Final = Metric(
    name="ticker_replay_finished_timestamp_seconds",
    kind="gauge",
    unit="seconds since the epoch",
    labels=("replay",),
    help="When its result was known.",
)
WINDOW_BEGIN: Final = Metric(
    name="ticker_replay_window_begin_timestamp_seconds",
    kind="gauge",
    unit="seconds since the epoch",
    labels=("replay", "topic", "outcome", "found"),
    help="Where the replayed window begins, with its result in words: dashboards mark the window with them.",
)
WINDOW_END: Final = Metric(
    name="ticker_replay_window_end_timestamp_seconds",
    kind="gauge",
    unit="seconds since the epoch",
    labels=("replay",),
    help="Where the replayed window ends.",
)

METRICS: Final = (
    STEP,
    PLANNED,
    DONE,
    REACHED,
    LEFT,
    LAG,
    HELD,
    UNREAD,
    LOST,
    DOUBLED,
    COMPARED,
    DIFFERENCES,
    FLIPPED,
    FAILED,
    FINISHED,
    WINDOW_BEGIN,
    WINDOW_END,
)


class ReplayMetrics:
    """The metrics of one replay.

    Args:
        registry: Where they are registered.
        now: Seconds since the epoch.
    """

    def __init__(self, registry: CollectorRegistry, now: Callable[[], float] = time.time) -> None:
        self._make = Instruments("replay", METRICS, registry)
        self._now = now
        self._plan: Plan | None = None
        self.has_result = False
        """Whether the series of the result exist."""
        self.at(STEPS[0])

    def at(self, step: str) -> None:
        """Note the current step."""
        for each in STEPS:
            self._make.gauge(STEP, each).set(each == step)

    def planned(self, plan: Plan) -> None:
        """Note the plan."""
        self._plan = plan
        self._make.gauge(PLANNED, plan.id).set(plan.records)

    def follow(self, course: Course) -> None:
        """Export the progress of a replay whose plan is known."""
        replay = self._known.id
        for metric, value in (
            (DONE, lambda: course.done),
            (REACHED, lambda: (course.reached or 0) / 1000),
            (LEFT, lambda: course.left_s),
            (LAG, lambda: course.lag or 0),
        ):
            self._make.gauge(metric, replay).set_function(value)
        for why in (PAUSED, BEHIND):
            self._make.gauge(HELD, replay, why).set_function(partial(_is_held, course, why))

    def unread(self, remaining: tuple[Remaining, ...]) -> None:
        """Note the remaining input of each stage."""
        for each in remaining:
            self._make.gauge(UNREAD, self._known.id, each.stage).set(each.records)

    def closed(self, closing: Closing) -> None:
        """Note the closing report."""
        self._make.gauge(LOST, closing.id).set(closing.lost)
        self._make.gauge(DOUBLED, closing.id).set(closing.doubled)

    def compared(self, difference: Difference, failed: str | None) -> None:
        """Note the differences that a try found; `failed` is the reason if they fail it."""
        replay = self._known.id
        self._make.gauge(COMPARED, replay).set(difference.common)
        counts = {kind: len(getattr(difference, kind)) for kind in KINDS}
        for kind, count in counts.items():
            self._make.gauge(DIFFERENCES, replay, kind).set(count)
        self._make.gauge(FLIPPED, replay).set(difference.flip_share)
        told = [f"{count:,} {kind.replace('_', ' ')}" for kind, count in counts.items() if count]
        found = f"{', '.join(told) or 'no difference'} in {difference.common:,} headlines of both builds"
        self.finished(found, failed=failed is not None)

    def finished(self, found: str, *, failed: bool) -> None:
        """Note the result; `found` is its message. Without a plan, nothing is exported."""
        plan = self._plan
        if plan is None:
            return
        self.has_result = True
        self._make.gauge(FAILED, plan.id).set(failed)
        self._make.gauge(FINISHED, plan.id).set(self._now())
        times = plan.times or (0, 0)
        begin = times[0] if plan.begins is None else plan.begins
        end = times[1] if plan.until is None else parse_instant(plan.until)
        outcome = "failed" if failed else "passed"
        self._make.clear(WINDOW_BEGIN)
        self._make.gauge(WINDOW_BEGIN, plan.id, plan.topic, outcome, found).set(begin / 1000)
        self._make.gauge(WINDOW_END, plan.id).set(end / 1000)

    @property
    def _known(self) -> Plan:
        assert self._plan is not None
        return self._plan


def _is_held(course: Course, why: str) -> float:
    return float(why in course.holds)
