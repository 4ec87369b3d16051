"""Run `ticker` as a user does: in a process of its own, in a pipe or on a terminal."""

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

TICKER: Final = [sys.executable, "-m", "streams.cli"]


def ticker(
    *arguments: str | Path, stdin: bytes = b"", **environment: str
) -> "subprocess.CompletedProcess[bytes]":
    """Run `ticker` with pipes and wait for its end."""
    return subprocess.run(
        [*TICKER, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        env=os.environ | environment,
        timeout=120,
    )


@contextlib.contextmanager
def running(*arguments: str | Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`ticker` in the background; told to stop at the end, and it must end well."""
    with subprocess.Popen([*TICKER, *map(str, arguments)]) as process:
        try:
            yield process
        finally:
            process.terminate()
        assert process.wait(60) == 0


def rows(done: "subprocess.CompletedProcess[bytes]", status: int = 0) -> list[Any]:
    """The JSON lines of a run that ended as it should."""
    assert done.returncode == status, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def on_terminal(*arguments: str | Path, columns: int = 120) -> str:
    """What `ticker` shows on a terminal of so many columns, standard error included."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [*TICKER, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": str(columns)},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the terminal is closed: that is how Linux says end of file here
            break
        if not part:
            break
        shown += part
    os.close(ours)
    process.wait(60)
    return shown.decode()
