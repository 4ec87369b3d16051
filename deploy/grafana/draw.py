"""How a panel is put into Grafana's terms: kinds, thresholds, words, columns, links and colours."""

from collections.abc import Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    table,
    text,
    timeseries,
)
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BarGaugeNamePlacement,
    BarGaugeSizing,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphThresholdsStyleMode,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

from deploy.grafana import colours
from deploy.grafana.panels import SECONDS, Column, Kind, Link, Panel, to_replay

DATASOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
_HEIGHTS: Final[dict[Kind, int]] = {"lines": 8, "stacked": 8, "number": 4, "bars": 8, "table": 8, "text": 8}
_FONT: Final = 12
"""Of names and values of bars, in pixels: the size by which Grafana measures how wide names of 28 pixels' bars are."""
_ROOM: Final = "   "
"""Behind the names of bars: Grafana gives all of them the room of one that has the most letters, not the widest. A
browser shows no space at a line's end."""
_NARROWEST: Final = 80
"""Pixels of a table's column: on a phone a table is wider than the screen, and no value is cut."""
_WIDEST: Final = {
    "job": 130,
    "instance": 140,
    "stage": 100,
    "version": 110,
    SECONDS: 90,
    "dateTimeFromNow": 150,
}
"""Pixels that values of a label or a unit take; of others, fewer than the title of their column."""
_LETTER: Final = 8
_PADDING: Final = 24
_LETTERS: Final = "ABCDEFGHIJ"


def drawn(panel: Panel, number: int) -> Any:
    """The builder of a panel, with everything that Grafana is to know of it."""
    builder = {
        "lines": _lines, "stacked": _stacked, "number": _number, "bars": _bars, "table": _table, "text": _text,
    }[panel.kind](panel)  # fmt: skip
    made = (
        builder.id(number)
        .title(panel.title)
        .description(panel.description)
        .span(panel.width)
        .height(panel.height or _HEIGHTS[panel.kind])
    )
    if panel.links:
        made = made.links([_link(link) for link in panel.links])
    if panel.kind == "text":
        return made
    made = (
        made.unit(panel.unit)
        .datasource(DATASOURCE)
        .targets([_target(panel, position) for position in range(len(panel.asked))])
        .thresholds(_thresholds(panel))
    )
    if panel.words:
        made = made.mappings([_words(panel.words, colour=panel.kind == "number", panel=panel)])
    if panel.empty is not None:
        made = made.no_value(panel.empty)
    links = [link for link in (panel.value_link, to_replay(panel) if panel.replayed else None) if link]
    return made.data_links([_link(link) for link in links]) if links else made


def _lines(panel: Panel) -> Any:
    legend = common.VizLegendOptions().show_legend(True)
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI)
    made = (
        timeseries.Panel()
        .min(0)
        .fill_opacity(4)
        .line_width(2)
        .show_points(VisibilityMode.NEVER)
        .legend(legend)
        .tooltip(tooltip)
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    )
    if panel.at_least is not None:
        made = made.axis_soft_max(panel.at_least)
    if panel.bad_from is not None:
        made = made.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        )
    for query in panel.asked:
        for name, style in colours.SERIES.get(query.legend, {}).items():
            properties = [DynamicConfigValue("color", {"mode": "fixed", "fixedColor": style.colour})]
            if style.line and panel.kind == "lines":
                properties.append(DynamicConfigValue("custom.lineStyle", style.line))
            made = made.override_by_name(name, properties)
    return made


def _stacked(panel: Panel) -> Any:
    return (
        _lines(panel)
        .fill_opacity(45)
        .line_width(1)
        .stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    )


def _number(panel: Panel) -> Any:
    judged = panel.bad_from is not None or panel.good_from is not None
    return (
        stat.Panel()
        .graph_mode(BigValueGraphMode.NONE)
        .color_mode(BigValueColorMode.BACKGROUND_SOLID if judged else BigValueColorMode.VALUE)
        .text_mode(BigValueTextMode.AUTO)
        .orientation(VizOrientation.VERTICAL)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )


def _bars(_: Panel) -> Any:
    return (
        bargauge.Panel()
        .orientation(VizOrientation.HORIZONTAL)
        .display_mode(BarGaugeDisplayMode.BASIC)
        .name_placement(BarGaugeNamePlacement.LEFT)
        .sizing(BarGaugeSizing.MANUAL)
        .min_viz_height(20)
        .max_viz_height(28)
        .text(common.VizTextDisplayOptions().title_size(_FONT).value_size(_FONT))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .min(0)
    )


def _table(panel: Panel) -> Any:
    made = table.Panel().transformations(_transformations(panel)).min_width(_NARROWEST)
    for column in panel.columns:
        # A panel that says why it is empty would say so in an empty cell, too.
        blank = "–" if panel.empty is not None else ""
        made = made.override_by_name(column.title, _properties(column, column.none or blank))
    return made


def _transformations(panel: Panel) -> list[DataTransformerConfig]:
    """Answers of several queries side by side; then only the columns that are named, in their order."""
    fields = [_field(panel, column) for column in panel.columns]
    order = {field: index for index, field in enumerate(fields)}
    names = {field: column.title for field, column in zip(fields, panel.columns, strict=True)}
    kept = DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": fields}})
    organized = DataTransformerConfig(
        id_val="organize", options={"indexByName": order, "renameByName": names, "excludeByName": {}}
    )
    merged = [DataTransformerConfig(id_val="merge", options={})] if len(panel.asked) > 1 else []
    by = {"field": panel.sort.removeprefix("-"), "desc": panel.sort.startswith("-")}
    ordered = (
        [DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": [by]})] if panel.sort else []
    )
    return [*merged, kept, organized, *ordered]


def _field(panel: Panel, column: Column) -> str:
    """What Grafana calls a column before it is renamed: a label, or the value of the query with this letter."""
    if column.query is None:
        return column.label
    if len(panel.asked) == 1:
        return "Value"
    return f"Value #{_LETTERS[panel.asked.index(column.query)]}"


def _properties(column: Column, none: str) -> list[DynamicConfigValue]:
    properties = [
        DynamicConfigValue("custom.width", column.wide)
        if column.wide
        else DynamicConfigValue("custom.minWidth", _narrowest(column))
    ]
    if none:
        properties.append(DynamicConfigValue("noValue", none))
    if column.unit:
        properties.append(DynamicConfigValue("unit", column.unit))
    if column.words:
        mapping = _words(column.words, colour=False, panel=None)
        properties.append(DynamicConfigValue("mappings", [mapping.to_json()]))
    if column.well:
        properties += [
            DynamicConfigValue("mappings", _judged_words(column.well)),
            DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
        ]
    if column.bad_from is not None:
        steps = [{"color": colours.PLAIN, "value": None}, {"color": colours.BAD, "value": column.bad_from}]
        properties += [
            DynamicConfigValue("thresholds", {"mode": "absolute", "steps": steps}),
            DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
        ]
    if column.link:
        properties.append(DynamicConfigValue("links", [{"title": column.link.title, "url": column.link.url}]))
    return properties


def _narrowest(column: Column) -> int:
    """How many pixels a column has at least."""
    title = len(column.title) * _LETTER + _PADDING
    return max(_NARROWEST, title, _WIDEST.get(column.label or column.unit, 0))


def _judged_words(well: Sequence[str]) -> list[dict[str, Any]]:
    """Mappings that leave words as they are and colour them."""
    plain = {word: {"text": word, "index": index, "color": colours.PLAIN} for index, word in enumerate(well)}
    other = {"pattern": ".+", "result": {"index": len(well), "color": colours.BAD}}
    return [{"type": "value", "options": plain}, {"type": "regex", "options": other}]


def _text(panel: Panel) -> Any:
    return text.Panel().mode(TextMode.MARKDOWN).content(panel.text)


def _target(panel: Panel, position: int) -> Any:
    query = panel.asked[position]
    target = (
        prometheus.Dataquery()
        .expr(query.selected)
        .ref_id(_LETTERS[position])
        .legend_format(query.legend + _ROOM * (panel.kind == "bars") if query.legend else "__auto")
    )
    if panel.kind == "table":
        return target.instant().format(PromQueryFormat.TABLE)
    return target.instant() if panel.kind in {"number", "bars"} else target.range()


def _thresholds(panel: Panel) -> Any:
    plain = {"bars": colours.FILLED, "number": colours.PLAIN}.get(panel.kind, colours.GOOD)
    if panel.bad_from is not None:
        steps = [
            Threshold(value=None, color=colours.GOOD),
            Threshold(value=panel.bad_from, color=colours.BAD),
        ]
    elif panel.good_from is not None:
        steps = [
            Threshold(value=None, color=colours.BAD),
            Threshold(value=panel.good_from, color=colours.GOOD),
        ]
    else:
        steps = [Threshold(value=None, color=plain)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _words(words: tuple[tuple[float, str], ...], *, colour: bool, panel: Panel | None) -> ValueMap:
    """Words for values; a mapping takes the threshold's colour away, so it is said again where there is one."""
    options = {
        f"{value:g}": ValueMappingResult(
            text=said, index=index, color=_judged(panel, value) if colour and panel else None
        )
        for index, (value, said) in enumerate(words)
    }
    return ValueMap(options=options)


def _judged(panel: Panel, value: float) -> str:
    if panel.bad_from is not None:
        return colours.BAD if value >= panel.bad_from else colours.GOOD
    if panel.good_from is not None:
        return colours.GOOD if value >= panel.good_from else colours.BAD
    return colours.PLAIN


def _link(link: Link) -> Any:
    return dashboard.DashboardLink(link.title).type(DashboardLinkType.LINK).url(link.url)
