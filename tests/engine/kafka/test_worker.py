"""A worker on a real broker: what it publishes, how it stops, and who takes over from it."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.topics import DECISIONS, POSITIONS
from streams.dev.kafka import Cluster
from streams.engine.kafka.worker import _InstanceIdClash
from streams.settings import Connection
from tests.chaos.corpus import Corpus, plain
from tests.chaos.topics import fence
from tests.engine.kafka.conftest import Pipeline
from tests.kafka_support import wait_until
from tests.support import HOUR, START, sighting

pytestmark = pytest.mark.kafka


def test_publishes_what_the_local_engine_publishes(pipeline: Pipeline) -> None:
    """The same sightings give the same headlines, categories, state and dead letters in both engines."""
    pipeline.write(Corpus().take(3_000))
    worker = pipeline.worker()
    pipeline.drain(3_000)
    report = pipeline.check()
    for outcome, records in {
        "new": report.new,
        "exact": report.exact,
        "near": report.near,
        "update": report.updates,
        "dead letter": report.dead_letters,
    }.items():
        assert worker.metric("ticker_records_total", stage="deduplicate", outcome=outcome) == records
    assert worker.metric("ticker_input_records_total", stage="deduplicate") == 3_000


def test_stages_can_have_workers_of_their_own(pipeline: Pipeline) -> None:
    """One worker deduplicates, another one categorizes."""
    for stage in ("deduplicate", "categorize"):
        pipeline.worker("--stage", stage)
    pipeline.write(Corpus().take(600))
    pipeline.drain(600)
    pipeline.check()


def test_publishes_a_headline_while_everything_else_rests(pipeline: Pipeline) -> None:
    """A single sighting comes through without another one behind it, also when the worker has idled."""
    pipeline.worker().await_ready()
    for count, text in enumerate(("Port reopens after the storm", "Orchards bloom early this year"), 1):
        pipeline.write([plain(sighting(text), 2)])
        pipeline.drain(count)
    assert len(pipeline.read(DECISIONS)[DECISIONS.name].all) == 2
    pipeline.check()


def test_forgets_what_has_not_been_seen_for_a_window(pipeline: Pipeline) -> None:
    """A headline that comes back after its window is published again, and its state does not stay."""
    texts = ("Port reopens after the storm", "Orchards bloom early this year", "Port reopens after the storm")
    pipeline.write([plain(sighting(text, at=START + day * 80 * HOUR), 2) for day, text in enumerate(texts)])
    pipeline.worker()
    pipeline.drain(3)
    report = pipeline.check()
    assert (report.new, report.live) == (3, 1)


def test_stops_at_once_in_mid_flow_and_nothing_is_done_again(pipeline: Pipeline) -> None:
    """SIGTERM ends the open transaction and the process, status 0; the next worker goes on after it."""
    pipeline.write(Corpus().take(3_000))
    first = pipeline.worker().await_ready()
    wait_until(lambda: first.metric("ticker_transactions_total", stage="deduplicate"), seconds=60)
    status, seconds = first.stop()
    assert status == 0
    assert seconds < 5
    done = {
        record.key: record.value for record in pipeline.read(POSITIONS)[POSITIONS.name].all
    }  # the last position of each partition
    second = pipeline.worker()
    pipeline.drain(3_000)
    pipeline.check()
    left = 3_000 - sum(_offset(value) for key, value in done.items() if key.startswith(b"deduplicate|"))
    assert second.metric("ticker_input_records_total", stage="deduplicate") == left


def _offset(value: bytes) -> int:
    return int(value.rpartition(b":")[2].rstrip(b"}"))


def test_a_killed_worker_is_taken_over_from(pipeline: Pipeline, tmp_path: Path) -> None:
    """Kill -9 in mid-flow: the next worker restores the state and repeats nothing, and nothing of it is left."""
    corpus = Corpus()
    pipeline.write(corpus.take(1_500))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    first = pipeline.worker("--instance-id", "a", TMPDIR=str(temporary)).await_ready()
    wait_until(lambda: first.metric("ticker_transactions_total", stage="deduplicate"), seconds=60)
    wait_until(lambda: not list(temporary.iterdir()), seconds=60)
    first.kill()
    pipeline.write(corpus.take(500))
    pipeline.worker("--instance-id", "a")
    pipeline.drain(2_000)
    pipeline.check()


def test_workers_share_the_partitions_and_inherit_them(pipeline: Pipeline) -> None:
    """A second worker joins and leaves while input comes; nobody seeks back or begins anew."""
    corpus = Corpus()
    first = pipeline.worker().await_ready()
    second = pipeline.worker().await_ready()
    pipeline.write(corpus.take(1_000))
    wait_until(lambda: second.metric("ticker_input_records_total", stage="deduplicate"), seconds=60)
    assert second.stop()[0] == 0
    pipeline.write(corpus.take(1_000))
    pipeline.drain(2_000)
    pipeline.check()
    assert first.is_running
    assert "seeking again" not in first.said
    assert "in a row" not in first.said


def test_a_frozen_worker_fences_nobody_when_it_thaws(pipeline: Pipeline) -> None:
    """Frozen past its session it loses its partitions; thawed it writes nothing twice."""
    corpus = Corpus()
    frozen = pipeline.worker().await_ready()
    pipeline.write(corpus.take(500))
    wait_until(lambda: frozen.metric("ticker_input_records_total", stage="deduplicate"), seconds=60)
    frozen.signal(signal.SIGSTOP)
    other = pipeline.worker()
    pipeline.write(corpus.take(500))
    pipeline.drain(1_000)
    frozen.signal(signal.SIGCONT)
    pipeline.write(corpus.take(500))
    pipeline.drain(1_500)
    wait_until(lambda: other.is_ready and frozen.is_ready, seconds=60)
    pipeline.check()


def test_recovers_from_a_rogue_that_fences_it(pipeline: Pipeline) -> None:
    """Somebody takes the transactional id of a partition: the owner drops its producer and opens again."""
    corpus = Corpus()
    worker = pipeline.worker().await_ready()
    pipeline.write(corpus.take(300))
    pipeline.drain(300)
    asyncio.run(fence(pipeline.connection, pipeline.prefix, partition=2))
    pipeline.write(corpus.take(300))
    pipeline.drain(600)
    pipeline.check()
    assert worker.metric("ticker_failures_total", stage="deduplicate") == 1


def test_two_workers_under_one_instance_id_write_nothing_twice(pipeline: Pipeline) -> None:
    """They take the partitions from each other until one of them says so and ends; the next one goes on."""
    corpus = Corpus()
    workers = [pipeline.worker("--instance-id", "a").await_ready()]
    pipeline.write(corpus.take(300))
    workers.append(pipeline.worker("--instance-id", "a"))
    pipeline.write(corpus.take(300))
    wait_until(lambda: any(not worker.is_running for worker in workers), seconds=120)
    for worker in workers:
        if worker.is_running:
            worker.kill()
        else:
            assert "another worker runs with --instance-id a" in worker.said
    pipeline.worker("--instance-id", "a")
    pipeline.drain(600)
    pipeline.check()


def test_skips_what_an_upstream_transaction_aborted(pipeline: Pipeline) -> None:
    """Sightings of an aborted transaction were never there."""
    corpus = Corpus()
    pipeline.write(corpus.take(200))
    pipeline.write(Corpus(seed=1).take(200), aborted=True)
    pipeline.write(corpus.take(200))
    pipeline.worker()
    pipeline.drain(600)
    assert pipeline.check().sightings == 400


def test_survives_a_broker_that_is_stopped_and_started(
    start_cluster: Callable[..., Cluster], make_pipeline: Callable[[Connection], Pipeline]
) -> None:
    """The worker waits for the broker by itself, stopped cleanly or killed, and goes on."""
    cluster = start_cluster()
    pipeline = make_pipeline(Connection(bootstrap_servers=cluster.bootstrap_servers())).create()
    corpus = Corpus()
    worker = pipeline.worker().await_ready()
    pipeline.write(corpus.take(500))
    for number, end in enumerate((cluster.stop_node, cluster.kill), 2):
        end(1)
        cluster.restart(1)
        pipeline.write(corpus.take(500))
        pipeline.drain(number * 500)
    wait_until(lambda: worker.is_ready, seconds=60)
    pipeline.check()


def test_is_not_ready_and_stops_at_once_while_the_broker_is_away(
    start_cluster: Callable[..., Cluster], make_pipeline: Callable[[Connection], Pipeline]
) -> None:
    """An idle worker says that it is not ready, and SIGTERM is obeyed whether or not anybody answers."""
    cluster = start_cluster()
    pipeline = make_pipeline(Connection(bootstrap_servers=cluster.bootstrap_servers())).create()
    worker = pipeline.worker().await_ready()
    pipeline.write(Corpus().take(300))
    pipeline.drain(300)
    cluster.kill(1)
    wait_until(lambda: not worker.is_ready, seconds=60)
    assert "Kafka is away" in worker.said or "do not answer" in worker.said
    status, seconds = worker.stop()
    assert status == 0
    assert seconds < 15


def test_an_instance_id_that_is_lost_again_and_again_is_reported() -> None:
    """Once may be a worker that was paused; three times in a row are two workers with one `--instance-id`."""
    clash = _InstanceIdClash("rack-1", clock=lambda: 0.0)
    told = [clash.check(member) for member in ("", "a", "a", "b", "b", "", "c", "d")]
    assert [error is None for error in told] == [True] * 7 + [False]
    assert "another worker runs with --instance-id rack-1" in str(told[-1])
    dynamic = _InstanceIdClash(None)
    assert not any(dynamic.check(member) for member in "abcdef")


def test_of_two_workers_with_one_instance_id_the_newcomer_ends() -> None:
    """A worker that first loses its id long after it joined bears twice as many losses as one that just joined."""
    seconds = [0.0]
    older, newer = (_InstanceIdClash("rack-1", clock=lambda: seconds[0]) for _ in range(2))
    assert older.check("older-0") is None
    seconds[0] = 3_600.0
    assert newer.check("newer-0") is None
    for turn in range(1, 4):
        seconds[0] += 1
        assert older.check(f"older-{turn}") is None
        told = newer.check(f"newer-{turn}")
    assert told is not None
    assert [older.check(f"older-{turn}") is None for turn in range(4, 7)] == [True, True, False]
