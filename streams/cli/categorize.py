"""`ticker categorize`: the media topics of headlines, and what another model or other rules would change."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from schemas.events import TopicScore
from schemas.mediatopics import slug_of
from streams.cli.combinations import Refused, refusing
from streams.cli.lines import Failures, headlines
from streams.cli.output import examples, isolate, json_option, wants_json, write_json
from streams.cli.rules import read_rules, rules_option
from streams.cli.standard import or_standard_input
from streams.errors import InputError, SettingsError, SplitError

if TYPE_CHECKING:
    from streams.process.categorize.flips import Flip
    from streams.process.categorize.model import Categorizer, Reason

_PACKAGED: Final = "packaged"
_SHORTEST_STRIP: Final = 100
_FEWEST_SLOTS: Final = 3
"""The least characters and headlines of a line that is taken for a strip."""


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """The output for one headline; `why` only if it was asked for."""

    text: str
    language: str
    topic: str | None
    topics: tuple[TopicScore, ...]
    why: "tuple[Reason, ...] | msgspec.UnsetType" = msgspec.UNSET


class _CategorizeOrDiff(click.Command):
    """A command that takes a file, and runs the subcommand `diff` if that is its first argument."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        if args[:1] == ["diff"]:
            return _diff.make_context(f"{info_name} diff", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


@click.command(
    cls=_CategorizeOrDiff,
    epilog=examples(
        "ticker categorize headlines.txt",
        "ticker categorize headlines.txt --why --rules topics.toml",
        "tail -f headlines.txt | ticker categorize -",
        "ticker categorize diff packaged topics.toml headlines.txt",
    ),
)
@click.argument("file", metavar="[FILE|-]", required=False, callback=or_standard_input)
@json_option
@click.option("--why", is_flag=True, help="Show the words that decided.")
@click.option("--source", help="The source of the headlines, for rules that ask for one.")
@rules_option
@refusing(
    Refused(
        ("--source",),
        lambda given: given["rules_path"] is None,
        "is for rules that ask for a source; give --rules too, or leave it out",
    ),
)
def command(file: str, as_json: bool, why: bool, source: str | None, rules_path: Path | None) -> None:
    """The media topics of headlines: a headline a line in (from standard input with -), a row out.

    A topic is null, and the category `uncategorised`, where none is sure enough.
    `ticker categorize diff OLD NEW` shows what another model or other rules would change.
    """
    from streams.process.categorize.model import Categorizer

    categorizer = Categorizer(rules=read_rules(rules_path))
    failures = Failures()
    texts = _told_of_strips(headlines(file, failures))
    rows = (_row(categorizer, text, source=source, why=why) for text in texts)
    if wants_json(as_json):
        for row in rows:
            write_json(row, at_once=file == "-")
    else:
        _print_rows(list(rows), why=why)
    failures.exit()


def _told_of_strips(texts: Iterable[str]) -> Iterator[str]:
    """Pass on the texts; warn on standard error if the first is a whole strip, not a headline."""
    from streams.produce.split import split

    told = False
    for text in texts:
        if not told and len(text) >= _SHORTEST_STRIP:
            with suppress(SplitError):
                slots = sum(bool(slot.text) for slot in split(text).slots)
                told = slots >= _FEWEST_SLOTS
                if told:
                    said = f"a line is a strip of {slots} headlines, and taken for one"
                    click.echo(f"ticker: {said}; `ticker run FILE` splits it first", err=True)
        yield text


@click.command(
    name="diff",
    epilog=examples(
        "ticker categorize diff packaged candidate.json headlines.txt",
        "ticker categorize diff old-topics.toml new-topics.toml headlines.txt --json",
        "cat headlines.txt | ticker categorize diff packaged topics.toml -",
    ),
)
@click.argument("old")
@click.argument("new")
@click.argument("file", metavar="[FILE|-]", required=False, callback=or_standard_input)
@json_option
def _diff(old: str, new: str, file: str, as_json: bool) -> None:
    """The headlines whose topic changes from OLD to NEW, and how many went which way.

    OLD and NEW are each `packaged` (the model that came with ticker), a model file (.json), or a rules
    file (.toml) on top of the packaged model. Headlines are read a line each.
    """
    from streams.process.categorize.flips import flips

    before, after = _categorizer(old), _categorizer(new)
    failures = Failures()
    found = flips(headlines(file, failures), before, after)
    if wants_json(as_json):
        for flip in found:
            write_json(flip)
    else:
        _print_flips(list(found))
    failures.exit()


def _categorizer(name: str) -> "Categorizer":
    from streams.process.categorize.model import Categorizer, read_model

    if name == _PACKAGED:
        return Categorizer()
    path = Path(name)
    match path.suffix:
        case ".toml":
            return Categorizer(rules=read_rules(path))
        case ".json":
            try:
                return Categorizer(read_model(path.read_bytes(), name))
            except OSError as error:
                raise InputError(name, f"the model cannot be read: {error.strerror}") from None
        case _:
            raise SettingsError(f"{name}: give `{_PACKAGED}`, a model file (.json) or a rules file (.toml)")


def _row(categorizer: "Categorizer", text: str, *, source: str | None, why: bool) -> _Row:
    from streams.process.fold import fold
    from streams.process.language import detect

    folded = fold(text)
    language = detect(folded)
    categories = categorizer.categorize(text, folded, language, source)
    return _Row(
        text=text,
        language=language,
        topic=categories.topic,
        topics=categories.topics,
        why=categorizer.why(text, folded, language, source) if why else msgspec.UNSET,
    )


def _print_rows(rows: Sequence[_Row], *, why: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from streams.cli.console import Console

    table = Table("headline", "", "topic", "topics", *(["why"] if why else []), show_lines=why)
    for row in rows:
        topics = ", ".join(f"{slug_of(score.topic)} {score.confidence:.2f}" for score in row.topics)
        cells = [isolate(row.text), row.language, slug_of(row.topic), topics]
        if row.why is not msgspec.UNSET:
            cells.append(", ".join(said(reason) for reason in row.why))
        table.add_row(*map(Text, cells))
    Console().print(table)


def said(reason: "Reason") -> str:
    """A reason as a short text: the words of the headline, the rule, and the weight."""
    if reason.rule is not None:
        weight = f" {reason.weight:+.1f}" if reason.weight else ""
        return f"rule {reason.rule}: {isolate(reason.words)}{weight}"
    return f"{isolate(reason.words)} {reason.weight:+.1f}"


def _print_flips(found: "Sequence[Flip]") -> None:
    from rich.table import Table
    from rich.text import Text

    from streams.cli.console import Console
    from streams.process.categorize.flips import flips_by_topic

    headlines = Table("headline", "", "old", "new")
    for flip in found:
        headlines.add_row(Text(isolate(flip.text)), flip.language, slug_of(flip.old), slug_of(flip.new))
    counts = Table("old", "new", "headlines")
    for old, new, count in flips_by_topic(found):
        counts.add_row(slug_of(old), slug_of(new), str(count))
    console = Console()
    console.print(headlines)
    console.print(counts)
