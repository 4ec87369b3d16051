"""`ticker sources`: shows, tries and proposes sources of sources.toml."""

import click

from streams.cli.output import Commands, examples
from streams.cli.sources.add import add
from streams.cli.sources.check import check
from streams.cli.sources.journal import recall, report
from streams.cli.sources.states import show


@click.group(
    cls=Commands,
    commands=[show, check, add, recall, report],
    invoke_without_command=True,
    epilog=examples(
        "ticker sources",
        "ticker sources check",
        "ticker sources check hespress --contact desk@newsroom.example",
        "ticker sources add https://www.hespress.com/ >> sources.toml",
    ),
)
@click.pass_context
def command(context: click.Context) -> None:
    """How every source fares (`list`, or nothing); try them (`check`), propose entries for a site (`add`).

    `recall` holds the sources of a site against each other, `report` says what was asked of its host.
    """
    if context.invoked_subcommand is None:
        context.invoke(show.main, args=[], prog_name=context.command_path, standalone_mode=False)
