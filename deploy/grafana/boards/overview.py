"""For an editor and whoever is on call: are readers getting fresh headlines from every source, and if not?"""

from typing import Final

from deploy.grafana.panels import (
    A_MINUTE,
    A_SECOND,
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

_DEDUPLICATED: Final = 'ticker_records_total{SEL,stage="deduplicate"'
_HEARD: Final = "max by (source) (max_over_time(ticker_source_heard_timestamp_seconds{SEL}[1d]))"
_REMOVED: Final = "max by (source) (max_over_time(ticker_source_removed_timestamp_seconds{SEL}[1d]))"
_SILENCE: Final = f"((time() - ({_HEARD} unless {_REMOVED} > {_HEARD})) < 86400)"
"""Since a source was heard, by a producer's clock; a day back and without those taken out since, as the alert looks."""
_MOST_SILENT: Final = f"topk(12, {_SILENCE})"
_LATE: Final = "max(ticker_canary_age_seconds{SEL}) > bool 60"
_SILENT: Final = f"(count({_SILENCE} >= 1800) or vector(0))"
_IN_DOUBT: Final = 'max by (source, state) (ticker_source_state{SEL,state!~"well|learning"}) == 1'
_DOUBTED: Final = f"(count({_IN_DOUBT}) or vector(0))"
_AWAY: Final = "min(ticker_kafka_up{SEL}) < bool 1"
_ENGINE: Final = Link("Engine", "/d/ticker-engine?${__url_time_range}")
_SOURCES: Final = Link("Sources", "/d/ticker-sources?${__url_time_range}")


def _brought(outcome: str) -> Query:
    """What the last hour brought from the most silent sources."""
    return Query(
        counted(f'ticker_source_records_total{{SEL,outcome="{outcome}"}}', "1h", "source")
        + f" and on (source) {_MOST_SILENT}"
    )


_VERDICT: Final = Row(
    "Are readers getting fresh headlines?",
    (
        Panel(
            title="Fresh, from every source",
            description="Yes while test headlines take less than a minute, no source has been silent for half an"
            " hour or is in doubt, and every program reaches Kafka.",
            unit="none",
            kind="number",
            width=4,
            bad_from=1,
            words=((0, "Yes"), (1, "No")),
            empty="Nobody measures",
            queries=(Query(f"clamp_max(({_LATE}) + {_SILENT} + {_DOUBTED} + ({_AWAY}), 1)"),),
        ),
        Panel(
            title="A test headline takes",
            description="Age of the oldest canary headline that is under way, else of the last arrival, by"
            " language: how late a headline that is seen now will be published. Pages above 60 s.",
            unit=SECONDS,
            kind="number",
            width=5,
            bad_from=60,
            empty="No canary runs",
            queries=(Query("max by (language) (ticker_canary_age_seconds{SEL})", "{{language}}"),),
            links=(_ENGINE,),
        ),
        Panel(
            title="Sources heard",
            description="Sources of which a strip came in the last 30 minutes, by the producers' clocks.",
            unit=COUNT,
            kind="number",
            width=3,
            queries=(Query(f"count({_SILENCE} < 1800) or vector(0)"),),
            links=(_SOURCES,),
        ),
        Panel(
            title="Sources silent",
            description="Sources that were heard within a day and have brought no strip for 30 minutes.",
            unit=COUNT,
            kind="number",
            width=3,
            bad_from=1,
            words=((0, "None"),),
            queries=(Query(_SILENT),),
            links=(_SOURCES,),
        ),
        Panel(
            title="In doubt",
            description="Sources that are visited and of which the watch says neither well nor learning: what they show"
            " does not fit their past, or no visit goes well. Nothing of them is published meanwhile.",
            unit=COUNT,
            kind="number",
            width=3,
            bad_from=1,
            words=((0, "None"),),
            queries=(Query(_DOUBTED),),
            links=(_SOURCES,),
        ),
        Panel(
            title="Kafka",
            description="Whether the brokers answer every program.",
            unit="none",
            kind="number",
            width=3,
            good_from=1,
            words=((0, "Away"), (1, "Answers")),
            queries=(Query("min(ticker_kafka_up{SEL})"),),
            links=(_ENGINE,),
        ),
        Panel(
            title="Alerts",
            description="Alerts that are firing now, in Prometheus that has our rules.",
            unit=COUNT,
            kind="number",
            width=3,
            bad_from=1,
            words=((0, "None"),),
            queries=tuple(
                Query(
                    f'count(ALERTS{{alertname=~"Ticker.*",alertstate="firing",severity="{severity}"}}) or vector(0)',
                    f"{severity}s",
                )
                for severity in ("page", "ticket")
            ),
        ),
    ),
)

_WHAT_TO_DO: Final = Row(
    "What is wrong, and what to do about it",
    (
        Panel(
            title="Firing now",
            description="Every alert that is firing; a click on its name opens its runbook. A page wakes someone,"
            " a ticket waits for the morning.",
            unit="none",
            kind="table",
            width=13,
            height=12,
            empty="No alert is firing.",
            columns=(
                Column(
                    label="alertname",
                    title="Alert",
                    wide=200,
                    link=Link("Its runbook", "${runbooks}/${__value.raw}.md"),
                ),
                Column(
                    title="Since",
                    query=Query(
                        'ALERTS_FOR_STATE{alertname=~"Ticker.*"}'
                        ' * 1000 and ignoring(alertstate) ALERTS{alertstate="firing"}'
                    ),
                    unit="dateTimeFromNow",
                    wide=150,
                ),
                Column(label="severity", title="Kind", wide=60),
                Column(label="source", title="Source", wide=140),
                Column(label="stage", title="Stage", wide=90),
                Column(label="instance", title="Program"),
            ),
        ),
        Panel(
            title="Go on from here",
            description="Commands for exactly the window that is looked at; they change nothing unless they say"
            " so.",
            unit="none",
            kind="text",
            width=11,
            height=12,
            text="""What became of a headline, by its words or its id:

```
ticker explain "WORDS OF THE HEADLINE"
```

What could not be processed since the window began:

```
ticker deadletters list --since ${__from:date:iso}
```

This window through this build, as what and why it would decide otherwise, and nothing written:

```
ticker replay try sightings --since ${__from:date:iso} --until ${__to:date:iso}
```

This window again, into topics of its own; the plan changes nothing, `apply` does it:

```
ticker replay plan sightings --to-topic-prefix again --create \\
  --since ${__from:date:iso} --until ${__to:date:iso} -o again.json
ticker replay apply again.json
```
""",
        ),
    ),
)

_FROM_EVERY_SOURCE: Final = Row(
    "From every source",
    (
        Panel(
            title="Sources, the most silent first",
            description="The twelve sources that have been silent the longest and all that are in doubt, what the watch"
            " says of those that are visited, and what the last hour brought from each.",
            unit=COUNT,
            kind="table",
            width=14,
            height=9,
            queries=(
                Query(
                    "max by (source, state) (ticker_source_state{SEL} == 1)"
                    f" and on (source) {_MOST_SILENT} or {_IN_DOUBT}"
                ),
            ),
            columns=(
                Column(label="source", title="Source", wide=170, link=to_sources("${__value.raw}")),
                Column(label="state", title="State", none="–", well=("well", "learning"), wide=100),
                Column(title="Silent for", query=Query(_MOST_SILENT), unit=SECONDS, bad_from=1800, wide=110),
                Column(title="New", query=_brought("new"), none="0", wide=90),
                Column(title="Updates", query=_brought("update"), none="0", wide=90),
                Column(title="Said before", query=_brought("near"), none="0", wide=110),
            ),
            sort="-Silent for",
            links=(_SOURCES,),
        ),
        Panel(
            title="Headlines by language",
            description="New headlines and updates a minute, by language; `und` has no letters.",
            replayed="sightings",
            unit=A_MINUTE,
            kind="stacked",
            width=10,
            height=9,
            at_least=1,
            queries=(
                Query(
                    "60 * sum by (language) (rate(ticker_headlines_total{SEL}[$__rate_interval]))",
                    "{{language}}",
                ),
            ),
        ),
    ),
)

_HOW_FRESH: Final = Row(
    "How fresh",
    (
        Panel(
            title="Age at publication",
            description="Age of headlines when their category event was committed, since a source was"
            " seen to show them. A backfill shows its age here, up to a day; no alert counts what is older.",
            unit=SECONDS,
            at_least=1,
            bad_from=60,
            queries=quantiles("ticker_end_to_end_seconds"),
            links=(_ENGINE,),
        ),
        Panel(
            title="Test headlines",
            description="Age of canary headlines, by language: the oldest under way, else the last arrival.",
            unit=SECONDS,
            at_least=1,
            bad_from=60,
            queries=(Query("max by (language) (ticker_canary_age_seconds{SEL})", "{{language}}"),),
        ),
    ),
)

_WHAT_BECOMES_OF_IT: Final = Row(
    "What becomes of what they show",
    (
        Panel(
            title="Headlines in the last hour",
            description="New headlines and updates published in the last hour.",
            unit=COUNT,
            kind="number",
            width=8,
            queries=(Query(counted("ticker_headlines_total{SEL}", "1h")),),
        ),
        Panel(
            title="Repeats in the last hour",
            description="Share of sightings in the last hour that repeated a live headline, exactly or"
            " nearly. Tickers repeat themselves: well above 90 % is usual.",
            unit=SHARE,
            kind="number",
            width=8,
            queries=(
                Query(
                    counted(f'{_DEDUPLICATED},outcome=~"exact|near"}}', "1h")
                    + " / "
                    + counted(f"{_DEDUPLICATED}}}", "1h")
                ),
            ),
        ),
        Panel(
            title="Dead letters in the last hour",
            description="Records in the last hour that could not be processed, and slots and strips that were no"
            " headlines. They are kept, byte for byte.",
            unit=COUNT,
            kind="number",
            width=8,
            words=((0, "None"),),
            queries=(Query(counted("ticker_dead_letters_total{SEL}", "1h") + " or vector(0)"),),
            links=(Link("By stage and reason", "/d/ticker-engine?${__url_time_range}"),),
        ),
        Panel(
            title="What becomes of sightings",
            description="Sightings a minute by outcome: new, exact repeat, near duplicate, update of a"
            " live headline, dead letter. Together they are all that came in.",
            replayed="sightings",
            unit=A_MINUTE,
            kind="stacked",
            at_least=1,
            queries=(
                Query(
                    f"60 * sum by (outcome) (rate({_DEDUPLICATED}}}[$__rate_interval])) > 0",
                    "{{outcome}}",
                ),
            ),
        ),
        Panel(
            title="Category mix",
            description="Headlines of the last day by category topic.",
            replayed="sightings",
            unit=COUNT,
            kind="bars",
            width=6,
            queries=(
                Query(
                    "sort_desc(" + counted("ticker_categorized_total{SEL}", "24h", "category") + " > 0)",
                    "{{category}}",
                ),
            ),
        ),
        Panel(
            title="Left uncategorised",
            description="Share of headlines of the last day of which no category was sure enough, by language.",
            replayed="sightings",
            unit=SHARE,
            kind="bars",
            width=6,
            queries=(
                Query(
                    "sort_desc(("
                    + counted('ticker_categorized_total{SEL,category="uncategorised"}', "24h", "language")
                    + " or 0 * "
                    + counted("ticker_categorized_total{SEL}", "24h", "language")
                    + ") / ("
                    + counted("ticker_categorized_total{SEL}", "24h", "language")
                    + " > 0))",
                    "{{language}}",
                ),
            ),
        ),
        Panel(
            title="Updates by what changed",
            description="Facts that updates of the last hour changed: numbers, tolls, weekdays and so on.",
            replayed="sightings",
            unit=COUNT,
            kind="bars",
            empty="No update in this hour.",
            queries=(
                Query(
                    "sort_desc(" + counted("ticker_update_changes_total{SEL}", "1h", "kind") + " > 0)",
                    "{{kind}}",
                ),
            ),
        ),
        Panel(
            title="Near duplicates by rule",
            description="Sightings of the last hour that said a live headline in other words, by the rule that"
            " saw it. The headlines are in the duplicates topic, with winner and score.",
            replayed="sightings",
            unit=COUNT,
            kind="bars",
            empty="Nothing was said in other words in this hour.",
            queries=(
                Query(
                    "sort_desc(" + counted("ticker_near_duplicates_total{SEL}", "1h", "rule") + " > 0)",
                    "{{rule}}",
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
            unit=COUNT,
            at_least=5,
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
            unit=A_SECOND,
            at_least=1,
            queries=(Query("sum(rate(ticker_serve_events_total{SEL}[$__rate_interval]))", "headlines"),),
        ),
    ),
)

OVERVIEW: Final = Board(
    uid="ticker-overview",
    title="Headlines: overview",
    description="Are readers getting fresh headlines from every source? If not: what is wrong, and what to do.",
    rows=(_VERDICT, _WHAT_TO_DO, _FROM_EVERY_SOURCE, _HOW_FRESH, _WHAT_BECOMES_OF_IT, _READERS),
)
