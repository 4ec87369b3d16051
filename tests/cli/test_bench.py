"""`ticker bench` says what it measured, on what, and in the same run as its competitors."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from streams.bench.contenders import CONTENDERS
from tests.command import ticker


def _rows(*arguments: str | Path) -> Sequence[dict[str, Any]]:
    """The rows of a benchmark; the first line is the machine."""
    done = ticker("bench", *arguments, "--json")
    assert done.returncode == 0, done.stderr.decode()
    machine, *rows = map(json.loads, done.stdout.splitlines())
    assert machine["machine"]["cores"] > 0
    return rows


def test_the_local_engine_is_measured_on_a_corpus_that_is_named(tmp_path: Path) -> None:
    """The same seed makes the same corpus; the CSV holds what is printed, and the machine."""
    found = _rows("local", "--sightings", "1000", "--runs", "2", "--csv", tmp_path / "rows.csv")
    assert [row["mix"] for row in found] == ["natural", "natural", "new", "new"]
    assert found[0]["corpus"] == found[1]["corpus"] != found[2]["corpus"]
    with (tmp_path / "rows.csv").open(newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [row["corpus"] for row in written] == [row["corpus"] for row in found]
    assert written[0]["processor"]


@pytest.mark.kafka
def test_contenders_get_the_same_sightings(kafka: str) -> None:
    """Our worker and whoever is installed publish the same number of headlines from the same corpus."""
    del kafka  # where no broker can run, that fixture has said so
    names = [name for name, contender in CONTENDERS.items() if contender.is_installed and name != "faust"]
    found = _rows("kafka", "--contenders", ",".join(names), "--sightings", "2000", "--runs", "1")
    assert [row["contender"] for row in found] == names
    assert len({(row["corpus"], row["records"], row["headlines"]) for row in found}) == 1


@pytest.mark.kafka
def test_a_restore_is_measured_on_as_many_headlines_as_asked(kafka: str) -> None:
    """Every changelog record that was written is read back."""
    del kafka
    [row] = _rows("restore", "--headlines", "500")
    assert row["live_headlines"] >= 500
    assert row["seconds"] > 0


@pytest.mark.parametrize("name", ["kafka-streams", "ticker,nobody"])
def test_an_unknown_contender_is_a_wrong_argument(name: str) -> None:
    """Status 2, and the message lists those that there are."""
    done = ticker("bench", "kafka", "--contenders", name)
    assert done.returncode == 2
    assert b"there are ticker, aiokafka" in done.stderr


def test_a_contender_that_is_not_installed_is_named_with_its_extra() -> None:
    """Status 2, and the message says how to install it."""
    missing = [name for name, contender in CONTENDERS.items() if not contender.is_installed]
    if not missing:
        pytest.skip("every contender is installed")
    done = ticker("bench", "kafka", "--contenders", missing[0])
    assert done.returncode == 2
    assert f"{missing[0]} is not installed" in done.stderr.decode()
    assert b"headline-ticker[bench]" in done.stderr
