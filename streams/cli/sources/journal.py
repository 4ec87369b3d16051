"""`ticker sources report` and `recall`: reports from the journal of visits."""

import time
from typing import TYPE_CHECKING

import click

from streams.cli.options import settings_options
from streams.cli.output import examples, isolate, json_option, meant, wants_json, write_json
from streams.errors import TickerError
from streams.settings import Settings
from streams.settings.sources import SOURCES_CONTACT, SOURCES_STATE

if TYPE_CHECKING:
    from streams.sources.recall import Recall


@click.command(epilog=examples("ticker sources report www.hespress.com > report.md", "ticker sources report"))
@click.argument("host", required=False)
@settings_options(SOURCES_STATE, SOURCES_CONTACT)
def report(host: str | None, settings: Settings) -> None:
    """What was asked of a host within a month, as a page in Markdown that one can send to its owner; or of all hosts.

    Requests, the share of visits that brought nothing else, bytes, the smallest distance between two requests, the rule
    of robots.txt, and whether Retry-After was kept.
    """
    from streams.sources.journal import read_days
    from streams.sources.report import report as write

    days, pauses = read_days(settings[SOURCES_STATE])
    page = write(days, pauses, host=host, contact=settings[SOURCES_CONTACT])
    if not page:
        known = ", ".join(sorted({day.host for day in days})) or "none"
        raise TickerError(f"nothing was asked of {host or 'any host'}; hosts in the journal: {known}")
    click.echo(page, nl=False)


@click.command(epilog=examples("ticker sources recall", "ticker sources recall hespress --json | jq .missed"))
@click.argument("site", required=False)
@json_option
@settings_options(SOURCES_STATE)
def recall(site: str | None, as_json: bool, settings: Settings) -> None:
    """Hold the strip, the feed and the sitemap of each site against each other: what each missed, and how late it was.

    A site is what its sources in sources.toml have as `site`, the host where nothing is said. Headlines of the last
    week count, once the others have had six hours to show them.
    """
    from streams.sources.journal import read_headlines
    from streams.sources.recall import recall as held

    found = held(read_headlines(settings[SOURCES_STATE]), now=time.time_ns() // 1_000_000)
    sites = {each.site for each in found}
    if site is not None and found and site not in sites:
        raise TickerError(f"no site {site!r} has several sources to compare: {meant(site, sites)}")
    found = [each for each in found if site in {None, each.site}]
    if not found:
        raise TickerError(
            "no site has several sources that were read for six hours; give them the same `site`"
        )
    for each in found:
        if wants_json(as_json):
            write_json(each)
        else:
            _show(each)


def _show(found: "Recall") -> None:
    share = found.shown / found.headlines if found.headlines else 1.0
    late = (
        "" if found.late is None else f", {found.late:.0f} s late at the median, {found.latest:.0f} s at most"
    )
    click.echo(
        f"{isolate(found.site)}  {isolate(found.source)}: {found.shown:,} of {found.headlines:,} headlines"
        f" ({share:.0%}){late}"
    )
    for text in found.missed:
        click.echo(f"    missed: {isolate(text)}")
