"""Provoke faults on a watched pipeline and say which alerts fire for each, how soon, and that they end with it.

python -m tests.chaos.alarms                 # all of them, about a quarter of an hour
python -m tests.chaos.alarms poison kafka    # some

The rules are the shipped ones on a clock that runs twelve times as fast: a minute of theirs is five seconds, in waits,
windows and thresholds. Timeouts of Kafka are not, so what would heal within the real wait may fire here.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

from schemas.instants import format_instant
from schemas.topics import DECISIONS, TOPICS
from streams.dev.kafka import Cluster
from streams.kafka.topics import create
from streams.settings import Connection
from tests.deploy.support import free_port
from tests.deploy.watched import Prometheus, lines, service, ticker, watching
from tests.kafka_support import administer, produce

_FASTER: Final = 12
_BEGIN_S: Final = 300.0
_END_S: Final = 120.0
_PREFIX: Final = "alarms"
_COMMANDS: Final = {
    "worker": ["worker"],
    "worker-2": ["worker"],
    "producer": ["produce", "-"],
    "canary": ["canary", "--every", "2"],
    "serve": ["serve"],
}


def compressed(rules: str) -> str:
    """Rules on a clock that is twelve times as fast."""
    rules = re.sub(r"\b(\d+)m\b", lambda found: f"{int(found[1]) * 60 // _FASTER}s", rules)
    rules = re.sub(r"\b90s\b", f"{90 // _FASTER + 1}s", rules)
    return re.sub(
        r"([<>]=? )(300|600|1200|1800)\b", lambda found: f"{found[1]}{int(found[2]) // _FASTER}", rules
    )


class House:
    """A pipeline with two workers, what feeds it, and the Prometheus that watches it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.cluster = Cluster(folder / "kafka")
        self.cluster.start()
        stack.callback(self.cluster.stop, patience=0)
        self.connection = Connection(bootstrap_servers=self.cluster.bootstrap_servers())
        administer(self.connection, create, TOPICS, prefix=_PREFIX)
        self.silent: set[str] = set()
        self.ahead_ms: dict[str, int] = {}
        self.is_poisoned = False
        """Whether records come that no stage can read."""
        self._folder = folder
        self._stack = stack
        self._ports = {name: free_port() for name in _COMMANDS}
        self._running: dict[str, subprocess.Popen[str]] = {}
        for name in _COMMANDS:
            self.start(name)
        self.prometheus = stack.enter_context(watching(self._ports, folder, scrape=1, hurried=compressed))
        end = threading.Event()
        thread = threading.Thread(target=self._feed, args=(self._running["producer"].stdin, end))
        thread.start()
        stack.callback(thread.join)
        stack.callback(end.set)

    def start(self, name: str) -> None:
        """Start a program, always on its own port."""
        environment = os.environ | {
            "TICKER_BOOTSTRAP_SERVERS": self.connection.bootstrap_servers,
            "TICKER_TOPIC_PREFIX": _PREFIX,
        }
        command = ticker(*_COMMANDS[name], "--listen", f"127.0.0.1:{self._ports[name]}")
        self._running[name] = self._stack.enter_context(service(command, self._folder, environment))

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a program a signal."""
        self._running[name].send_signal(number)

    def backfill(self) -> None:
        """Old strips of a source that has been heard of."""
        self.ahead_ms["akhbar"] = -30 * 24 * 3600 * 1000

    def _feed(self, stdin: IO[str], end: threading.Event) -> None:
        for number in count(1):
            if end.wait(0.5):
                return
            rows = [json.loads(line) for line in lines(number).splitlines() if line.startswith("{")]
            now = time.time_ns() // 1_000_000
            for row in rows:
                row["observed_at"] = format_instant(now + self.ahead_ms.get(row["source"], 0))
                if row["source"] not in self.silent:
                    stdin.write(json.dumps(row) + "\n")
            stdin.flush()
            if self.is_poisoned and number % 4 == 0:
                produce(self.connection, DECISIONS.on(_PREFIX), [b"rubbish"] * 20)


class Fault(Struct, frozen=True):
    """What is done and undone, the alert that names it (None where none may fire), and what may fire beside it."""

    begin: Callable[[House], None]
    end: Callable[[House], None]
    alert: str | None
    beside: frozenset[str] = frozenset()


FAULTS: Final = {
    "killed": Fault(
        lambda house: house.signal("worker", signal.SIGKILL),
        lambda house: house.start("worker"),
        "TickerDown",
        frozenset({"TickerPartitionsUnassigned"}),
    ),
    "frozen": Fault(
        lambda house: house.signal("worker", signal.SIGSTOP),
        lambda house: house.signal("worker", signal.SIGCONT),
        "TickerDown",
        frozenset({"TickerPartitionsUnassigned"}),
    ),
    "poison": Fault(
        lambda house: setattr(house, "is_poisoned", True),
        lambda house: setattr(house, "is_poisoned", False),
        "TickerDeadLetterShare",
    ),
    "silent": Fault(
        lambda house: house.silent.add("akhbar"),
        lambda house: house.silent.clear(),
        "TickerSourceSilent",
    ),
    "clock": Fault(
        lambda house: house.ahead_ms.update({"depeches": 3 * 60 * 1000}),
        lambda house: house.ahead_ms.clear(),
        "TickerClockSkewed",
    ),
    # Old strips are published late: where that is meant, the runbook says to silence this one for as long as it takes.
    "backfill": Fault(
        House.backfill, lambda house: house.ahead_ms.clear(), None, frozenset({"TickerEndToEndSlow"})
    ),
    "kafka": Fault(
        lambda house: house.cluster.kill(house.cluster.nodes[0]),
        lambda house: house.cluster.restart(house.cluster.nodes[0]),
        "TickerKafkaAway",
        # Alertmanager's example silences them while Kafka is away.
        frozenset(
            f"Ticker{name}"
            for name in ("KafkaUnreached", "ServeStale", "CanaryLate", "CanaryAbsent", "EndToEndSlow", "Lagging",
                         "PartitionsUnassigned", "Failing", "Down", "SourceSilent", "ProducerSilent")
        ),
    ),
}  # fmt: skip


def firing(prometheus: Prometheus) -> set[str]:
    """The names of the alerts that fire."""
    return {name for (name,) in prometheus.series('ALERTS{alertstate="firing"}', "alertname")}


def provoke(house: House, fault: Fault) -> tuple[str, bool]:
    """What happened, in words, and whether it is as it should be."""
    fault.begin(house)
    seen, began = _watch(house, lambda names: fault.alert in names, _BEGIN_S if fault.alert else 60.0)
    fault.end(house)
    later, ended = _watch(house, lambda names: not names, _END_S)
    others = (seen | later) - {fault.alert}
    right = (began is not None) == (fault.alert is not None) and ended is not None and others <= fault.beside
    fired = f"{fault.alert} after {began:.0f} s" if began is not None else "nothing fired"
    beside = f", beside it {', '.join(sorted(others))}" if others else ""
    return f"{fired}{beside}; quiet {'never' if ended is None else f'{ended:.0f} s'} after its end", right


def _watch(house: House, until: Callable[[set[str]], bool], seconds: float) -> tuple[set[str], float | None]:
    seen: set[str] = set()
    started = time.monotonic()
    while (passed := time.monotonic() - started) < seconds:
        names = firing(house.prometheus)
        seen |= names
        if until(names):
            return seen, passed
        time.sleep(1)
    return seen, None


def main(names: Sequence[str]) -> int:
    """Provoke the faults of these names, or all; 1 where an alert was missing, wrong or did not end."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        house = House(Path(folder), stack)
        _watch(house, lambda _: house.prometheus.query("max(ticker_canary_age_seconds) < 10") != [], 120)
        _watch(house, lambda names: not names, 120)
        for name in names or FAULTS:
            told, right = provoke(house, FAULTS[name])
            print(f"{name}: {told}{'' if right else '   WRONG'}", flush=True)
            wrong += not right
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
