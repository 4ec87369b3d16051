"""Starts, stops, kills and restarts a real Apache Kafka (KRaft) cluster on this machine, for development and tests.

Every node is a Java process that listens on 127.0.0.1 only, keeps its data and its log in the cluster's folder, and
ends when the process that started it ends, even by SIGKILL. Nodes have both roles (broker and controller) and a small
heap, and internal topics have few partitions.
"""

import logging
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from streams.dev.configuration import SCRAM_MECHANISMS, Security, configuration
from streams.dev.folder import Identity, claim, identity_of, new_cluster_id, sign
from streams.dev.jars import Installation, Progress, exclusive, install, silent
from streams.dev.metadata import known_brokers
from streams.dev.node import Node, dismiss, failed, launch, run_java
from streams.dev.ports import HOST, free_ports, is_free
from streams.errors import SettingsError, TickerError
from streams.settings.connection import SECURITY_PROTOCOLS

_READY_S: Final = 90.0
_STOP_S: Final = 20.0
_POLL_S: Final = 0.05
_STARTUP_CACHE_SINCE_JAVA: Final = 25

_log: Final = logging.getLogger(__name__)


class Cluster:
    """A Kafka cluster of one or three nodes with its data in one folder.

    `port` is the port of the first node's PLAINTEXT listener; further nodes use the next ports. Without it free ports
    are chosen. `properties` are additional Kafka settings for all nodes. Use a cluster as a context manager, or call
    `start` and `stop`. The methods block: in asyncio programs call them from a thread.
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
        """The ids of the running nodes."""
        return tuple(node.id for node in self._nodes.values() if node.process is not None)

    def bootstrap_servers(self, protocol: str = "PLAINTEXT") -> str:
        """The addresses of all nodes, for clients with this security protocol."""
        return ",".join(f"{HOST}:{node.ports[protocol]}" for node in self._nodes.values())

    def pid(self, node: int) -> int:
        """The process id of a running node."""
        process = self._nodes[node].process
        if process is None:
            raise TickerError(f"node {node} does not run")
        return process.pid

    def log(self, node: int) -> Path:
        """The log of a node since its last start."""
        return self._nodes[node].log

    def start(self) -> None:
        """Start all nodes and wait until each answers and knows the others.

        Raises:
            SettingsError: A port is taken, the folder is in use or has another number of nodes, or the extra `broker`
                is missing.
            TickerError: A node ended or did not answer within 90 s; the message ends with the node's log.
        """
        if self._installation is None:
            self._installation = _prepare(self._cache, self._progress)
        self._progress(f"starting Kafka in {self.data}", 0, 0)
        self._claim = claim(self.data)
        try:
            identity = identity_of(self.data, self._size)
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
        """Stop one node cleanly; first other nodes take over its partitions' leadership."""
        self._end([self._nodes[node]], patience)

    def kill(self, node: int) -> None:
        """Kill one node without a shutdown (SIGKILL)."""
        self._end([self._nodes[node]], 0)

    def restart(self, node: int) -> None:
        """Start a node with the same data and ports, after stopping it if it runs; wait until it answers.

        After `kill` this takes 3 s longer in a cluster of one node and 6 s in one of three: the killed node's session
        must expire first.
        """
        found = self._nodes[node]
        self._end([found], _STOP_S)
        self._launch(found)
        self._await_ready([found])

    def check(self) -> None:
        """Raise a TickerError with the end of the log if a node has ended by itself."""
        for node in self._nodes.values():
            if node.process is not None and node.process.poll() is not None:
                raise failed(node, f"ended with status {node.process.returncode}")

    def _configure(self, node: Node) -> None:
        voters = ",".join(f"{each.id}@{HOST}:{each.ports['CONTROLLER']}" for each in self._nodes.values())
        settings = configuration(node, voters, self._size, self._security) | self._properties
        node.folder.mkdir(parents=True, exist_ok=True)
        node.properties.touch(mode=0o600)  # it may hold passwords
        node.properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))

    def _format(self) -> None:
        """Format the storage of all nodes in parallel, then write the cluster's identity."""
        identity = Identity(new_cluster_id(), self._size)
        users = self._security.users.items() if self._security else ()
        scram = [
            f"--add-scram={mechanism}=[name={name},password={password}]"
            for mechanism in SCRAM_MECHANISMS
            for name, password in users
        ]
        runs: list[tuple[Node, subprocess.Popen[bytes]]] = []
        for node in self._nodes.values():
            storage = ["--cluster-id", identity.cluster_id, "--config", str(node.properties), *scram]
            with node.log.open("wb") as log:
                command = ["kafka.tools.StorageTool", "format", *storage]
                runs.append((node, run_java(command, *self._started(), log=log)))
        for node in [node for node, process in runs if process.wait() != 0]:
            raise failed(node, "could not make its storage")
        sign(self.data, identity)

    def _launch(self, node: Node) -> None:
        launch(node, *self._started(), options=self._java_options)

    def _started(self) -> tuple[Installation, IO[bytes]]:
        """The installation and the folder's lock, which every Java process needs and `start` has set."""
        assert self._installation is not None
        assert self._claim is not None
        return self._installation, self._claim

    def _await_ready(self, nodes: Iterable[Node]) -> None:
        """Wait until each of the nodes answers a metadata request with all running nodes."""
        waiting = list(nodes)
        deadline = time.monotonic() + _READY_S
        while waiting:
            self.check()
            expected = set(self.running)
            waiting = [node for node in waiting if not expected <= known_brokers(node.ports["PLAINTEXT"])]
            if waiting and time.monotonic() > deadline:
                raise failed(waiting[0], f"did not answer within {_READY_S:.0f} s")
            if waiting:
                time.sleep(_POLL_S)

    def _end(self, nodes: Iterable[Node], patience: float) -> None:
        """Ask the nodes to stop, wait for them up to `patience` seconds in total, then kill the rest."""
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
                dismiss(node)


def _prepare(cache: Path | None, progress: Progress) -> Installation:
    """Kafka from the cache, with a start-up cache for Java, with which a start takes 1.2 s instead of 2.4 s."""
    installation = install(cache, progress)
    useful = int(installation.java_version.partition(".")[0]) >= _STARTUP_CACHE_SINCE_JAVA
    if useful and not installation.startup_cache.exists():
        with exclusive(installation.folder.parent / "lock"):
            if not installation.startup_cache.exists():
                progress("preparing quick starts (once, about 15 s)", 0, 0)
                _train(installation)
    return installation


def _train(installation: Installation) -> None:
    """Run a broker once so that Java writes the start-up cache (JEP 514). A failure only makes later starts slower."""
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


def _lay_out(data: Path, size: int, port: int | None, *, secure: bool) -> dict[int, Node]:
    """The nodes, with distinct free ports for all their listeners."""
    if port is not None:
        for taken in (number for number in range(port, port + size) if not is_free(number)):
            raise SettingsError(
                f"port {taken} is taken: stop what listens there, or choose another with --port"
            )
    free = free_ports()
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
