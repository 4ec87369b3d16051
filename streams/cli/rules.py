"""The `--rules` option, alike on every command that categorizes, and the reading of its file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.errors import SettingsError

if TYPE_CHECKING:
    from streams.process.categorize.rules import Rule

rules_option = click.option(
    "--rules",
    "rules_path",
    type=click.Path(path_type=Path),
    envvar="TICKER_RULES",
    help="Your own topics, by words, source or pattern (TOML; docs/categories.md).",
)


def read_rules(path: Path | None) -> "tuple[Rule, ...]":
    """The rules in a file, none without a file; a SettingsError says what is wrong with it and where."""
    from streams.process.categorize.rules import parse_rules

    if path is None:
        return ()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: the rules cannot be read: {error.strerror}") from None
    return parse_rules(data, str(path))
