"""`ticker replay try`: all steps in one command, which goes on after kill -9 and leaves nothing behind."""

import contextlib
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.topics import SIGHTINGS, TOPICS
from streams.replay.diff import KINDS, Result
from streams.replay.plan import read_plan
from streams.settings import Connection
from tests.command import TICKER, ticker
from tests.deploy.support import free_port
from tests.kafka_support import administer
from tests.observe.test_beside import scrape
from tests.replay.replay_support import everything, headline, make_topics, publish
from tests.replay.test_same_decisions import result_of, workers
from tests.support import sighting

pytestmark = pytest.mark.kafka

HOUR = 3_600_000


@pytest.fixture(scope="module")
def decided(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A prefix of which two days of sightings have been decided, one headline in four said a little otherwise."""
    connection, prefix = Connection(bootstrap_servers=kafka), f"test-{tmp_path_factory.mktemp('try').name}"
    make_topics(connection, prefix, TOPICS)
    now = time.time_ns() // 1_000_000
    shown = [
        sighting(
            headline(number) + (" | akhbar" if turn and number % 4 == 0 else ""),
            at=now - 48 * HOUR + turn * 2 * HOUR + number,
            source=f"akhbar-{turn % 2}",
        )
        for turn in range(22)
        for number in range(2 * turn, 2 * turn + 20)
    ]
    publish(connection, prefix, shown)
    with workers(connection, [prefix]):
        result_of(connection, prefix, Result(headlines=dict.fromkeys(map(str, range(62)))))  # type: ignore[arg-type]
    return prefix


def command(kafka: str, prefix: str, folder: Path, *more: str) -> list[str]:
    here = ("--bootstrap-servers", kafka, "--topic-prefix", prefix, "--folder", str(folder))
    return ["replay", "try", "sightings", "--since", "20h", *here, *more]


def others(kafka: str, prefix: str) -> set[str]:
    """Topics on the cluster that a try of this prefix has made."""
    names = administer(Connection(bootstrap_servers=kafka), lambda client: client.list_topics())
    return {name for name in names if name.startswith(f"{prefix}-try-")}


def kill_at(process: "subprocess.Popen[bytes]", reached: Callable[[], bool]) -> None:
    """Kill -9 once something is there."""
    while not reached():
        assert process.poll() is None, "the try ended before it was killed"
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.chaos
def test_a_try_that_is_killed_at_every_step_goes_on_and_leaves_nothing(
    kafka: str, decided: str, tmp_path: Path
) -> None:
    """Kill -9 at each step; the same command ends with no difference, its report, and the topics gone."""
    folder, connection = tmp_path / "try", Connection(bootstrap_servers=kafka)
    before = len(everything(connection, SIGHTINGS.on(decided)))
    for reached in (
        (folder / "plan.json").exists,
        lambda: bool(others(kafka, decided)),
        (folder / "worker.log").exists,
        (folder / "report.html").exists,
    ):
        with subprocess.Popen(
            [*TICKER, *command(kafka, decided, folder)], stderr=subprocess.DEVNULL
        ) as process:
            kill_at(process, reached)
    done = ticker(*command(kafka, decided, folder, "--max-flips", "0%"))
    assert done.returncode == 0, done.stderr.decode()
    assert b"going on with replay" in done.stderr
    summary = json.loads((folder / "difference.jsonl").read_bytes().splitlines()[0])
    assert summary["common"] > 10
    assert all(summary[kind] == 0 for kind in KINDS)
    assert "0 category flips" in (folder / "report.md").read_text()
    assert "0 lost, 0 doubled" in (folder / "report.html").read_text()
    assert not others(kafka, decided)
    assert len(everything(connection, SIGHTINGS.on(decided))) == before


@pytest.mark.chaos
def test_a_killed_try_is_not_gone_on_with_for_another_window_or_under_other_rules(
    kafka: str, decided: str, tmp_path: Path
) -> None:
    """What was begun is cleaned up, that is said, and the report is of what is asked for now, by one build."""
    folder, rules = tmp_path / "try", tmp_path / "rules.toml"
    rules.write_text('[topics.harbours]\nwords = ["harbour"]\n')
    with subprocess.Popen([*TICKER, *command(kafka, decided, folder)], stderr=subprocess.DEVNULL) as process:
        kill_at(process, (folder / "worker.log").exists)
    first = read_plan(folder / "plan.json")
    with subprocess.Popen(
        [*TICKER, *command(kafka, decided, folder, "--rules", str(rules))], stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if first.id.encode() in line)
        process.kill()
    assert b"begun by another build" in said
    done = ticker(*command(kafka, decided, folder, "--since", "10h"))
    assert done.returncode == 0, done.stderr.decode()
    since = read_plan(folder / "plan.json").begins
    assert since is not None
    assert first.begins is not None
    assert since - first.begins >= 10 * HOUR
    assert not others(kafka, decided)


def test_a_try_past_the_share_of_flips_fails_and_prometheus_has_its_result(
    kafka: str, decided: str, tmp_path: Path
) -> None:
    """As the job of every night does: exit code 1, said in words, and told to whoever scrapes before it ends."""
    rules, address = tmp_path / "rules.toml", f"127.0.0.1:{free_port()}"
    rules.write_text('[topics.harbours]\nwords = ["harbour", "ميناء"]\n')
    arguments = ("--rules", str(rules), "--max-flips", "0.5%", "--listen", address)
    with subprocess.Popen(
        [*TICKER, *command(kafka, decided, tmp_path / "try", *arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        scraped = ""
        while process.poll() is None:
            with contextlib.suppress(OSError):
                scraped = scrape(address)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
        assert process.stderr is not None
        said = process.stderr.read().decode()
    assert process.returncode == 1
    assert "of categories flipped, 0.50% are allowed" in said
    (summary, *_) = (tmp_path / "try/difference.jsonl").read_bytes().splitlines()
    flips = json.loads(summary)["flips"]
    assert flips > 0
    replay = read_plan(tmp_path / "try/plan.json").id
    assert f'ticker_replay_failed{{replay="{replay}"}} 1.0' in scraped
    assert f'ticker_replay_differences{{kind="flips",replay="{replay}"}} {flips:.1f}' in scraped
    assert 'ticker_replay_step{step="done"} 1.0' in scraped
    assert not others(kafka, decided)


@pytest.mark.chaos
@pytest.mark.parametrize("step", range(20))
def test_a_try_that_is_killed_anywhere_can_be_abandoned_or_gone_on_with(
    kafka: str, decided: str, tmp_path: Path, step: int
) -> None:
    """Kill -9 after any number of steps of half a second; then it goes on, or --abandon removes what was made."""
    folder = tmp_path / "try"
    with subprocess.Popen([*TICKER, *command(kafka, decided, folder)], stderr=subprocess.DEVNULL) as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5 + 0.4 * step)
        process.kill()
    done = ticker(*command(kafka, decided, folder, *(["--abandon"] if step % 2 else [])))
    assert done.returncode == 0, done.stderr.decode()
    assert not others(kafka, decided)
