"""`ticker categorize`: a headline a line in, a JSON line out."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas.mediatopics import TOPIC_BY_SLUG
from streams.cli.categorize import command
from streams.errors import SettingsError, TickerError

GREVE = "Grève générale : les syndicats maintiennent la pression"
MATCH = "المنتخب يفوز في مباراة كأس العالم"


def run(*arguments: str, stdin: str | bytes = b"") -> Result:
    """The command as a user types it, with standard output in a pipe."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    return CliRunner().invoke(command, list(arguments), input=data)


def rows(result: Result) -> list[dict[str, Any]]:
    """What was written, line by line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def headlines(tmp_path: Path) -> Path:
    """A file of headlines with an empty line."""
    path = tmp_path / "headlines.txt"
    path.write_text(f"{GREVE}\n\n{MATCH}\nzzgrmpf qwxyt\n", encoding="utf-8")
    return path


def test_each_headline_is_one_line_with_exactly_these_fields(headlines: Path) -> None:
    """The contract with whoever reads the pipe."""
    first, second, third = rows(run(str(headlines)))
    assert list(first) == ["text", "language", "topic", "topics"]
    assert (first["text"], first["language"]) == (GREVE, "fr")
    assert first["topic"] == TOPIC_BY_SLUG["labour"]
    assert list(first["topics"][0]) == ["topic", "confidence"]
    assert second["topic"] == TOPIC_BY_SLUG["sport"]
    assert third["topic"] is None


def test_a_strip_is_told_once() -> None:
    """Several headlines in one line are one row, and a word on what splits them; one headline with bars is not told."""
    strip = f"{GREVE} | Le port rouvre après deux jours de tempête | Un musée de la mer à Safi"
    result = run(stdin=f"{GREVE} | LCI\n{strip}\n{strip}\n")
    assert len(rows(result)) == 3
    assert result.stderr == (
        "ticker: a line is a strip of 3 headlines, and taken for one; `ticker run FILE` splits it first\n"
    )


@pytest.mark.parametrize("arguments", [[], ["-"]], ids=["nothing named", "a dash"])
def test_standard_input_is_read(arguments: list[str]) -> None:
    """A pipe needs no file."""
    assert [row["text"] for row in rows(run(*arguments, stdin=f"{MATCH}\n"))] == [MATCH]


def test_why_shows_the_words_that_decided(headlines: Path) -> None:
    """Each with its topic and its weight."""
    why = rows(run(str(headlines), "--why"))[0]["why"]
    assert why[0].keys() == {"words", "topic", "weight"}
    assert "greve" in {reason["words"] for reason in why}


def test_rules_add_topics(headlines: Path, tmp_path: Path) -> None:
    """The users' own topics come from a file."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[topics.own]\nwords = "zzgrmpf"\n')
    assert rows(run(str(headlines), "--rules", str(rules)))[2]["topic"] == "user:own"


def test_rules_are_checked_before_the_first_headline(tmp_path: Path) -> None:
    """A mistake is named with file, table and key, and nothing is written."""
    rules = tmp_path / "rules.toml"
    rules.write_text("[topics.own]\nword = 1\n")
    result = run("--rules", str(rules), stdin=MATCH)
    assert isinstance(result.exception, SettingsError)
    assert str(result.exception).startswith(f"{rules}: [topics.own]: word: ")
    assert not result.stdout


def test_diff_shows_the_flips(headlines: Path, tmp_path: Path) -> None:
    """From the packaged model to rules on top of it."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[topics.own]\nwords = "zzgrmpf"\n')
    result = run("diff", "packaged", str(rules), str(headlines))
    assert rows(result) == [
        {"text": "zzgrmpf qwxyt", "language": "en", "old": None, "new": "user:own"},
    ]


def test_diff_takes_a_model_file(headlines: Path, tmp_path: Path) -> None:
    """A model without weights answers nothing: every answered headline flips."""
    model = tmp_path / "model.json"
    model.write_text('{"version": "empty", "threshold": 0.5, "mention": 0.2, "languages": {}}')
    found = rows(run("diff", "packaged", str(model), str(headlines)))
    assert [(row["text"], row["new"]) for row in found] == [(GREVE, None), (MATCH, None)]


@pytest.mark.parametrize("name", ["nonsense", "missing.json", "missing.toml"])
def test_diff_refuses_what_it_cannot_compare(name: str) -> None:
    """The error names what was given."""
    result = run("diff", "packaged", name, stdin=MATCH)
    assert isinstance(result.exception, TickerError)
    assert name in str(result.exception)


def test_a_bad_line_is_told_and_the_rest_goes_on() -> None:
    """Exit 1 says that something was passed over; standard error says what and where."""
    lines = MATCH.encode() + b"\n\xff\xfe\n" + b"x" * 200_000 + b"\n" + GREVE.encode() + b"\n"
    result = run(stdin=lines)
    assert [row["text"] for row in rows(result)] == [MATCH, GREVE]
    assert "standard input:2: not UTF-8" in result.stderr
    assert "standard input:3: longer than" in result.stderr
    assert result.exit_code == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error says which."""
    result = run(str(tmp_path / "missing.txt"))
    assert isinstance(result.exception, TickerError)
    assert "missing.txt" in str(result.exception)


def test_help_shows_examples() -> None:
    """Both commands say how they are typed."""
    assert "ticker categorize diff packaged" in run("--help").stdout
    assert "ticker categorize diff packaged candidate.json" in run("diff", "--help").stdout
