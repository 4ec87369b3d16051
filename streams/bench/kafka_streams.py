"""Kafka Streams as a competitor: `Deduplicate.java` beside this module, compiled here and run by the brokers' Java."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final, NoReturn

from schemas.topics import HEADLINES, SIGHTINGS
from streams.dev.jars import Progress, install_streams
from streams.errors import TickerError

COMPILER: Final = "javac"
_SOURCE: Final = Path(__file__).with_name("Deduplicate.java")
_OPTIONS: Final = (
    *("-Xms1g", "-Xmx1g"),
    "-XX:+UseSerialGC",  # on one core: what Java would choose there by itself
    "-XX:-UsePerfData",
    "--enable-native-access=ALL-UNNAMED",
)


def fetch(progress: Progress) -> None:
    """Download the jars (85 MB) if they are not in the cache."""
    install_streams(progress=progress)


def in_memory(servers: str, prefix: str, records: int) -> NoReturn:
    """Kafka Streams with its state in memory and a changelog of it, every value decoded."""
    _become(servers, prefix, records, "memory", "all")


def lazy(servers: str, prefix: str, records: int) -> NoReturn:
    """The same, but the values of new keys only are decoded."""
    _become(servers, prefix, records, "memory", "new")


def rocksdb(servers: str, prefix: str, records: int) -> NoReturn:
    """Kafka Streams with its state in RocksDB behind a cache of objects and a changelog of it, every value decoded."""
    _become(servers, prefix, records, "rocksdb", "all")


def _become(servers: str, prefix: str, records: int, store: str, decoded: str) -> NoReturn:
    """Compile the program and replace this process by it; what it writes stays in the folder of temporary files."""
    kafka = install_streams()
    folder = tempfile.mkdtemp()
    compiler = shutil.which(COMPILER)
    assert compiler is not None
    done = subprocess.run(  # noqa: S603 (our own program)
        [compiler, "--release", "17", "-cp", kafka.class_path, "-d", folder, str(_SOURCE)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise TickerError(f"{COMPILER} refuses {_SOURCE}: {done.stderr[-2000:]}")
    command = [
        *(str(kafka.java), *_OPTIONS, f"-Djava.io.tmpdir={folder}"),
        *("-cp", os.pathsep.join([folder, kafka.class_path])),
        *("Deduplicate", servers, f"{prefix}.kafka-streams"),
        *(SIGHTINGS.on(prefix), HEADLINES.on(prefix), str(records), folder, store, decoded),
    ]
    os.execv(command[0], command)  # noqa: S606 (no shell is meant)
