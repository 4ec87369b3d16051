"""What goes wrong at the start of a worker, inside it and inside its transactions."""

import asyncio
import json
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from msgspec.structs import replace

from schemas.headers import EVENT_TIME_KEY
from schemas.instants import format_instant
from schemas.topics import DEADLETTERS, DECISIONS, SEEN, SIGHTINGS, STRIPS
from streams.dev.kafka import Cluster
from streams.settings import Connection
from tests.chaos.corpus import Corpus, plain
from tests.chaos.topics import LASTING
from tests.chaos.workers import WorkerProcess
from tests.deploy.support import free_port
from tests.engine.kafka.conftest import Pipeline
from tests.kafka_support import BRIEF, USERS, Certificates, administer, start, wait_until
from tests.support import MINUTE, START, sighting

pytestmark = pytest.mark.kafka

FAULTY = (sys.executable, "-m", "tests.engine.kafka.faulty_worker", "worker")


def test_a_missing_topic_is_a_wrong_setting(pipeline: Pipeline) -> None:
    """Status 2, and the message names the topics and the command that makes them."""
    pipeline.prefix += "-unknown"
    worker = pipeline.worker()
    assert worker.wait() == 2
    assert "topics are missing" in worker.said
    assert f"`ticker topics create --topic-prefix {pipeline.prefix}`" in worker.said
    assert "Traceback" not in worker.said


def test_too_few_partitions_are_a_wrong_setting(
    kafka: str, make_pipeline: Callable[[Connection], Pipeline]
) -> None:
    """Status 2, and the message says how many there are and how many are needed."""
    topics = [replace(topic, partitions=3) if topic.name == DECISIONS.name else topic for topic in LASTING]
    pipeline = make_pipeline(Connection(bootstrap_servers=kafka)).create(topics)
    worker = pipeline.worker()
    assert worker.wait() == 2
    assert f"{DECISIONS.on(pipeline.prefix)} has 3 partitions, 6 are needed" in worker.said


def test_waits_for_a_broker_and_says_so(
    start_cluster: Callable[..., Cluster], make_pipeline: Callable[[Connection], Pipeline]
) -> None:
    """Without a broker it is alive and not ready, tells what it waits for, and begins when one comes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pipeline = make_pipeline(Connection(bootstrap_servers=f"127.0.0.1:{port}"))
    worker = pipeline.worker()
    wait_until(lambda: f"waiting for Kafka at 127.0.0.1:{port}" in worker.said, seconds=60)
    assert worker.get("healthz")[0] == 200
    assert worker.get("readyz")[0] == 503
    worker.signal(signal.SIGSTOP)  # it must not look before the topics are there
    start_cluster(port=port)
    pipeline.create()
    worker.signal(signal.SIGCONT)
    worker.await_ready()
    pipeline.write(Corpus().take(60))
    pipeline.drain(60)
    pipeline.check()


def test_outlasts_a_stranger_at_the_address_of_a_broker_that_is_away(
    tmp_path: Path, make_pipeline: Callable[[Connection], Pipeline]
) -> None:
    """Another cluster's controller, which knows no groups: the worker waits for its broker, and then goes on."""
    port = free_port()
    cluster = Cluster(tmp_path / "own", port=port, java_options=BRIEF)
    start(cluster)
    pipeline = make_pipeline(Connection(bootstrap_servers=f"127.0.0.1:{port}")).create()
    worker = pipeline.worker()
    pipeline.write(Corpus().take(60))
    pipeline.drain(60)
    (node,) = cluster.nodes
    with Cluster(tmp_path / "other", java_options=BRIEF) as other:
        settings = (tmp_path / "other" / "node-1" / "server.properties").read_text(encoding="utf-8")
        controller = int(re.findall(r"CONTROLLER://127\.0\.0\.1:(\d+)", settings)[0])
        cluster.kill(node)
        with relayed(port, controller):
            wait_until(lambda: "no broker answers at a broker's address" in worker.said)
        assert other.running
    cluster.restart(node)
    pipeline.write(Corpus(seed=1).take(60))
    pipeline.drain(120)
    assert worker.is_running
    pipeline.check()
    cluster.stop()


@contextmanager
def relayed(port: int, target: int) -> Iterator[None]:
    """Whoever connects to a port speaks with another on this machine."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", target)) as there:
                back = threading.Thread(target=_forward, args=(there, self.request), daemon=True)
                back.start()
                _forward(self.request, there)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def _forward(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def test_gives_up_waiting_for_a_broker_when_told_to_stop(
    make_pipeline: Callable[[Connection], Pipeline],
) -> None:
    """SIGTERM ends a worker that has not found a broker yet, with status 0."""
    worker = make_pipeline(Connection(bootstrap_servers="127.0.0.1:1")).worker()
    wait_until(lambda: "waiting for Kafka" in worker.said, seconds=60)
    assert worker.stop()[0] == 0


def test_a_record_that_a_bug_stumbles_on_becomes_a_dead_letter_alone(pipeline: Pipeline) -> None:
    """State and outputs are as if it had never come, the rest of the slice goes on, and the letter has the trace."""
    pipeline.write(
        [plain(sighting(text), 2) for text in ("Port reopens", "A bug in the orchard", "Tram opens", "bugs")]
    )
    worker = pipeline.worker(command=FAULTY, FAULT="bug")
    pipeline.drain(4)
    headlines = pipeline.read(DECISIONS)[DECISIONS.name].all
    assert [json.loads(headline.value)["text"] for headline in headlines] == ["Port reopens", "Tram opens"]
    letters = [dict(letter.headers) for letter in pipeline.read(DEADLETTERS)[DEADLETTERS.name].all]
    assert [letter["ticker.error.offset"] for letter in letters] == [b"1", b"3"]
    assert all(b"KeyError: 'a bug'" in letter["ticker.error.stacktrace"] for letter in letters)
    rows = [record.key for record in pipeline.read(SEEN)[SEEN.name].all]
    assert sorted(rows) == sorted([sighting("Port reopens").key, EVENT_TIME_KEY, sighting("Tram opens").key])
    assert worker.is_running


@pytest.mark.parametrize("stage", ["deduplicate", "categorize"])
def test_a_worker_killed_inside_a_transaction_leaves_nothing(pipeline: Pipeline, stage: str) -> None:
    """All of it was written and none of it is seen: the next worker does it again, once."""
    pipeline.write(Corpus().take(600))
    worker = pipeline.worker(command=FAULTY, FAULT=f"hold {stage}")
    wait_until(lambda: "holding" in worker.said, seconds=60)
    worker.kill()
    pipeline.worker()
    pipeline.drain(600)
    pipeline.check()


def test_a_transaction_that_hangs_ends_the_worker_with_its_place(pipeline: Pipeline) -> None:
    """Status 1, and the message says where it hangs and which tool ends it; after that a worker goes on."""
    worker = asyncio.run(_beside_a_hanging_transaction(pipeline))
    assert worker.wait() == 1
    assert f"{SEEN.on(pipeline.prefix)}/2/0: a transaction has been open" in worker.said
    assert "`kafka-transactions.sh find-hanging`" in worker.said
    assert "failed 5 times in a row" in worker.said
    pipeline.write(Corpus().take(60))
    pipeline.worker()
    pipeline.drain(60)
    pipeline.check()


async def _beside_a_hanging_transaction(pipeline: Pipeline) -> WorkerProcess:
    """A worker that has ended beside a transaction on its state, which is aborted then."""
    options = pipeline.connection.aiokafka_options()
    producer = AIOKafkaProducer(transactional_id=f"{pipeline.prefix}-hanging", **options)
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(SEEN.on(pipeline.prefix), b"{}", b"k", partition=2)
        worker = pipeline.worker("--stage", "deduplicate", command=FAULTY, FAULT="impatient")
        await asyncio.to_thread(worker.wait)
        await producer.abort_transaction()
    finally:
        await producer.stop()
    return worker


def test_says_when_retention_was_faster(pipeline: Pipeline) -> None:
    """Records that are gone before they were read are logged as an error and counted."""
    pipeline.write([plain(sighting(f"Headline number {number}"), 2) for number in range(10)])
    first = pipeline.worker()
    pipeline.drain(10)
    assert first.stop()[0] == 0
    pipeline.write([plain(sighting(f"Title number {number}"), 2) for number in range(10)])
    place = TopicPartition(SIGHTINGS.on(pipeline.prefix), 2)

    async def delete(client: object) -> None:
        await client.delete_records({place: RecordsToDelete(before_offset=17)})  # type: ignore[attr-defined]

    administer(pipeline.connection, delete)
    second = pipeline.worker()
    pipeline.drain(20)
    assert "offsets 10 to 16 are gone: retention removed them before they were read" in second.said
    assert second.metric("ticker_lost_offsets_total", stage="deduplicate") == 7
    assert second.metric("ticker_input_records_total", stage="deduplicate") == 3


def _strips(count: int) -> bytes:
    """Strips as JSON Lines, each with three slots, of which two repeat."""
    return b"".join(
        b'{"source": "akhbar", "observed_at": "%s", "separator": "|", "text": "%s"}\n'
        % (
            format_instant(START + number * MINUTE).encode(),
            f"Orchards bloom early | Dam {number} is full at last | Tram line opens".encode(),
        )
        for number in range(count)
    )


def test_a_producer_killed_in_a_strip_is_run_again(pipeline: Pipeline, tmp_path: Path) -> None:
    """The same input again gives the same ids: its sightings are repeats, no headline comes twice."""
    whole = _strips(300)
    file = tmp_path / "strips.jsonl"
    file.write_bytes(whole)
    cut = pipeline.producer("-", stdin=subprocess.PIPE)
    cut.feed(whole[: len(whole) // 2 - 40])
    wait_until(lambda: pipeline.read(SIGHTINGS)[SIGHTINGS.name].all, seconds=60)
    cut.kill()
    again = pipeline.producer(str(file))
    assert again.wait() == 0, again.said
    pipeline.worker()
    pipeline.drain(900)
    pipeline.check()
    found = pipeline.read(STRIPS, DECISIONS)
    strips = {record.value for record in found[STRIPS.name].all}
    assert len(strips) == 300
    ids = [json.loads(record.value)["id"] for record in found[DECISIONS.name].all]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("protocol", "mechanism"),
    [("SASL_SSL", "PLAIN"), ("SASL_SSL", "SCRAM-SHA-512"), ("SASL_PLAINTEXT", "SCRAM-SHA-256"), ("SSL", "")],
)
def test_works_where_tls_and_logins_are_demanded(
    secure_kafka: Cluster,
    certificates: Certificates,
    make_pipeline: Callable[[Connection], Pipeline],
    protocol: str,
    mechanism: str,
) -> None:
    """Producer and worker take TLS, PLAIN and SCRAM from their settings."""
    settings = {"TICKER_SECURITY_PROTOCOL": protocol}
    if mechanism:
        user, password = next(iter(USERS.items()))
        settings |= {
            "TICKER_SASL_MECHANISM": mechanism,
            "TICKER_SASL_USERNAME": user,
            "TICKER_SASL_PASSWORD": password,
        }
    if "SSL" in protocol.rsplit("_", maxsplit=1)[-1]:
        settings["TICKER_SSL_CAFILE"] = str(certificates.authority)
    if protocol == "SSL":
        settings["TICKER_SSL_CERTFILE"] = str(certificates.client)
    pipeline = make_pipeline(Connection(bootstrap_servers=secure_kafka.bootstrap_servers())).create()
    servers = ("--bootstrap-servers", secure_kafka.bootstrap_servers(protocol))
    producer = pipeline.producer("-", *servers, stdin=subprocess.PIPE, **settings)
    producer.feed(_strips(2), end=True)
    worker = pipeline.worker(*servers, **settings)
    assert producer.wait() == 0, producer.said
    pipeline.drain(6)
    assert worker.stop()[0] == 0
    assert pipeline.check().sightings == 6


def test_a_wrong_password_ends_the_worker_with_the_reason(
    secure_kafka: Cluster, certificates: Certificates, make_pipeline: Callable[[Connection], Pipeline]
) -> None:
    """A refused login is not tried for ever: status 1."""
    pipeline = make_pipeline(Connection(bootstrap_servers=secure_kafka.bootstrap_servers("SASL_SSL")))
    worker = pipeline.worker(
        TICKER_SECURITY_PROTOCOL="SASL_SSL",
        TICKER_SASL_MECHANISM="SCRAM-SHA-512",
        TICKER_SASL_USERNAME=next(iter(USERS)),
        TICKER_SASL_PASSWORD="wrong",
        TICKER_SSL_CAFILE=str(certificates.authority),
    )
    assert worker.wait() == 1
    assert "do not agree" in worker.said
