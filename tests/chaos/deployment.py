"""A whole deployment for fault injection: three brokers, every program, its input, Prometheus and Alertmanager."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import IO, Final

from schemas.instants import format_instant
from schemas.topics import DECISIONS
from streams import __version__
from streams.dev.kafka import Cluster
from streams.kafka.topics import create
from streams.settings import Connection
from tests.chaos.pager import on_call
from tests.chaos.topics import LASTING
from tests.deploy.support import free_port
from tests.deploy.watched import aim, lines, service, ticker, watching
from tests.kafka_support import administer, produce

PREFIX: Final = "alarms"
_ROOT: Final = Path(__file__).parents[2]
_NODES: Final = 3
_POISON: Final = 20
_DAY_MS: Final = 24 * 3600 * 1000
_NEXT: Final = f"{__version__}+next"
"""The version to upgrade to: this code under another version number."""


def compressed(rules: str, faster: float) -> str:
    """Alert rules with waits, windows and thresholds divided by `faster`."""
    if faster == 1:
        return rules
    rules = re.sub(r"\b(\d+)m\b", lambda found: f"{int(int(found[1]) * 60_000 / faster)}ms", rules)
    rules = re.sub(r"\b(\d+)s\b", lambda found: f"{int(int(found[1]) * 1000 / faster) + 1000}ms", rules)
    return re.sub(
        r"([<>]=? )(300|600|1200|1800)\b", lambda found: f"{found[1]}{int(found[2]) / faster:g}", rules
    )


class Deployment:
    """A monitored pipeline with two workers under load.

    Args:
        folder: The folder for all data and logs.
        stack: Ends all processes.
        faster: The speed of the alert rules' clock.
    """

    def __init__(self, folder: Path, stack: ExitStack, *, faster: float) -> None:
        self.faster = faster
        self.folder = folder
        self.cluster = Cluster(folder / "kafka", nodes=_NODES)
        self.cluster.start()
        stack.callback(self.cluster.stop, patience=0)
        self.connection = Connection(bootstrap_servers=self.cluster.bootstrap_servers())
        administer(self.connection, create, LASTING, prefix=PREFIX)
        self.silent: set[str] = set()
        self.ahead_ms: dict[str, int] = {}
        """By source, how far its clock is ahead, in ms."""
        self.is_poisoned = False
        """Whether poison pills are written."""
        self.backfilled: str | None = None
        """A source whose old strips are written in addition to its new ones."""
        self.killed = 0
        """The number of processes that were killed, whose last counts were not scraped."""
        self._stack = stack
        canary = ["canary", "--every", f"{60 / min(faster, 30):g}"]
        self._commands = {
            "worker-1": ["worker"],
            "worker-2": ["worker"],
            "producer": ["produce", "-"],
            "canary": canary,
            "serve": ["serve"],
        }
        self._ports = {name: free_port() for name in self._commands}
        self._running: dict[str, subprocess.Popen[str]] = {}
        for name in self._commands:
            self.start(name)
        scrape = 15 if faster == 1 else 1
        self.pager = stack.enter_context(on_call(folder, faster=faster))
        hurried = partial(compressed, faster=faster)
        self.prometheus = stack.enter_context(
            watching(self._ports, folder, scrape=scrape, hurried=hurried, alertmanager=self.pager.address)
        )
        self._end = threading.Event()
        feed = threading.Thread(target=self._feed, args=(self._running["producer"].stdin,))
        feed.start()
        stack.callback(feed.join)
        stack.callback(self.starve)

    def start(self, name: str) -> None:
        """Start a program, always on its own port."""
        self._start(name, ticker(*self._commands[name]), self._environment())

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a program a signal."""
        self._running[name].send_signal(number)

    def kill(self, name: str) -> None:
        """Kill a program, as the kernel does when memory runs out."""
        self.signal(name, signal.SIGKILL)
        self.killed += 1

    def starve(self) -> None:
        """End the input."""
        self._end.set()

    def cut_off(self) -> None:
        """Kill every broker at once."""
        for node in self.cluster.nodes:
            self.cluster.kill(node)

    def leave_one_node(self) -> None:
        """Kill all brokers but one, which goes on answering and can acknowledge nothing."""
        for node in self.cluster.nodes[1:]:
            self.cluster.kill(node)

    def reconnect(self) -> None:
        """Start every broker again that was killed; they need each other to answer."""
        killed = set(self.cluster.nodes) - set(self.cluster.running)
        with ThreadPoolExecutor() as together:
            list(together.map(self.cluster.restart, killed))

    def upgrade(self) -> None:
        """Rolling upgrade: replace the workers one by one by those of another version, at new addresses like pods."""
        environment = self._environment() | {"PYTHONPATH": str(self._next_version())}
        for name in ("worker-1", "worker-2"):
            old, leaving = self._running[name], self._ports[name]
            self._ports[name] = free_port()
            command = [sys.executable, "-P", "-m", "streams.cli", *self._commands[name]]
            self._start(name, command, environment)
            aim(self.folder, {**self._ports, "worker-0": leaving})
            old.send_signal(signal.SIGTERM)
            old.wait(60)
            aim(self.folder, self._ports)

    def versions(self) -> set[str]:
        """The versions of the workers in Prometheus."""
        found = self.prometheus.series('ticker_build_info{program="worker"}', "version")
        return {version for (version,) in found}

    def replay(self) -> None:
        """Run `ticker replay try` on the last minutes, with its own workers, topics and consumers.

        Raises:
            AssertionError: It failed.
        """
        folder = self.folder / f"try-{time.monotonic_ns()}"
        command = ticker("replay", "try", "sightings", "--since", "10m", "--folder", str(folder))
        done = subprocess.run(
            command, env=self._environment(), check=False, timeout=300, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]

    def log(self, name: str) -> Path:
        """The log of a program, of all its processes."""
        return self.folder / f"{name}.log"

    @property
    def programs(self) -> Sequence[str]:
        """The names of all programs."""
        return tuple(self._commands)

    def _start(self, name: str, command: Sequence[str], environment: dict[str, str]) -> None:
        listening = [*command, "--listen", f"127.0.0.1:{self._ports[name]}"]
        running = service(listening, self.folder, environment, log=f"{name}.log")
        self._running[name] = self._stack.enter_context(running)

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "TICKER_BOOTSTRAP_SERVERS": self.connection.bootstrap_servers,
            "TICKER_TOPIC_PREFIX": PREFIX,
        }

    def _next_version(self) -> Path:
        """A folder with the code of the version to upgrade to."""
        folder = self.folder / "next"
        if not folder.exists():
            for name in ("streams", "schemas"):
                shutil.copytree(_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            module = folder / "streams/__init__.py"
            text = module.read_text("utf-8")
            module.write_text(text.replace(f'"{__version__}"', f'"{_NEXT}"'), encoding="utf-8")
        return folder

    def _feed(self, stdin: IO[str]) -> None:
        every = 0.5 if self.faster > 1 else 2.0
        for number in count(1):
            if self._end.wait(every):
                return
            for row in self._round(number):
                stdin.write(json.dumps(row) + "\n")
            stdin.flush()
            if self.is_poisoned and number % 4 == 0:
                produce(self.connection, DECISIONS.on(PREFIX), [b"rubbish"] * _POISON)

    def _round(self, number: int) -> list[dict[str, str]]:
        """The strips of a round, with times of the sources' own clocks."""
        now = time.time_ns() // 1_000_000
        shown = [json.loads(line) for line in lines(number).splitlines() if line.startswith("{")]
        rows = []
        for row in shown:
            source = row["source"]
            if source not in self.silent:
                rows.append(row | {"observed_at": format_instant(now + self.ahead_ms.get(source, 0))})
            if source == self.backfilled:
                old = {"text": f"Archive number {number} of {source} ||| {row['text']}"}
                rows.append(row | old | {"observed_at": format_instant(now - 30 * _DAY_MS)})
        return rows
