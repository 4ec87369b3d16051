"""`ticker explain`: why a headline was published or dropped as a duplicate."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.mediatopics import slug_of
from streams.cli.categorize import said
from streams.cli.combinations import Refused, refusing
from streams.cli.options import KAFKA_FLAGS, kafka_options
from streams.cli.output import examples, isolate, json_option, wants_json, write_json
from streams.cli.rules import read_rules, rules_option
from streams.counted import counted
from streams.errors import InputError
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.explain.explanation import Evidence, Explanation, Known


@click.command(
    epilog=examples(
        'ticker explain "3 dead in bus crash near Ouarzazate"',
        "ticker explain 3f9a1c0de45b7a210c88-3 --json",
        "ticker run page.html --dropped --json > run.jsonl; ticker explain 3f9a1c0de45b7a210c88-3 --run run.jsonl",
    )
)
@click.argument("query", metavar="ID|TEXT")
@click.option(
    "--run", "run_file", metavar="FILE|-", help="Explain from the output of `ticker run --dropped`."
)
@rules_option
@json_option
@kafka_options()
@refusing(
    Refused(
        KAFKA_FLAGS,
        lambda given: given["run_file"] is not None,
        "is of a cluster, and --run explains from a file; leave one out",
    ),
)
def command(
    query: str, run_file: str | None, rules_path: Path | None, as_json: bool, settings: Settings
) -> None:
    """Say what became of a headline: published, an update, or swallowed, by what, when and by which rule.

    Looks at the topics of a cluster, or at the output of a run. Exact duplicates are only counted on a cluster:
    ask by their text. With the workers' --rules it says which of your own topics took it, taught ones with their
    version as it was then, and by which words. Exit code 1 when nothing is known of the headline.
    """
    from streams.explain.explanation import explain, reasoned
    from streams.process.categorize.model import Categorizer

    if not query.strip():
        raise click.UsageError("the headline is empty; give its id or its text")
    categorizer = Categorizer(rules=read_rules(rules_path))
    explanation = reasoned(explain(query, _evidence(run_file, settings)), categorizer)
    if wants_json(as_json):
        write_json(explanation)
    else:
        _tell(explanation)
    if explanation.outcome == "unknown":
        sys.exit(1)


def _evidence(run_file: str | None, settings: Settings) -> "Evidence":
    from streams.explain.gather import from_cluster, from_run

    if run_file == "-":
        return from_run(sys.stdin.buffer, "standard input")
    if run_file is not None:
        try:
            with Path(run_file).open("rb") as file:
                return from_run(file, run_file)
        except OSError as error:
            raise InputError(run_file, f"cannot be read: {error.strerror}") from None
    return asyncio.run(
        from_cluster(settings.connection(), prefix=settings[TOPIC_PREFIX], patience=settings[PATIENCE])
    )


def _tell(explanation: "Explanation") -> None:
    _tell_outcome(explanation)
    _tell_why(explanation)
    for each in explanation.corrections:
        click.echo(
            f"Corrected {each.corrected_at} by {isolate(each.by)}: {each.kind}, because {isolate(each.why)} ({each.id})"
        )


def _tell_why(explanation: "Explanation") -> None:
    if explanation.headline is not None and explanation.headline.model:
        click.echo(f"  categorized by {explanation.headline.model}")
    if explanation.why:
        reasons = ", ".join(map(said, explanation.why))
        other = f" (says {explanation.why_by}, another version)" if explanation.why_by else ""
        click.echo(f"  {slug_of(explanation.why[0].topic)} because of {reasons}{other}")


def _tell_outcome(explanation: "Explanation") -> None:
    headline, swallowed = explanation.headline, explanation.swallowed
    if explanation.outcome == "unknown":
        click.echo("Nothing is known of it: never seen, or longer ago than the topics remember.")
        return
    if swallowed is not None:
        click.echo(f"Swallowed as a {explanation.outcome}, rule {swallowed.rule}:")
        click.echo(f"  {isolate(swallowed.text)}")
        click.echo(f"  seen {swallowed.observed_at} at {swallowed.source}, id {swallowed.id}")
        if swallowed.detail:
            click.echo(f"  {isolate(swallowed.detail)}")
        click.echo("because readers have:" if headline else f"because of {swallowed.winner}, long gone.")
    elif headline is not None:
        click.echo("Published as an update:" if headline.updates else "Published:")
    if headline is None:
        return
    _tell_headline(headline)
    for variant in explanation.variants:
        click.echo(f"It also swallowed, by rule {variant.rule}: {isolate(variant.text)} ({variant.source})")
    for update in explanation.updated_by:
        click.echo(f"It was updated by {update.id}: {isolate(update.text)}")


def _tell_headline(headline: "Known") -> None:
    click.echo(f"  {isolate(headline.text)}")
    click.echo(
        f"  first seen {headline.observed_at} at {headline.source}, id {headline.id}, {slug_of(headline.topic)}"
    )
    if headline.sightings is not None:
        sources = ", ".join(headline.sources)
        click.echo(f"  seen {counted(headline.sightings, 'time')} until {headline.last_seen} at {sources}")
    if headline.updates is not None:
        changes = ", ".join(f"{isolate(c.before)} → {isolate(c.after)}" for c in headline.changes)
        click.echo(f"  updates {headline.updates}: {changes}")
