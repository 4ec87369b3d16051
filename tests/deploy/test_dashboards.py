"""Dashboards are what the generator writes, and every panel shows data of a real worker under load."""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser

from deploy.grafana.boards import BOARDS
from deploy.grafana.generate import FOLDER, build
from deploy.grafana.panels import SELECTION, Board, Panel, Query
from tests.deploy.drawing import DESK, PHONE, Drawn, built, draw
from tests.deploy.watched import Prometheus, watched_pipeline
from tests.kafka_support import wait_until

PANELS: Final = [(board, panel) for board in BOARDS for panel in board.panels]
QUERIES: Final = [
    pytest.param(query, id=f"{board.uid}: {panel.title} {query.legend}".strip())
    for board, panel in PANELS
    for query in panel.queries
]


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


@pytest.fixture(scope="module")
def prometheus(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus, scraping a worker, a producer, a canary and a board that are under load."""
    with watched_pipeline(kafka, tmp_path_factory.mktemp("prometheus")) as watched:
        yield watched


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


@pytest.fixture(scope="module")
def view(prometheus: Prometheus, browser: Browser) -> Callable[..., list[Drawn]]:
    """Draw the file of a dashboard, some seconds of it, in some width."""
    return partial(draw, browser, built(), prometheus)


@pytest.mark.kafka
@pytest.mark.parametrize("width", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_every_panel_is_drawn(
    prometheus: Prometheus, view: Callable[..., list[Drawn]], board: Board, width: int, pictures: Path
) -> None:
    """In a browser no panel is an error, and none is empty that has data; a picture of it goes into the docs."""
    path = FOLDER / f"{board.uid}.json"
    picture = pictures / f"{board.uid}-{'desk' if width == DESK else 'phone'}.png"
    seconds = 300 if "TICKER_PICTURES" in os.environ else 20
    wait_until(lambda: prometheus.query(f"time() - max(process_start_time_seconds) > {seconds}"), seconds=600)

    def complete() -> bool:
        drawn = view(path, width=width, seconds=seconds, picture=picture)
        assert [panel.title for panel in drawn] == [panel.title for panel in board.panels]
        assert [panel.error for panel in drawn if panel.error] == []
        return not [panel for panel in drawn if panel.state == "empty"]

    wait_until(complete, seconds=60)
