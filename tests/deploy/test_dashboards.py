"""Dashboards are what the generator writes, and every panel shows data of a real worker under load."""

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest
import yaml
from playwright.sync_api import Browser

from deploy.grafana.boards import BOARDS
from deploy.grafana.boards.replay import REPLAY
from deploy.grafana.generate import FOLDER, build, marked
from deploy.grafana.panels import REPLAYED, SELECTION, Board, Panel, Query
from schemas.instants import parse_instant
from streams.cli.replay.dashboards import from_url
from tests.deploy.drawing import DESK, PHONE, Drawn, built, draw
from tests.deploy.support import accepts
from tests.deploy.watched import RULES, Prometheus, tried, watched_pipeline
from tests.kafka_support import wait_until

RUNBOOKS: Final = Path(__file__).parents[2] / "docs/runbooks"
PANELS: Final = [(board, panel) for board in BOARDS for panel in board.panels]
QUERIES: Final = [
    pytest.param(query, id=f"{board.uid}: {panel.title} {query.legend}".strip())
    for board, panel in PANELS
    for query in panel.asked
    if panel.empty is None
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
    panels = [panel for panel in made["panels"] if panel["type"] not in {"row", "text"}]
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
    assert bool(panel.asked) != bool(panel.text)
    for query in panel.asked:
        assert SELECTION in query.selected or "ALERTS" in query.expr
        assert "rate(" not in query.expr or "$__rate_interval" in query.expr
    assert panel.title not in [other.title for other in board.panels if other is not panel]


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=lambda value: getattr(value, "title", ""))
def test_a_link_leads_to_a_page_that_is_there(board: Board, panel: Panel) -> None:  # noqa: ARG001 - names the case
    """To a dashboard of ours, or to a runbook."""
    links = [*panel.links, panel.value_link, *(column.link for column in panel.columns)]
    for link in filter(None, links):
        dashboard, runbook = (
            re.match(r"/d/([\w-]+)", link.url),
            re.match(r"\$\{runbooks\}/(\w+)\.md", link.url),
        )
        if dashboard:
            assert dashboard[1] in {other.uid for other in BOARDS}
        elif runbook:
            assert (RUNBOOKS / f"{runbook[1]}.md").exists()
        else:
            assert link.url == "${runbooks}/${__value.raw}.md", "or an alert's own"


@pytest.mark.parametrize("runbook", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_a_runbook_names_panels_that_are_there(runbook: Path) -> None:
    """What it sets in italics is a panel's title, another runbook, or a page of Prometheus."""
    known = {panel.title for _, panel in PANELS} | {path.stem for path in RUNBOOKS.glob("*.md")} | {"Targets"}
    named = set(re.findall(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)", runbook.read_text(encoding="utf-8")))
    assert named <= known


COMMANDS: Final = [
    command
    for _, panel in PANELS
    for block in re.findall(r"```\n(.*?)```", panel.text, re.DOTALL)
    for command in block.replace("\\\n", " ").strip().splitlines()
]


SELECTED: Final = {
    "__from:date:iso": "2026-01-02T03:04:05.678Z",
    "__to:date:iso": "2026-01-02T04:04:05.678Z",
    "__from": "1767323045678",
    "__to": "1767326645678",
    "topic": "strips",
    "source:queryparam": "var-source=akhbar&var-source=%D8%A3%26%D8%A8",
}
"""What Grafana puts into a text for a selection of a window, a topic and two sources."""


def filled(text: str) -> str:
    """A text of a panel as a viewer sees it."""
    return re.sub(r"\$\{([^}]+)\}", lambda match: SELECTED[match[1]], text)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_to_copy_is_one_of_ours(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line takes it, with all of its options; a window's variables stand for its instants."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "again.json").touch()
    name, *arguments = shlex.split(filled(command))
    assert name == "ticker"
    accepts(arguments)


@pytest.mark.parametrize("command", [command for command in COMMANDS if "--from-url" in command])
def test_a_command_from_a_dashboard_replays_what_was_looked_at(command: str) -> None:
    """Exactly the window, the topic and the sources that are selected."""
    arguments = shlex.split(filled(command))
    assert from_url(arguments[arguments.index("--from-url") + 1]) == {
        "since": "2026-01-02T03:04:05.678Z",
        "until": "2026-01-02T04:04:05.678Z",
        "topic": "strips",
        "sources": ("akhbar", "أ&ب"),
    }


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=lambda value: getattr(value, "title", ""))
def test_a_value_leads_to_the_replay_of_what_it_shows(board: Board, panel: Panel) -> None:
    """With the window, a topic that can be replayed, and the source of a panel that tells sources apart."""
    made = json.loads((FOLDER / f"{board.uid}.json").read_text(encoding="utf-8"))
    drawn = next(each for each in made["panels"] if each["title"] == panel.title)
    links = [link["url"] for link in drawn.get("fieldConfig", {}).get("defaults", {}).get("links", ())]
    leading = [url for url in links if url.startswith("/d/ticker-replay?")]
    assert bool(leading) == bool(panel.replayed)
    for url in leading:
        shown = url.replace("${__url_time_range}", "from=now-6h&to=now")
        told = from_url(re.sub(r"\$\{__field.labels.source:percentencode\}", "%D8%A3%26", shown))
        assert told["topic"] in REPLAYED
        assert told["since"] == "6h"
        by_source = any("{{source}}" in query.legend for query in panel.asked)
        assert told.get("sources") == (("أ&",) if by_source else None)


def test_the_window_of_a_command_is_an_instant_for_us() -> None:
    """What Grafana writes for the window's ends is what the command line reads."""
    assert parse_instant("2026-01-02T03:04:05.678Z")


@pytest.fixture(scope="module")
def prometheus(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus, scraping a worker, a producer, a canary and a board that are under load, and a try that has ended."""
    folder = tmp_path_factory.mktemp("prometheus")
    with watched_pipeline(kafka, folder) as watched:
        assert wait_until(lambda: watched.query('ticker_records_total{outcome="near"} > 2'), seconds=120)
        assert tried(watched, folder) == 0
        yield watched


@pytest.mark.kafka
@pytest.mark.parametrize("panel", REPLAY.panels, ids=lambda panel: panel.title)
def test_what_a_replay_said_stays_when_its_process_is_gone(prometheus: Prometheus, panel: Panel) -> None:
    """The dashboard has its result, which was scraped before it ended, and how it went on while it ran."""
    (finished,) = prometheus.query("last_over_time(ticker_replay_finished_timestamp_seconds[10m])")
    for query in panel.asked:
        at = None if "$__range" in query.expr else finished
        expr = (
            query.selected.replace(" > 0)", ")") if panel.title == "Differences by kind" else query.selected
        )
        assert prometheus.series(expr, at=at), expr


@pytest.mark.kafka
def test_the_result_of_a_replay_is_marked_at_the_window_that_it_is_about(prometheus: Prometheus) -> None:
    """Though it was found out later: everywhere in the window, nowhere else, with what was found."""
    ((replay,),) = prometheus.series("last_over_time(ticker_replay_failed[10m])", "replay")
    (begin,) = prometheus.query("last_over_time(ticker_replay_window_begin_timestamp_seconds[10m])")
    (end,) = prometheus.query("last_over_time(ticker_replay_window_end_timestamp_seconds[10m])")
    assert end - begin > 3_500
    for at in (begin + 1, (begin + end) / 2, end - 1):
        ((marked_replay, topic, found),) = prometheus.series(
            marked("passed"), "replay", "topic", "found", at=at
        )
        assert (marked_replay, topic) == (replay, "sightings")
        assert "headlines of both builds" in found
        assert not prometheus.series(marked("failed"), at=at)
    assert not prometheus.series(marked("passed"), at=begin - 1)
    assert not prometheus.series(marked("passed"), at=end + 1)


@pytest.mark.kafka
@pytest.mark.parametrize("query", QUERIES)
def test_a_panel_has_data(prometheus: Prometheus, query: Query) -> None:
    """Its query is understood by Prometheus and returns numbers while a worker is under load."""
    assert wait_until(lambda: prometheus.query(query.selected), seconds=120)


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
    assert wait_until(lambda: len(prometheus.query(expr)) == 2, seconds=120)


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
    """In a browser no panel is an error, none is empty that has data, no table cuts a value; a picture is taken."""
    path = FOLDER / f"{board.uid}.json"
    picture = pictures / f"{board.uid}-{'desk' if width == DESK else 'phone'}.webp"
    may_be_empty = {panel.title for panel in board.panels if panel.empty is not None}
    lived = 180 if "TICKER_PICTURES" in os.environ else 20
    wait_until(lambda: prometheus.query(f"time() - max(process_start_time_seconds) > {lived}"), seconds=240)
    # The try came first of all.
    seconds = lived + 120 * (board is REPLAY)

    def complete() -> bool:
        drawn = view(path, width=width, seconds=seconds, picture=picture)
        assert [panel.title for panel in drawn] == [panel.title for panel in board.panels]
        assert [panel.error for panel in drawn if panel.error] == []
        assert [(panel.title, *panel.cut) for panel in drawn if panel.cut] == []
        return {panel.title for panel in drawn if panel.state == "empty"} <= may_be_empty

    wait_until(complete, seconds=60)


@pytest.mark.kafka
def test_an_alert_is_shown_with_a_way_to_its_runbook(
    view: Callable[..., list[Drawn]], tmp_path: Path
) -> None:
    """A worker is scraped that is not there: what fires stands on the first screen, and a click opens its runbook."""

    def firing() -> Drawn:
        drawn = view(FOLDER / "ticker-overview.json", width=DESK, seconds=20, picture=tmp_path / "fault.webp")
        return next(panel for panel in drawn if panel.title == "Firing now")

    wait_until(lambda: "TickerDown" in firing().text, seconds=120)
    shown = firing()
    assert "No alert is firing." not in shown.text, "nor in an empty cell"
    runbooks = yaml.safe_load((RULES.parent / "prometheus.yaml").read_text("utf-8"))["global"][
        "external_labels"
    ]
    assert f"Its runbook {runbooks['runbooks']}/TickerDown.md" in shown.links
