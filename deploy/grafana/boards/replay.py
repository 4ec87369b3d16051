"""For whoever tries a build: does it decide as the one that was recorded, and how far is the replay that says so?"""

from typing import Final

from deploy.grafana.panels import (
    A_SECOND,
    COUNT,
    SECONDS,
    SHARE,
    Board,
    Column,
    Panel,
    Query,
    Row,
)

_IN_WINDOW: Final = "[$__range]"
_FINISHED: Final = (
    f"max by (replay) (last_over_time(ticker_replay_finished_timestamp_seconds{{SEL}}{_IN_WINDOW}))"
)
_NONE_ENDED: Final = "No replay ended in this window."
_NONE_RUNS: Final = "No replay ran in this window."


def _last(metric: str) -> Query:
    """What every replay that ended in the window said last; its process is gone since."""
    return Query(f"max by (replay) (last_over_time({metric}{{SEL}}{_IN_WINDOW})) and on (replay) {_FINISHED}")


def _newest(metric: str) -> Query:
    """What the replay said that ended last."""
    said = f"max by (replay) (last_over_time({metric}{{SEL}}{_IN_WINDOW}))"
    return Query(f"{said} and on (replay) topk(1, {_FINISHED})", "{{replay}}")


def _found(*kinds: str) -> Query:
    """Differences of these kinds that every try found."""
    series = f'ticker_replay_differences{{SEL,kind=~"{"|".join(kinds)}"}}'
    return Query(f"sum by (replay) (max by (replay, kind) (last_over_time({series}{_IN_WINDOW})))")


_DOES_IT_DECIDE_ALIKE: Final = Row(
    "Does it decide as the recorded build?",
    (
        Panel(
            title="The newest replay",
            description="Whether the replay that ended last is whole and, of a try, flipped no more than is allowed.",
            unit="none",
            kind="number",
            width=5,
            height=5,
            bad_from=1,
            words=((0, "As it should be"), (1, "Failed")),
            empty=_NONE_ENDED,
            queries=(_newest("ticker_replay_failed"),),
        ),
        Panel(
            title="Categories flipped",
            description="The share of headlines of both builds to which the newest try's gave another category.",
            unit=SHARE,
            kind="number",
            width=5,
            height=5,
            empty="No try ended in this window.",
            queries=(_newest("ticker_replay_flipped_ratio"),),
        ),
        Panel(
            title="Differences by kind",
            description="What the newest try's build decides otherwise: headlines and merges that it gained and lost,"
            " flips, headlines that became an update or ceased to be one, and slots. Every row is explained in"
            " report.html of the try's folder.",
            unit=COUNT,
            kind="bars",
            width=14,
            height=5,
            empty="No difference, or no try, in this window.",
            queries=(
                Query(
                    "sort_desc((max by (replay, kind)"
                    f" (last_over_time(ticker_replay_differences{{SEL}}{_IN_WINDOW}))"
                    f" and on (replay) topk(1, {_FINISHED})) > 0)",
                    "{{kind}}",
                ),
            ),
        ),
        Panel(
            title="Replays that ended",
            description="Every replay that ended in the window, with what it found: headlines and merges that were"
            " gained or lost; the result of each is marked on all dashboards at the window that it was about.",
            unit=COUNT,
            kind="table",
            width=24,
            height=8,
            empty=_NONE_ENDED,
            columns=(
                Column(label="replay", title="Replay", wide=120),
                Column(title="Ended", query=Query(f"1000 * {_FINISHED}"), unit="dateTimeFromNow"),
                Column(
                    title="Result",
                    query=_last("ticker_replay_failed"),
                    words=((0, "passed"), (1, "failed")),
                    bad_from=1,
                ),
                Column(title="Written", query=_last("ticker_replay_done_records")),
                Column(title="Lost", query=_last("ticker_replay_lost_records"), bad_from=1),
                Column(title="Doubled", query=_last("ticker_replay_doubled_records"), bad_from=1),
                Column(title="Compared", query=_last("ticker_replay_compared_headlines")),
                Column(title="Flipped", query=_last("ticker_replay_flipped_ratio"), unit=SHARE),
                Column(title="Headlines", query=_found("gained", "lost")),
                Column(title="Merges", query=_found("merges_gained", "merges_lost")),
            ),
            sort="-Ended",
        ),
    ),
)

_HOW_FAR: Final = Row(
    "How far is it?",
    (
        Panel(
            title="Written",
            description="The share of planned records that is written.",
            unit=SHARE,
            at_least=1,
            width=8,
            empty=_NONE_RUNS,
            queries=(
                Query(
                    "max by (replay) (ticker_replay_done_records{SEL})"
                    " / (max by (replay) (ticker_replay_planned_records{SEL}) > 0)",
                    "{{replay}}",
                ),
            ),
        ),
        Panel(
            title="Records written",
            description="Records a second. Where it is flat at 0 the replay is paused, waits for consumers, or for"
            " the time of its next record.",
            unit=A_SECOND,
            at_least=1,
            width=8,
            empty=_NONE_RUNS,
            queries=(
                Query(
                    "clamp_min(max by (replay) (deriv(ticker_replay_done_records{SEL}[$__rate_interval])), 0)",
                    "{{replay}}",
                ),
            ),
        ),
        Panel(
            title="Time left",
            description="How long the rest takes to write, by the replay's pace, or by its rate at `max`.",
            unit=SECONDS,
            at_least=60,
            width=8,
            empty=_NONE_RUNS,
            queries=(Query("max by (replay) (ticker_replay_left_seconds{SEL})", "{{replay}}"),),
        ),
        Panel(
            title="Consumers behind",
            description="Records of the replay that the target's consumers have still to read, and what each stage of"
            " a try's build has still to read when all is written.",
            unit=COUNT,
            at_least=10,
            width=8,
            empty=_NONE_RUNS,
            queries=(
                Query("max by (replay) (ticker_replay_lag_records{SEL})", "{{replay}}"),
                Query("max by (replay, stage) (ticker_replay_unread_records{SEL})", "{{replay}} {{stage}}"),
            ),
        ),
        Panel(
            title="Standing still",
            description="1 while a replay is paused, or waits for consumers that are behind.",
            unit=COUNT,
            at_least=1,
            width=8,
            empty=_NONE_RUNS,
            queries=(Query("max by (replay, reason) (ticker_replay_held{SEL})", "{{replay}} {{reason}}"),),
        ),
        Panel(
            title="Behind the news",
            description="How long ago what it writes now was shown: falling while it catches up.",
            unit=SECONDS,
            at_least=60,
            width=8,
            empty=_NONE_RUNS,
            queries=(
                Query(
                    "time() - max by (replay) (ticker_replay_event_timestamp_seconds{SEL} > 0)", "{{replay}}"
                ),
            ),
        ),
    ),
)

_AGAIN: Final = Row(
    "Replay what is looked at",
    (
        Panel(
            title="This window again",
            description="Commands for exactly the window, source and topic that are selected above; a click on a"
            " value of another dashboard selects those that were looked at there.",
            unit="none",
            kind="text",
            width=24,
            height=8,
            text="""Through this build, on topics of its own that are gone afterwards, and what it decides otherwise:

```
ticker replay try \\
  --from-url '/d/ticker-replay?from=${__from}&to=${__to}&var-topic=${topic}&${source:queryparam}'
```

Into topics that stay, to look around in; the plan changes nothing, `ticker replay apply` does it:

```
ticker replay plan --to-topic-prefix again --create \\
  --from-url '/d/ticker-replay?from=${__from}&to=${__to}&var-topic=${topic}&${source:queryparam}'
```

With `--listen` the result comes back here, and as a mark on the window that it is about.
""",
        ),
    ),
)

REPLAY: Final = Board(
    uid="ticker-replay",
    title="Headlines: replays",
    description="Does a build decide as the one that was recorded, how far is its replay, and how to make another.",
    by_source=True,
    by_topic=True,
    rows=(_DOES_IT_DECIDE_ALIKE, _HOW_FAR, _AGAIN),
)
