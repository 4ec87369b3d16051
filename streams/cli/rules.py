"""The `--rules` option of all commands that categorize, and the reading of its file and the taught topics it names."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from streams.cli.combinations import Refused
from streams.errors import InputError, SettingsError

if TYPE_CHECKING:
    from streams.process.categorize.rules import Rule
    from streams.process.categorize.taught import TaughtTopic

TAUGHT_SUFFIX: Final = ".taught.json"
LARGEST_RULES: Final = 4 << 20
"""The largest rules file, in bytes."""
_LARGEST_TAUGHT: Final = 32 << 20
"""The largest file of a taught topic, in bytes."""

When = Literal["then", "now"]

rules_option = click.option(
    "--rules",
    "rules_path",
    type=click.Path(path_type=Path),
    envvar="TICKER_RULES",
    help="Your own topics, by words, source, pattern or examples (TOML; docs/categories.md). [TICKER_RULES]",
)
taught_option = click.option(
    "--taught",
    type=click.Choice(["then", "now"]),
    default="then",
    show_default=True,
    envvar="TICKER_TAUGHT",
    help="Taught topics: the version that held when a headline was shown, or the one that holds last. [TICKER_TAUGHT]",
)
TAUGHT_ALONE: Final = Refused(
    ("--taught",),
    lambda given: given["rules_path"] is None,
    "is of the taught topics that --rules names; give that too, or leave it out",
)


def read_rules(path: Path | None, taught: When = "then") -> "tuple[Rule, ...]":
    """The rules in a file; none without a file. Raises SettingsError for an invalid file, with the place."""
    from streams.process.categorize.rules import as_now, parse_rules

    if path is None:
        return ()
    try:
        data = read_file(path, LARGEST_RULES)
    except InputError as error:
        raise SettingsError(f"the rules: {error}") from None
    rules = parse_rules(data, str(path), lambda name: read_taught_file(path.parent / name))
    return as_now(rules) if taught == "now" else rules


def read_taught_file(path: Path) -> "TaughtTopic":
    """A taught topic. Raises InputError for an invalid file."""
    from streams.process.categorize.taught import read_taught

    return read_taught(read_file(path, _LARGEST_TAUGHT), str(path))


def read_file(path: Path, most: int) -> bytes:
    """The contents of a file with at most `most` bytes. Raises InputError if it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from None
    if len(data) > most:
        raise InputError(str(path), f"longer than {most:,} bytes")
    return data
