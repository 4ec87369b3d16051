"""A little of `make fuzz` in every run, and what it found before."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from schemas.headers import CORRECTION_KEY
from streams.engine.kafka.positions import offset_of
from streams.errors import RecordError, SettingsError
from streams.process.categorize.rules import parse_rules
from streams.process.dedup.deduplicator import Deduplicator
from streams.produce.positions import Positions
from streams.stage import RawRecord
from tests.fuzz.__main__ import command
from tests.support import START


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


NESTED = b'{"type":' + b"[" * 2000


def test_lists_in_lists_without_end_are_refused_as_any_rubbish_is() -> None:
    """No decoder goes deeper than a thousand: that is told as what cannot be read, and ends nothing else."""
    record = RawRecord(b"k", NESTED, START, [])
    with pytest.raises(RecordError, match="not a position"):
        offset_of(record, "ticker.positions/0/0")
    with pytest.raises(RecordError, match="cannot be read"):
        Deduplicator().restore([record])
    with pytest.raises(RecordError, match="cannot be read"):
        Deduplicator().restore([replace(record, key=CORRECTION_KEY + b"x")])
