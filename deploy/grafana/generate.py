"""Write the dashboards' JSON from `boards/`: `python -m deploy.grafana.generate`, with `--check` in CI.

Beside what a board says every dashboard has its variables, its links, and marks where a replay's result is about the
window that is shown.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    AnnotationQuery,
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
)

from deploy.grafana import colours
from deploy.grafana.boards import BOARDS
from deploy.grafana.draw import DATASOURCE, drawn
from deploy.grafana.panels import REPLAYED, Board
from schemas.topics import TOPICS
from streams.replay.metrics import WINDOW_BEGIN, WINDOW_END

FOLDER: Final = Path(__file__).parent / "dashboards"
_PROMETHEUS: Final = Path(__file__).parents[1] / "prometheus/prometheus.yaml"
_TAG: Final = "headline-ticker"
_KEPT: Final = f"{max(topic.retention_ms or 0 for topic in TOPICS) // 86_400_000}d"
"""How long after a window a replay of it can be: as long as topics are kept."""


def build(board: Board) -> str:
    """A dashboard as JSON, as Grafana's provisioning reads it."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([_TAG])
        .timezone("browser")
        .time("now-6h", "now")
        .refresh("30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .variables(_variables(board))
        .annotations([_marks("passed", colours.GOOD), _marks("failed", colours.BAD)])
        .link(
            dashboard.DashboardLink("Headlines")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([_TAG])
            .include_vars(True)
            .keep_time(True)
        )
        .link(dashboard.DashboardLink("Runbooks").type(DashboardLinkType.LINK).icon("doc").url("${runbooks}"))
    )
    number = 1
    for row in board.rows:
        made = made.with_row(dashboard.Row(row.title).id(number))
        for panel in row.panels:
            number += 1
            made = made.with_panel(drawn(panel, number))
        number += 1
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _variables(board: Board) -> list[Any]:
    variables = [
        dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        _variable("job", "Job", "label_values(ticker_build_info, job)"),
        _variable("instance", "Instance", 'label_values(ticker_build_info{job=~"$job"}, instance)'),
    ]
    if board.by_source:
        query = 'label_values(ticker_source_newest_timestamp_seconds{job=~"$job"}, source)'
        variables.append(_variable("source", "Source", query))
    if board.by_topic:
        variables.append(_topics())
    return [*variables, dashboard.ConstantVariable("runbooks").value(_runbooks())]


def _topics() -> Any:
    """The topics that can be replayed, of which one is selected."""
    options = [VariableOption(selected=topic == REPLAYED[0], text=topic, value=topic) for topic in REPLAYED]
    return (
        dashboard.CustomVariable("topic")
        .label("Topic to replay")
        .values(",".join(REPLAYED))
        .options(options)
        .current(options[0])
    )


class _Mark(AnnotationQuery):
    """An annotation query of Prometheus, with the fields of its data source that the library does not know."""

    def to_json(self) -> dict[str, object]:
        """As the library does, with what is said at a mark."""
        return {
            **super().to_json(),
            "titleFormat": "Replay {{replay}} of {{topic}}: {{outcome}}",
            "textFormat": "{{found}}",
            "tagKeys": "topic,outcome",
            "step": "15s",
        }


class _Marks(dashboard.AnnotationQuery):
    """Builds a mark."""

    def __init__(self) -> None:
        super().__init__()
        self._internal = _Mark()


def _marks(outcome: str, colour: str) -> Any:
    """Mark the windows that replays with this outcome were about."""
    made = _Marks().name(f"Replays that {outcome}").datasource(DATASOURCE).icon_color(colour)
    return made.expr(marked(outcome))


def marked(outcome: str) -> str:
    """Is there where the moment lies in the window of a replay: its result came later, so it looks into the future."""

    def known(metric: str, by: str, labels: str = "") -> str:
        return f"max by ({by}) (max_over_time({metric}{labels}[{_KEPT}] offset -{_KEPT}))"

    begins = known(WINDOW_BEGIN.name, ", ".join(WINDOW_BEGIN.labels), f'{{outcome="{outcome}"}}')
    return f"{begins} <= time() and on (replay) {known(WINDOW_END.name, 'replay')} >= time()"


def _runbooks() -> str:
    """Where the runbooks are read: alerts link there, so Prometheus' configuration says it, for dashboards too."""
    configuration = yaml.safe_load(_PROMETHEUS.read_text(encoding="utf-8"))
    return str(configuration["global"]["external_labels"]["runbooks"])


def _variable(name: str, label: str, query: str) -> Any:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def main(arguments: Sequence[str]) -> int:
    """Write every dashboard, or with `--check` tell whether the files are what would be written."""
    stale = []
    for board in BOARDS:
        path, text = FOLDER / f"{board.uid}.json", build(board)
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
    if stale:
        print(f"out of date: {', '.join(stale)}; run `python -m deploy.grafana.generate`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
