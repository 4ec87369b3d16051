"""What the dashboards show: every panel as data, with its question, its unit and its queries.

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


def _quantiles(histogram: str, by: str = "") -> tuple[Query, ...]:
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


_DEDUPLICATED: Final = 'ticker_records_total{SEL,stage="deduplicate"'

OVERVIEW: Final = Board(
    uid="ticker-overview",
    title="Headlines: overview",
    description="For an editor: what flows, how fresh it is, what is swallowed and what it is about.",
    rows=(
        Row(
            "Now",
            (
                Panel(
                    title="Headlines an hour",
                    description="New headlines and updates published in the last hour.",
                    unit="short",
                    kind="number",
                    width=6,
                    queries=(Query("sum(increase(ticker_headlines_total{SEL}[1h]))"),),
                ),
                Panel(
                    title="Swallowed",
                    description="Share of sightings in the last hour that repeated a live headline, exactly or"
                    " nearly. Tickers repeat themselves: well above 90 % is usual.",
                    unit="percentunit",
                    kind="number",
                    width=6,
                    queries=(
                        Query(
                            f'sum(increase({_DEDUPLICATED},outcome=~"exact|near"}}[1h]))'
                            ' / sum(increase(ticker_input_records_total{SEL,stage="deduplicate"}[1h]))'
                        ),
                    ),
                ),
                Panel(
                    title="Oldest test headline",
                    description="Age of the oldest canary headline under way, else of the last arrival: how late"
                    " a headline that is seen now will be published. Pages above 60 s.",
                    unit="s",
                    kind="number",
                    width=6,
                    red_from=60,
                    queries=(Query("max(ticker_canary_age_seconds{SEL})"),),
                ),
                Panel(
                    title="Sources heard",
                    description="Sources whose newest strip is less than 30 minutes old.",
                    unit="short",
                    kind="number",
                    width=6,
                    queries=(
                        Query(
                            "count((time() - max by (source)"
                            ' (ticker_source_newest_timestamp_seconds{SEL,source!="canary"})) < 1800) or vector(0)'
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "What flows",
            (
                Panel(
                    title="Headlines by language",
                    description="New headlines and updates a minute, by language; `und` has no letters.",
                    unit="cpm",
                    kind="stacked",
                    queries=(
                        Query(
                            "60 * sum by (language) (rate(ticker_headlines_total{SEL}[$__rate_interval]))",
                            "{{language}}",
                        ),
                    ),
                ),
                Panel(
                    title="What becomes of sightings",
                    description="Sightings a minute by outcome: new, exact repeat, near duplicate, update of a"
                    " live headline, dead letter. Together they are all that came in.",
                    unit="cpm",
                    kind="stacked",
                    queries=(
                        Query(
                            f"60 * sum by (outcome) (rate({_DEDUPLICATED}}}[$__rate_interval]))",
                            "{{outcome}}",
                        ),
                    ),
                ),
                Panel(
                    title="Updates by what changed",
                    description="Facts that updates changed, an hour: numbers, tolls, weekdays and so on.",
                    unit="short",
                    kind="bars",
                    queries=(
                        Query(
                            "sort_desc(sum by (kind) (increase(ticker_update_changes_total{SEL}[1h])))",
                            "{{kind}}",
                        ),
                    ),
                ),
                Panel(
                    title="Near duplicates by rule",
                    description="Sightings an hour that said a live headline in other words, by the rule that"
                    " saw it. The headlines are in the duplicates topic, with winner and score.",
                    unit="short",
                    kind="bars",
                    queries=(
                        Query(
                            "sort_desc(sum by (rule) (increase(ticker_near_duplicates_total{SEL}[1h])))",
                            "{{rule}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "What it is about",
            (
                Panel(
                    title="Category mix",
                    description="Headlines of the last day by category topic.",
                    unit="short",
                    kind="bars",
                    queries=(
                        Query(
                            "sort_desc(sum by (category) (increase(ticker_categorized_total{SEL}[24h])))",
                            "{{category}}",
                        ),
                    ),
                ),
                Panel(
                    title="Left uncategorised",
                    description="Share of headlines of which no category was sure enough, by language.",
                    unit="percentunit",
                    queries=(
                        Query(
                            "(sum by (language)"
                            ' (rate(ticker_categorized_total{SEL,category="uncategorised"}[$__rate_interval]))'
                            " or 0 * sum by (language) (rate(ticker_categorized_total{SEL}[$__rate_interval])))"
                            " / sum by (language) (rate(ticker_categorized_total{SEL}[$__rate_interval]))",
                            "{{language}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "How fresh it is",
            (
                Panel(
                    title="Age at publication",
                    description="Age of headlines when their category event was committed, since a source was"
                    " seen to show them. A replay of old strips shows their age here.",
                    unit="s",
                    queries=_quantiles("ticker_end_to_end_seconds"),
                ),
                Panel(
                    title="Test headlines",
                    description="Age of canary headlines, by language: the oldest under way, else the last arrival.",
                    unit="s",
                    red_from=60,
                    queries=(Query("max by (language) (ticker_canary_age_seconds{SEL})", "{{language}}"),),
                ),
            ),
        ),
    ),
)

_SOURCE: Final = 'source=~"$source"'

SOURCES: Final = Board(
    uid="ticker-sources",
    title="Headlines: sources",
    description="Which sources are heard, how fresh they are and what they bring.",
    by_source=True,
    rows=(
        Row(
            "Freshness",
            (
                Panel(
                    title="Age of the newest strip",
                    description="Seconds since the newest strip of each source was observed. A line that climbs"
                    " without end is a source that went silent.",
                    unit="s",
                    width=16,
                    red_from=1800,
                    queries=(
                        Query(
                            "time() - max by (source)"
                            f" (ticker_source_newest_timestamp_seconds{{SEL,{_SOURCE}}})",
                            "{{source}}",
                        ),
                    ),
                ),
                Panel(
                    title="Silent longest",
                    description="The ten sources whose newest strip is the oldest.",
                    unit="s",
                    kind="table",
                    width=8,
                    red_from=1800,
                    queries=(
                        Query(
                            "topk(10, time() - max by (source)"
                            f" (ticker_source_newest_timestamp_seconds{{SEL,{_SOURCE}}}))",
                            "{{source}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "What they show",
            (
                Panel(
                    title="Strips",
                    description="Strips published a minute, by source.",
                    unit="cpm",
                    queries=(
                        Query(
                            "60 * sum by (source)"
                            f" (rate(ticker_source_strips_total{{SEL,{_SOURCE}}}[$__rate_interval]))",
                            "{{source}}",
                        ),
                    ),
                ),
                Panel(
                    title="Sightings",
                    description="Headlines seen in slots a minute, by source, repeats included.",
                    unit="cpm",
                    queries=(
                        Query(
                            "60 * sum by (source)"
                            f" (rate(ticker_source_sightings_total{{SEL,{_SOURCE}}}[$__rate_interval]))",
                            "{{source}}",
                        ),
                    ),
                ),
                Panel(
                    title="First to show",
                    description="Headlines a day that a source was the first to show, updates included.",
                    unit="short",
                    kind="bars",
                    queries=(
                        Query(
                            "sort_desc(sum by (source) (increase("
                            f'ticker_source_records_total{{SEL,{_SOURCE},outcome=~"new|update"}}[24h])))',
                            "{{source}}",
                        ),
                    ),
                ),
                Panel(
                    title="Said by others before",
                    description="Near duplicates a day by the source that showed the later wording.",
                    unit="short",
                    kind="bars",
                    queries=(
                        Query(
                            "sort_desc(sum by (source) (increase("
                            f'ticker_source_records_total{{SEL,{_SOURCE},outcome="near"}}[24h])))',
                            "{{source}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "Reading them",
            (
                Panel(
                    title="Strips by outcome",
                    description="Strips a minute that were published, or failed because no separator could be"
                    " told: pin it for that source.",
                    unit="cpm",
                    queries=(
                        Query(
                            "60 * sum by (outcome) (rate(ticker_strips_total{SEL}[$__rate_interval]))",
                            "{{outcome}}",
                        ),
                    ),
                ),
                Panel(
                    title="Slots by outcome",
                    description="Slots a minute: sightings, empty ones, and those refused as no headline.",
                    unit="cpm",
                    kind="stacked",
                    queries=(
                        Query(
                            "60 * sum by (outcome) (rate(ticker_slot_outcomes_total{SEL}[$__rate_interval]))",
                            "{{outcome}}",
                        ),
                    ),
                ),
            ),
        ),
    ),
)

ENGINE: Final = Board(
    uid="ticker-engine",
    title="Headlines: engine",
    description="For an operator: whether workers keep up, what a batch costs, what fails.",
    rows=(
        Row(
            "Does it keep up",
            (
                Panel(
                    title="Records",
                    description="Input records a second whose transaction was committed, by stage.",
                    unit="cps",
                    queries=(
                        Query(
                            "sum by (stage) (rate(ticker_input_records_total{SEL}[$__rate_interval]))",
                            "{{stage}}",
                        ),
                    ),
                ),
                Panel(
                    title="Lag in records",
                    description="Offsets that are committed in the source and not processed yet, by partition.",
                    unit="short",
                    queries=(
                        Query(
                            "sum by (stage, partition) (ticker_lag_records{SEL})", "{{stage}} {{partition}}"
                        ),
                    ),
                ),
                Panel(
                    title="Lag in seconds",
                    description="Age, by event time, of the oldest record that is not processed yet.",
                    unit="s",
                    red_from=60,
                    queries=(
                        Query(
                            "max by (stage, partition) (ticker_lag_seconds{SEL})", "{{stage}} {{partition}}"
                        ),
                    ),
                ),
                Panel(
                    title="Partitions",
                    description="Partitions by worker and stage; together they are those of the stage's source.",
                    unit="short",
                    kind="stacked",
                    queries=(
                        Query(
                            "sum by (instance, stage) (ticker_assigned_partitions{SEL})",
                            "{{instance}} {{stage}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "Transactions",
            (
                Panel(
                    title="Transactions",
                    description="Transactions committed a second, by stage: one a batch.",
                    unit="cps",
                    queries=(
                        Query(
                            "sum by (stage) (rate(ticker_transactions_total{SEL}[$__rate_interval]))",
                            "{{stage}}",
                        ),
                    ),
                ),
                Panel(
                    title="Time of a batch",
                    description="Time from taking a slice to its commit, by stage.",
                    unit="s",
                    red_from=5,
                    queries=_quantiles("ticker_batch_seconds", "stage"),
                ),
                Panel(
                    title="Size of a batch",
                    description="Records in one transaction, by stage. It grows with the load: that is what makes"
                    " a loaded worker faster.",
                    unit="short",
                    queries=_quantiles("ticker_batch_records", "stage"),
                ),
                Panel(
                    title="Since the last commit",
                    description="Seconds since a transaction of a stage was committed on any worker. Grows while"
                    " nothing comes in, too: look at the lag beside it.",
                    unit="s",
                    queries=(
                        Query(
                            "time() - max by (stage) (ticker_last_commit_timestamp_seconds{SEL})", "{{stage}}"
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "State",
            (
                Panel(
                    title="Live headlines",
                    description="Fold keys inside the deduplication window, by partition: what a restart reads"
                    " back and what a worker's memory holds.",
                    unit="short",
                    kind="stacked",
                    queries=(Query("sum by (partition) (ticker_live_headlines{SEL})", "{{partition}}"),),
                ),
                Panel(
                    title="Restore",
                    description="How long the last opening of a partition took, its state read back.",
                    unit="s",
                    red_from=60,
                    queries=(
                        Query(
                            "max by (stage, partition) (ticker_restore_seconds{SEL})",
                            "{{stage}} {{partition}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "What fails",
            (
                Panel(
                    title="Dead letters",
                    description="Records a minute that could not be processed, by stage and the error at the"
                    " bottom of it. They are kept, byte for byte, in the dead letters topic.",
                    unit="cpm",
                    queries=(
                        Query(
                            "60 * (sum by (stage, reason) (rate(ticker_dead_letters_total{SEL}[$__rate_interval]))"
                            " or 0 * sum by (stage) (rate(ticker_input_records_total{SEL}[$__rate_interval])))",
                            "{{stage}} {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    title="Failures tried again",
                    description="Batches and openings an hour that failed and were tried again. A rebalance or a"
                    " broker's restart makes some; a steady rate is a fault.",
                    unit="short",
                    queries=(
                        Query(
                            "sum by (stage, reason) (increase(ticker_failures_total{SEL}[1h]))"
                            " or 0 * sum by (stage) (increase(ticker_transactions_total{SEL}[1h]))",
                            "{{stage}} {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    title="Unaccounted records",
                    description="Input less everything that became of it, by stage, and slots less theirs. 0, at"
                    " any moment, or something is lost or counted twice.",
                    unit="short",
                    red_from=1,
                    queries=(
                        Query(
                            "sum by (stage) (ticker_input_records_total{SEL})"
                            " - sum by (stage) (ticker_records_total{SEL})",
                            "{{stage}}",
                        ),
                        Query(
                            "sum(ticker_slots_total{SEL}) - sum(ticker_slot_outcomes_total{SEL})", "produce"
                        ),
                    ),
                ),
                Panel(
                    title="Offsets lost to retention",
                    description="Offsets that retention removed before they were read, in all. Anything but 0 is"
                    " lost data.",
                    unit="short",
                    red_from=1,
                    queries=(Query("sum by (stage) (ticker_lost_offsets_total{SEL})", "{{stage}}"),),
                ),
            ),
        ),
        Row(
            "Processes",
            (
                Panel(
                    title="Processor time",
                    description="Cores that each process uses; a worker has one to use.",
                    unit="short",
                    queries=(
                        Query(
                            "rate(process_cpu_seconds_total{SEL}[$__rate_interval])", "{{job}} {{instance}}"
                        ),
                    ),
                ),
                Panel(
                    title="Memory",
                    description="Resident memory of each process.",
                    unit="bytes",
                    queries=(Query("process_resident_memory_bytes{SEL}", "{{job}} {{instance}}"),),
                ),
                Panel(
                    title="Versions",
                    description="Processes by program and version: two at once only while an upgrade rolls.",
                    unit="short",
                    kind="table",
                    queries=(
                        Query(
                            "count by (program, version) (ticker_build_info{SEL})", "{{program}} {{version}}"
                        ),
                    ),
                ),
                Panel(
                    title="Up for",
                    description="Time since each process started.",
                    unit="s",
                    kind="table",
                    queries=(Query("time() - process_start_time_seconds{SEL}", "{{job}} {{instance}}"),),
                ),
            ),
        ),
    ),
)

BOARDS: Final = (OVERVIEW, SOURCES, ENGINE)
