"""A measured process's own figures, which it prints as one line of JSON."""

import os
import resource
import sys
import time
from pathlib import Path
from typing import NoReturn

import msgspec
from msgspec import Struct

from streams.bench.machine import peak_memory_mib


class Span(Struct, frozen=True, kw_only=True):
    """A part of a run."""

    records: int
    seconds: float
    cpu_seconds: float
    ready_seconds: float
    """How long its threads were ready to run while other processes had the core."""
    longest_gap_seconds: float | None
    """The longest time between two commits; None if commits are not visible."""


class Run(Struct, frozen=True, kw_only=True):
    """One contender's run, from the first record to the last commit."""

    headlines: int
    all: Span
    steady: Span
    """From the commit that reached half of the records; the whole run if that was the last commit."""
    peak_memory_mib: float


class Restore(Struct, frozen=True, kw_only=True):
    """A worker's start with a full state topic."""

    records: int
    seconds: float
    cpu_seconds: float
    grown_bytes: int
    """The growth of the process's resident memory."""


class _Mark(Struct, frozen=True):
    records: int
    clock: float
    cpu: float
    ready: float


class Stopwatch:
    """Counts records as they are committed, and times all of them and the second half.

    Args:
        records: The total number of records.
        sees_commits: Whether `add` is called at commits; if not, the gaps between commits are unknown.
    """

    def __init__(self, records: int, *, sees_commits: bool = True) -> None:
        self._records = records
        self._sees_commits = sees_commits
        self._began: _Mark | None = None
        self._half: _Mark | None = None
        self._last = 0.0
        self._gap = self._steady_gap = 0.0
        self.done = 0
        self.headlines = 0

    def begin(self, ago: float = 0.0) -> None:
        """Start, `ago` seconds before now, when the first records arrived and work began."""
        if self._began is None:
            mark = self._mark()
            self._began = _Mark(0, mark.clock - ago, mark.cpu - ago, mark.ready)
            self._last = self._began.clock

    def add(self, records: int) -> bool:
        """Count finished records, at their commit if that is visible; True when all are finished."""
        self.done += records
        now = time.monotonic()
        gap, self._last = now - self._last, now
        self._gap = max(self._gap, gap)
        if self._half is not None:
            self._steady_gap = max(self._steady_gap, gap)
        elif self.done >= self._records / 2:
            self._half = self._mark()
        return self.done >= self._records

    def result(self) -> Run:
        """The run so far."""
        assert self._began is not None
        assert self._half is not None
        end = self._mark()
        whole = self._span(self._began, end, self._gap)
        return Run(
            headlines=self.headlines,
            all=whole,
            steady=self._span(self._half, end, self._steady_gap) if self._half.records < self.done else whole,
            peak_memory_mib=peak_memory_mib(),
        )

    def _mark(self) -> _Mark:
        return _Mark(self.done, time.monotonic(), _cpu(), _ready())

    def _span(self, start: _Mark, end: _Mark, gap: float) -> Span:
        return Span(
            records=end.records - start.records,
            seconds=end.clock - start.clock,
            cpu_seconds=end.cpu - start.cpu,
            ready_seconds=end.ready - start.ready,
            longest_gap_seconds=gap if self._sees_commits else None,
        )


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _ready() -> float:
    """How long this process's threads were ready but not running (Linux's schedstat)."""
    total = 0
    for statistics in Path("/proc/self/task").glob("*/schedstat"):
        try:
            total += int(statistics.read_text().split()[1])
        except OSError:
            continue  # a thread that has ended
    return total / 1e9


def finish(run: Run | Restore) -> NoReturn:
    """Print the figures and exit at once: an engine's shutdown is not measured."""
    sys.stdout.buffer.write(msgspec.json.encode(run) + b"\n")
    sys.stdout.flush()
    os._exit(0)
