"""What a dashboard is made of: boards, rows and panels as data, each with its question, unit and queries.

`SEL` in a query stands for the selection by job and instance that a viewer has made.
"""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

Kind = Literal["lines", "stacked", "number", "bars", "table", "text"]

SELECTION: Final = 'job=~"$job",instance=~"$instance"'

COUNT: Final = "locale"
"""Grafana's unit for whole numbers that are written out: 2,883 rather than 2.88 K."""
A_MINUTE: Final = "suffix:/min"
A_SECOND: Final = "suffix:/s"
SECONDS: Final = "s"
REPLAYED: Final = ("sightings", "strips", "decisions")
"""Topics that can be replayed from a dashboard, the usual one first."""
SHARE: Final = "percentunit"


class Query(Struct, frozen=True):
    """A PromQL expression and the name of its series."""

    expr: str
    legend: str = ""

    @property
    def selected(self) -> str:
        """The expression for what the viewer has selected."""
        return self.expr.replace("SEL", SELECTION)


class Link(Struct, frozen=True):
    """Where a click leads; an address may hold Grafana's variables, `${__value.raw}` for what was clicked."""

    title: str
    url: str


class Column(Struct, frozen=True, kw_only=True):
    """A column of a table: the values of a label, or those of a query of its own."""

    title: str
    label: str = ""
    query: Query | None = None
    unit: str = ""
    bad_from: float | None = None
    words: tuple[tuple[float, str], ...] = ()
    well: tuple[str, ...] = ()
    """The words of a label that say that all is well; any other stands in red."""
    link: Link | None = None
    none: str = ""
    """What is said where a row has no such value."""
    wide: int | None = None
    """Pixels; None shares what is left."""


class Panel(Struct, frozen=True, kw_only=True):
    """One panel: `width` in columns of 24, `unit` as Grafana names units."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...] = ()
    """What is asked; a table's columns ask for themselves, and here stands what only brings labels."""
    kind: Kind = "lines"
    width: int = 12
    height: int | None = None
    """In Grafana's rows of 38 pixels; None for what is usual for the kind."""
    bad_from: float | None = None
    """Where the value begins to be a problem; None where there is no such value."""
    good_from: float | None = None
    """Where the value ceases to be a problem."""
    at_least: float | None = None
    """How far an axis reaches at least, so that a quiet line of zeros lies at the bottom."""
    words: tuple[tuple[float, str], ...] = ()
    """What is said instead of a value."""
    empty: str | None = None
    """What is said where nothing is found, and that is right so; None where it would be a fault."""
    columns: tuple[Column, ...] = ()
    sort: str = ""
    """The title of the column by which a table is sorted, falling where it begins with `-`; as answered where empty."""
    links: tuple[Link, ...] = ()
    """Where the panel leads."""
    value_link: Link | None = None
    """Where a value of it leads."""
    replayed: str = ""
    """The topic of `REPLAYED` that holds what it shows: a value leads to the commands that replay the window."""
    text: str = ""
    """Markdown, for a panel of text."""

    @property
    def asked(self) -> tuple[Query, ...]:
        """Everything that is asked, the queries of columns after the panel's own."""
        return *self.queries, *(column.query for column in self.columns if column.query is not None)


class Row(Struct, frozen=True):
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]


class Board(Struct, frozen=True, kw_only=True):
    """A dashboard."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    by_source: bool = False
    """Whether a viewer selects sources too."""
    by_topic: bool = False
    """Whether a viewer selects a topic that can be replayed."""

    @property
    def panels(self) -> Sequence[Panel]:
        """All panels, in order."""
        return [panel for row in self.rows for panel in row.panels]


def counted(series: str, window: str, by: str = "") -> str:
    """How many a counter has counted in a window such as `1h`: a whole number, as the topics have it.

    `increase` estimates what happened before the first and after the last sample. No count of ours falls or begins
    above 0, so nothing has to be estimated: what a series rose by is what its process counted.
    """
    rise = f"max_over_time({series}[{window}]) - min_over_time({series}[{window}])"
    return f"round(sum{f' by ({by})' if by else ''} ({rise}))"


def quantiles(histogram: str, by: str = "") -> tuple[Query, ...]:
    """Median and 99 % of a histogram by a label, with 95 % between them where there is no label."""
    grouping = f"le, {by}" if by else "le"
    name = f"{{{{{by}}}}} " if by else ""
    asked = ((0.5, "median"), (0.99, "99 %")) if by else ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))
    return tuple(
        Query(
            f"histogram_quantile({q}, sum by ({grouping}) (rate({histogram}_bucket{{SEL}}[$__rate_interval])))",
            f"{name}{label}",
        )
        for q, label in asked
    )


def to_sources(value: str) -> Link:
    """From a source's value to that source alone, in the window that is looked at."""
    return Link("This source alone", f"/d/ticker-sources?var-source={value}&${{__url_time_range}}")


def to_replay(panel: Panel) -> Link:
    """From a value to the commands that replay the window, and the source where the panel tells sources apart."""
    each = any("{{source}}" in query.legend for query in panel.asked)
    source = "&var-source=${__field.labels.source:percentencode}" if each else ""
    return Link(
        "Replay this window", f"/d/ticker-replay?${{__url_time_range}}&var-topic={panel.replayed}{source}"
    )
