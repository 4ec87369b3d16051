"""For an editor: what flows, how fresh it is, what is swallowed and what it is about."""

from typing import Final

from deploy.grafana.panels import Board, Panel, Query, Row, counted, quantiles

_DEDUPLICATED: Final = 'ticker_records_total{SEL,stage="deduplicate"'

_NOW: Final = Row(
    "Now",
    (
        Panel(
            title="Headlines an hour",
            description="New headlines and updates published in the last hour.",
            unit="short",
            kind="number",
            width=6,
            queries=(Query(counted("ticker_headlines_total{SEL}", "1h")),),
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
                    counted(f'{_DEDUPLICATED},outcome=~"exact|near"}}', "1h")
                    + " / "
                    + counted(f"{_DEDUPLICATED}}}", "1h")
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
                    " (ticker_source_newest_timestamp_seconds{SEL})) < 1800) or vector(0)"
                ),
            ),
        ),
    ),
)

_READERS: Final = Row(
    "Readers without Kafka",
    (
        Panel(
            title="Readers of events",
            description="Who listens to `ticker serve` now; readers that did not take what was sent are dropped.",
            unit="short",
            width=12,
            queries=(
                Query("sum(ticker_serve_readers{SEL})", "listening"),
                Query(
                    "sum(rate(ticker_serve_dropped_readers_total{SEL}[$__rate_interval])) * 60",
                    "dropped a minute",
                ),
            ),
        ),
        Panel(
            title="Headlines given to readers",
            description="Headlines a second over all readers of events.",
            unit="short",
            width=12,
            queries=(Query("sum(rate(ticker_serve_events_total{SEL}[$__rate_interval]))", "headlines"),),
        ),
    ),
)

_WHAT_FLOWS: Final = Row(
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
                    "sort_desc(" + counted("ticker_update_changes_total{SEL}", "1h", "kind") + ")",
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
                    "sort_desc(" + counted("ticker_near_duplicates_total{SEL}", "1h", "rule") + ")",
                    "{{rule}}",
                ),
            ),
        ),
    ),
)

_WHAT_IT_IS_ABOUT: Final = Row(
    "What it is about",
    (
        Panel(
            title="Category mix",
            description="Headlines of the last day by category topic.",
            unit="short",
            kind="bars",
            queries=(
                Query(
                    "sort_desc(" + counted("ticker_categorized_total{SEL}", "24h", "category") + ")",
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
)

_HOW_FRESH_IT_IS: Final = Row(
    "How fresh it is",
    (
        Panel(
            title="Age at publication",
            description="Age of headlines when their category event was committed, since a source was"
            " seen to show them. A replay of old strips shows their age here.",
            unit="s",
            queries=quantiles("ticker_end_to_end_seconds"),
        ),
        Panel(
            title="Test headlines",
            description="Age of canary headlines, by language: the oldest under way, else the last arrival.",
            unit="s",
            red_from=60,
            queries=(Query("max by (language) (ticker_canary_age_seconds{SEL})", "{{language}}"),),
        ),
    ),
)

OVERVIEW: Final = Board(
    uid="ticker-overview",
    title="Headlines: overview",
    description="For an editor: what flows, how fresh it is, what is swallowed and what it is about.",
    rows=(_NOW, _WHAT_FLOWS, _WHAT_IT_IS_ABOUT, _HOW_FRESH_IT_IS, _READERS),
)
