"""Write the dashboards' JSON from `boards/`: `python -m deploy.grafana.generate`, with `--check` in CI."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    GraphThresholdsStyleMode,
    StackingMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.grafana.boards import BOARDS
from deploy.grafana.panels import Board, Kind, Panel

FOLDER: Final = Path(__file__).parent / "dashboards"
_DATASOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
_TAG: Final = "headline-ticker"
_HEIGHTS: Final[dict[Kind, int]] = {"lines": 8, "stacked": 8, "number": 5, "bars": 8, "table": 8}
_COLUMNS: Final = 24


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
        .link(
            dashboard.DashboardLink("Headlines")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([_TAG])
            .include_vars(True)
            .keep_time(True)
        )
    )
    number = 1
    for row in board.rows:
        made = made.with_row(dashboard.Row(row.title).id(number))
        for panel in row.panels:
            number += 1
            made = made.with_panel(_panel(panel, number))
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
    return variables


def _variable(name: str, label: str, query: str) -> Any:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(_DATASOURCE)
        .query({"query": query, "refId": name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _panel(panel: Panel, number: int) -> Any:
    builder: Any = {
        "lines": _lines,
        "stacked": _stacked,
        "number": stat.Panel,
        "bars": _bars,
        "table": table.Panel,
    }[panel.kind]()
    made = (
        builder.id(number)
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(_DATASOURCE)
        .span(panel.width)
        .height(_HEIGHTS[panel.kind])
        .targets([_target(panel, position) for position in range(len(panel.queries))])
        .thresholds(_thresholds(panel.red_from))
    )
    if panel.kind == "lines" and panel.red_from is not None:
        style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        made = made.thresholds_style(style)
    return made


def _lines() -> Any:
    legend = common.VizLegendOptions().show_legend(True)
    return timeseries.Panel().min(0).fill_opacity(8).legend(legend)


def _stacked() -> Any:
    return _lines().fill_opacity(25).stacking(common.StackingConfig().mode(StackingMode.NORMAL))


def _bars() -> Any:
    return (
        bargauge.Panel().orientation(VizOrientation.HORIZONTAL).display_mode(BarGaugeDisplayMode.BASIC).min(0)
    )


def _target(panel: Panel, position: int) -> Any:
    query = panel.queries[position]
    target = (
        prometheus.Dataquery()
        .expr(query.selected)
        .ref_id(chr(ord("A") + position))
        .legend_format(query.legend or "__auto")
    )
    if panel.kind == "table":
        return target.instant().format(PromQueryFormat.TABLE)
    return target.instant() if panel.kind in {"number", "bars"} else target.range()


def _thresholds(red_from: float | None) -> Any:
    steps = [Threshold(value=None, color="green")]
    if red_from is not None:
        steps.append(Threshold(value=red_from, color="red"))
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


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
