"""`ticker sources add`: proposes entries of sources.toml for a site."""

import asyncio
import sys

import click

from streams.cli.options import settings_options
from streams.cli.output import examples
from streams.settings import Settings
from streams.settings.sources import SETTINGS as SOURCES


@click.command(
    epilog=examples(
        "ticker sources add https://www.hespress.com/ --contact desk@newsroom.example",
        "ticker sources add https://www.hespress.com/ >> sources.toml",
    )
)
@click.argument("address")
@click.option("--allow-private", is_flag=True, help="The site is in a private network, or on this machine.")
@settings_options(*SOURCES)
def add(address: str, allow_private: bool, settings: Settings) -> None:
    """Propose entries for a site: its page, the feeds that the page names, its news sitemap.

    Written as TOML, with what was found as comments: the strip, links and times, and how many of the page's headlines
    each of the others shows too. Sites of which page, feed and sitemap are all read can be held against each other.
    """
    from streams.sources.proposal import as_toml, propose
    from streams.sources.registry import address_problem

    if problem := address_problem(address):
        raise click.UsageError(problem)

    async def run() -> bool:
        from streams.cli.sources.opening import opened_visitor
        from streams.sources.memory import Memory

        async with opened_visitor(None, Memory(), settings) as visitor:
            proposals = await propose(address, visitor, allow_private=allow_private)
        click.echo(as_toml(proposals), nl=False)
        return any(each.reading.strip is not None for each in proposals)

    if not asyncio.run(run()):
        sys.exit(1)
