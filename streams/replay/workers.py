"""Runs workers of this build on the prefix of a replay, as child processes that end with their parent."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streams.errors import TickerError

_STOP_S: Final = 30.0
_TOLD_LINES: Final = 3


class Workers:
    """Worker processes, started together; `ticker worker --attached` ends when its standard input is closed.

    Args:
        arguments: Arguments of `ticker worker`, such as the cluster and the prefix.
        environment: The processes' environment.
        log: The file for their log.
        count: The number of processes.
    """

    def __init__(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], log: Path, count: int
    ) -> None:
        self._arguments = arguments
        self._environment = environment
        self._log = log
        self._count = count
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start them, if they were not yet."""
        command = [sys.executable, "-m", "streams.cli", "worker", "--attached", *self._arguments]
        with self._log.open("ab") as log:
            while len(self._running) < self._count:
                self._running.append(
                    subprocess.Popen(  # noqa: S603 (our own program)
                        command,
                        stdin=subprocess.PIPE,
                        stdout=log,
                        stderr=log,
                        env=dict(self._environment),
                        start_new_session=True,
                    )
                )

    def check(self) -> None:
        """Check that they still run.

        Raises:
            TickerError: One has ended; shows the end of its log.
        """
        for process in self._running:
            if process.poll() is not None:
                told = self._log.read_text("utf-8", "replace").splitlines()[-_TOLD_LINES:]
                raise TickerError(
                    f"a worker ended with exit code {process.returncode}; the end of {self._log}:\n"
                    + "\n".join(told)
                )

    def stop(self) -> None:
        """End them and wait until they have ended."""
        for process in self._running:
            assert process.stdin is not None
            process.stdin.close()
            process.terminate()
        for process in self._running:
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


@contextmanager
def workers(
    arguments: Sequence[str], *, environment: Mapping[str, str] = os.environ, log: Path, count: int = 1
) -> Iterator[Workers]:
    """Workers to be started with `start`; the end of the context ends them."""
    made = Workers(arguments, environment=environment, log=log, count=count)
    try:
        yield made
    finally:
        made.stop()
