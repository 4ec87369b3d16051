"""`ticker replay list`, `status`, `pause`, `resume` and `speed`: shows and controls replays."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from streams.cli.clusters import Target, target_options
from streams.cli.moments import minute
from streams.cli.options import kafka_options
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.cli.replay.ends import check_named, planned_settings
from streams.cli.replay.progress import duration, moment_in
from streams.errors import SettingsError
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.replay.status import Status
    from streams.settings import Connection

_LOOK_S: Final = 2.0


@click.command(name="list", epilog=examples("ticker replay list", "ticker replay list --json | jq .id"))
@json_option
@kafka_options()
def listing(settings: Settings, as_json: bool) -> None:
    """The replays of a cluster that have not been cleaned away: whose they are, how far, how fast, until when.

    With --topic-prefix only those to that prefix.
    """
    from streams.replay.status import statuses

    found = asyncio.run(
        statuses(settings.connection(), patience=settings[PATIENCE], prefix=_prefix_given(settings))
    )
    if wants_json(as_json):
        for each in found:
            write_json(each)
    elif found:
        _print(found)
    else:
        click.echo("no replay has written here, or all were cleaned away", err=True)


@click.command(
    epilog=examples(
        "ticker replay status day.json",
        "ticker replay status 3f2a9c1e --bootstrap-servers staging:9092 --json",
    )
)
@click.argument("replay", metavar="PLAN|ID")
@json_option
@target_options
@kafka_options()
def status(replay: str, as_json: bool, settings: Settings, target: Target) -> None:
    """How far one replay is, how fast it goes now, and until when it will take."""
    connection, prefix, patience = _where(replay, settings, target)
    first, started = _look(connection, prefix, replay, patience), time.monotonic()
    if first.state in {"running", "silent"}:
        time.sleep(_LOOK_S)
        last = _look(connection, prefix, replay, patience)
        rate = (last.written - first.written) / (time.monotonic() - started)
    else:
        last, rate = first, 0.0
    if wants_json(as_json):
        write_json({"status": last, "rate_now": round(rate, 1)})
        return
    _print((last,))
    click.echo(f"now {rate:,.1f}/s" + (f", reached {last.event_time}" if last.event_time else ""))
    if last.left_s:
        click.echo(f"{duration(last.left_s)} left, done {moment_in(last.left_s)}")


@click.command(epilog=examples("ticker replay pause day.json", "ticker replay pause 3f2a9c1e"))
@click.argument("replay", metavar="PLAN|ID")
@target_options
@kafka_options()
def pause(replay: str, settings: Settings, target: Target) -> None:
    """Let a replay stand still, wherever it runs; `resume` goes on where it is."""
    _change(replay, settings, target, paused=True, speed=None)


@click.command(epilog=examples("ticker replay resume day.json"))
@click.argument("replay", metavar="PLAN|ID")
@target_options
@kafka_options()
def resume(replay: str, settings: Settings, target: Target) -> None:
    """Let a paused replay go on: what was due meanwhile is due later by as long as it stood."""
    _change(replay, settings, target, paused=False, speed=None)


@click.command(
    epilog=examples("ticker replay speed day.json 20x", "ticker replay speed day.json 'a day an hour'")
)
@click.argument("replay", metavar="PLAN|ID")
@click.argument("speed")
@target_options
@kafka_options()
def speed(replay: str, speed: str, settings: Settings, target: Target) -> None:
    """Let a replay go on at another speed from where it is, also one that is not running."""
    _change(replay, settings, target, paused=None, speed=speed)


def _change(
    replay: str, settings: Settings, target: Target, *, paused: bool | None, speed: str | None
) -> None:
    from streams.replay.control import change
    from streams.replay.speed import parse_speed

    if speed is not None:
        parse_speed(speed)
    connection, prefix, patience = _where(replay, settings, target)
    found = _look(connection, prefix, replay, patience)
    options = connection.aiokafka_options()
    wanted = asyncio.run(change(options, found.prefix, found.id, paused=paused, speed=speed))
    state = "paused" if wanted.paused else f"goes at {wanted.speed or found.speed}"
    click.echo(f"replay {found.id}: {state}; whoever applies it obeys within a second", err=True)


def _where(replay: str, settings: Settings, target: Target) -> "tuple[Connection, str | None, float]":
    """The target's cluster, and its prefix if it is known."""
    from streams.replay.plan import read_plan

    if _is_plan(replay):
        _, there = planned_settings(read_plan(Path(replay)), settings, target)
        return there.connection(), there[TOPIC_PREFIX], there[PATIENCE]
    check_named(replay)
    there = target.settings(settings)
    return there.connection(), _prefix_given(there), there[PATIENCE]


def _prefix_given(settings: Settings) -> str | None:
    """The prefix of `--topic-prefix` or `--to-topic-prefix`. A replay is looked for below every prefix else."""
    return settings.flags.get(TOPIC_PREFIX.name)


def _is_plan(replay: str) -> bool:
    return Path(replay).suffix == ".json" or Path(replay).exists()


def _look(connection: "Connection", prefix: str | None, replay: str, patience: float) -> "Status":
    from streams.replay.plan import read_plan
    from streams.replay.status import matching, statuses

    identity = read_plan(Path(replay)).id if _is_plan(replay) else replay
    found = matching(asyncio.run(statuses(connection, patience=patience, prefix=prefix)), identity)
    if found is None:
        raise SettingsError(
            f"no replay {identity!r} has begun on {connection.bootstrap_servers}, or it was cleaned away;"
            " `ticker replay list` shows those that have"
        )
    return found


def _print(found: "tuple[Status, ...]") -> None:
    from rich.table import Table

    from streams.cli.console import Console

    table = Table(
        "id", "prefix", "state", "written", "began (UTC)", "speed", "left", box=None, padding=(0, 1)
    )
    for column in table.columns[:1]:
        column.no_wrap = True
    for each in found:
        share = f" {each.written / each.records:.0%}" if each.records else ""
        table.add_row(
            each.id,
            each.prefix,
            each.state,
            f"{each.written:,}{share}",
            minute(each.started_at),
            each.speed or "",
            "" if each.left_s is None else duration(each.left_s),
        )
    Console().print(table, highlight=False)
