"""The machine and software that a benchmark ran on."""

import os
import platform
import resource
from pathlib import Path

from msgspec import Struct

from streams import __version__


class Machine(Struct, frozen=True, kw_only=True):
    """The machine and the software of a run."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str
    version: str


def machine() -> Machine:
    """This machine."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(pages * size / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        version=__version__,
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def peak_memory_mib() -> float:
    """The peak resident memory of this process since its program was started, in MiB.

    `ru_maxrss` is of no use on Linux: a child process inherits its parent's value.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def resident_bytes() -> int:
    """The current resident memory of this process in bytes."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
