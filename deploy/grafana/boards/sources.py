"""Which sources are heard, how fresh they are and what they bring."""

from typing import Final

from deploy.grafana.panels import (
    A_MINUTE,
    COUNT,
    SECONDS,
    SHARE,
    Board,
    Column,
    Link,
    Panel,
    Query,
    Row,
    counted,
    quantiles,
    to_sources,
)

_SOURCE: Final = 'source=~"$source"'
_HEARD: Final = f"ticker_source_heard_timestamp_seconds{{SEL,{_SOURCE}}}"


def _of_each(gauge: str) -> Query:
    """A value of each source."""
    return Query(f"max by (source) ({gauge}{{SEL,{_SOURCE}}})")


def _a_day(counter: str, labels: str = "") -> Query:
    """How many of something each source had in the last day."""
    return Query(counted(f"{counter}{{SEL,{_SOURCE}{labels}}}", "24h", "source"))


def _of_a_day(title: str, counter: str, labels: str = "") -> Column:
    """A column of that; 0 where a source had none."""
    return Column(title=title, query=_a_day(counter, labels), none="0")


_EACH: Final = Row(
    "Each source",
    (
        Panel(
            title="What each brings",
            description="For every source how long it has been silent, and what it brought in the last day:"
            " headlines that it was the first to show, updates, and what others had said before it in other"
            " words; what could not be processed; and how far its clock is ahead of the producer's.",
            unit=COUNT,
            kind="table",
            width=24,
            height=10,
            columns=(
                Column(label="source", title="Source", wide=170, link=to_sources("${__value.raw}")),
                Column(
                    title="Silent for",
                    query=Query(f"(time() - max by (source) (max_over_time({_HEARD}[1d]))) < 86400"),
                    unit=SECONDS,
                    bad_from=1800,
                ),
                _of_a_day("Strips", "ticker_source_strips_total"),
                _of_a_day("Sightings", "ticker_source_sightings_total"),
                _of_a_day("First to show", "ticker_source_records_total", ',outcome="new"'),
                _of_a_day("Updates", "ticker_source_records_total", ',outcome="update"'),
                _of_a_day("Said before", "ticker_source_records_total", ',outcome="near"'),
                _of_a_day("Dead letters", "ticker_dead_letters_total"),
                Column(
                    title="Clock ahead by",
                    query=_of_each("ticker_source_skew_seconds"),
                    unit=SECONDS,
                    bad_from=60,
                ),
            ),
            sort="-Silent for",
        ),
    ),
)

_NO_VISITS: Final = "No source is visited: strips are piped or pushed."
_NOT_WELL: Final = "forbidden|postponed|refused|failed"

_VISITING_THEM: Final = Row(
    "Visiting them",
    (
        Panel(
            title="State of each",
            description="What the watch says of every source that is visited: well or still learning, or what does not"
            " fit its past. How often it is visited, how long it may show nothing new before that is a silence, what"
            " visits of the last day came to and cost, and of a site with several sources what share of its headlines"
            " each shows, and how long after the first.",
            unit=COUNT,
            kind="table",
            width=24,
            height=9,
            empty=_NO_VISITS,
            queries=(Query(f"max by (source, state) (ticker_source_state{{SEL,{_SOURCE}}}) == 1"),),
            columns=(
                Column(label="source", title="Source", wide=170, link=to_sources("${__value.raw}")),
                Column(label="state", title="State", well=("well", "learning"), wide=110),
                Column(title="Visited every", query=_of_each("ticker_source_interval_seconds"), unit=SECONDS),
                Column(title="Silent from", query=_of_each("ticker_source_rhythm_seconds"), unit=SECONDS),
                Column(title="Visits", query=_a_day("ticker_source_visits_total")),
                Column(
                    title="Not answered",
                    query=_a_day("ticker_source_visits_total", f',outcome=~"{_NOT_WELL}"'),
                ),
                Column(title="Received", query=_a_day("ticker_source_received_bytes_total"), unit="bytes"),
                Column(title="Shows of its site", query=_of_each("ticker_source_recall_ratio"), unit=SHARE),
                Column(title="Later by", query=_of_each("ticker_source_late_seconds"), unit=SECONDS),
            ),
            sort="Source",
            links=(Link("Runbook", "${runbooks}/TickerSourceDoubted.md"),),
        ),
        Panel(
            title="Visits by outcome",
            description="Visits a minute: changed, unchanged (304 or the same bytes), forbidden by robots.txt,"
            " postponed by 429 or 503, refused by another 4xx, failed. That most find nothing changed is usual.",
            unit=A_MINUTE,
            kind="stacked",
            width=8,
            at_least=1,
            empty=_NO_VISITS,
            queries=(
                Query(
                    "60 * sum by (outcome)"
                    f" (rate(ticker_source_visits_total{{SEL,{_SOURCE}}}[$__rate_interval])) > 0",
                    "{{outcome}}",
                ),
            ),
        ),
        Panel(
            title="What became of their strips",
            description="Visits a minute that went well: their strip was published, said the same again, was held back"
            " because it does not fit the source's past, or was missing.",
            unit=A_MINUTE,
            kind="stacked",
            width=8,
            at_least=1,
            empty=_NO_VISITS,
            queries=(
                Query(
                    "60 * sum by (outcome) (rate(ticker_source_readings_total{SEL}[$__rate_interval])) > 0",
                    "{{outcome}}",
                ),
            ),
        ),
        Panel(
            title="Time of a visit",
            description="Seconds that the requests of a visit took; waiting for politeness is left out.",
            unit=SECONDS,
            width=8,
            at_least=1,
            empty=_NO_VISITS,
            queries=quantiles("ticker_source_visit_seconds"),
        ),
    ),
)

_FRESHNESS: Final = Row(
    "Freshness",
    (
        Panel(
            title="Since a source was heard",
            description="Since a strip of each source came, by the producers' clocks. A line that climbs"
            " without end is a source that went silent.",
            replayed="strips",
            unit=SECONDS,
            width=24,
            bad_from=1800,
            at_least=60,
            queries=(Query(f"time() - max by (source) ({_HEARD})", "{{source}}"),),
            value_link=to_sources("${__field.labels.source}"),
        ),
    ),
)

_WHAT_THEY_SHOW: Final = Row(
    "What they show",
    (
        Panel(
            title="Strips",
            description="Strips published a minute, by source.",
            replayed="strips",
            unit=A_MINUTE,
            at_least=1,
            queries=(
                Query(
                    "60 * sum by (source)"
                    f" (rate(ticker_source_strips_total{{SEL,{_SOURCE}}}[$__rate_interval]))",
                    "{{source}}",
                ),
            ),
            value_link=to_sources("${__field.labels.source}"),
        ),
        Panel(
            title="Sightings",
            description="Headlines seen in slots a minute, by source, repeats included.",
            replayed="sightings",
            unit=A_MINUTE,
            at_least=1,
            queries=(
                Query(
                    "60 * sum by (source)"
                    f" (rate(ticker_source_sightings_total{{SEL,{_SOURCE}}}[$__rate_interval]))",
                    "{{source}}",
                ),
            ),
            value_link=to_sources("${__field.labels.source}"),
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
            replayed="strips",
            unit=A_MINUTE,
            at_least=1,
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
            replayed="strips",
            unit=A_MINUTE,
            kind="stacked",
            at_least=1,
            queries=(
                Query(
                    "60 * sum by (outcome) (rate(ticker_slot_outcomes_total{SEL}[$__rate_interval]))",
                    "{{outcome}}",
                ),
            ),
        ),
    ),
)

_KEEPING_THEM: Final = Row(
    "Keeping them while Kafka is away",
    (
        Panel(
            title="Spool",
            description="Strips that wait for Kafka on producers' disks, and those that damage has cost.",
            unit=COUNT,
            width=8,
            at_least=1,
            empty="No producer keeps a spool.",
            queries=(
                Query("ticker_spool_strips{SEL}", "{{instance}} waiting"),
                Query("ticker_spool_lost_strips{SEL} > 0", "{{instance}} lost"),
            ),
        ),
        Panel(
            title="Spool, used",
            description="How full each spool is. A full one refuses what is new.",
            unit=SHARE,
            width=8,
            bad_from=0.5,
            at_least=1,
            empty="No producer keeps a spool.",
            queries=(Query("ticker_spool_bytes{SEL} / (ticker_spool_limit_bytes{SEL} > 0)", "{{instance}}"),),
        ),
        Panel(
            title="Pushes and drops",
            description="Requests to POST /strips a minute by outcome, and strips for which a spool had no room.",
            unit=A_MINUTE,
            width=8,
            at_least=1,
            empty="Nobody pushes strips.",
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
    rows=(_EACH, _VISITING_THEM, _FRESHNESS, _WHAT_THEY_SHOW, _READING_THEM, _KEEPING_THEM),
)
