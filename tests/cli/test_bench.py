"""`ticker bench` says what it measured, on what, and in the same run as its competitors."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from streams.bench.contenders import CONTENDERS, default_names
from streams.bench.kafka import KafkaResult, summarize
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


def test_the_board_is_measured_with_every_reader_and_headline() -> None:
    """Each reader hears each headline; requests are answered; the window's memory is counted."""
    (found,) = _rows("serve", "--readers", "5", "--window", "540", "--seconds", "1")
    assert found["heard"] == 5 * found["headlines"] == 50
    assert found["requests_a_second"] > 0
    assert found["window"] == 540


@pytest.mark.kafka
def test_contenders_get_the_same_sightings(kafka: str) -> None:
    """Whoever is installed publishes the same headlines, in rounds and summed up; none has the memory of all."""
    del kafka  # where no broker can run, that fixture has said so
    names = [name for name in default_names() if name != "faust"]
    found = _rows("kafka", "--contenders", ",".join(names), "--sightings", "2000", "--runs", "1")
    rounds, summaries = found[: len(names)], found[len(names) :]
    assert [row["contender"] for row in rounds] == [row["contender"] for row in summaries] == names
    assert len({(row["corpus"], row["records"], row["headlines"]) for row in rounds}) == 1
    assert len({row["peak_memory_mib"] for row in rounds}) > 1
    assert all(row["does"] for row in summaries)


def _round(contender: str, run: int, rate: int, gap: int | None) -> KafkaResult:
    return KafkaResult(
        contender=contender,
        run=run,
        corpus="c0",
        records=1000,
        headlines=10,
        records_per_second=rate,
        steady_per_second=rate + 1,
        cpu_s_per_million=4.0,
        steady_cpu_s_per_million=3.0,
        longest_gap_ms=gap,
        steady_gap_ms=gap,
        idle=0.1,
        starved=0.0,
        peak_memory_mib=100.0 + run,
    )


def test_rounds_are_summed_up_by_contender() -> None:
    """Median, lowest and highest rate, the longest gap of any round, and what a contender does not do."""
    rounds = [_round("a", run, rate, gap) for run, rate, gap in ((1, 300, 70), (2, 100, 90), (3, 200, 80))]
    a, b = summarize([*rounds, _round("b", 1, 50, None)], {"a": "all", "b": "less"})
    assert (a.records_per_second, a.steady_per_second) == ("200 (100-300)", "201 (101-301)")
    assert (a.steady_spread, a.longest_gap_ms, a.peak_memory_mib) == (1.0, 90, 103.0)
    assert (b.does, b.longest_gap_ms) == ("less", None)


@pytest.mark.kafka
def test_a_restore_is_measured_on_as_many_headlines_as_asked(kafka: str) -> None:
    """Every changelog record that was written is read back."""
    del kafka
    [row] = _rows("restore", "--headlines", "500")
    assert row["live_headlines"] >= 500
    assert row["seconds"] > 0


@pytest.mark.parametrize("name", ["flink", "ticker,nobody"])
def test_an_unknown_contender_is_a_wrong_argument(name: str) -> None:
    """Status 2, and the message lists those that there are."""
    done = ticker("bench", "kafka", "--contenders", name)
    assert done.returncode == 2
    assert b"there are ticker, aiokafka" in done.stderr


def test_a_contender_that_is_not_installed_is_named_with_its_extra() -> None:
    """Status 2, and the message says how to install it."""
    missing = [name for name, contender in CONTENDERS.items() if contender.lacks and not contender.program]
    if not missing:
        pytest.skip("every contender is installed")
    done = ticker("bench", "kafka", "--contenders", missing[0])
    assert done.returncode == 2
    assert f"{missing[0]} is not installed" in done.stderr.decode()
    assert b"headline-ticker[bench]" in done.stderr


def test_kafka_streams_is_not_compiled_without_a_compiler() -> None:
    """Status 2, and the message says what is missing, before anything is fetched or started."""
    done = ticker("bench", "kafka", "--contenders", "ticker,kafka-streams", PATH="")
    assert done.returncode == 2
    assert "kafka-streams is not installed: it needs javac on the PATH" in done.stderr.decode()


def test_what_must_be_fetched_is_measured_only_when_it_is_named() -> None:
    """Nobody who asks for a benchmark downloads an engine unasked."""
    assert {"ticker", "aiokafka"} <= set(default_names())
    assert not {name for name in default_names() if name.startswith("kafka-streams")}


def test_latency_is_measured_beside_what_there_is() -> None:
    """A word that names no disturbance is refused before anything is started."""
    done = ticker("bench", "latency", "--beside", "replay,thunder")
    assert done.returncode == 2
    assert "--beside thunder: there are nothing, rebalance, restore, replay" in done.stderr.decode()
