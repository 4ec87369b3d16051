"""What a person on call reads: every command, metric and setting that it names is there."""

import re
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Final

import click
import pytest

from deploy.reference import metrics
from streams.cli import ticker
from streams.settings.table import SETTINGS

_DOCS: Final = Path(__file__).parents[2] / "docs"
_PAGES: Final = [*sorted((_DOCS / "runbooks").glob("*.md")), _DOCS / "operations.md"]
_GIVEN_BY_OTHERS: Final = {"ticker_lag_seconds_max"}
"""What prometheus-adapter makes."""


def _quoted(page: Path) -> list[str]:
    """What a page sets in backticks, blocks left out."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+", " ", quoted) for quoted in re.findall(r"`([^`]+)`", text)]


def _is_taken(arguments: list[str]) -> None:
    """Fail unless `ticker` has the command with these options; what it must be given may be left out."""
    command: click.Command = ticker
    context, left = click.Context(ticker, info_name="ticker"), arguments
    while isinstance(command, click.Group) and left:
        _, found, left = command.resolve_command(context, left)
        assert found is not None
        command, context = found, click.Context(found, parent=context)
    assert command is not ticker, arguments
    with suppress(
        click.BadOptionUsage
    ):  # an option without its value; one that is not there is another error
        command.make_parser(context).parse_args(list(left))


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_a_page_names_commands_and_options_that_are_there(page: Path) -> None:
    """A person who copies one from it is understood."""
    for quoted in _quoted(page):
        if quoted.startswith("ticker "):
            _is_taken(shlex.split(quoted)[1:])


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_a_page_names_metrics_and_settings_that_are_there(page: Path) -> None:
    """A name that was changed takes its pages along."""
    known = {metric.name for metric in metrics()} | _GIVEN_BY_OTHERS
    settings = {setting.name for setting in SETTINGS}
    sections = {name.partition(".")[0] for name in settings if "." in name}
    for quoted in _quoted(page):
        if found := re.fullmatch(r"(ticker_\w+)(\{.*)?", quoted):
            assert found[1] in known
        elif re.fullmatch(r"[a-z]+\.(?!toml|yaml|html)[a-z_]+", quoted):
            assert quoted.partition(".")[0] not in sections or quoted in settings
