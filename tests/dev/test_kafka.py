"""A real Kafka on this machine: starts, survives, refuses, ends with its owner."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka.admin import NewTopic
from msgspec.structs import replace

from schemas.topics import TOPICS
from streams.dev import folder
from streams.dev.configuration import Security
from streams.dev.folder import remove
from streams.dev.kafka import Cluster
from streams.dev.metadata import known_brokers
from streams.errors import SettingsError, TickerError
from streams.kafka.connect import ask
from streams.kafka.topics import create
from streams.settings import Connection, Secret
from tests.kafka_support import USERS, Certificates, administer, consume, produce, start

pytestmark = pytest.mark.kafka

VALUES = [f"headline {number}".encode() for number in range(100)]


def connect(cluster: Cluster) -> Connection:
    """A plain connection to a cluster."""
    return Connection(bootstrap_servers=cluster.bootstrap_servers())


def make_topic(cluster: Cluster, name: str, **config: str) -> None:
    """Create a topic of one partition with the cluster's own replication."""
    copies = len(cluster.nodes)
    topic = NewTopic(name, 1, copies, topic_configs=config)
    administer(connect(cluster), lambda client: client.create_topics([topic]))


def test_a_started_broker_answers_and_listens_on_this_machine_only(kafka: str) -> None:
    """Ready means that a client gets an answer; the address is 127.0.0.1."""
    host, _, port = kafka.partition(":")
    assert host == "127.0.0.1"
    assert known_brokers(int(port)) == {1}


def test_a_killed_broker_is_noticed_and_comes_back_with_its_data(
    start_cluster: Callable[..., Cluster],
) -> None:
    """After SIGKILL `check` raises; a restart brings back all that was acknowledged, on the same port."""
    cluster = start_cluster()
    make_topic(cluster, "headlines")
    produce(connect(cluster), "headlines", VALUES)
    cluster.check()
    killed = cluster.pid(1)
    os.kill(killed, signal.SIGKILL)
    os.waitid(os.P_PID, killed, os.WEXITED | os.WNOWAIT)
    with pytest.raises(TickerError, match="node 1 ended with status -9"):
        cluster.check()
    cluster.restart(1)
    assert cluster.pid(1) != killed
    assert consume(connect(cluster), "headlines", len(VALUES)) == VALUES


def test_three_nodes_stay_writable_when_one_is_killed(start_cluster: Callable[..., Cluster]) -> None:
    """With three copies and two in sync, acks=all succeeds with a node missing; before, each knows topics just made."""
    cluster = start_cluster(nodes=3)
    assert cluster.running == (1, 2, 3)
    administer(connect(cluster), create, TOPICS, prefix="ticker")
    made = {topic.on("ticker") for topic in TOPICS}
    for server in cluster.bootstrap_servers().split(","):
        told = asyncio.run(ask({"bootstrap_servers": server}, sorted(made)))
        assert told.topics == made
        assert not told.leaderless
    make_topic(cluster, "headlines")
    produce(connect(cluster), "headlines", VALUES)
    cluster.kill(2)
    produce(connect(cluster), "headlines", VALUES)
    assert consume(connect(cluster), "headlines", 2 * len(VALUES)) == 2 * VALUES
    assert set(cluster.running) == {1, 3}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Cluster]:
    """A broker with TLS and logins beside its plain listener, and a topic."""
    cluster = Cluster(tmp_path_factory.mktemp("secured"), security=certificates.security())
    start(cluster)
    make_topic(cluster, "headlines")
    yield cluster
    cluster.stop(patience=0)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_a_login_needs_the_right_password(
    secured: Cluster, certificates: Certificates, protocol: str, mechanism: str
) -> None:
    """Each mechanism lets the right password in and refuses a wrong one at once, naming the broker."""
    right = Connection(
        bootstrap_servers=secured.bootstrap_servers(protocol),
        security_protocol=protocol,
        ssl_cafile=certificates.authority if protocol == "SASL_SSL" else None,
        sasl_mechanism=mechanism,
        sasl_username="writer",
        sasl_password=Secret(USERS["writer"]),
    )
    produce(right, "headlines", VALUES[:1])
    assert consume(right, "headlines", 1) == VALUES[:1]
    with pytest.raises(TickerError, match=r"127\.0\.0\.1.*[Aa]uthentication"):
        administer(replace(right, sasl_password=Secret("wrong")), lambda client: client.list_topics())


def test_tls_shows_the_clients_certificate(secured: Cluster, certificates: Certificates) -> None:
    """The SSL listener lets a client with a certificate of the authority in."""
    connection = Connection(
        bootstrap_servers=secured.bootstrap_servers("SSL"),
        security_protocol="SSL",
        ssl_cafile=certificates.authority,
        ssl_certfile=certificates.client,
    )
    produce(connection, "headlines", VALUES[:1])
    assert consume(connection, "headlines", 1) == VALUES[:1]


def test_tls_refuses_a_broker_of_an_unknown_authority(secured: Cluster) -> None:
    """Without the authority the broker's certificate is not trusted, and no other try is made."""
    connection = Connection(bootstrap_servers=secured.bootstrap_servers("SSL"), security_protocol="SSL")
    with pytest.raises(TickerError, match="certificate verify failed"):
        administer(connection, lambda client: client.list_topics())


def test_tls_refuses_a_client_without_a_certificate(secured: Cluster, certificates: Certificates) -> None:
    """The SSL listener demands a client's certificate."""
    connection = Connection(
        bootstrap_servers=secured.bootstrap_servers("SSL"),
        security_protocol="SSL",
        ssl_cafile=certificates.authority,
    )
    with pytest.raises(TickerError, match="no Kafka broker answers"):
        administer(connection, lambda client: client.list_topics(), patience=0)


def test_a_password_that_could_break_out_of_the_configuration_is_refused(certificates: Certificates) -> None:
    """Passwords go into a configuration file and a command line: only plain characters do."""
    with pytest.raises(SettingsError, match="letters, digits"):
        Security(keystore=certificates.server, authority=certificates.authority, users={"a": 'b";'})


@pytest.mark.usefixtures("kafka")  # which skips where there is none
def test_a_broker_that_cannot_start_shows_the_end_of_its_log(
    start_cluster: Callable[..., Cluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of a broker that ended names its log and shows what Kafka said last."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(TickerError, match=r"(?s)node 1 ended with status 1.*kafka\.log.*Exception"):
        start_cluster(properties={"remote.log.storage.system.enable": "true"})


def test_a_taken_port_is_named(kafka: str, tmp_path: Path) -> None:
    """A port on which something listens is an error before anything is started."""
    port = int(kafka.rpartition(":")[2])
    with pytest.raises(SettingsError, match=f"port {port} is taken.*--port"):
        Cluster(tmp_path, port=port).start()


def test_a_folder_has_one_owner_at_a_time(secured: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a second start nor a removal touches the data of a broker that runs."""
    monkeypatch.setattr(folder, "_CLAIM_S", 0.0)
    with pytest.raises(SettingsError, match="in use by another broker"):
        Cluster(secured.data).start()
    with pytest.raises(SettingsError, match="in use by another broker"):
        remove(secured.data)


def test_a_broker_ends_with_its_owner_and_its_folder_can_be_started_again(kafka: str, tmp_path: Path) -> None:
    """When its owner is killed the broker stops; its data are there for the next one of the same size."""
    del kafka  # where no broker can run, that fixture has said so
    script = (
        "import pathlib, sys, time; from streams.dev.kafka import Cluster\n"
        "cluster = Cluster(pathlib.Path(sys.argv[1])); cluster.start()\n"
        "print(cluster.bootstrap_servers(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        servers = owner.stdout.readline().decode().strip()
        connection = Connection(bootstrap_servers=servers)
        administer(connection, lambda client: client.create_topics([NewTopic("headlines", 1, 1)]))
        produce(connection, "headlines", VALUES)
        owner.kill()
    with pytest.raises(SettingsError, match=r"belongs to a cluster of 1 node.*--nodes 1.*--fresh"):
        Cluster(tmp_path, nodes=3).start()
    with Cluster(tmp_path) as cluster:
        assert known_brokers(int(servers.rpartition(":")[2])) == frozenset()
        assert consume(connect(cluster), "headlines", len(VALUES)) == VALUES


def test_removing_leaves_what_is_not_kafkas(tmp_path: Path) -> None:
    """`--fresh` deletes what a cluster has written, not a folder that was named by mistake."""
    (tmp_path / "novel.txt").write_text("once upon a time")
    (tmp_path / "node-1").mkdir()
    (tmp_path / "cluster.json").write_text("{}")
    remove(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"novel.txt", "lock"}


def test_nobody_at_a_port_knows_no_brokers() -> None:
    """A port where nothing listens, or where something else does, is no broker."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert known_brokers(port, timeout=0.05) == frozenset()
    assert known_brokers(port) == frozenset()
