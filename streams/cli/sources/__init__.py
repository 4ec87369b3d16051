"""`ticker sources`: what is in sources.toml, tried and proposed."""

import click

from streams.cli.output import examples
from streams.cli.sources.add import add
from streams.cli.sources.check import check


@click.group(
    commands=[check, add],
    epilog=examples(
        "ticker sources check",
        "ticker sources check hespress --contact desk@newsroom.example",
        "ticker sources add https://www.hespress.com/ >> sources.toml",
    ),
)
def command() -> None:
    """Try the sources of sources.toml (`check`), and propose entries for a site (`add`)."""
