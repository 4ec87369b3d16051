"""Which sources are heard, how fresh they are and what they bring."""

from typing import Final

from deploy.grafana.panels import Board, Panel, Query, Row, counted

_SOURCE: Final = 'source=~"$source"'

_FRESHNESS: Final = Row(
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
                    f"time() - max by (source) (ticker_source_newest_timestamp_seconds{{SEL,{_SOURCE}}})",
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
)

_WHAT_THEY_SHOW: Final = Row(
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
                    "sort_desc("
                    + counted(
                        f'ticker_source_records_total{{SEL,{_SOURCE},outcome=~"new|update"}}', "24h", "source"
                    )
                    + ")",
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
                    "sort_desc("
                    + counted(f'ticker_source_records_total{{SEL,{_SOURCE},outcome="near"}}', "24h", "source")
                    + ")",
                    "{{source}}",
                ),
            ),
        ),
    ),
)

_READING_THEM: Final = Row(
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
            description="Slots a minute: sightings, empty ones, and those rejected as no headline.",
            unit="cpm",
            kind="stacked",
            queries=(
                Query(
                    "60 * sum by (outcome) (rate(ticker_slot_outcomes_total{SEL}[$__rate_interval]))",
                    "{{outcome}}",
                ),
            ),
        ),
        Panel(
            title="Spool",
            description="Strips that wait for Kafka on producers' disks, and those that damage has cost.",
            unit="short",
            queries=(
                Query("ticker_spool_strips{SEL}", "{{instance}} waiting"),
                Query("ticker_spool_lost_strips{SEL} > 0", "{{instance}} lost"),
            ),
        ),
        Panel(
            title="Spool, used",
            description="How full each spool is. A full one refuses what is new.",
            unit="percentunit",
            red_from=0.5,
            queries=(Query("ticker_spool_bytes{SEL} / (ticker_spool_limit_bytes{SEL} > 0)", "{{instance}}"),),
        ),
        Panel(
            title="Pushes and drops",
            description="Requests to POST /strips a minute by outcome, and strips for which a spool had no room.",
            unit="cpm",
            queries=(
                Query(
                    "60 * sum by (outcome) (rate(ticker_pushes_total{SEL}[$__rate_interval]))", "{{outcome}}"
                ),
                Query("60 * sum(rate(ticker_spool_dropped_strips_total{SEL}[$__rate_interval]))", "dropped"),
            ),
        ),
    ),
)

SOURCES: Final = Board(
    uid="ticker-sources",
    title="Headlines: sources",
    description="Which sources are heard, how fresh they are and what they bring.",
    by_source=True,
    rows=(_FRESHNESS, _WHAT_THEY_SHOW, _READING_THEM),
)
