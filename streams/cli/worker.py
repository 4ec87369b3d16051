"""`ticker worker`: stages of the pipeline on Kafka, exactly once."""

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

import click

from streams.cli.combinations import Refused, refusing
from streams.cli.logs import log_to_stderr
from streams.cli.options import endless_kafka_options, flags_of
from streams.cli.output import examples
from streams.cli.rules import TAUGHT_ALONE, When, read_rules, rules_option, taught_option
from streams.settings import Settings
from streams.settings.logs import LOG_FORMAT
from streams.settings.schemas import DATASCHEMA, REGISTRY, dataschema
from streams.settings.topics import TOPIC_PREFIX
from streams.settings.worker import INSTANCE_ID, LISTEN, SESSION_TIMEOUT


@click.command(
    epilog=examples(
        "ticker worker --bootstrap-servers 127.0.0.1:9092",
        "ticker worker --stage deduplicate --instance-id worker-1 --listen 127.0.0.1:9465",
    )
)
@click.option(
    "--stage",
    type=click.Choice(["deduplicate", "categorize", "all"]),
    default="all",
    show_default=True,
    help="What this worker does; several workers share the partitions of a stage.",
)
@click.option("--attached", is_flag=True, help="Stop when standard input ends: with who started it.")
@rules_option
@taught_option
@endless_kafka_options(LISTEN, INSTANCE_ID, SESSION_TIMEOUT, LOG_FORMAT, REGISTRY, DATASCHEMA)
@refusing(
    TAUGHT_ALONE,
    Refused(
        flags_of(REGISTRY),
        lambda given: given["settings"][DATASCHEMA] is not None,
        f"says where consumers fetch schemas where nothing else does, and {DATASCHEMA.name} does; leave one out",
    ),
)
def command(stage: str, attached: bool, rules_path: Path | None, taught: When, settings: Settings) -> None:
    """Deduplicate and categorize on Kafka, exactly once, until told to stop.

    Outputs, state and position of a batch are committed in one transaction. A worker that is killed loses
    and repeats nothing: the next one, or the other ones, go on where it was. SIGTERM ends it cleanly, as
    soon as whoever scrapes its metrics has come once more.
    """
    from schemas.cloudevents import schema_uris
    from streams.engine.kafka.worker import WorkerSettings, stages_named, work
    from streams.pipeline import stages

    template = dataschema(settings)
    log_to_stderr(log_format=settings[LOG_FORMAT])
    worker = WorkerSettings(
        connection=settings.connection(),
        prefix=settings[TOPIC_PREFIX],
        stages=stages_named(stage, stages(read_rules(rules_path, taught))),
        listen=settings[LISTEN],
        instance_id=settings[INSTANCE_ID],
        session_timeout_s=settings[SESSION_TIMEOUT],
        schemas=schema_uris(template) if template else {},
    )
    if attached:
        threading.Thread(target=_stop_at_end_of_input, name="attached", daemon=True).start()
    asyncio.run(work(worker))


def _stop_at_end_of_input() -> None:
    """Send ourselves SIGINT once the other end of standard input is closed, even by a kill -9 of the parent."""
    while os.read(sys.stdin.fileno(), 1 << 16):
        pass
    os.kill(os.getpid(), signal.SIGINT)
