"""On a terminal nothing that comes from outside is obeyed, whichever way it comes; pipes stay JSON."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.terminal import visible
from tests.command import on_terminal, rows, ticker

HOSTILE = "Rain\x1b[2J \x1b]0;owned\x07\u009b31m \u202eback \x00\u2066wards"
OURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""Colours and movements, which rich makes itself."""
OBEYED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067]")


def _shown(*arguments: str | Path) -> str:
    shown = on_terminal(*arguments)
    assert "\x1b[2J" not in shown
    assert not OBEYED.search(OURS.sub("", shown))
    return shown


def _strips(tmp_path: Path, **fields: str) -> Path:
    path = tmp_path / "strips.jsonl"
    line = {
        "source": "a",
        "observed_at": "2026-03-11T08:00:00Z",
        "text": f"{HOSTILE} today | Dry again on Friday",
    }
    path.write_text(json.dumps(line | fields | {"separator": "|"}) + "\n")
    return path


def test_headlines_are_text(tmp_path: Path) -> None:
    """In tables, in JSON on a terminal, and in what is published."""
    path = _strips(tmp_path)
    assert "Dry again" in _shown("run", path)
    assert "Dry again" in _shown("run", path, "--json")
    for row in rows(ticker("run", path)):
        assert not OBEYED.search(row["text"])


@pytest.mark.parametrize("fields", [{"source": HOSTILE}, {"observed_at": HOSTILE}])
def test_errors_are_text(tmp_path: Path, fields: dict[str, str]) -> None:
    """Also where they quote what was wrong."""
    assert "strips.jsonl:1: " in _shown("run", _strips(tmp_path, **fields))


def test_arguments_and_file_names_are_text(tmp_path: Path) -> None:
    """They may come from a script, or from whoever named the file; a name need not be UTF-8."""
    _shown("compare", HOSTILE.replace("\x00", ""), "Rain again")
    name = os.fsencode(tmp_path) + b"/\xe9\x1b[2J.txt"
    Path(os.fsdecode(name)).write_text("Rain returns to the coast | Port reopens today | Dry again on Friday")
    assert "source: " in _shown("run", Path(os.fsdecode(name)))
    assert ticker("run", Path(os.fsdecode(name))).returncode == 1


@given(st.text())
def test_text_is_visible_and_stays_so(text: str) -> None:
    """Nothing that is obeyed is left, and what could be seen is as it was."""
    seen = visible(text)
    assert not OBEYED.search(seen)
    assert visible(seen) == seen
    assert seen.encode().decode() == seen
