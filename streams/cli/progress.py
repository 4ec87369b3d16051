"""Progress displays: a bar for long input (none in pipes or for short input), and the steps of slow work."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import click

if TYPE_CHECKING:
    from rich.progress import TaskID

    from streams.dev.jars import Progress as Steps

_SHORT: Final = 8 << 20
"""Shorter input, in bytes, is processed before a bar would help."""


class Progress:
    """Bytes read of `total` (None if unknown), drawn on standard error if that is a terminal."""

    def __init__(self, total: int | None) -> None:
        self._total = total
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if click.get_text_stream("stderr").isatty() and (self._total is None or self._total > _SHORT):
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )
            from rich.progress import Progress as Bar

            from streams.cli.console import Console

            columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=self._total)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, size: int) -> None:
        """Count `size` more bytes as read."""
        if self._bar is not None:
            self._bar.advance(self._task, size)

    def say(self, message: str) -> None:
        """Write a line on standard error, above the bar."""
        if self._bar is not None:
            self._bar.console.print(message, markup=False, highlight=False)
        else:
            click.echo(message, err=True)


@contextmanager
def steps() -> Iterator["Steps"]:
    """Progress on standard error: a bar on a terminal, else a line for each step that begins."""
    from rich.progress import Progress as Bars

    from streams.cli.console import Console

    console = Console(stderr=True)
    tasks: dict[str, TaskID] = {}
    with Bars(console=console, transient=True, disable=not console.is_terminal) as bars:

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
                if not console.is_terminal:
                    click.echo(what, err=True)
            bars.update(tasks[what], completed=done, total=of or None)

        yield show
