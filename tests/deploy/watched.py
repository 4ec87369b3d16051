"""A pipeline under load and the Prometheus that watches it: what dashboards are tested, and drawn, on.

Everything is real: a worker, a producer, one that visits a site, a canary and a board of their own topics, all scraped,
and somebody who reads the board; one worker more is scraped that is not there, so that an alert fires. The load is
strips of three sources in three languages with repeats, updates, near duplicates, gaps and lines that are no strips,
and a few records that no stage can read; of what is visited one page is not there.
"""

import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Final

import yaml

from schemas.instants import format_instant
from schemas.topics import DECISIONS, SIGHTINGS, TOPICS
from streams.dev.site import Site
from streams.kafka.topics import create
from streams.settings import Connection
from tests.deploy.support import free_port, tool
from tests.kafka_support import administer, produce, wait_until

RULES: Final = Path(__file__).parents[2] / "deploy/prometheus/rules"
_COMMANDS: Final = {
    "worker": ["worker"],
    "producer": ["produce", "-"],
    "canary": ["canary", "--every", "2"],
    "serve": ["serve"],
}
_VISITING: Final = ("--contact", "desk@newsroom.example", "--distance", "0")


_GONE: Final = "127.0.0.1:9"
"""Where a worker should be and nobody listens: 9 is the port of the old discard service."""
_TRIES: Final = "tries.json"
"""Where a watching Prometheus looks for a try that runs."""
_READ: Final = "import sys, urllib.request; [None for _ in urllib.request.urlopen(sys.argv[1])]"
"""Somebody who listens to a board for as long as it speaks."""


class Prometheus:
    """A Prometheus and its HTTP interface."""

    def __init__(self, port: int, scrape: float) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.scrape = scrape
        """Seconds between two scrapes."""
        self.environment: Mapping[str, str] = {}
        """That of the pipeline's programs."""

    def query(self, expr: str) -> list[float]:
        """The values of an expression now; raises with Prometheus' own words where it is wrong."""
        return [*self.series(expr).values()]

    def series(self, expr: str, *labels: str, at: float | None = None) -> dict[tuple[str, ...], float]:
        """The values of an expression now, or at some second, by their labels: all of them by name, or these."""
        for variable, value in {
            "$job": ".+",
            "$instance": ".+",
            "$source": ".+",
            "$__rate_interval": "20s",
            "$__range": "10m",
        }.items():
            expr = expr.replace(variable, value)
        asked = {"query": expr} | ({} if at is None else {"time": str(at)})
        address = f"{self.address}/api/v1/query?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            rows = json.load(answer)["data"]["result"]
        values = {
            tuple(row["metric"].get(label, "") for label in labels or sorted(row["metric"])): float(
                row["value"][1]
            )
            for row in rows
        }
        return {series: number for series, number in values.items() if not math.isnan(number)}

    def runs(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self.query("vector(1)"))
        except OSError:
            return False

    def reaches_all(self) -> bool:
        """Whether everything that it scrapes answers it."""
        return set(self.query(f'up{{instance!="{_GONE}"}}')) == {1.0}


@contextmanager
def watched_pipeline(kafka: str, folder: Path, *, scrape: int = 1) -> Iterator[Prometheus]:
    """A pipeline under load while the context lasts, and the Prometheus that scrapes it and knows our rules."""
    ports = {name: free_port() for name in _COMMANDS}
    connection, prefix = Connection(bootstrap_servers=kafka), f"watched-{ports['worker']}"
    administer(connection, create, TOPICS, prefix=prefix)
    environment = os.environ | {"TICKER_BOOTSTRAP_SERVERS": kafka, "TICKER_TOPIC_PREFIX": prefix}
    with ExitStack() as stack:
        ports["producer-2"] = free_port()
        commands = _COMMANDS | {"producer-2": _visiting(stack.enter_context(Site(every=10)), folder)}
        started = {
            name: stack.enter_context(
                service(ticker(*command, "--listen", f"127.0.0.1:{ports[name]}"), folder, environment)
            )
            for name, command in commands.items()
        }
        watched = stack.enter_context(watching(ports, folder, scrape=scrape, gone=_GONE))
        stack.enter_context(_load(started["producer"]))
        for topic in (SIGHTINGS, DECISIONS):
            produce(connection, topic.on(prefix), [b"rubbish"])
        watched.environment = environment
        wait_until(watched.reaches_all, seconds=60)
        wait_until(lambda: watched.query('ticker_kafka_up{job="ticker-serve"} == 1'), seconds=60)
        reader = [sys.executable, "-c", _READ, f"http://127.0.0.1:{ports['serve']}/events"]
        stack.enter_context(service(reader, folder, environment))
        yield watched


def _visiting(site: Site, folder: Path) -> list[str]:
    """The command of a producer that reads a site: a feed, pages, and a page that is not there."""
    entry = '[[source]]\nid = "{0}.example"\naddress = "{1}/{0}{2}"\ninterval = 5\nallow_private = true\n'
    outlets = {"akhbar": "", "depeches": "", "newsline": ".xml", "weather": ""}
    path = folder / "sources.toml"
    path.write_text("\n".join(entry.format(name, site.address, kind) for name, kind in outlets.items()))
    return ["produce", "--sources", str(path), "--state", str(folder / "state"), *_VISITING]


def impatient(rules: str) -> str:
    """Rules whose alerts wait a second where they would wait a minute."""
    return re.sub(r"\b(for|keep_firing_for): (\d+)m$", r"\1: \2s", rules, flags=re.MULTILINE)


@contextmanager
def watching(
    ports: Mapping[str, int],
    folder: Path,
    *,
    scrape: float,
    gone: str | None = None,
    hurried: Callable[[str], str] = impatient,
    alertmanager: str | None = None,
) -> Iterator[Prometheus]:
    """A Prometheus that scrapes programs on ports of this machine, by the program's name: `worker`, `worker-2`.

    It knows our rules, but in a hurry, as `hurried` makes them; `gone` is where it looks for one worker more, and
    `alertmanager` the address that it sends alerts to. `aim` lets it scrape others from then on.
    """
    shipped = yaml.safe_load((RULES.parent / "prometheus.yaml").read_text(encoding="utf-8"))
    interval = f"{scrape * 1000:.0f}ms"
    aim(folder, ports, gone)
    managers = [{"static_configs": [{"targets": [alertmanager]}]}] if alertmanager else []
    config = {
        "global": shipped["global"] | {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": ["rules-*.yaml"],
        "alerting": {"alertmanagers": managers},
        "scrape_configs": [
            {"job_name": job, "file_sd_configs": [{"files": [f"targets-{job}.json"]}]}
            for job in _jobs(ports, gone)
        ],
    }
    config["scrape_configs"].append(
        {
            "job_name": "ticker-replay-try",
            "file_sd_configs": [{"files": [_TRIES], "refresh_interval": "1s"}],
        }
    )
    for rules in RULES.glob("*.yaml"):
        text = hurried(rules.read_text(encoding="utf-8"))
        (folder / f"rules-{rules.name}").write_text(text, encoding="utf-8")
    path, port = folder / "prometheus.yaml", free_port()
    path.write_text(json.dumps(config), encoding="utf-8")
    storage, listen = f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"
    with service([tool("prometheus"), f"--config.file={path}", storage, listen], folder, os.environ):
        watched = Prometheus(port, scrape)
        wait_until(watched.runs, seconds=60)
        yield watched


def aim(folder: Path, ports: Mapping[str, int], gone: str | None = None) -> None:
    """Say what the Prometheus of a folder scrapes, for the jobs that it was started with."""
    for job, addresses in _jobs(ports, gone).items():
        written = folder / f"targets-{job}.new"
        written.write_text(json.dumps([{"targets": addresses}]), encoding="utf-8")
        written.rename(folder / f"targets-{job}.json")


def _jobs(ports: Mapping[str, int], gone: str | None) -> dict[str, list[str]]:
    """Addresses by job; programs that are told apart by a number are of one job."""
    jobs: dict[str, list[str]] = {}
    for name, port in ports.items():
        jobs.setdefault(f"ticker-{name.rstrip('-0123456789')}", []).append(f"127.0.0.1:{port}")
    if gone:
        jobs["ticker-worker"].append(gone)
    return jobs


def tried(watched: Prometheus, folder: Path, *options: str) -> int:
    """Try what a watched pipeline has shown, scraped until it ends, as a job of a cluster is; gives its exit code."""
    port, targets = free_port(), folder / _TRIES
    targets.write_text(json.dumps([{"targets": [f"127.0.0.1:{port}"]}]), encoding="utf-8")
    command = ticker("replay", "try", "sightings", "--since", "1h", "--folder", str(folder / "try"))
    done = subprocess.run(
        [*command, "--listen", f"127.0.0.1:{port}", *options],
        env=watched.environment,
        cwd=folder,
        capture_output=True,
        check=False,
    )
    targets.write_text("[]", encoding="utf-8")
    return done.returncode


def ticker(*arguments: str) -> list[str]:
    """The command line of `ticker` with these arguments."""
    return [sys.executable, "-m", "streams.cli", *arguments]


@contextmanager
def service(
    command: list[str], folder: Path, environment: Mapping[str, str], *, log: str | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process while the context lasts; its standard error goes to a file, for whoever looks for a failure.

    `log` is the file's name, to which is appended; without it the command names one of its own.
    """
    name = re.sub(r"[^\w-]+", "-", " ".join(command[1:5]))[-60:]
    with (folder / (log or f"{name}.log")).open("a" if log else "w") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, text=True, env=environment)
        assert process.stdin is not None
        try:
            yield process
        finally:
            process.stdin.close()
            process.send_signal(signal.SIGINT)  # no scrape of a Prometheus that has ended is waited for
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def _load(producer: subprocess.Popen[str]) -> Iterator[None]:
    """Strips of three sources, a few a second, as long as the context lasts."""
    end = threading.Event()
    thread = threading.Thread(target=_feed, args=(producer.stdin, end))
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _feed(stdin: IO[str], end: threading.Event) -> None:
    for number in count(1):
        if end.wait(0.4):
            return
        stdin.write(lines(number))
        stdin.flush()


def lines(number: int) -> str:
    """A round: a strip of each source, shown now, and a line that is none."""
    now = format_instant(time.time_ns() // 1_000_000)
    rows = [
        {"source": source, "observed_at": now, "text": " ||| ".join(slots), "separator": " ||| "}
        for source, slots in _strips(number).items()
    ]
    return "".join(json.dumps(row) + "\n" for row in rows) + "no strip\n"


_PLACES: Final = ("Tangier", "Agadir", "Fez", "Oujda", "Nador", "Safi", "Tiznit", "Larache", "Azilal")
_STANDING: Final = {
    "akhbar": (
        "الحكومة تعلن عن برنامج جديد لدعم السكن في المدن الكبرى",
        "المنتخب الوطني يستعد لمباراته أمام السنغال",
        "افتتاح معرض الكتاب بمشاركة مئة دار نشر",
        "البنك المركزي يبقي سعر الفائدة دون تغيير",
        "وزارة الصحة تطلق حملة تلقيح في المدارس",
    ),
    "depeches": (
        "Le parlement adopte la loi de finances rectificative en première lecture",
        "La sélection nationale reçoit le Cameroun samedi",
        "Grève des trains : un trafic réduit de moitié lundi",
        "Une exposition de photographies ouvre au musée de la ville",
        "Le prix du blé recule sur les marchés européens",
    ),
    "newsline": (
        "Parliament votes to extend the school year by a week",
        "Scientists find water beneath the desert plateau",
        "Court orders a retrial in the harbour fraud case",
        "Home side wins the cup final after extra time",
        "Exports of citrus fruit reach a record",
    ),
}


def _strips(number: int) -> dict[str, list[str]]:
    """What each source shows in a round: headlines that stay, one whose toll rises, one retyped, one new, a gap."""
    place = _PLACES[number % len(_PLACES)]
    turn = number // 5
    shown = {
        source: [headlines[(turn + slot) % len(headlines)] for slot in range(3)]
        for source, headlines in _STANDING.items()
    }
    shown["akhbar"] += [f"ارتفاع عدد ضحايا الفيضانات إلى {turn} قتيلا في الجنوب", ""]
    shown["depeches"] += [f"Séisme au large des côtes : {turn} blessés selon un premier bilan"]
    late = f"Ferry to {place} with passengers of the night train is {number} minutes late"
    shown["newsline"] += [late, late.replace("passengers", "pasengers"), "x" * 2_500]
    return shown
