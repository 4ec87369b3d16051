"""A real schema registry for tests: Apicurio from Maven, one file that is checked and unpacked into the cache."""

import hashlib
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from streams.dev import jars
from streams.errors import TickerError
from tests.kafka_support import wait_until

_VERSION: Final = "3.3.3"
_SHA256: Final = "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63"
_LISTENING: Final = re.compile(rb"Listening on: (http://127\.0\.0\.1:\d+)\.")
_UNTIL_STANDARD_INPUT_ENDS: Final = '"$@" & read -r _; kill $!; wait $!'
"""Runs a command as long as the tests: it ends with them, however they end."""
_SETTINGS: Final = (
    "quarkus.http.host=127.0.0.1",
    "quarkus.http.port=0",
    "quarkus.management.host=127.0.0.1",
    "quarkus.management.port=0",
)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The address of Confluent's API of a registry that keeps everything in memory.

    Raises:
        TickerError: It can neither be found in the cache nor fetched, or does not start.
    """
    java, _ = jars._java()
    log = folder / "apicurio.log"
    command = [
        *(java, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        *(f"-D{setting}" for setting in _SETTINGS),
        *("-jar", _install() / "quarkus-run.jar"),
    ]
    with (
        log.open("wb") as said,
        subprocess.Popen(
            ["/bin/sh", "-c", _UNTIL_STANDARD_INPUT_ENDS, "sh", *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdin is not None
        try:
            address = wait_until(lambda: _LISTENING.findall(log.read_bytes()), seconds=120)[0].decode()
            yield f"{address}/apis/ccompat/v7"
        finally:
            process.stdin.close()


def _install() -> Path:
    """The registry's folder in the cache; fetched (159 MB) where it is not there yet."""
    cache = jars.default_cache()
    folder = cache / f"apicurio-{_VERSION}-{_SHA256[:12]}"
    if not folder.exists():
        with jars.exclusive(cache / "apicurio.lock"):
            if not folder.exists():
                _fetch_into(folder)
    return folder


def _fetch_into(folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    downloads = partial / "downloads"
    downloads.mkdir(parents=True)
    project = jars._maven(downloads).project("io.apicurio", "apicurio-registry-app")
    try:
        archive = Path(project.at_version(_VERSION).artifact("all", "tar.gz").resolve())
    except (OSError, RuntimeError) as error:  # what requests and jgo raise
        raise TickerError(f"cannot fetch Apicurio {_VERSION}: {error}") from error
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _SHA256:
        raise TickerError(f"{archive}: SHA-256 {digest} is not the one that was tested")
    with tarfile.open(archive) as packed:
        packed.extractall(partial / "unpacked", filter="data")
    shutil.rmtree(downloads)
    (partial / "unpacked").rename(folder)
    shutil.rmtree(partial)
