"""The command line as a whole: every command documented, with an example, and quick to start."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from streams.cli import COMMANDS, ticker
from streams.cli.output import fitted
from streams.settings.table import SETTINGS
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


def _unexplained(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The options without a help of a command and of all below it."""
    for option in command.params:
        if isinstance(option, click.Option) and not option.help:
            yield (*path, *option.opts)
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _unexplained(below, (*path, name))


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


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    """No option shows only its name and default."""
    top = ticker.get_command(click.Context(ticker), name)
    assert top is not None
    assert list(_unexplained(top, (name,))) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_terminal_of_eighty_columns(name: str) -> None:
    """No line of it is wider, examples included, which are continued with a backslash."""
    top = ticker.get_command(click.Context(ticker), name)
    assert top is not None
    for path in (), *_commands(top, (name,)):
        shown = CliRunner().invoke(ticker, [*path, "--help"], prog_name="ticker", terminal_width=80).output
        assert [line for line in shown.splitlines() if len(line) > 80] == []
        assert [line for line in shown.splitlines() if re.search(r"\w-$", line)] == [], "a word in two lines"


@pytest.mark.parametrize(
    "line",
    [
        "ticker topics check",
        "ticker replay plan decisions --language ar --text 'the quay of Tangier' --to-config staging.toml --speed 10x",
        "ticker run strips.jsonl --dropped --json > new.jsonl && ticker replay diff old.jsonl new.jsonl --markdown",
        """echo '{"a": "Port reopens", "b": "Port reopens today"}' | ticker compare --json - | jq .outcome""",
    ],
)
def test_a_long_example_is_typed_as_it_is_shown(line: str) -> None:
    """A shell reads the continued lines as the one that was meant, and no value is parted from its option."""
    lines = fitted(line)
    assert shlex.split("\n".join(lines).replace("\\\n", "")) == shlex.split(line)
    assert all(len(each) <= 76 for each in lines)
    assert not any(each.split()[-2].startswith("--to") for each in lines[:-1])


def _flags(command: click.Command) -> Iterator[str]:
    """The flags of a command and of all below it, but for hidden ones, which are refused."""
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            yield from option.opts
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            yield from _flags(below)


def test_every_flag_of_a_setting_is_one_of_some_command() -> None:
    """`docs/settings.md` lists them: one that no command takes would be looked for in vain."""
    offered = set(_flags(ticker))
    assert [each.flag for each in SETTINGS if each.flag and each.flag not in offered] == []


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


@pytest.mark.parametrize("name", COMMANDS)
def test_a_list_of_commands_shows_whole_sentences(name: str) -> None:
    """What a command does is not cut after a line, however narrow the terminal is."""
    group = ticker.get_command(click.Context(ticker), name)
    if isinstance(group, click.Group):
        shown = CliRunner().invoke(ticker, [name, "--help"], prog_name="ticker", terminal_width=60).output
        below = shown.partition("Commands:")[2].partition("Examples:")[0]
        assert "..." not in below


@pytest.mark.parametrize(
    "typed",
    [
        ("run", "--window", "nan"),
        ("run", "--window", "inf"),
        ("canary", "--every", "nan"),
        ("dev", "--every", "inf"),
        ("consume-check", "--group", "desk", "--seconds", "nan"),
        ("run", "--window", "1e300"),
    ],
)
def test_a_number_without_bounds_is_refused(typed: tuple[str, ...]) -> None:
    """Not a number is between no bounds, and infinity is no length of time: the message names the option."""
    done = CliRunner().invoke(ticker, typed, prog_name="ticker")
    assert done.exit_code == 2
    assert typed[-2] in done.output


def test_a_flag_is_validated_though_the_command_does_not_read_it() -> None:
    """A file is explained without Kafka, and a wrong `--patience` is refused nevertheless."""
    done = command.ticker("explain", "rain", "--run", "nosuch.jsonl", "--patience", "x")
    assert done.returncode == 2
    assert b"patience: 'x' of --patience is not allowed; allowed: seconds" in done.stderr


def test_a_flag_without_a_default_shows_none() -> None:
    """An empty list is no default to show."""
    assert "()" not in CliRunner().invoke(ticker, ["serve", "--help"]).output


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            ("explain", "a headline", "--run", "nosuch/run.jsonl"),
            "nosuch/run.jsonl: cannot be read: No such file",
        ),
        (
            ("bench", "local", "--csv", "nosuch/rows.csv"),
            "--csv nosuch/rows.csv: cannot be written: No such file",
        ),
    ],
)
def test_a_file_that_cannot_be_opened_is_no_fault_of_ours(typed: tuple[str, ...], said: str) -> None:
    """The message names the file and why, before any work is done for it."""
    done = command.ticker(*typed)
    assert done.returncode in {1, 2}
    assert done.stdout == b""
    assert f"ticker: {said}" in done.stderr.decode()
