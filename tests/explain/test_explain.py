"""`ticker explain`: what became of a headline, from a run's output and from a cluster."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from schemas.instants import format_instant
from schemas.topics import TOPICS
from streams.explain.explanation import Evidence, Known, Swallowed, explain
from streams.kafka.connect import administration
from streams.kafka.topics import create
from streams.settings import Connection
from tests.command import on_terminal, rows, running, ticker
from tests.kafka_support import wait_until

FIRST = "مصرع 3 أشخاص في انقلاب حافلة قرب ورزازات"
SECOND = "مصرع 17 شخصا في انقلاب حافلة قرب ورزازات"
LONG = "Striker ruled out of the World Cup with a knee injury"
SHORT = "Striker ruled out of World Cup with knee injury"


def strips() -> bytes:
    """Two strips of now: an update, a near duplicate, an exact one."""
    now = time.time_ns() // 1_000_000
    lines = [
        {"source": "akhbar", "observed_at": format_instant(now - 60_000), "text": f"{FIRST}\n{LONG}"},
        {"source": "sahafa", "observed_at": format_instant(now), "text": f"{SECOND}\n{SHORT}\n{LONG}"},
    ]
    return b"".join(json.dumps(line | {"separator": "\n"}).encode() + b"\n" for line in lines)


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run."""
    path = tmp_path_factory.mktemp("explain") / "run.jsonl"
    path.write_bytes(ticker("run", "-", "--dropped", stdin=strips()).stdout)
    return path


def test_a_near_duplicate_names_the_headline_that_swallowed_it(run_file: Path) -> None:
    """By which rule, and where and how often readers' headline was seen."""
    [told] = rows(ticker("explain", SHORT, "--run", run_file))
    assert told["outcome"] == "near duplicate"
    assert told["headline"]["text"] == LONG
    assert told["headline"]["sources"] == ["akhbar", "sahafa"]
    assert told["swallowed"]["rule"]


def test_an_update_and_what_it_updates_point_at_each_other(run_file: Path) -> None:
    """Both ways, with what changed."""
    [newer] = rows(ticker("explain", SECOND, "--run", run_file))
    [older] = rows(ticker("explain", FIRST, "--run", run_file))
    assert newer["outcome"] == "update"
    assert newer["headline"]["changes"][0]["after"] == "17"
    assert older["outcome"] == "published"
    assert [update["id"] for update in older["updated_by"]] == [newer["headline"]["id"]]
    [by_id] = rows(ticker("explain", older["headline"]["id"], "--run", run_file))
    assert by_id["headline"] == older["headline"]


def test_a_person_reads_sentences(run_file: Path) -> None:
    """On a terminal; what is not known ends with exit code 1."""
    shown = on_terminal("explain", SHORT, "--run", run_file)
    assert "Swallowed as a near duplicate" in shown
    assert ticker("explain", "never seen", "--run", run_file).returncode == 1


def test_a_line_that_is_no_output_of_a_run_is_named() -> None:
    """The place, not a traceback."""
    done = ticker("explain", "x", "--run", "-", stdin=b'{"id": 1}\n')
    assert done.returncode == 1
    assert b"standard input:1" in done.stderr


def test_of_several_editions_the_last_is_explained() -> None:
    """A rubric comes back with the same words."""
    editions = [
        Known(id=f"{n:020x}-0", text="Weather today", language="en", source="a", observed_at=str(n))
        for n in range(3)
    ]
    assert explain("weather today", Evidence(editions, [])).headline == editions[-1]


def test_a_winner_that_is_long_gone_is_still_named() -> None:
    """Topics forget; the duplicate's event keeps the id."""
    swallowed = Swallowed(id="0" * 20 + "-1", text="x", source="a", observed_at="", winner="w", rule="typo")
    told = explain("x", Evidence([], [swallowed]))
    assert (told.outcome, told.headline, told.swallowed) == ("near duplicate", None, swallowed)


@pytest.mark.kafka
def test_a_cluster_explains_as_a_run_does(kafka: str, topic_prefix: str) -> None:
    """From headlines, duplicates, seen and category topics, while a worker runs."""
    connection = Connection(bootstrap_servers=kafka)

    async def make_topics() -> None:
        async with administration(connection, patience=20) as client:
            await create(client, TOPICS, prefix=topic_prefix)

    asyncio.run(make_topics())
    flags = ("--bootstrap-servers", kafka, "--topic-prefix", topic_prefix)
    assert ticker("produce", "-", *flags, stdin=strips()).returncode == 0
    with running("worker", *flags, "--listen", "none"):
        wait_until(lambda: ticker("explain", SHORT, *flags).returncode == 0, seconds=60)
        [told] = rows(ticker("explain", SHORT, *flags))
        [update] = rows(ticker("explain", SECOND, *flags))
    assert told["outcome"] == "near duplicate"
    assert told["headline"]["text"] == LONG
    assert set(told["headline"]["sources"]) == {"akhbar", "sahafa"}
    assert update["headline"]["updates"]
