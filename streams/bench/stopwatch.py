"""What a process that is measured finds out about itself, and how it says so: one line of JSON."""

import os
import resource
import sys
import time
from typing import NoReturn

import msgspec
from msgspec import Struct

from streams.bench.machine import peak_memory_mib


class Run(Struct, frozen=True, kw_only=True):
    """One contender's run, from the first record to the last commit."""

    records: int
    headlines: int
    seconds: float
    second_half_seconds: float
    cpu_seconds: float
    peak_memory_mib: float


class Restore(Struct, frozen=True, kw_only=True):
    """A worker's start on a full state topic."""

    records: int
    seconds: float
    grown_bytes: int
    """How much the process's resident memory grew."""


class Stopwatch:
    """Counts records as they are committed, and times all of them and the second half."""

    def __init__(self, records: int) -> None:
        self._records = records
        self._began = self._half = self._cpu = 0.0
        self.done = 0
        self.headlines = 0

    def begin(self, ago: float = 0.0) -> None:
        """The first records have been there for `ago` seconds."""
        if not self._began:
            self._began, self._cpu = time.monotonic() - ago, _cpu() - ago

    def add(self, records: int) -> bool:
        """Count committed records; True when all are done."""
        self.done += records
        if not self._half and self.done >= self._records / 2:
            self._half = time.monotonic()
        return self.done >= self._records

    def result(self) -> Run:
        """The run up to now."""
        now = time.monotonic()
        return Run(
            records=self.done,
            headlines=self.headlines,
            seconds=now - self._began,
            second_half_seconds=now - self._half,
            cpu_seconds=_cpu() - self._cpu,
            peak_memory_mib=peak_memory_mib(),
        )


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def finish(run: Run | Restore) -> NoReturn:
    """Print the figures and end: how long an engine takes to stop is not measured here."""
    sys.stdout.buffer.write(msgspec.json.encode(run) + b"\n")
    sys.stdout.flush()
    os._exit(0)
