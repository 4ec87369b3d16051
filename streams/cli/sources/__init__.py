"""`ticker sources`: what is in sources.toml, tried and proposed."""

import click

from streams.cli.output import examples
from streams.cli.sources.check import check


@click.group(
    commands=[check],
    epilog=examples(
        "ticker sources check",
        "ticker sources check hespress --contact desk@newsroom.example",
    ),
)
def command() -> None:
    """Try the sources of sources.toml: `check` visits them once and shows what would be published."""
