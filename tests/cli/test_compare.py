"""`ticker compare` says how two headlines relate, to people and to programs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from streams.cli import compare as module
from streams.cli.compare import command


def _rows(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_pipe_gets_a_line_of_json() -> None:
    """Without a terminal, the relation, rule and detail come as JSON, changes with an update."""
    result = CliRunner().invoke(command, ["3 dead in mine fire", "9 dead in mine fire"])
    assert result.exit_code == 0
    (row,) = _rows(result.stdout)
    assert (row["relation"], row["rule"], row["detail"]) == ("update", "toll", "3 → 9")
    assert row["changes"] == [{"kind": "toll", "before": "3", "after": "9"}]


def test_pairs_come_on_standard_input() -> None:
    """With -, each line of standard input is answered with a line, in its order."""
    pairs = [
        {"a": "حريق بميناء آسفي", "b": "عاجل: حريق بميناء أسفي"},
        {"a": "Le port rouvre", "b": "Le port ne rouvre pas"},
        {"a": "Port reopens on Monday", "b": "Port reopens on Friday"},
    ]
    lines = "\n\n".join(json.dumps(pair) for pair in pairs)
    result = CliRunner().invoke(command, ["--json", "-"], input=lines)
    assert result.exit_code == 0
    assert [row["relation"] for row in _rows(result.stdout)] == ["duplicate", "distinct", "update"]
    assert all({"relation", "rule", "detail"} <= row.keys() for row in _rows(result.stdout))


@pytest.mark.parametrize(
    "line",
    [b"nope", b"[1]", b'{"a": "x"}', b'{"a": "x", "b": 1}', b'{"a": "x", "b": " "}', b"\xff{}", b'"a"'],
)
def test_a_malformed_line_is_named_and_the_rest_processed(line: bytes) -> None:
    """A line without a pair is an error that names it; the others are answered; the exit code is 1."""
    good = b'{"a": "Port reopens", "b": "Port reopens"}'
    result = CliRunner().invoke(command, ["--json", "-"], input=b"\n".join([good, line, good]))
    assert result.exit_code == 1
    assert [row["rule"] for row in _rows(result.stdout)] == ["exact", "exact"]
    assert "standard input, line 2" in result.stderr


def test_one_headline_is_wrong_usage() -> None:
    """A single headline is no pair: exit code 2, and what to do."""
    result = CliRunner().invoke(command, ["Port reopens"])
    assert result.exit_code == 2
    assert "Name two headlines" in result.stderr


def test_a_terminal_shows_the_alignment(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the relation stands first, then every stretch of words, each in its own direction."""
    monkeypatch.setattr(module, "wants_json", lambda _: False)
    result = CliRunner().invoke(
        command, ["حريق بميناء آسفي يخلف 3 قتلى", "كيوسك: حريق بميناء آسفي يخلف 7 قتلى"], terminal_width=100
    )
    assert result.exit_code == 0
    first, *lines = result.stdout.splitlines()
    assert first.startswith("update by the rule toll")
    assert any("retagged" in line and "\u2068كيوسك\u2069" in line for line in lines)
    assert any("fact" in line and "\u20683\u2069" in line and "\u20687\u2069" in line for line in lines)


def test_exact_duplicates_need_no_alignment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that fold to the same text are said to, in one line."""
    monkeypatch.setattr(module, "wants_json", lambda _: False)
    result = CliRunner().invoke(command, ["PORT REOPENS", "Port reopens!"])
    assert result.stdout.splitlines() == [
        "duplicate by the rule exact (\u2068the folded texts are equal\u2069), score 1.0"
    ]


def test_the_command_is_found() -> None:
    """`ticker compare` runs from the command line."""
    ticker = Path(sys.executable).with_name("ticker")
    done = subprocess.run([ticker, "compare", "a b c", "a b c"], capture_output=True, check=True)
    assert json.loads(done.stdout)["rule"] == "exact"
