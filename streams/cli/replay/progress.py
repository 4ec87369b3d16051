"""Displays a replay's progress: a bar with rate, lag and remaining time on a terminal, else a line now and then."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import click

from streams.counted import counted

if TYPE_CHECKING:
    from streams.replay.course import Course
    from streams.replay.metrics import ReplayMetrics
    from streams.replay.pace import Pacer
    from streams.replay.partition import Written
    from streams.replay.resplit import Resplit
    from streams.replay.through import Remaining

_LINE_EVERY_S: Final = 10.0
_DAY_S: Final = 86_400


class Bars:
    """The bars of a command on standard error, one for each step; none if that is not a terminal."""

    def __init__(self) -> None:
        self._bars: Any = None

    def __enter__(self) -> Self:
        if click.get_text_stream("stderr").isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
            from rich.progress import Progress as Drawn

            from streams.cli.console import Console

            columns = (
                SpinnerColumn(finished_text="✓"),
                TextColumn("{task.fields[step]}"),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TextColumn("{task.description}"),
            )
            self._bars = Drawn(*columns, console=Console(stderr=True))
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    @property
    def drawn(self) -> bool:
        """Whether bars are drawn."""
        return self._bars is not None

    def add(self, step: str, total: int | None) -> Any:
        """Add a bar for a step."""
        return None if self._bars is None else self._bars.add_task("", total=total, step=step)

    def update(self, bar: Any, **what: Any) -> None:
        """Update a bar: `completed`, `total`, `description`."""
        if self._bars is not None:
            self._bars.update(bar, **what)

    def say(self, message: str) -> None:
        """Write a line, above the bars."""
        if self._bars is not None:
            self._bars.console.print(message, markup=False, highlight=False)
        else:
            click.echo(message, err=True)


class ReplayProgress:
    """Watches one replay (`streams.replay.apply.Watcher`) and shows it.

    Args:
        course: Tracks the progress; gets every event.
        bars: The bars to draw.
    """

    def __init__(self, course: "Course", bars: Bars) -> None:
        self._course = course
        self._told = time.monotonic()
        self._bars = bars
        self._bar = bars.add("replay", course.records)

    def began(self, done: int, pacer: "Pacer") -> None:
        """The replay begins, or resumes after `done` records."""
        self._course.began(done, pacer)
        self._told = time.monotonic()
        if done:
            self.say(f"going on after {done:,} of {counted(self._course.records, 'record')}")

    def written(self, written: "Written") -> None:
        """A transaction was committed."""
        self._course.written(written)
        self._show()

    def lag(self, records: int) -> None:
        """The lag of the target's consumers was measured."""
        self._course.lag = records
        self._show()

    def say(self, message: str) -> None:
        """Write a line, above the bar."""
        self._bars.say(message)

    def _show(self) -> None:
        now, done = time.monotonic(), self._course.done
        if self._bars.drawn:
            self._bars.update(self._bar, completed=done, description=self._described())
        elif now - self._told > _LINE_EVERY_S:
            self._told = now
            self.say(f"{done:,} of {counted(self._course.records, 'record')}, {self._described()}")

    def _described(self) -> str:
        course = self._course
        lag = "" if course.lag is None else f", consumers {course.lag:,} behind"
        if course.holds:
            return f"WAITING: {', '.join(sorted(course.holds))}{lag}"
        left = course.left_s
        return f"{course.rate:,.0f}/s{lag}, {duration(left)} left, done {moment_in(left)}"


class TrialProgress(Bars):
    """The one display of `ticker replay try`: its steps, each with a bar.

    Args:
        metrics: Gets the steps too.
    """

    def __init__(self, metrics: "ReplayMetrics") -> None:
        super().__init__()
        self._metrics = metrics
        self._counted = 0
        self._step: Any = None
        self._reading: Any = None
        self._splitting: Any = None
        self._to_split: int | None = None
        self.split: Resplit | None = None
        """What the strips became, if strips were replayed."""
        self._most = 0
        self._told = time.monotonic()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Begin a step of unknown duration."""
        self._metrics.at(name)
        self._step = self.add(name, None)
        if not self.drawn:
            self.say(name)
        yield
        self.update(self._step, total=1, completed=1)

    def counted(self, records: int) -> None:
        """Count records of the window that were read."""
        self._counted += records
        self.update(self._step, description=f"{counted(self._counted, 'record')} read")

    @contextmanager
    def replaying(self, course: "Course") -> Iterator[ReplayProgress]:
        """Begin the replay, with the workers that read it."""
        self._metrics.at("replay")
        self._metrics.follow(course)
        if not self.drawn:
            self.say("replay")
        watcher = ReplayProgress(course, self)
        self._reading = self.add("read", None)
        yield watcher

    def splitting(self, done: int, strips: int) -> None:
        """`done` of the strips have been split."""
        if self._to_split is None:
            self._metrics.at("split")
            self._to_split = strips
            self._splitting = self.add("split", strips)
            if not self.drawn:
                self.say("split")
        self.update(self._splitting, completed=done)

    def was_split(self, split: "Resplit") -> None:
        """All strips have been split."""
        self.split = split

    def reading(self, remaining: "tuple[Remaining, ...]") -> None:
        """The remaining input of the stages was measured."""
        self._metrics.unread(remaining)
        left = sum(each.records for each in remaining)
        self._most = max(self._most, left)
        told = ", ".join(f"{each.stage} {each.records:,} left" for each in remaining)
        self.update(
            self._reading, total=max(1, self._most), completed=max(1, self._most) - left, description=told
        )
        if not self.drawn and time.monotonic() - self._told > _LINE_EVERY_S:
            self._told = time.monotonic()
            self.say(f"workers: {told}")


def moment_in(seconds: float) -> str:
    """The local time in `seconds` from now: `at 14:35`, with the date if that is another day."""
    at = time.localtime(time.time() + seconds)
    return time.strftime("at %H:%M" if seconds < _DAY_S else "on %Y-%m-%d at %H:%M", at)


def duration(seconds: float) -> str:
    """A duration for people: `14 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 (a minute)
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"  # noqa: PLR2004 (tenths while they matter)
    for size, unit, smaller, name in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {name}"
    raise AssertionError(whole)
