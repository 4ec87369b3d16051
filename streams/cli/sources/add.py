"""`ticker sources add`: proposes entries of sources.toml for a site."""

import asyncio
from typing import TYPE_CHECKING

import click

from streams.cli.options import settings_options
from streams.cli.output import examples
from streams.errors import InputError
from streams.settings import Settings
from streams.settings.sources import SOURCES_CONTACT, SOURCES_DISTANCE

if TYPE_CHECKING:
    from streams.sources.proposal import Proposed
    from streams.sources.visit import Reading


@click.command(
    epilog=examples(
        "ticker sources add https://www.hespress.com/ --contact desk@newsroom.example",
        "ticker sources add https://www.hespress.com/ >> sources.toml",
    )
)
@click.argument("address")
@click.option("--allow-private", is_flag=True, help="The site is in a private network, or on this machine.")
@settings_options(SOURCES_CONTACT, SOURCES_DISTANCE)
def add(address: str, allow_private: bool, settings: Settings) -> None:
    """Propose entries for a site: its page, the feeds that the page names, its news sitemap.

    Written as TOML, with what was found as comments: the strip, links and times, and how many of the page's headlines
    each of the others shows too. Sites of which page, feed and sitemap are all read can be held against each other.
    Nothing is written, and the exit code is 1, if the address cannot be visited or nothing there has headlines.
    """
    from streams.sources.proposal import as_toml, propose
    from streams.sources.registry import address_problem

    if problem := address_problem(address):
        raise click.UsageError(problem)

    async def run() -> "list[Proposed]":
        from streams.cli.sources.opening import opened_visitor
        from streams.sources.memory import Memory

        async with opened_visitor(None, Memory(), settings) as visitor:
            return await propose(address, visitor, allow_private=allow_private)

    proposals = asyncio.run(run())
    if all(each.reading.strip is None for each in proposals):
        raise InputError(address, _why_nothing(proposals[0].reading))
    click.echo(as_toml(proposals), nl=False)


def _why_nothing(reading: "Reading") -> str:
    """Why there is nothing to propose of the address, and what to do."""
    visit = reading.visit
    if visit.body is not None:
        return (
            f"{reading.trouble or 'it shows no headlines'}; save the page, see what `ticker split --all` finds in it,"
            " and write an entry with a selector"
        )
    if "--allow-private" in visit.problem:
        return visit.problem
    match visit.outcome:
        case "forbidden" if visit.requests and visit.robots.startswith("robots.txt forbids"):
            todo = "name another page or a feed of the site, or ask its owner"
        case "refused":
            todo = "look at it in a browser, and name another page or a feed of the site"
        case _:
            todo = "check the address, or try again later"
    return f"cannot be visited: {visit.problem}; {todo}"
