"""What a dashboard is made of: boards, rows and panels as data, each with its question, unit and queries.

`SEL` in a query stands for the selection by job and instance that a viewer has made.
"""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

Kind = Literal["lines", "stacked", "number", "bars", "table"]

SELECTION: Final = 'job=~"$job",instance=~"$instance"'


class Query(Struct, frozen=True):
    """A PromQL expression and the name of its series."""

    expr: str
    legend: str = ""

    @property
    def selected(self) -> str:
        """The expression for what the viewer has selected."""
        return self.expr.replace("SEL", SELECTION)


class Panel(Struct, frozen=True, kw_only=True):
    """One panel: `width` in columns of 24, `unit` as Grafana names units."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "lines"
    width: int = 12
    red_from: float | None = None
    """Where the value begins to be a problem; None where there is no such value."""


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

    @property
    def panels(self) -> Sequence[Panel]:
        """All panels, in order."""
        return [panel for row in self.rows for panel in row.panels]


def counted(series: str, window: str, by: str = "") -> str:
    """How many a counter has counted in a window such as `1h`: a whole number, as the topics have it.

    `increase` estimates what happened before the first and after the last sample. Here it is asked only of a process
    that was started anew under its old address, where it is off by no more than one scrape.
    """
    exact = f"max_over_time({series}[{window}]) - min_over_time({series}[{window}])"
    unless_reset = f"unless resets({series}[{window}]) > 0 or increase({series}[{window}])"
    return f"round(sum{f' by ({by})' if by else ''} ({exact} {unless_reset}))"


def quantiles(histogram: str, by: str = "") -> tuple[Query, ...]:
    """Median, 95 % and 99 % of a histogram."""
    grouping = f"le, {by}" if by else "le"
    name = f"{{{{{by}}}}} " if by else ""
    return tuple(
        Query(
            f"histogram_quantile({q}, sum by ({grouping}) (rate({histogram}_bucket{{SEL}}[$__rate_interval])))",
            f"{name}{label}",
        )
        for q, label in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))
    )
