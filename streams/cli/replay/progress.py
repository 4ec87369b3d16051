"""How far a replay is: a bar with rate, lag and time left on a terminal, a line now and then elsewhere."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import click

if TYPE_CHECKING:
    from streams.replay.pace import Pacer
    from streams.replay.partition import Written

_LINE_EVERY_S: Final = 10.0


class ReplayProgress:
    """Watches one replay (`streams.replay.apply.Watcher`); use it as a context.

    Args:
        records: Records that will be written.
        last_time: The latest event time among them, in ms.
    """

    def __init__(self, records: int, last_time: int) -> None:
        self._records = records
        self._last_time = last_time
        self._done = self._before = 0
        self._began = time.monotonic()
        self._told = self._began
        self._lag: int | None = None
        self._pacer: Pacer | None = None
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if click.get_text_stream("stderr").isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
            from rich.progress import Progress as Bar

            from streams.cli.console import Console

            columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
            self._bar = Bar(*columns, console=Console(stderr=True))
            self._task = self._bar.add_task("", total=self._records)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def began(self, done: int, pacer: "Pacer") -> None:
        """It begins, or goes on after so many records."""
        self._done = self._before = done
        self._pacer = pacer
        self._began = self._told = time.monotonic()
        if done:
            self.say(f"going on after {done:,} of {self._records:,} records")

    def written(self, written: "Written") -> None:
        """A transaction was committed."""
        self._done += written.written
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done, description=self._described(now))
        elif now - self._told > _LINE_EVERY_S:
            self._told = now
            self.say(f"{self._done:,} of {self._records:,} records, {self._described(now)}")

    def lag(self, records: int) -> None:
        """The target's consumers are so far behind."""
        self._lag = records

    def say(self, message: str) -> None:
        """Write a line, above the bar."""
        if self._bar is not None:
            self._bar.console.print(message, markup=False, highlight=False)
        else:
            click.echo(message, err=True)

    def _described(self, now: float) -> str:
        seconds = max(now - self._began, 1e-3)
        rate = (self._done - self._before) / seconds
        left = (self._records - self._done) / rate if rate else 0.0
        if self._pacer is not None and self._pacer.by_times and self._pacer.begun:
            left = max(0.0, self._pacer.due(self._last_time) - now)
        lag = "" if self._lag is None else f", consumers {self._lag:,} behind"
        return f"{rate:,.0f}/s{lag}, {duration(left)} left"


def duration(seconds: float) -> str:
    """Seconds as people say them: `14 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
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
