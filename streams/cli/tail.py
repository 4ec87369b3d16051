"""`ticker tail`: what a subscriber of category topics sees."""

import asyncio
import contextlib
import re
import sys
from collections.abc import Callable
from typing import Any, Final

import click
import msgspec

from schemas.events import CategorizedHeadline
from schemas.mediatopics import slug_of
from schemas.topics import CATEGORIES, Topic
from streams.cli.logs import log_to_stderr
from streams.cli.moments import parse_moment
from streams.cli.options import kafka_options
from streams.cli.output import examples, isolate, json_option, wants_json
from streams.errors import SettingsError
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX

_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@click.command(
    epilog=examples(
        "ticker tail sport politics",
        "ticker tail --since 2h --no-follow --json | jq .text",
    )
)
@click.argument("categories", metavar="[CATEGORY]...", nargs=-1)
@json_option
@click.option("--since", help="Start there: 90s, 10m, 2h, 3d ago, or an RFC 3339 time (default: now).")
@click.option("--follow/--no-follow", default=True, help="Wait for more (the default), or end at the end.")
@kafka_options()
def command(
    categories: tuple[str, ...],
    as_json: bool,
    since: str | None,
    follow: bool,
    settings: Settings,
) -> None:
    """Show headlines as they are published to category topics, all of them or those named.

    Reads committed records only, belongs to no group and changes nothing on the cluster.
    """
    log_to_stderr()
    topics = [_topic(category).on(settings[TOPIC_PREFIX]) for category in categories or CATEGORIES]
    start = parse_moment("--since", since) if since else None
    show = _show_json if wants_json(as_json) else _show_line
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_tail(settings, topics, start, follow, show))


async def _tail(
    settings: Settings, topics: list[str], since: int | None, follow: bool, show: Callable[[Any], None]
) -> None:
    from streams.kafka.connect import administration
    from streams.kafka.subscribe import subscribe
    from streams.kafka.topics import partitions_of

    connection = settings.connection()
    async with administration(connection, patience=settings[PATIENCE]) as client:
        partitions = await partitions_of(client, topics)
    async for record in subscribe(connection.aiokafka_options(), partitions, since=since, follow=follow):
        show(record)


def _topic(slug: str) -> Topic:
    """The topic of one of the eighteen categories, or of a user's own."""
    from schemas.routing import category_topic

    if not _SLUG.fullmatch(slug):
        raise SettingsError(
            f"{slug!r} is no category; there are {', '.join(CATEGORIES)}, and your own rules'"
        )
    return category_topic(slug)


def _show_json(record: Any) -> None:
    sys.stdout.buffer.write((record.value or b"null") + b"\n")
    sys.stdout.flush()


def _show_line(record: Any) -> None:
    try:
        headline = msgspec.json.decode(record.value or b"", type=CategorizedHeadline)
    except msgspec.DecodeError as error:
        place = f"{record.topic}/{record.partition}/{record.offset}"
        click.echo(f"ticker: {place}: not a headline: {error}", err=True)
        return
    confidence = f"{headline.topics[0].confidence:.2f}" if headline.topics else "    "
    update = click.style(" (update)", fg="yellow") if headline.updates else ""
    click.echo(
        f"{headline.observed_at[11:19]}  {click.style(f'{slug_of(headline.topic):<14}', fg='cyan')}"
        f"{confidence}  {headline.language:<3} {isolate(headline.text)}{update}"
    )
