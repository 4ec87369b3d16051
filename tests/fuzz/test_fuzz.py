"""A little of `make fuzz` in every run, and what it found before."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.errors import SettingsError
from streams.process.categorize.rules import parse_rules
from streams.produce.positions import Positions
from tests.fuzz.__main__ import command


def test_thousands_of_broken_inputs_are_answered() -> None:
    """All that reads from outside takes any bytes, and raises what is written down or nothing."""
    result = CliRunner().invoke(command, ["--inputs", "6000", "--seed", "7"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    "kept",
    [b'{"digest":"\xff"}', b'{"offset":-1}', b'{"offset":9223372036854775808}', b'{"length":4000000000}'],
)
def test_a_position_that_means_nothing_is_none(tmp_path: Path, kept: bytes) -> None:
    """Bytes that are no text, places before a file or beyond any, a line that would not fit into memory."""
    path = tmp_path / "strips.jsonl.position"
    path.write_bytes(kept)
    assert Positions(tmp_path / "strips.jsonl").recall() is None


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 1000])
def test_a_rules_file_that_no_parser_takes_is_refused(value: str) -> None:
    """A number too long for Python, lists in lists without end."""
    with pytest.raises(SettingsError, match="this is not TOML"):
        parse_rules(f"[topics.own]\nwords = {value}".encode(), "rules.toml")
