"""`ticker replay try`: plan, replay, this build's workers, comparison, report and clean in one command."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec.structs import replace

from schemas.instants import parse_instant
from streams.cli.clusters import Target, target_options
from streams.cli.combinations import Refused, refusing
from streams.cli.options import kafka_options
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.cli.replay.diff import SHARE, build_options, past_limit, print_markdown, reported
from streams.cli.replay.ends import planned_ends, planned_settings
from streams.cli.replay.measured import measured
from streams.cli.replay.plan import asked_of, drafted, print_plan, window_of, window_options
from streams.cli.replay.progress import TrialProgress, duration
from streams.cli.rules import TAUGHT_ALONE, read_rules, taught_option
from streams.counted import counted
from streams.errors import SettingsError, TickerError
from streams.settings import Settings
from streams.settings.connection import CONNECTION_SETTINGS
from streams.settings.replay import REPLAY_LISTEN
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.process.categorize.rules import Rule
    from streams.replay.apply import Closing, Ends
    from streams.replay.diff import Result
    from streams.replay.metrics import ReplayMetrics
    from streams.replay.plan import Plan
    from streams.replay.report import Report
    from streams.replay.resplit import Resplit
    from streams.replay.trial import Folder, State

_TRIED: Final = ("sightings", "strips", "decisions")
_REPORT: Final = "report.md"
_PAGE: Final = "report.html"
_ROWS: Final = "difference.jsonl"
_LOG: Final = "worker.log"


@click.command(
    name="try",
    epilog=examples(
        "ticker replay try sightings --since 24h",
        "ticker replay try sightings --since 24h --max-flips 0.5% --old-build /opt/ticker-1.4/bin/ticker",
        "# Leaves the topics there:",
        "ticker replay try sightings --since 2h --keep --to-topic-prefix look",
        "# Cleans up after a killed one:",
        "ticker replay try sightings --abandon",
    ),
)
@click.argument("topic", metavar="sightings|strips|decisions", required=False)
@window_options
@click.option("--speed", default="max", show_default=True, help="As for `plan`.")
@click.option(
    "--max-lag",
    type=click.IntRange(min=0),
    default=100_000,
    show_default=True,
    help="The replay waits while the workers are more records behind.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("replay-try"),
    show_default=True,
    help="Plan, log, report, and how far it is: a killed try goes on from there.",
)
@taught_option
@click.option(
    "--workers", "count", type=click.IntRange(1, 16), default=1, show_default=True,
    help="Workers of this build that process it.",
)  # fmt: skip
@click.option("--max-flips", type=SHARE, help="Exit code 1 above this share of category flips: 0.5%.")
@build_options
@click.option(
    "--keep", is_flag=True, help="Leave what was replayed where it is; `ticker replay clean` removes it."
)
@click.option("--abandon", is_flag=True, help="Only clean up what an unfinished try left behind.")
@json_option
@target_options
@kafka_options(REPLAY_LISTEN)
@refusing(
    TAUGHT_ALONE,
    Refused(("--keep",), lambda given: given["abandon"], "leaves what --abandon removes; leave one out"),
)
def trying(topic: str | None, as_json: bool, settings: Settings, target: Target, **given: Any) -> None:
    """Run a window of TOPIC through this build and say what it decides otherwise than was recorded.

    Plans, replays to a prefix of its own, runs workers of this build there until all is through, compares, writes
    a report for the terminal, a pull request (report.md) and a browser (report.html), and removes the topics again.
    Killed at any step, the same command goes on; another build, other rules or another window clean up and begin
    anew. Exit code 1 where more flips than allowed.
    """
    from streams.replay.trial import claimed

    asked = asked_of(given)
    name, given = window_of(topic, given)
    if name.removeprefix(f"{settings[TOPIC_PREFIX]}.") not in _TRIED:
        raise SettingsError(f"{name!r}: give one of {', '.join(_TRIED)}, which workers read")
    given |= {"asked": asked}
    listen = None if given["abandon"] else settings[REPLAY_LISTEN]
    with measured(listen) as metrics:
        with claimed(given["folder"]) as folder, TrialProgress(metrics) as progress:
            trial = _Trial(name, settings, target, given, folder, progress, metrics)
            if given["abandon"]:
                trial.abandon()
                return
            state = trial.run()
        trial.tell(as_json=as_json)
    if state.failed:
        click.echo(f"ticker: {state.failed}", err=True)
        sys.exit(1)


class _Trial:
    """One run of the command."""

    def __init__(
        self,
        topic: str,
        settings: Settings,
        target: Target,
        given: dict[str, Any],
        folder: "Folder",
        progress: TrialProgress,
        metrics: "ReplayMetrics",
    ) -> None:
        self._topic = topic
        self._settings = settings
        self._target = target
        self._given = given
        self._folder = folder
        self._progress = progress
        self._metrics = metrics
        self._report: Report | None = None

    def run(self) -> "State":
        """Resume an unfinished try, or begin one: replay, compare, clean."""
        from streams.replay.trial import build_of

        rules = read_rules(self._given["rules_path"], self._given["taught"])
        plan, state = self._go_on(build_of(rules)) or self._begin(rules)
        self._metrics.planned(plan)
        if state.step == "replay":
            state = self._replay(plan, state)
        else:
            self._metrics.finished("its report was written before", failed=state.failed is not None)
        if not self._given["keep"]:
            self._clean(plan)
        else:
            self._progress.say(f"kept: `ticker replay clean {self._folder.plan} --yes` removes it")
        return self._folder.reach(replace(state, step="done"))

    def abandon(self) -> None:
        """Clean up an unfinished try."""
        unfinished = self._folder.unfinished()
        if unfinished is None:
            self._progress.say(f"{self._folder.path}: nothing is unfinished there")
            return
        plan, state = unfinished
        self._clean(plan)
        self._folder.reach(replace(state, step="done"))

    def tell(self, *, as_json: bool) -> None:
        """Print the result on standard output, and the paths of the files on standard error."""
        from streams.replay.report import markdown, rows

        path = self._folder.path
        if self._report is None:
            click.echo(f"the report was written before: {path / _REPORT}", err=True)
            return
        if wants_json(as_json):
            for row in rows(self._report):
                write_json(row)
        else:
            print_markdown(markdown(self._report, most=20))
        click.echo(f"every row explained: {path / _PAGE}; for a pull request: {path / _REPORT}", err=True)

    def _go_on(self, build: str) -> "tuple[Plan, State] | None":
        """The unfinished try to resume; None if there is none, or after cleaning one up that cannot be resumed."""
        from streams.replay.attempt import cut_since
        from streams.replay.trial import overtaken

        unfinished = self._folder.unfinished()
        if unfinished is None:
            return None
        plan, state = unfinished
        self._refuse_other(plan)
        why = overtaken(state, build=build, asked=self._given["asked"])
        if why is None and state.step == "replay":
            ends = planned_ends(plan, self._settings, self._target)
            cut = asyncio.run(cut_since(plan, ends))
            why = f"retention has cut its window since: {'; '.join(cut)}" if cut else None
        if why is None:
            self._progress.say(f"going on with replay {plan.id} of {self._folder.path}, step: {state.step}")
            return unfinished
        self._progress.say(f"replay {plan.id} of {self._folder.path}: {why}; cleaning it up, beginning anew")
        self._clean(plan)
        self._folder.reach(replace(state, step="done"))
        return None

    def _begin(self, rules: "tuple[Rule, ...]") -> "tuple[Plan, State]":
        """Make the plan and save it, before anything is written to a cluster."""
        from streams.replay.checks import refusals
        from streams.replay.plan import replay_id
        from streams.replay.trial import build_of

        given, settings, target = self._given, self._settings, self._target
        given = given | {"replay": replay_id(given["replay"]), "create": True}
        if target.prefix is None:
            target = replace(target, prefix=f"{settings[TOPIC_PREFIX]}-try-{given['replay']}")
        own = tuple(rule.topic for rule in rules)
        with self._progress.step("plan"):
            plan, checks = drafted(
                self._topic, settings, target, given, own_topics=own, progress=self._progress.counted
            )
        if refusals(checks):
            print_plan(plan, checks)
            raise SettingsError("checks refuse this replay, see above; nothing was written")
        return plan, self._folder.begin(plan, build=build_of(rules), asked=given["asked"])

    def _refuse_other(self, plan: "Plan") -> None:
        asked = self._topic.removeprefix(f"{self._settings[TOPIC_PREFIX]}.")
        if plan.topic != asked:
            raise SettingsError(
                f"{self._folder.path} holds an unfinished try of {plan.topic}: give that again, --abandon, or another"
                " --folder"
            )

    def _replay(self, plan: "Plan", state: "State") -> "State":
        """Replay, let the workers read, compare, and write the report."""
        from streams.replay.attempt import run_through
        from streams.replay.course import Course
        from streams.replay.workers import workers

        ends = planned_ends(plan, self._settings, self._target)
        arguments, environment = self._worker(plan)
        log = self._folder.path / _LOG
        count = self._given["count"]
        with (
            workers(arguments, environment=environment, log=log, count=count) as running,
            self._progress.replaying(Course(plan.records, plan.last_due or 0)) as watcher,
        ):
            closing = asyncio.run(run_through(plan, ends, watcher, running, progress=self._progress))
        self._metrics.closed(closing)
        with self._progress.step("compare"):
            self._report = self._compare(plan, ends, closing)
            self._write(plan)
        failed = past_limit(self._report.difference, self._given["max_flips"])
        self._metrics.compared(self._report.difference, failed)
        return self._folder.reach(replace(state, step="clean", failed=failed))

    def _worker(self, plan: "Plan") -> tuple[list[str], dict[str, str]]:
        """The arguments and the environment of this build's workers, for the target."""
        _, there = planned_settings(plan, self._settings, self._target)
        arguments = ["--listen", "none"]
        for setting in (*CONNECTION_SETTINGS, TOPIC_PREFIX):
            if setting.flag and setting.name in there.flags:
                arguments += [setting.flag, there.flags[setting.name]]
        if there.file:
            arguments += ["--config", str(there.path)]
        if self._given["rules_path"]:
            arguments += ["--rules", str(self._given["rules_path"]), "--taught", self._given["taught"]]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TICKER_")}
        if there.environment:
            environment |= {name: value for name, value in os.environ.items() if name.startswith("TICKER_")}
        return arguments, environment

    def _compare(self, plan: "Plan", ends: "Ends", closing: "Closing") -> "Report":
        from streams.replay.diff import Collector
        from streams.replay.results import of_replay

        end = parse_instant(plan.until) if plan.until else None

        def collect() -> Collector:
            return Collector(since=plan.begins, until=end, canary=self._given["canary"])

        compared = asyncio.run(of_replay(plan, ends, collect))
        given = self._given
        report = reported(
            compared,
            old_build=given["old_build"],
            new_build=given["new_build"],
            rules_path=given["rules_path"],
        )
        return replace(report, facts=_facts(plan, closing, compared.new, self._progress.split))

    def _write(self, plan: "Plan") -> None:
        import msgspec

        from streams.replay.report import markdown, page, rows

        assert self._report is not None
        path = self._folder.path
        (path / _REPORT).write_text(markdown(self._report), encoding="utf-8")
        (path / _PAGE).write_text(
            page(self._report, f"Replay {plan.id} of {plan.source_topic}"), encoding="utf-8"
        )
        with (path / _ROWS).open("wb") as lines:
            for row in rows(self._report):
                lines.write(msgspec.json.encode(row) + b"\n")

    def _clean(self, plan: "Plan") -> None:
        from streams.replay.clean import clean_after

        ends = planned_ends(plan, self._settings, self._target)
        with self._progress.step("clean"):
            removal = asyncio.run(
                clean_after(ends.target, plan.target.prefix, plan.id, patience=ends.patience)
            )
        if removal is not None and removal.kept:
            raise TickerError(f"some of it stays: {'; '.join(removal.kept)}")


def _facts(
    plan: "Plan", closing: "Closing", new: "Result", split: "Resplit | None"
) -> tuple[tuple[str, str], ...]:
    """Facts about what was compared, for the head of the page."""
    from streams import __version__

    models = sorted({row.model for row in new.headlines.values() if row.model})
    warm = f", {closing.warm_up:,} of them warm-up or run-out" if closing.warm_up else ""
    return (
        ("window", f"{plan.since or 'the beginning'} to {plan.until or 'the end when it was planned'}"),
        ("recorded", f"{plan.source_topic} on {plan.source.bootstrap_servers}"),
        ("build tried", f"ticker {__version__}, model {', '.join(models) or 'none'}"),
        (
            "replayed",
            f"{counted(closing.written, 'record')}{warm} in {duration(closing.seconds)}, {plan.speed}",
        ),
        ("exactly once", f"{closing.lost:,} lost, {closing.doubled:,} doubled, checksum {closing.checksum}"),
        *(() if split is None else (("split", split.told()),)),
    )
