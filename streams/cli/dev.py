"""`ticker dev`: the whole pipeline on this machine in one command."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import cycle
from typing import IO, TYPE_CHECKING, Any, Final

import click
import msgspec

from schemas.instants import format_instant
from streams.cli.options import settings_options
from streams.cli.output import examples
from streams.cli.progress import steps
from streams.errors import TickerError
from streams.settings import Settings
from streams.settings.broker import BROKER_DATA, BROKER_PORT, CACHE
from streams.settings.topics import TOPIC_PREFIX
from streams.settings.worker import LISTEN

if TYPE_CHECKING:
    from streams.dev.kafka import Cluster

_STOP_S: Final = 10.0
_CHECK_S: Final = 0.25


@click.command(epilog=examples("ticker dev", "ticker dev --port 19092 --every 0.5"))
@click.option(
    "--every",
    type=click.FloatRange(min=0.01),
    default=2.0,
    show_default=True,
    help="Seconds between two strips of the sample.",
)
@settings_options(BROKER_PORT, BROKER_DATA, LISTEN, TOPIC_PREFIX, CACHE)
def command(every: float, settings: Settings) -> None:
    """Run a broker, the topics, a worker and a producer on the bundled sample, until Ctrl-C.

    The broker is a real Kafka and keeps its data; the sample's strips are shown again and again as of now.
    Needs the extra: pip install 'headline-ticker[broker]'.
    """
    from streams.dev.kafka import Cluster

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with steps() as progress:
        cluster = Cluster(
            settings[BROKER_DATA], port=settings[BROKER_PORT], cache=settings[CACHE], progress=progress
        )
        cluster.start()
    try:
        _create_topics(cluster.bootstrap_servers(), settings[TOPIC_PREFIX])
        with _children(settings, cluster.bootstrap_servers()) as (worker, producer):
            _say_ready(cluster.bootstrap_servers(), settings, every)
            _show_sample(cluster, worker, producer, every)
    except KeyboardInterrupt:
        click.echo("stopping", err=True)
    finally:
        cluster.stop()


def _create_topics(servers: str, prefix: str) -> None:
    from schemas.topics import TOPICS
    from streams.kafka.connect import administration
    from streams.kafka.topics import create
    from streams.settings import Connection

    async def run() -> None:
        async with administration(Connection(bootstrap_servers=servers), patience=_STOP_S) as client:
            await create(client, TOPICS, prefix=prefix)

    asyncio.run(run())


@contextlib.contextmanager
def _children(settings: Settings, servers: str) -> "Iterator[tuple[_Child, _Child]]":
    """The worker and the producer, in sessions of their own: Ctrl-C reaches them through us, in order."""
    common = ["--bootstrap-servers", servers, "--topic-prefix", settings[TOPIC_PREFIX]]
    with contextlib.ExitStack() as stack:
        worker = _start("worker", [*common, "--listen", settings[LISTEN] or "none", "--instance-id", "dev"])
        stack.callback(_stop, worker)
        producer = _start("produce", [*common, "-"], stdin=subprocess.PIPE)
        stack.callback(_stop, producer)
        yield worker, producer


_Child = subprocess.Popen[bytes]


def _start(name: str, arguments: Sequence[str], stdin: int | IO[Any] = subprocess.DEVNULL) -> _Child:
    # TICKER_* variables meant for a user's own cluster must not reach a broker of ours.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TICKER_")}
    return subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-m", "streams.cli", name, *arguments],
        stdin=stdin,
        env=environment,
        start_new_session=True,
    )


def _stop(child: _Child) -> None:
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    child.terminate()
    try:
        child.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _show_sample(cluster: "Cluster", worker: _Child, producer: _Child, every: float) -> None:
    """Feed the producer until something ends that should not."""
    assert producer.stdin is not None
    lines = cycle(files("streams").joinpath("samples", "strips.jsonl").read_bytes().splitlines())
    due = time.monotonic()
    while True:
        cluster.check()
        for name, child in (("worker", worker), ("producer", producer)):
            if child.poll() is not None:
                raise TickerError(f"the {name} ended with exit code {child.returncode}; its log is above")
        if time.monotonic() >= due:
            due += every
            strip = msgspec.json.decode(next(lines))
            strip["observed_at"] = format_instant(time.time_ns() // 1_000_000)
            producer.stdin.write(msgspec.json.encode(strip) + b"\n")
            producer.stdin.flush()
        time.sleep(min(_CHECK_S, max(0.0, due - time.monotonic())))


def _say_ready(servers: str, settings: Settings, every: float) -> None:
    prefix = settings[TOPIC_PREFIX]
    flag = "" if servers == "127.0.0.1:9092" else f" --bootstrap-servers {servers}"
    click.echo(f"Kafka      {servers}, topics {prefix}.*, data in {settings[BROKER_DATA]}")
    if listen := settings[LISTEN]:
        click.echo(f"worker     http://{listen}/readyz and /metrics")
    click.echo(f"producer   the bundled sample, a strip every {every:g} s")
    click.echo("Next, in another terminal:")
    click.echo(f"  ticker tail --since 10m{flag}")
    click.echo(f"  ticker produce page.html{flag}")
    click.echo("Ctrl-C stops all of it.")
