"""The command line as a whole: every command documented, with an example, and quick to start."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from streams.cli import COMMANDS, ticker
from tests import command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    """`ticker COMMAND --help` shows a line that can be typed."""
    done = CliRunner().invoke(ticker, [name, "--help"], prog_name="ticker")
    assert done.exit_code == 0
    assert f"ticker {name}" in done.output
    assert "Examples:" in done.output or "Commands:" in done.output


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
