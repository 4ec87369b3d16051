"""`ticker sources check`: visits sources once and shows what would be published, and how politely."""

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from streams.cli.options import settings_options
from streams.cli.output import examples, isolate, json_option, meant, wants_json, write_json
from streams.counted import counted
from streams.errors import InputError, SettingsError
from streams.settings import Settings
from streams.settings.sources import SOURCES_FILE, VISIT_SETTINGS

if TYPE_CHECKING:
    from streams.cli.console import Console
    from streams.produce.extract import Rival
    from streams.sources.registry import Registry, Source
    from streams.sources.visit import Reading

_MOST_RIVALS: Final = 5
DEFAULT_FILE: Final = "sources.toml"


@click.command(
    epilog=examples(
        "ticker sources check --contact desk@newsroom.example",
        "ticker sources check hespress le360 --sources deploy/sources.toml",
        "ticker sources check --json | jq .strip",
    )
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@json_option
@settings_options(SOURCES_FILE, *VISIT_SETTINGS)
def check(ids: tuple[str, ...], as_json: bool, settings: Settings) -> None:
    """Visit the sources of sources.toml once, or those with these ids, and show what would be published.

    Shown are the strip with its slots, its separator and how sure that is, what else on the page could be the strip,
    the cache headers, the rule of robots.txt, and when the next visit would be. Nothing is published or remembered.
    """
    registry, chosen = registry_of(settings, ids)
    readings = asyncio.run(_visit(registry, chosen, settings))
    is_well = True
    for number, (source, reading) in enumerate(zip(chosen, readings, strict=True)):
        rivals = _rivals(source, reading)
        is_well = is_well and reading.strip is not None
        if wants_json(as_json):
            write_json(_as_row(source, reading, rivals))
        else:
            if number:
                click.echo()
            _show(source, reading, rivals)
    if not is_well:
        sys.exit(1)


def registry_of(settings: Settings, ids: Sequence[str]) -> "tuple[Registry, list[Source]]":
    """The registry of the settings' file, else of ./sources.toml, and its sources with these ids, or all.

    Raises:
        SettingsError: The file cannot be used, or has no source with one of the ids.
    """
    from pathlib import Path

    from streams.sources.registry import Registry

    path = settings[SOURCES_FILE] or Path(DEFAULT_FILE)
    registry = Registry(path)
    by_id = {source.id: source for source in registry.sources}
    for name in ids:
        if name not in by_id:
            raise SettingsError(f"{path} has no source {name!r}: {meant(name, by_id)}")
    return registry, [by_id[name] for name in ids] if ids else list(registry.sources)


async def _visit(registry: "Registry", chosen: "Sequence[Source]", settings: Settings) -> "list[Reading]":
    from streams.cli.sources.opening import opened_visitor
    from streams.sources.memory import Memory

    async with opened_visitor(registry, Memory(), settings) as visitor:
        return await asyncio.gather(*(visitor.visit(source) for source in chosen))


def _rivals(source: "Source", reading: "Reading") -> "list[Rival]":
    """The candidates for the strip on a page, the chosen one included; none for a feed."""
    from streams.produce.extract import survey

    visit = reading.visit
    if visit.body is None or visit.kind != "page":
        return []
    try:
        return survey(visit.body, visit.address, separator=source.separator, address=visit.answered_by)
    except InputError:
        return []


def _as_row(source: "Source", reading: "Reading", rivals: "Sequence[Rival]") -> dict[str, Any]:
    visit, strip = reading.visit, reading.strip
    return {
        "source": source.id,
        "address": source.place,
        "answered_by": visit.answered_by,
        "outcome": visit.outcome,
        "status": visit.status,
        "problem": reading.trouble,
        "kind": visit.kind,
        "strip": strip
        and {"separator": strip.separator, "slots": strip.slots, "confidence": strip.confidence},
        "slots": [
            {
                "text": slot.text,
                "truncated": slot.truncated,
                "link": slot.link,
                "published_at": slot.published_at,
            }
            for slot in reading.slots
        ],
        "rivals": [
            {
                "element": rival.element,
                "score": rival.score,
                "why": rival.why,
                "strip": rival.found is not None,
            }
            for rival in rivals
        ],
        "wire_bytes": visit.wire_bytes,
        "body_bytes": visit.body_bytes,
        "seconds": visit.seconds,
        "redirects": visit.redirects,
        "etag": visit.validators.etag,
        "last_modified": visit.validators.last_modified,
        "cache_control": visit.cache_control,
        "retry_after": visit.retry_after,
        "robots": visit.robots,
        "interval": visit.interval,
        "next_at": visit.next_at,
    }


def _show(source: "Source", reading: "Reading", rivals: "Sequence[Rival]") -> None:
    """Print a source for people, in eighty columns."""
    from rich.table import Table
    from rich.text import Text

    from streams.cli.console import Console

    console = Console()
    console.print(Text(source.id, style="bold"), Text(source.place, style="dim"), highlight=False)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    for name, told in _facts(source, reading).items():
        facts.add_row(name, Text(told))
    console.print(facts)
    _show_slots(reading, console)
    if len(rivals) > 1:
        _show_rivals(rivals, console)


def _facts(source: "Source", reading: "Reading") -> dict[str, str]:
    """The facts about a visit, line by line."""
    visit, strip = reading.visit, reading.strip
    facts: dict[str, str] = {}
    status = "" if visit.status is None else f"{visit.status}, "
    facts["visit"] = (
        f"{visit.outcome}: {status}{visit.wire_bytes:,} bytes received, {visit.body_bytes:,} unpacked,"
        f" {visit.seconds:.2f} s, {visit.requests} requests"
    )
    if visit.redirects:
        facts["moved"] = f"redirected to {visit.answered_by}"
    if reading.trouble:
        facts["problem"] = reading.trouble
    if visit.host and visit.is_well:
        facts["caching"] = _caching(reading)
    if visit.robots:
        facts["robots"] = visit.robots
    if visit.retry_after is not None:
        facts["retry"] = f"it asks to be left alone for {visit.retry_after:.0f} s"
    facts["next"] = f"in {max(0.0, (visit.next_at - visit.at) / 1000):.0f} s"
    if strip is not None:
        between = "markup or a mark of their own" if strip.separator is None else repr(strip.separator)
        facts["strip"] = (
            f"{visit.kind}: {counted(len(reading.headlines), 'headline')} in {counted(strip.slots, 'slot')}, between"
            f" them {between}, confidence {strip.confidence:.2f}; {reading.linked} with a link, {reading.dated} with a"
            " time"
        )
        if other := _other_language(source, reading):
            facts["language"] = other
    return facts


def _caching(reading: "Reading") -> str:
    visit = reading.visit
    kept = [
        *(["ETag"] if visit.validators.etag else []),
        *(["Last-Modified"] if visit.validators.last_modified else []),
    ]
    told = " and ".join(kept) or "no validators: every visit costs the whole page"
    return f"{told}; Cache-Control: {visit.cache_control}" if visit.cache_control else told


def _other_language(source: "Source", reading: "Reading") -> str:
    """A warning if most headlines are not in the entry's language."""
    from streams.sources.proposal import language_of

    most = language_of(reading)
    if source.language is None or most in {None, source.language}:
        return ""
    return f"most headlines are {most}, and the entry says {source.language}"


def _show_slots(reading: "Reading", console: "Console") -> None:
    from rich.table import Table
    from rich.text import Text

    if not reading.slots:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("slot", justify="right", style="dim")
    table.add_column("headline", overflow="fold")
    for position, slot in enumerate(reading.slots):
        shown = Text(isolate(slot.text)) if slot.text else Text("(empty)", style="dim")
        if slot.truncated:
            shown.append(" (cut)", style="yellow")
        table.add_row(str(position), shown)
    console.print(table)


def _show_rivals(rivals: "Sequence[Rival]", console: "Console") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("score", justify="right", style="dim")
    table.add_column("could be the strip", overflow="fold", max_width=30)
    table.add_column("why", overflow="fold")
    for rival in rivals[:_MOST_RIVALS]:
        table.add_row(f"{rival.score:.2f}" if rival.found else "-", Text(rival.element), Text(rival.why))
    console.print(table)
