"""The command line as a whole: every command documented, with an example, and quick to start."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from streams.cli import COMMANDS, ticker
from tests import command


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A command and all below it, as they are typed."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _commands(below, (*path, name))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    """`ticker COMMAND --help` shows a line that can be typed, and so does each command below it."""
    top = ticker.get_command(click.Context(ticker), name)
    assert top is not None
    for path in _commands(top, (name,)):
        done = CliRunner().invoke(ticker, [*path, "--help"], prog_name="ticker")
        assert done.exit_code == 0
        assert f"ticker {name}" in done.output
        assert "Examples:" in done.output or "Commands:" in done.output, path


def test_help_lists_every_command() -> None:
    """`ticker --help` is the index."""
    shown = command.ticker("--help").stdout.decode()
    assert all(name in shown for name in COMMANDS)


def test_the_command_line_loads_nothing_heavy() -> None:
    """Clients, parsers and models are imported by the commands that use them."""
    code = "import sys, streams.cli; print(sorted({m.partition('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.decode()
    for heavy in ("faust", "aiokafka", "aiohttp", "rich", "selectolax", "rapidfuzz", "prometheus_client"):
        assert f"'{heavy}'" not in loaded
