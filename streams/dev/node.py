"""One node of a cluster on this machine: a Java process, and a watcher that ends it when its owner ends."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

from streams.dev.jars import Installation
from streams.errors import TickerError

_LOGGING: Final = Path(__file__).with_name("log4j2.properties")
_WATCH: Final = """
read -r _
kill -TERM "$0" 2>/dev/null
for _ in $(seq 50); do kill -0 "$0" 2>/dev/null || exit 0; sleep 0.2; done
kill -KILL "$0"
"""
"""Ends the process $0 once standard input closes. The owner holds its other end, which closes when the owner dies."""


class Node(Struct):
    """One node: its folder, its ports by listener, and its process while it runs."""

    id: int
    folder: Path
    ports: dict[str, int]
    process: subprocess.Popen[bytes] | None = None
    watcher: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """The output of Kafka and Java since the node's last start."""
        return self.folder / "kafka.log"

    @property
    def properties(self) -> Path:
        """The node's configuration."""
        return self.folder / "server.properties"


def run_java(
    command: Sequence[str],
    installation: Installation,
    claim: IO[bytes],
    *,
    log: IO[bytes],
    options: Sequence[str] = (),
) -> subprocess.Popen[bytes]:
    """Start a Kafka class with its arguments. The process inherits the folder's lock and holds it until it ends."""
    if installation.startup_cache.exists():
        # Java warns about classes that are not in the cache, but loading them takes only milliseconds.
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
        start_new_session=True,  # Ctrl-C goes to the owner only, which stops the nodes in order
        pass_fds=[claim.fileno()],
    )


def launch(node: Node, installation: Installation, claim: IO[bytes], *, options: Sequence[str] = ()) -> None:
    """Start a node and its watcher; the log of the previous run is kept as `kafka.log.1`."""
    if node.log.exists():
        node.log.replace(node.log.with_suffix(".log.1"))
    with node.log.open("wb") as log:
        command = ["kafka.Kafka", str(node.properties)]
        node.process = run_java(command, installation, claim, log=log, options=options)
    node.watcher = subprocess.Popen(  # noqa: S603 (the script is ours)
        ["/bin/sh", "-c", _WATCH, str(node.process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def dismiss(node: Node) -> None:
    """End the watcher of a node that has ended, before its standard input closes."""
    if node.watcher is not None:
        node.watcher.kill()
        node.watcher.wait()
        assert node.watcher.stdin is not None
        node.watcher.stdin.close()
        node.watcher = None


def failed(node: Node, what: str) -> TickerError:
    """An error that says what happened to a node and ends with the last lines of its log."""
    lines = node.log.read_text(encoding="utf-8", errors="replace").splitlines()
    telling = [line for line in lines if not line.startswith("\tat ")]  # stack traces are left to the log
    tail = "\n".join(f"  {line}" for line in telling[-20:])
    return TickerError(f"Kafka node {node.id} {what}; the end of {node.log}:\n{tail}")
