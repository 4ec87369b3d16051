"""Processes of `ticker`, started as users start them, to be stopped, killed, frozen, and asked for their metrics."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from tests.kafka_support import wait_until

TICKER: Final = (sys.executable, "-m", "streams.cli")
_PAGES: Final = re.compile(r"http://(\S+)/readyz")


class TickerProcess:
    """A process; as a context, it kills the process at the end.

    Args:
        command: The command line.
        log: The file for its standard error.
        environment: Further environment variables.
        stdin: Its standard input; empty by default.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
    ) -> None:
        self.log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=file,
                env={**os.environ, **(environment or {})},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def said(self) -> str:
        """Its log so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def feed(self, text: bytes, *, end: bool = False) -> None:
        """Write to its standard input, which must be a pipe; with `end`, close it."""
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()
        if end:
            self._process.stdin.close()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()

    def wait(self, seconds: float = 60) -> int:
        """Wait until it ends; gives the exit status."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it still runs after {seconds:g} s:\n{self.said[-4000:]}") from None

    def stop(self, seconds: float = 60) -> tuple[int, float]:
        """Stop it with SIGTERM; gives the exit status and the seconds that it took."""
        started = time.monotonic()
        self.signal(signal.SIGTERM)
        return self.wait(seconds), time.monotonic() - started


class WorkerProcess(TickerProcess):
    """A `ticker worker` with health pages on a free port.

    Args:
        bootstrap_servers: The cluster.
        prefix: The topics' prefix.
        log: The file for its standard error.
        options: Further flags.
        environment: Further environment variables.
        command: The command line, `ticker worker` by default.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        prefix: str,
        log: Path,
        *options: str,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = (*TICKER, "worker"),
    ) -> None:
        cluster = ("--bootstrap-servers", bootstrap_servers, "--topic-prefix", prefix)
        super().__init__(
            [*command, *cluster, "--listen", "127.0.0.1:0", *options], log, environment=environment
        )

    def get(self, page: str) -> tuple[int, str]:
        """The status and text of one of its pages; status 0 if it does not answer."""
        found = _PAGES.findall(self.said)
        if not found:
            return 0, ""
        try:
            with urllib.request.urlopen(f"http://{found[-1]}/{page}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    @property
    def is_ready(self) -> bool:
        """Whether it reports to be ready; raises AssertionError if it has ended."""
        if not self.is_running:
            raise AssertionError(f"the worker ended:\n{self.said[-4000:]}")
        return self.get("readyz")[0] == 200

    def await_ready(self, seconds: float = 60) -> Self:
        """Wait until it is ready."""
        wait_until(lambda: self.is_ready, seconds=seconds)
        return self

    def metric(self, name: str, **labels: str) -> float:
        """The value of a metric; 0 if it does not exist."""
        for line in self.get("metrics")[1].splitlines():
            key, _, value = line.rpartition(" ")
            if key.partition("{")[0] == name and all(f'{k}="{v}"' in key for k, v in labels.items()):
                return float(value)
        return 0.0
