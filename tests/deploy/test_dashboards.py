"""Dashboards are what the generator writes, and every panel shows data of a real worker under load."""

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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Final

import pytest

from deploy.grafana.boards import BOARDS
from deploy.grafana.generate import FOLDER, build
from deploy.grafana.panels import SELECTION, Board, Panel, Query
from schemas.instants import format_instant
from schemas.topics import DECISIONS, SIGHTINGS, TOPICS
from streams.kafka.topics import create
from streams.settings import Connection
from tests.deploy.support import free_port, tool
from tests.kafka_support import administer, produce, wait_until

PANELS: Final = [(board, panel) for board in BOARDS for panel in board.panels]
QUERIES: Final = [
    pytest.param(query, id=f"{board.uid}: {panel.title} {query.legend}".strip())
    for board, panel in PANELS
    for query in panel.queries
]
_SERVICES: Final = ("worker", "producer", "canary", "serve")


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_the_json_is_what_the_generator_writes(board: Board) -> None:
    """A change of panels that was not generated does not pass."""
    path = FOLDER / f"{board.uid}.json"
    assert path.read_text(encoding="utf-8") == build(board), "run `make deployment`"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_dashboard_can_be_provisioned(board: Board) -> None:
    """It has its uid, asks the data source that the viewer picks, and no panel lies on another."""
    made = json.loads((FOLDER / f"{board.uid}.json").read_text(encoding="utf-8"))
    assert made["uid"] == board.uid
    names = [variable["name"] for variable in made["templating"]["list"]]
    assert names[:3] == ["datasource", "job", "instance"]
    panels = [panel for panel in made["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    cells = [cell for panel in made["panels"] for cell in _cells(panel["gridPos"])]
    assert len(cells) == len(set(cells))
    assert len({panel["id"] for panel in made["panels"]}) == len(made["panels"])


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    columns = range(place["x"], place["x"] + place["w"])
    assert columns.stop <= 24
    return [(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])]


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=lambda value: getattr(value, "title", ""))
def test_a_panel_says_what_it_shows(board: Board, panel: Panel) -> None:
    """It has a unit and a description, selects by job and instance, and rates follow the scrape interval."""
    assert panel.unit
    assert panel.description.endswith(".")
    for query in panel.queries:
        assert SELECTION in query.selected
        assert "rate(" not in query.expr or "$__rate_interval" in query.expr
    assert panel.title not in [other.title for other in board.panels if other is not panel]


class Prometheus:
    """A Prometheus that scrapes every second, and its HTTP interface."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1/query"

    def query(self, expr: str) -> list[float]:
        """The values of an expression now; raises with Prometheus' own words where it is wrong."""
        for variable, value in {
            "$job": ".+",
            "$instance": ".+",
            "$source": ".+",
            "$__rate_interval": "20s",
        }.items():
            expr = expr.replace(variable, value)
        with urllib.request.urlopen(
            f"{self._url}?{urllib.parse.urlencode({'query': expr})}", timeout=10
        ) as answer:
            rows = json.load(answer)["data"]["result"]
        values = [float(row["value"][1]) for row in rows]
        return [value for value in values if not math.isnan(value)]


@pytest.fixture(scope="module")
def prometheus(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus, scraping a worker, a producer, a canary and a board that are under load."""
    program = tool("prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    ports = {service: free_port() for service in (*_SERVICES, "prometheus")}
    connection, prefix = Connection(bootstrap_servers=kafka), f"watched-{ports['worker']}"
    administer(connection, create, TOPICS, prefix=prefix)
    environment = os.environ | {"TICKER_BOOTSTRAP_SERVERS": kafka, "TICKER_TOPIC_PREFIX": prefix}
    config = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [
            {"job_name": f"ticker-{name}", "static_configs": [{"targets": [f"127.0.0.1:{ports[name]}"]}]}
            for name in _SERVICES
        ],
    }
    (folder / "prometheus.yaml").write_text(json.dumps(config), encoding="utf-8")
    commands = {
        "worker": ["worker"],
        "producer": ["produce", "-"],
        "canary": ["canary", "--every", "2"],
        "serve": ["serve"],
    }
    with ExitStack() as stack:
        started = {
            service: stack.enter_context(
                _service(_ticker(*command, "--listen", f"127.0.0.1:{ports[service]}"), folder, environment)
            )
            for service, command in commands.items()
        }
        stack.enter_context(
            _service(
                [
                    program,
                    f"--config.file={folder}/prometheus.yaml",
                    f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
                ],
                folder,
                environment,
            )
        )
        stack.enter_context(_load(started["producer"]))
        for topic in (SIGHTINGS, DECISIONS):
            produce(connection, topic.on(prefix), [b"rubbish"])
        watched = Prometheus(ports["prometheus"])
        wait_until(lambda: _answers(watched), seconds=60)
        yield watched


def _ticker(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "streams.cli", *arguments]


@contextmanager
def _service(
    command: list[str], folder: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """A process while the context lasts; its standard error goes to a file, for whoever looks for a failure."""
    name = re.sub(r"[^\w-]+", "-", " ".join(command[1:5]))[-60:]
    with (folder / f"{name}.log").open("w") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, text=True, env=environment)
        assert process.stdin is not None
        try:
            yield process
        finally:
            process.stdin.close()
            process.send_signal(signal.SIGTERM)
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
        if end.wait(0.3):
            return
        for source, slots in _strips(number).items():
            now = format_instant(time.time_ns() // 1_000_000)
            text = " ||| ".join(slots)
            row = {"source": source, "observed_at": now, "text": text, "separator": " ||| "}
            stdin.write(json.dumps(row) + "\n")
        stdin.write("no strip\n")
        stdin.flush()


def _strips(number: int) -> dict[str, list[str]]:
    """What each source shows in a round: a headline that stays, one whose toll rises, one retyped, a gap."""
    place = ("Tangier", "Agadir", "Fez", "Oujda", "Nador")[number % 5]
    return {
        "akhbar": [
            "الحكومة تعلن عن برنامج جديد لدعم السكن في المدن الكبرى",
            f"ارتفاع عدد ضحايا الفيضانات إلى {number} قتيلا في الجنوب",
            "",
        ],
        "depeches": [
            "Le parlement adopte la loi de finances rectificative en première lecture",
            "Le parlement adopte la loi de finances rectificatve en première lecture",
            f"Séisme au large des côtes : {number} blessés selon un premier bilan",
        ],
        "newsline": [
            f"{number} dead in collapse of building in {place}",
            f"Central bank of {place} keeps its rate unchanged at {number} percent",
            "x" * 2_500,
        ],
    }


def _answers(prometheus: Prometheus) -> bool:
    try:
        return sum(prometheus.query("up")) == len(_SERVICES)
    except OSError:
        return False


@pytest.mark.kafka
@pytest.mark.parametrize("query", QUERIES)
def test_a_panel_has_data(prometheus: Prometheus, query: Query) -> None:
    """Its query is understood by Prometheus and returns numbers while a worker is under load."""
    assert wait_until(lambda: prometheus.query(query.selected), seconds=40)


@pytest.mark.kafka
def test_nothing_is_unaccounted_for(prometheus: Prometheus) -> None:
    """Under load, in every scrape, input less outcomes is zero."""
    panel = next(panel for _, panel in PANELS if panel.title == "Unaccounted records")
    for query in panel.queries:
        assert set(prometheus.query(query.selected)) == {0.0}


@pytest.mark.kafka
def test_poison_is_seen_as_dead_letters(prometheus: Prometheus) -> None:
    """A record that is no event shows up under its stage and its error."""
    expr = 'ticker_dead_letters_total{stage=~"deduplicate|categorize"}'
    assert wait_until(lambda: len(prometheus.query(expr)) == 2, seconds=20)
