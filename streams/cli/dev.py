"""`ticker dev`: the whole pipeline on this machine in one command."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from streams.cli.options import FiniteRange, settings_options
from streams.cli.output import examples
from streams.cli.progress import steps
from streams.errors import TickerError
from streams.settings import Settings
from streams.settings.broker import BROKER_DATA, BROKER_PORT, CACHE
from streams.settings.serve import SERVE_LISTEN
from streams.settings.setting import Setting
from streams.settings.topics import TOPIC_PREFIX
from streams.settings.worker import LISTEN

if TYPE_CHECKING:
    from streams.dev.kafka import Cluster
    from streams.dev.site import Site

_STOP_S: Final = 10.0
_CHECK_S: Final = 0.25


@click.command(epilog=examples("ticker dev", "ticker dev --port 19092 --every 0.5"))
@click.option(
    "--every",
    type=FiniteRange(min=0.01),
    default=2.0,
    show_default=True,
    help="Seconds between two changes of the site's strips.",
)
@settings_options(BROKER_PORT, BROKER_DATA, LISTEN, TOPIC_PREFIX, CACHE)
def command(every: float, settings: Settings) -> None:
    """Run a broker, the topics, a worker, the board, a small news site and a producer that reads it, until Ctrl-C.

    The broker is a real Kafka and keeps its data; the site is on loopback, its strips change every few seconds, and
    what is published of them is shown as `ticker tail` does. Where a usual port is taken, as by a second one in
    another folder, it takes a free one.
    Needs the extra: pip install 'headline-ticker[broker]'.
    """
    from streams.dev.kafka import Cluster
    from streams.dev.site import Site

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    listen, board = _free_address(settings, LISTEN), _free_address(settings, SERVE_LISTEN)
    with steps() as progress:
        cluster = Cluster(
            settings[BROKER_DATA], port=_free_port(settings), cache=settings[CACHE], progress=progress
        )
        cluster.start()
    try:
        _create_topics(cluster.bootstrap_servers(), settings[TOPIC_PREFIX])
        with contextlib.ExitStack() as stack:
            common = [
                "--bootstrap-servers",
                cluster.bootstrap_servers(),
                "--topic-prefix",
                settings[TOPIC_PREFIX],
            ]
            site = stack.enter_context(Site(every))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ticker-dev-")))
            folder.joinpath("sources.toml").write_text(site.sources(), encoding="utf-8")
            children = _start_all(stack, common, listen, folder)
            if board:
                children["board"] = _start(stack, "serve", [*common, "--listen", board])
            _say_ready(cluster.bootstrap_servers(), settings, listen, board, site, folder)
            # Show live headlines first: those of an earlier start are not published again.
            children["tail"] = _start(stack, "tail", ["--since", "3d", *common])
            _watch(cluster, children)
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


def _free_port(settings: Settings) -> int:
    """The broker's port; a free one if the default is taken."""
    from streams.dev.ports import free_ports, is_free

    port = settings[BROKER_PORT]
    return port if port != BROKER_PORT.default or is_free(port) else next(free_ports())


def _free_address(settings: Settings, setting: Setting[str | None]) -> str | None:
    """The address of a program's pages; with a free port if the default is taken."""
    from streams.dev.ports import free_ports, is_free

    listen = settings[setting]
    if listen is None or listen != setting.default:
        return listen
    host, _, port = listen.rpartition(":")
    return listen if is_free(int(port)) else f"{host}:{next(free_ports())}"


_Child = subprocess.Popen[bytes]


def _start_all(
    stack: contextlib.ExitStack, common: Sequence[str], listen: str | None, folder: Path
) -> "dict[str, _Child]":
    """Start the worker and the producer in sessions of their own, so that Ctrl-C reaches them through us, in order."""
    return {
        "worker": _start(stack, "worker", [*common, "--listen", listen or "none", "--instance-id", "dev"]),
        "producer": _start(stack, "produce", [*common, *_reading(folder)]),
    }


def _reading(folder: Path) -> list[str]:
    """The flags of a producer that reads our own site, which needs no politeness."""
    sources, state = str(folder / "sources.toml"), str(folder / "state")
    return ["--sources", sources, "--state", state, "--contact", "dev@localhost", "--distance", "0"]


def _start(stack: contextlib.ExitStack, name: str, arguments: Sequence[str]) -> _Child:
    """Start a command of ours; the stack ends it."""
    # Without the user's TICKER_* variables, which may name another cluster.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TICKER_")}
    child = subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-m", "streams.cli", name, *arguments],
        stdin=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    stack.callback(_stop, child)
    return child


def _stop(child: _Child) -> None:
    child.terminate()
    try:
        child.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _watch(cluster: "Cluster", children: Mapping[str, _Child]) -> NoReturn:
    """Wait until a program ends that should not."""
    while True:
        cluster.check()
        for name, child in children.items():
            if child.poll() is not None:
                raise TickerError(f"the {name} ended with exit code {child.returncode}; its log is above")
        time.sleep(_CHECK_S)


def _say_ready(
    servers: str, settings: Settings, listen: str | None, board: str | None, site: "Site", folder: Path
) -> None:
    prefix = settings[TOPIC_PREFIX]
    flag = "" if servers == "127.0.0.1:9092" else f" --bootstrap-servers {servers}"
    _say(f"Kafka      {servers}, topics {prefix}.*, data in {settings[BROKER_DATA]}")
    if listen:
        _say(f"worker     http://{listen}/readyz and /metrics")
    if board:
        _say(f"board      http://{board}/")
    _say(f"site       {site.address}/, read as {folder / 'sources.toml'} says: change it and see")
    _say("Next, in another terminal:")
    _say(f"  ticker tail --since 10m{flag}")
    _say(f"  ticker produce page.html{flag}")
    _say("Ctrl-C stops all of it. Headlines as they are published:")


def _say(text: str) -> None:
    """Print a message on standard error: standard output has only the headlines."""
    click.echo(text, err=True)
