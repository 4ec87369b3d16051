"""`ticker topics teach|shadow|switch-on|switch-off` as they are typed, on files."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.command import on_terminal, rows, ticker
from tests.process.categorize.test_teach import AGAINST, FOR

HEADLINES = (
    "Port of Sfax welcomes its largest container ship\nEsperance wins the cup\nميناء صفاقس يستقبل سفينة قمح\n"
)


@pytest.fixture
def taught(tmp_path: Path) -> Path:
    """The file of a topic that was taught in this folder."""
    (tmp_path / "for.txt").write_text(FOR)
    (tmp_path / "against.txt").write_text(AGAINST)
    file = tmp_path / "harbours.taught.json"
    rows(teach(tmp_path, "harbours", "-o", str(file)))
    return file


def teach(folder: Path, slug: str, *options: str) -> "subprocess.CompletedProcess[bytes]":
    sides = ("--for", folder / "for.txt", "--against", folder / "against.txt")
    return ticker("topics", "teach", slug, *sides, "--json", *options)


def test_a_topic_is_taught_looked_at_and_switched_on(taught: Path, tmp_path: Path) -> None:
    """From examples to a rules file that every command takes; off again, and what was stays."""
    headlines, rules = tmp_path / "headlines.txt", tmp_path / "topics.toml"
    headlines.write_text(HEADLINES)
    (shadow,) = rows(ticker("topics", "shadow", taught, headlines))
    assert (shadow["headlines"], shadow["taken"]) == (3, 2)
    assert [each["above"] >= 0 for each in shadow["doubtful"]] == [True, True, False]
    assert sum(each["taken"] for each in shadow["overlap"]) == 2
    rules.write_text('[topics.own]\nwords = "zzgrmpf"\n')
    on = ticker("topics", "switch-on", taught, "--rules", rules, "--since", "2026-03-01T00:00:00Z")
    assert on.returncode == 0, on.stderr
    assert b"ticker topics create" in on.stdout
    found = rows(ticker("categorize", headlines, "--rules", rules, "--why"))
    assert [row["topic"] for row in found] == ["user:harbours", "medtop:15000000", "user:harbours"]
    assert {reason["rule"] for reason in found[0]["why"]} == {"harbours@1"}
    assert ticker("topics", "switch-off", "harbours", "--rules", rules).returncode == 0
    found = rows(ticker("categorize", headlines, "--rules", rules))
    assert "user:harbours" not in {row["topic"] for row in found}
    assert rules.read_text().count("[[topics.harbours.switched]]") == 2


def test_a_run_decides_as_it_was_or_as_it_is(taught: Path, tmp_path: Path) -> None:
    """By the time of the strip, or with what holds last where that was asked for."""
    rules, strips = tmp_path / "topics.toml", tmp_path / "strips.jsonl"
    ticker("topics", "switch-on", taught, "--rules", rules, "--since", "2026-03-01T00:00:00Z")
    text = " | ".join(HEADLINES.splitlines()[:2])
    strip = {"source": "x", "observed_at": "2026-02-01T08:00:00Z", "text": text}
    strips.write_text(json.dumps(strip) + "\n")

    def topics(*options: str) -> set[str]:
        return {
            row["topic"]
            for row in rows(ticker("run", strips, "--separator", " | ", "--rules", rules, *options))
        }

    assert "user:harbours" not in topics()
    assert "user:harbours" in topics("--taught", "now")


def test_the_measure_is_told_with_its_limits(taught: Path, tmp_path: Path) -> None:
    """Ten examples are few, and who reads the figures is told so; the same examples change nothing."""
    before = taught.read_bytes()
    sides = ("--for", tmp_path / "for.txt", "--against", tmp_path / "against.txt")
    shown = " ".join(on_terminal("topics", "teach", "harbours", *sides, "-o", taught).split())
    assert "had already version 1" in shown
    assert "precision" in shown
    assert "10 examples are few" in shown
    assert taught.read_bytes() == before


def test_a_name_that_exists_is_refused(taught: Path, tmp_path: Path) -> None:
    """A media topic's, another rule's, another file's, and what can be no name."""
    rules = tmp_path / "topics.toml"
    rules.write_text('[topics.ports]\nwords = "zzgrmpf"\n')
    for slug, options, told in (
        ("sport", (), "'sport' exists"),
        ("uncategorised", (), "exists"),
        ("ports", ("--rules", str(rules)), "as a rule by words"),
        ("Häfen", (), "lower-case letters"),
    ):
        done = teach(tmp_path, slug, *options)
        assert (done.returncode, told in done.stderr.decode()) == (2, True), done.stderr
    other = teach(tmp_path, "quays", "-o", str(taught))
    assert (other.returncode, "is of the topic harbours" in other.stderr.decode()) == (1, True)


def test_a_switch_that_cannot_be_leaves_the_rules_as_they_are(taught: Path, tmp_path: Path) -> None:
    """Earlier than the last one, to a version that is not there, of a topic that is not there, from another file."""
    rules, copy = tmp_path / "topics.toml", tmp_path / "copy.taught.json"
    ticker("topics", "switch-on", taught, "--rules", rules, "--since", "2026-03-01T00:00:00Z")
    copy.write_bytes(taught.read_bytes())
    before = rules.read_bytes()
    for arguments, told in (
        (("switch-on", taught, "--since", "2026-02-01T00:00:00Z"), "later than the one before"),
        (("switch-on", taught, "--version", "7"), "versions 1 to 1, not 7"),
        (("switch-on", copy), "teach its next version there"),
        (("switch-off", "quays"), "has no topic 'quays': there are "),
    ):
        done = ticker("topics", *arguments, "--rules", rules)
        assert (done.returncode, told in done.stderr.decode()) == (2, True), done.stderr
    assert rules.read_bytes() == before
