"""Starts, stops, kills and restarts a real Apache Kafka (KRaft) cluster on this machine.

Every node is a Java process that listens on 127.0.0.1 only, keeps its data and its log in the cluster's
folder, and ends when the process that started it ends, however that happens. For development and tests:
nodes are broker and controller in one, the heap is small, internal topics have few partitions.
"""

import base64
import fcntl
import logging
import random
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import msgspec
from msgspec import Struct

from streams.dev.jars import Installation, Progress, exclusive, install, silent
from streams.errors import SettingsError, TickerError
from streams.settings.connection import SASL_MECHANISMS, SECURITY_PROTOCOLS

HOST: Final = "127.0.0.1"
_FREE_PORTS: Final = range(20_000, 32_000)
"""Below the ports that the kernel gives to outgoing connections, which could take one before Kafka does."""
_READY_S: Final = 90.0
_STOP_S: Final = 20.0
_CLAIM_S: Final = 15.0
_POLL_S: Final = 0.05
_STARTUP_CACHE_SINCE_JAVA: Final = 25
_LOGGING: Final = Path(__file__).with_name("log4j2.properties")
_SAFE: Final = re.compile(r"[\w.@+-]+", re.ASCII)
_WATCH: Final = """
read -r _
kill -TERM "$0" 2>/dev/null
for _ in $(seq 50); do kill -0 "$0" 2>/dev/null || exit 0; sleep 0.2; done
kill -KILL "$0"
"""
"""Ends the process $0 once standard input closes, as it does when its other end dies with its owner."""

_log: Final = logging.getLogger(__name__)


class Security(Struct, frozen=True, kw_only=True):
    """What a cluster needs to open SSL, SASL_PLAINTEXT and SASL_SSL listeners beside the plain one.

    `keystore` is a PEM file with the servers' private key (PKCS #8) and certificate, `authority` one with the
    certificates that sign clients: SSL demands a client certificate, SASL_SSL does not. `users` maps names to
    passwords, for PLAIN and SCRAM alike; SCRAM users are written when the data folder is made.
    """

    keystore: Path
    authority: Path
    users: Mapping[str, str]

    def __post_init__(self) -> None:
        for word in (*self.users, *self.users.values()):
            if not _SAFE.fullmatch(word):
                raise SettingsError(
                    "users and passwords of a test broker: letters, digits and . _ @ + - only"
                )


class Node(Struct):
    """One node: its place, its ports by listener, and its process while it runs."""

    id: int
    folder: Path
    ports: dict[str, int]
    process: subprocess.Popen[bytes] | None = None
    watcher: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What Kafka and Java said since the node's last start."""
        return self.folder / "kafka.log"

    @property
    def properties(self) -> Path:
        """The node's configuration."""
        return self.folder / "server.properties"


class _Identity(Struct, frozen=True):
    """What a data folder says of its cluster; written when all its nodes are formatted."""

    cluster_id: str
    nodes: int


class Cluster:
    """A Kafka cluster of one or three nodes with its data in one folder.

    `port` is the plain listener of the first node, the others follow it; without it free ports are taken.
    `properties` are further Kafka settings, on all nodes. Use it as a context manager, or call `start`
    and `stop`. The methods block: call them from a thread where an event loop runs.
    """

    def __init__(
        self,
        data: Path,
        *,
        nodes: int = 1,
        port: int | None = None,
        security: Security | None = None,
        properties: Mapping[str, str] | None = None,
        java_options: Sequence[str] = (),
        cache: Path | None = None,
        installation: Installation | None = None,
        progress: Progress = silent,
    ) -> None:
        self.data = data
        self._size = nodes
        self._port = port
        self._security = security
        self._properties = dict(properties or {})
        self._java_options = java_options
        self._cache = cache
        self._installation = installation
        self._progress = progress
        self._claim: IO[bytes] | None = None
        self._nodes: dict[int, Node] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def nodes(self) -> tuple[int, ...]:
        """The ids of all nodes, running or not."""
        return tuple(self._nodes)

    @property
    def running(self) -> tuple[int, ...]:
        """The ids of the nodes that run."""
        return tuple(node.id for node in self._nodes.values() if node.process is not None)

    def bootstrap_servers(self, protocol: str = "PLAINTEXT") -> str:
        """The addresses of all nodes for clients with this security protocol."""
        return ",".join(f"{HOST}:{node.ports[protocol]}" for node in self._nodes.values())

    def pid(self, node: int) -> int:
        """The process id of a node that runs."""
        process = self._nodes[node].process
        if process is None:
            raise TickerError(f"node {node} does not run")
        return process.pid

    def log(self, node: int) -> Path:
        """The log of a node since its last start."""
        return self._nodes[node].log

    def start(self) -> None:
        """Start all nodes and return when each answers and knows the others.

        Raises:
            SettingsError: a port is taken, the folder is in use or another cluster's, the extra is missing.
            TickerError: a node ended or did not answer within 90 s; the message ends with its log.
        """
        if self._installation is None:
            self._installation = _prepare(self._cache, self._progress)
        self._progress(f"starting Kafka in {self.data}", 0, 0)
        self._claim = _claim(self.data)
        try:
            identity = _identity(self.data, self._size)
            self._nodes = _lay_out(self.data, self._size, self._port, secure=self._security is not None)
            for node in self._nodes.values():
                self._configure(node)
            if identity is None:
                self._format()
            for node in self._nodes.values():
                self._launch(node)
            self._await_ready(self._nodes.values())
        except BaseException:
            self.stop(patience=0)
            raise

    def stop(self, *, patience: float = _STOP_S) -> None:
        """Stop all nodes cleanly; those that take longer than `patience` seconds are killed."""
        self._end(self._nodes.values(), patience)
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def stop_node(self, node: int, *, patience: float = _STOP_S) -> None:
        """Stop one node cleanly; its partitions get other leaders first."""
        self._end([self._nodes[node]], patience)

    def kill(self, node: int) -> None:
        """Kill one node as a power failure would (SIGKILL)."""
        self._end([self._nodes[node]], 0)

    def restart(self, node: int) -> None:
        """Start a node again on its data and ports, stopping it first where it runs; wait until it answers.

        After `kill` that takes 3 s more on one node, 6 s on three: until the dead one's session has expired.
        """
        found = self._nodes[node]
        self._end([found], _STOP_S)
        self._launch(found)
        self._await_ready([found])

    def check(self) -> None:
        """Raise a TickerError with the end of the log if a node has ended by itself."""
        for node in self._nodes.values():
            if node.process is not None and node.process.poll() is not None:
                raise _failed(node, f"ended with status {node.process.returncode}")

    def _configure(self, node: Node) -> None:
        voters = ",".join(f"{each.id}@{HOST}:{each.ports['CONTROLLER']}" for each in self._nodes.values())
        settings = (
            _settings(node, voters, self._size)
            | (_security_settings(self._security) if self._security else {})
            | self._properties
        )
        node.folder.mkdir(parents=True, exist_ok=True)
        node.properties.touch(mode=0o600)  # it may hold passwords
        node.properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))

    def _format(self) -> None:
        """Give every node its storage, all at the same time, then write whose it is."""
        identity = _Identity(_cluster_id(), self._size)
        users = self._security.users.items() if self._security else ()
        scram = [
            f"--add-scram={mechanism}=[name={name},password={password}]"
            for mechanism in SASL_MECHANISMS[1:]
            for name, password in users
        ]
        runs: list[tuple[Node, subprocess.Popen[bytes]]] = []
        for node in self._nodes.values():
            command = [
                "format",
                "--cluster-id",
                identity.cluster_id,
                "--config",
                str(node.properties),
                *scram,
            ]
            with node.log.open("wb") as log:
                runs.append((node, self._java(["kafka.tools.StorageTool", *command], log)))
        for node in [node for node, process in runs if process.wait() != 0]:
            raise _failed(node, "could not make its storage")
        (self.data / "cluster.json").write_bytes(msgspec.json.encode(identity))

    def _java(
        self, command: Sequence[str], log: IO[bytes], options: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        installation, claim = self._installation, self._claim
        assert installation is not None
        assert claim is not None
        if installation.startup_cache.exists():
            # What the cache does not cover is made anew, in milliseconds: nothing to warn of.
            options = [*options, f"-XX:AOTCache={installation.startup_cache}", "-Xlog:aot*=error"]
        return subprocess.Popen(  # noqa: S603 (the command is ours)
            [
                installation.java,
                *("-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", *options),
                f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}",
                *("-cp", installation.class_path),
                *command,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the one who stops the nodes in order
            pass_fds=[claim.fileno()],  # the folder stays claimed while a node lives
        )

    def _launch(self, node: Node) -> None:
        if node.log.exists():
            node.log.replace(node.log.with_suffix(".log.1"))
        with node.log.open("wb") as log:
            node.process = self._java(["kafka.Kafka", str(node.properties)], log, self._java_options)
        node.watcher = subprocess.Popen(  # noqa: S603 (the script is ours)
            ["/bin/sh", "-c", _WATCH, str(node.process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _await_ready(self, nodes: Iterable[Node]) -> None:
        """Wait until each of the nodes answers a metadata request with all nodes that run."""
        waiting = list(nodes)
        deadline = time.monotonic() + _READY_S
        while waiting:
            self.check()
            expected = set(self.running)
            waiting = [node for node in waiting if not expected <= known_brokers(node.ports["PLAINTEXT"])]
            if waiting and time.monotonic() > deadline:
                raise _failed(waiting[0], f"did not answer within {_READY_S:.0f} s")
            if waiting:
                time.sleep(_POLL_S)

    def _end(self, nodes: Iterable[Node], patience: float) -> None:
        """Ask the nodes to stop, wait for all of them together, kill the rest."""
        ending = [(node, node.process) for node in nodes if node.process is not None]
        try:
            if patience > 0:
                for _, process in ending:
                    process.terminate()
            deadline = time.monotonic() + patience
            for _, process in ending:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(0, deadline - time.monotonic()))
        finally:
            for node, process in ending:
                process.kill()
                process.wait()
                node.process = None
                _dismiss(node)


def remove(data: Path) -> None:
    """Delete what clusters have written into a data folder, and nothing else.

    Raises:
        SettingsError: the folder is in use.
    """
    with _claim(data):
        (data / "cluster.json").unlink(missing_ok=True)
        for folder in data.glob("node-*"):
            shutil.rmtree(folder)


def known_brokers(port: int, *, timeout: float = 2.0) -> frozenset[int]:
    """The ids of the brokers that the one at this port of 127.0.0.1 knows; none if it does not answer.

    A metadata request (version 1, without topics) by hand: Kafka answers it only when the broker has caught
    up with its controllers and serves, while the port is open earlier.
    """
    request = struct.pack(">hhihi", 3, 1, 0, -1, 0)
    try:
        with socket.create_connection((HOST, port), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(struct.pack(">i", len(request)) + request)
            with connection.makefile("rb") as answer:
                (length,) = struct.unpack(">i", answer.read(4))
                body = answer.read(length)
        return _broker_ids(body)
    except (OSError, struct.error):
        return frozenset()


def _broker_ids(body: bytes) -> frozenset[int]:
    """The ids in the body of a metadata response, version 1: correlation, then id, host, port, rack each."""
    _, count = struct.unpack_from(">ii", body)
    at, ids = 8, set[int]()
    for _ in range(count):
        node_id, host_length = struct.unpack_from(">ih", body, at)
        at += 6 + host_length + 4
        (rack_length,) = struct.unpack_from(">h", body, at)
        at += 2 + max(0, rack_length)
        ids.add(node_id)
    return frozenset(ids)


def _prepare(cache: Path | None, progress: Progress) -> Installation:
    """Kafka from the cache, with a start-up cache for Java: a start takes 1.2 s instead of 2.4 s."""
    installation = install(cache, progress)
    useful = int(installation.java_version.partition(".")[0]) >= _STARTUP_CACHE_SINCE_JAVA
    if useful and not installation.startup_cache.exists():
        with exclusive(installation.folder.parent / "lock"):
            if not installation.startup_cache.exists():
                progress("preparing quick starts (once, about 15 s)", 0, 0)
                _train(installation)
    return installation


def _train(installation: Installation) -> None:
    """Run a broker once for Java to write down which classes it loads (JEP 514); quicker starts only."""
    partial = installation.startup_cache.with_suffix(".partial")
    with tempfile.TemporaryDirectory(dir=installation.folder) as folder:
        cluster = Cluster(
            Path(folder), installation=installation, java_options=[f"-XX:AOTCacheOutput={partial}"]
        )
        try:
            cluster.start()
        except TickerError as error:
            _log.warning("no start-up cache for Kafka: %s", error)
            return
        cluster.stop(patience=120)
    if partial.exists():
        partial.rename(installation.startup_cache)


def _claim(data: Path) -> IO[bytes]:
    """Take the folder for this process and its nodes; wait a little for nodes of a killed owner to end."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        file = (data / "lock").open("ab")
    except OSError as error:
        raise SettingsError(f"cannot write the data folder {data}: {error.strerror}") from None
    deadline = time.monotonic() + _CLAIM_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                file.close()
                raise SettingsError(
                    f"the data folder {data} is in use by another broker: stop that one, or choose another"
                ) from None
            time.sleep(_POLL_S)
        else:
            return file


def _identity(data: Path, size: int) -> _Identity | None:
    """Whose data the folder holds; None if it is new, or if a first start was cut short."""
    try:
        identity = msgspec.json.decode((data / "cluster.json").read_bytes(), type=_Identity)
    except FileNotFoundError:
        for folder in data.glob("node-*"):
            shutil.rmtree(folder)
        return None
    if identity.nodes != size:
        raise SettingsError(
            f"the data folder {data} belongs to a cluster of {identity.nodes} node(s), not {size}: "
            f"use --nodes {identity.nodes}, another --data, or --fresh, which deletes what is there"
        )
    return identity


def _lay_out(data: Path, size: int, port: int | None, *, secure: bool) -> dict[int, Node]:
    """The nodes with distinct free ports for all their listeners."""
    if port is not None:
        for taken in (number for number in range(port, port + size) if not _is_free(number)):
            raise SettingsError(
                f"port {taken} is taken: stop what listens there, or choose another with --port"
            )
    free = _free_ports()
    nodes = {}
    for number in range(1, size + 1):
        ports = {
            name: next(free)
            for name in (*(SECURITY_PROTOCOLS if secure else SECURITY_PROTOCOLS[:1]), "CONTROLLER")
        }
        if port is not None:
            ports["PLAINTEXT"] = port + number - 1
        nodes[number] = Node(number, data / f"node-{number}", ports)
    return nodes


def _free_ports() -> Iterator[int]:
    """Ports that nobody listens on, in random order so that starts at the same time choose apart."""
    return filter(_is_free, random.sample(_FREE_PORTS, len(_FREE_PORTS)))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as Kafka does: no wait for old connections
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _cluster_id() -> str:
    """A random id as Kafka writes them: 16 bytes in 22 characters (an option must not begin with a dash)."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return text if text[0] not in "-_" else "K" + text[1:]


def _settings(node: Node, voters: str, size: int) -> dict[str, str]:
    """A node's configuration without security. Replication 3 with 2 in sync on three nodes, else 1."""
    copies, in_sync = (1, 1) if size == 1 else (3, 2)
    listeners = ",".join(f"{name}://{HOST}:{port}" for name, port in node.ports.items())
    public = ",".join(f"{name}://{HOST}:{port}" for name, port in node.ports.items() if name != "CONTROLLER")
    protocols = {name: name for name in node.ports} | {"CONTROLLER": "PLAINTEXT"}
    settings = {
        "process.roles": "broker,controller",
        "node.id": node.id,
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": listeners,
        "advertised.listeners": public,
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": ",".join(f"{name}:{kind}" for name, kind in protocols.items()),
        "log.dirs": node.folder / "data",
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        # Few partitions of internal topics: each is files to open at every start.
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        # Members of a group are not waited for. A killed node is noticed sooner than in 9 s; until then it
        # cannot register again, and a single node has nobody who could wrongly take it for dead.
        "group.initial.rebalance.delay.ms": 0,
        "broker.heartbeat.interval.ms": 500 if size == 1 else 1000,
        "broker.session.timeout.ms": 3000 if size == 1 else 6000,
    }
    return {key: str(value) for key, value in settings.items()}


def _security_settings(security: Security) -> dict[str, str]:
    """TLS by PEM files on SSL and SASL_SSL, users by PLAIN and SCRAM on the SASL listeners."""
    module = "org.apache.kafka.common.security"
    users = " ".join(f'user_{name}="{password}"' for name, password in security.users.items())
    settings = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(security.keystore.absolute()),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(security.authority.absolute()),
        "listener.name.ssl.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": ",".join(SASL_MECHANISMS),
    }
    for listener in ("sasl_plaintext", "sasl_ssl"):
        prefix = f"listener.name.{listener}"
        settings[f"{prefix}.plain.sasl.jaas.config"] = f"{module}.plain.PlainLoginModule required {users};"
        for mechanism in SASL_MECHANISMS[1:]:
            settings[f"{prefix}.{mechanism.lower()}.sasl.jaas.config"] = (
                f"{module}.scram.ScramLoginModule required;"
            )
    return settings


def _dismiss(node: Node) -> None:
    """End the watcher of a node that has ended, before its standard input closes."""
    if node.watcher is not None:
        node.watcher.kill()
        node.watcher.wait()
        assert node.watcher.stdin is not None
        node.watcher.stdin.close()
        node.watcher = None


def _failed(node: Node, what: str) -> TickerError:
    lines = node.log.read_text(encoding="utf-8", errors="replace").splitlines()
    telling = [line for line in lines if not line.startswith("\tat ")]  # a stack is for reading in the log
    tail = "\n".join(f"  {line}" for line in telling[-20:])
    return TickerError(f"Kafka node {node.id} {what}; the end of {node.log}:\n{tail}")
