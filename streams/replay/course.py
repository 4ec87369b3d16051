"""The progress of one run of a replay: records written, rate and remaining time, for the display and the metrics."""

import time
from collections.abc import Callable, Collection

from streams.replay.pace import Pacer
from streams.replay.partition import Written


class Course:
    """Tracks a replay by its events (`streams.replay.apply.Watcher`).

    Args:
        records: Records that will be written.
        last_time: The latest event time among them, in ms.
        clock: The pacer's clock, in seconds.
    """

    def __init__(self, records: int, last_time: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.records = records
        self.done = 0
        """Records written, by earlier runs too."""
        self.lag: int | None = None
        """The lag of the target's consumers, in records; None if it is not measured."""
        self.reached: int | None = None
        """The latest event time that this run has written, in ms; None before the first."""
        self._last_time = last_time
        self._clock = clock
        self._before = 0
        self._began = clock()
        self._pacer: Pacer | None = None

    def began(self, done: int, pacer: Pacer) -> None:
        """Note that the replay begins, or resumes after `done` records."""
        self.done = self._before = done
        self._pacer = pacer
        self._began = self._clock()

    def written(self, written: Written) -> None:
        """Count a committed transaction."""
        self.done += written.written
        if written.written:
            self.reached = max(self.reached or 0, written.event_time)

    @property
    def holds(self) -> Collection[str]:
        """Why it stands still; empty while it runs."""
        return self._pacer.holds if self._pacer else frozenset()

    @property
    def rate(self) -> float:
        """Records a second since this run began."""
        return (self.done - self._before) / max(self._clock() - self._began, 1e-3)

    @property
    def left_s(self) -> float:
        """Seconds until its end: by its pace, or by its rate so far if event times do not decide."""
        if self._pacer is not None and self._pacer.by_times and self._pacer.begun:
            return max(0.0, self._pacer.due(self._last_time) - self._clock())
        return (self.records - self.done) / self.rate if self.rate else 0.0
