"""`ticker bench`: honest figures, on this machine, in one run."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from streams.cli.output import Commands, examples, json_option, wants_json, write_json
from streams.cli.progress import steps
from streams.errors import SettingsError


def _begun(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """The path, once its file was made: before anything is measured, rather than when the rows would be lost."""
    if path is not None:
        try:
            path.open("ab").close()
        except OSError as error:
            raise SettingsError(f"--csv {path}: cannot be written: {error.strerror}") from None
    return path


csv_option = click.option(
    "--csv",
    "csv_path",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_begun,
    help="Also write the rows as CSV.",
)

runs_option = click.option(
    "--runs", type=click.IntRange(min=1), default=3, show_default=True, help="Times that each is measured."
)


@click.group(cls=Commands)
def command() -> None:
    """Measure speed on seeded corpora, and say on which corpus and machine."""


@command.command(epilog=examples("ticker bench local", "ticker bench local --mix new --csv rows.csv"))
@click.option(
    "--mix",
    type=click.Choice(["natural", "new", "both"]),
    default="both",
    show_default=True,
    help="What the corpus shows: each headline about a hundred times, every slot new, or one after the other.",
)
@click.option(
    "--sightings", type=click.IntRange(min=1), help="Sightings a mix (default: 1,000,000; new: 100,000)."
)
@runs_option
@json_option
@csv_option
def local(mix: str, sightings: int | None, runs: int, as_json: bool, csv_path: Path | None) -> None:
    """The whole path in this process: split, fold, deduplicate, categorize.

    The natural mix shows each headline about 100 times; in the new mix every slot is new. Peak memory is the
    process's so far, so each mix is best run by itself when memory is what is asked.
    """
    from streams.bench.local import run_local

    rows = [
        row
        for name in (("natural", "new") if mix == "both" else (mix,))
        for row in run_local(name, sightings, runs)
    ]
    report(rows, as_json=as_json, csv_path=csv_path)


@command.command(
    epilog=examples(
        "ticker bench kafka", "ticker bench kafka --contenders ticker,aiokafka --runs 5 --csv rows.csv"
    )
)
@click.option(
    "--contenders",
    help="By name, separated by commas; without it all that are installed, but for Kafka Streams.",
)
@click.option(
    "--sightings",
    type=click.IntRange(min=1000),
    default=400_000,
    show_default=True,
    help="Sightings that are measured.",
)
@runs_option
@json_option
@csv_option
def kafka(contenders: str | None, sightings: int, runs: int, as_json: bool, csv_path: Path | None) -> None:
    """The deduplicate stage on Kafka: our worker, bare clients, stock Faust, Quix Streams, Kafka Streams.

    Contenders are ticker, aiokafka, aiokafka-gc (collector thresholds raised), faust, and with the extra `bench`
    confluent and quix. A broker is started for them; each gets its own copy of the same sightings and one core,
    stock Faust a twentieth of them. A row sums up a contender's rounds, --csv has each of them: rates are median
    (lowest-highest), steady ones of the second halves, gaps the longest without a commit. A round before them, on a
    quarter of the sightings, warms the broker and does not count.

    Kafka Streams runs when it is named: kafka-streams keeps its state in memory, kafka-streams-rocksdb in RocksDB,
    and kafka-streams-lazy decodes new headlines only, as our worker does. It reads all sightings twice, and the
    second time is measured, with the JIT warm. It needs javac of a JDK 17 or newer, and fetches 85 MB once.

    Needs the extra: pip install 'headline-ticker[broker]'.
    """
    from streams.bench.contenders import CONTENDERS, default_names
    from streams.bench.kafka import run_kafka, summarize

    names = contenders.split(",") if contenders is not None else default_names()
    if unknown := set(names) - set(CONTENDERS):
        raise click.UsageError(f"no contender {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    for name in names:
        if lacks := CONTENDERS[name].lacks:
            raise click.UsageError(f"{name} is not installed: {lacks}; or name others")
    with steps() as progress:
        for name in names:
            if (fetch := CONTENDERS[name].fetch) is not None:
                fetch(progress)
    rounds = list(run_kafka(names, sightings, runs))
    summaries = summarize(rounds, {name: CONTENDERS[name].does for name in names})
    report(summaries, rounds=rounds, as_json=as_json, csv_path=csv_path)


@command.command(
    epilog=examples("ticker bench replay", "ticker bench replay --sightings 500000 --csv rows.csv")
)
@click.option(
    "--sightings",
    type=click.IntRange(min=1),
    default=400_000,
    show_default=True,
    help="Sightings that are measured.",
)
@runs_option
@json_option
@csv_option
def replay(sightings: int, runs: int, as_json: bool, csv_path: Path | None) -> None:
    """Replays at max beside a bare client that copies the same topic with transactions, and pacing at 10x.

    Starts a broker of its own. Needs the extra: pip install 'headline-ticker[broker]'.
    """
    from streams.bench.replay import run_replay

    report(list(run_replay(sightings, runs)), as_json=as_json, csv_path=csv_path)


@command.command(epilog=examples("ticker bench latency", "ticker bench latency --rate 5000 --beside nothing"))
@click.option(
    "--rate", type=click.IntRange(min=54), default=1_000, show_default=True, help="Sightings a second."
)
@click.option(
    "--seconds", type=click.IntRange(min=1), default=30, show_default=True, help="How long it is measured."
)
@click.option(
    "--beside",
    "disturbances",
    default="nothing,rebalance,restore,replay",
    show_default=True,
    help="What goes on meanwhile, each in a run of its own.",
)
@json_option
@csv_option
def latency(rate: int, seconds: int, disturbances: str, as_json: bool, csv_path: Path | None) -> None:
    """From a strip's publication to its new headlines on their category topics, read_committed, both stages.

    By itself; while a second worker joins and leaves; while another partition's 200,000 live headlines are read
    back; while a window is replayed at full speed. One partition is busy, five are quiet. Starts a broker of its
    own for each. Needs the extra: pip install 'headline-ticker[broker]'.
    """
    from streams.bench.disturbances import DISTURBANCES
    from streams.bench.latency import run_latency

    names = disturbances.split(",")
    if unknown := set(names) - set(DISTURBANCES):
        raise click.UsageError(f"--beside {', '.join(unknown)}: there are {', '.join(DISTURBANCES)}")
    report(list(run_latency(rate, seconds, names)), as_json=as_json, csv_path=csv_path)


@command.command(epilog=examples("ticker bench serve", "ticker bench serve --readers 200 --seconds 10"))
@click.option(
    "--readers",
    type=click.IntRange(1, 20_000),
    default=1_000,
    show_default=True,
    help="Readers of events at one time.",
)
@click.option(
    "--window",
    type=click.IntRange(54, 1_000_000),
    default=100_000,
    show_default=True,
    help="Headlines in its memory.",
)
@click.option(
    "--seconds", type=click.IntRange(min=1), default=20, show_default=True, help="How long it is measured."
)
@json_option
@csv_option
def serve(readers: int, window: int, seconds: int, as_json: bool, csv_path: Path | None) -> None:
    """Readers of events at ten headlines a second, feed requests answered 304, and memory of a full window.

    The server is this process, its clients another; no broker.
    """
    from streams.bench.serve import run_serve

    report([run_serve(readers=readers, window=window, seconds=seconds)], as_json=as_json, csv_path=csv_path)


@command.command(epilog=examples("ticker bench sources", "ticker bench sources --sources 100 --seconds 60"))
@click.option(
    "--sources", type=click.IntRange(1, 10_000), default=1_000, show_default=True, help="Sites that are read."
)
@click.option(
    "--seconds", type=click.IntRange(min=1), default=120, show_default=True, help="How long it is measured."
)
@json_option
@csv_option
def sources(sources: int, seconds: int, as_json: bool, csv_path: Path | None) -> None:
    """A producer that reads many sites every minute: its processor time, its memory, how late it is.

    The sites are on loopback, each an address of its own, with pages of 100 kB. Starts a broker of its own. Needs
    the extra: pip install 'headline-ticker[broker]'.
    """
    from streams.bench.sources import run_sources

    report([run_sources(sources, seconds)], as_json=as_json, csv_path=csv_path)


@command.command(epilog=examples("ticker bench restore", "ticker bench restore --headlines 100000"))
@click.option(
    "--headlines",
    type=click.IntRange(min=1),
    default=1_000_000,
    show_default=True,
    help="Live headlines in the state.",
)
@json_option
@csv_option
def restore(headlines: int, as_json: bool, csv_path: Path | None) -> None:
    """How long a worker takes to read a full state topic back, and how much memory it then holds.

    Starts a broker of its own. Needs the extra: pip install 'headline-ticker[broker]'.
    """
    from streams.bench.latency import run_restore

    report([run_restore(headlines)], as_json=as_json, csv_path=csv_path)


@command.command(epilog=examples("ticker bench shards", "ticker bench shards --shards 2,16"))
@click.option("--shards", default="2,4,8", show_default=True, help="How many, separated by commas.")
@click.option(
    "--sightings",
    type=click.IntRange(min=1),
    default=200_000,
    show_default=True,
    help="Sightings that are measured.",
)
@json_option
@csv_option
def shards(shards: str, sightings: int, as_json: bool, csv_path: Path | None) -> None:
    """One language divided over several workers, simulated: the same decisions, and what they cost.

    Exact duplicates are swallowed where their keys are, the rest goes to one owner.
    """
    from streams.bench.shards import run_shards

    numbers = [int(number) for number in shards.split(",") if number.isdigit() and int(number)]
    if len(numbers) != len(shards.split(",")):
        raise click.UsageError(f"--shards {shards}: give whole numbers above 0, separated by commas")
    report(list(run_shards(numbers, sightings)), as_json=as_json, csv_path=csv_path)


def report(
    rows: Sequence[msgspec.Struct],
    *,
    rounds: Sequence[msgspec.Struct] = (),
    as_json: bool,
    csv_path: Path | None,
) -> None:
    """Print the machine and the rows; write them as CSV too if asked.

    If the rows sum up `rounds`, the CSV has the rounds, and the JSON has both.
    """
    from streams.bench.machine import machine

    here = machine()
    if csv_path is not None:
        measured = rounds or rows
        _write_csv(csv_path, [msgspec.structs.asdict(here) | msgspec.structs.asdict(row) for row in measured])
    if wants_json(as_json):
        write_json({"machine": here})
        for row in (*rounds, *rows):
            write_json(row)
        return
    click.echo(
        f"{here.processor}, {here.cores} cores, {here.memory_gib:g} GiB, {here.system},"
        f" Python {here.python}, headline-ticker {here.version}"
    )
    _print_table([msgspec.structs.asdict(row) for row in rows])


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    from rich.table import Table

    from streams.cli.console import Console

    table = Table(box=None, padding=(0, 1), header_style="bold")
    for name, value in rows[0].items():
        table.add_column(name.replace("_", " "), justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console(width=max(140, Console().width)).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _write_csv(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
