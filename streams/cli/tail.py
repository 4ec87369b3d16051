"""`ticker tail`: shows headlines as they are published, merged by time."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import click
import msgspec

from schemas.events import UNREADABLE, CategorizedHeadline
from schemas.topics import CATEGORIES, HEADLINES
from streams.cli.combinations import Refused, refusing
from streams.cli.moments import parse_moment
from streams.cli.options import kafka_options
from streams.cli.output import category_meant, examples, isolate, json_option, meant, wants_json, write_line
from streams.errors import SettingsError
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX

logger: Final = logging.getLogger(__name__)

_decode: Final = msgspec.json.Decoder(CategorizedHeadline).decode


def _categories(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Completions for the shell."""
    return [slug for slug in CATEGORIES if slug.startswith(incomplete)]


@click.command(
    epilog=examples(
        "ticker tail sport politics",
        "ticker tail --since 2h --no-follow --json | jq .text",
        "ticker tail --since 2026-03-11T08:00:00+01:00 --until 2026-03-11T09:00:00+01:00 --source hespress",
    )
)
@click.argument("categories", metavar="[CATEGORY]...", nargs=-1, shell_complete=_categories)
@json_option
@click.option("--since", help="Start there: 90s, 10m, 2h, 3d ago, or an RFC 3339 time (default: now).")
@click.option("--until", help="Only what was observed before then; ends there.")
@click.option("--follow/--no-follow", default=True, help="Wait for more (the default), or end at the end.")
@click.option("--source", "sources", multiple=True, help="Only of this source; several may be named.")
@click.option("--language", "languages", multiple=True, help="Only in this language (ISO 639).")
@click.option("--text", help="Only where this regular expression is found in the text.")
@kafka_options()
@refusing(
    Refused(
        ("--follow",),
        lambda given: given["follow"] and given["until"],
        "waits for more, and --until ends; leave one out",
    ),
)
def command(
    categories: tuple[str, ...],
    as_json: bool,
    since: str | None,
    until: str | None,
    follow: bool,
    sources: tuple[str, ...],
    languages: tuple[str, ...],
    text: str | None,
    settings: Settings,
) -> None:
    """Show headlines as they are published, of all categories or those named, the oldest first.

    What is there at the start is merged by time over all partitions; what comes later as it comes. Times have the
    zone of this machine, ids are whole. Reads committed records only, belongs to no group and changes nothing.
    """
    from streams.replay.select import Selection, predicate

    prefix = settings[TOPIC_PREFIX]
    topics = [f"{prefix}.category.{slug}" for slug in categories] or [HEADLINES.on(prefix)]
    start = parse_moment("--since", since) if since else None
    end = parse_moment("--until", until) if until else None
    takes = predicate(Selection(sources=sources, languages=languages, text=text), since=start, until=end)
    show = _show_json if wants_json(as_json) else _show_lines
    for slug in categories:
        _check_category(slug)
    _check_languages(languages)
    if start is not None and end is not None and start >= end:
        raise SettingsError(f"--since {since} is not before --until {until}: no headline is between them")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(
            _tail(
                settings,
                topics,
                since=start,
                follow=follow and end is None,
                show=lambda record: show(record) if takes is None or takes(record) else None,
            )
        )


async def _tail(
    settings: Settings,
    topics: Sequence[str],
    *,
    since: int | None,
    follow: bool,
    show: Callable[[Any], None],
) -> None:
    from streams.kafka.connect import administration
    from streams.kafka.merge import merged
    from streams.kafka.probe import probing
    from streams.kafka.topics import partitions_of

    connection = settings.connection()
    async with administration(connection, patience=settings[PATIENCE]) as client:
        partitions = await partitions_of(client, topics)
    records = merged(connection.aiokafka_options(), partitions, since=since, follow=follow)
    async with (
        probing(connection, topics=topics, meanwhile="nothing is shown", are_there=True),
        contextlib.aclosing(records),
    ):
        async for record in records:
            show(record)


def _check_category(slug: str) -> None:
    """Say at once what may be a mistake; the topics of the workers' own rules are known to the cluster alone.

    Raises:
        SettingsError: No category can have that name.
    """
    from streams.process.categorize.rules import is_name

    if slug in CATEGORIES:
        return
    if not is_name(slug):
        raise SettingsError(f"{slug!r} is no category: {category_meant(slug, CATEGORIES)}")
    logger.info(
        "%r is no category that all have, but may be a topic of your own: %s",
        slug,
        category_meant(slug, CATEGORIES),
    )


def _check_languages(named: Sequence[str]) -> None:
    """Check that headlines can be in these languages: nothing would ever be shown.

    Raises:
        SettingsError: In one of them none can be.
    """
    if not named:
        return
    from streams.process.language import LANGUAGES

    for language in named:
        if language not in LANGUAGES:
            raise SettingsError(
                f"--language {language!r} is none of a headline's: {meant(language, LANGUAGES)}"
            )


def _show_json(record: Any) -> None:
    write_line(record.value or b"null", at_once=True)


def _show_lines(record: Any) -> None:
    """Print two lines for each headline: its metadata, with no word cut at any width, and its text."""
    try:
        headline = _decode(record.value or b"")
    except UNREADABLE as error:
        place = f"{record.topic}/{record.partition}/{record.offset}"
        click.echo(f"ticker: {place}: not a headline: {error}", err=True)
        return
    from rich.text import Text

    from streams.cli.console import Console

    moment = datetime.fromtimestamp(record.timestamp / 1000).astimezone().isoformat(" ", "seconds")
    confidence = f" {headline.topics[0].confidence:.2f}" if headline.topics else ""
    shown = Text.assemble(
        f"{moment}  ",
        (headline.category, "cyan"),
        f"{confidence}  {headline.language}  {isolate(headline.source)}  ",
        (headline.id, "dim"),
        f"\n    {isolate(headline.text)}",
    )
    if headline.updates:
        changes = ", ".join(f"{isolate(each.before)} → {isolate(each.after)}" for each in headline.changes)
        late = "a late update of" if headline.late else "updates"
        shown.append(f"\n    {late} {headline.updates}: {changes}", "yellow")
    Console(highlight=False).print(shown, soft_wrap=True)
