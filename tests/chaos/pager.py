"""Runs a real Alertmanager with the shipped example configuration, and records its notifications in order."""

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from msgspec import Struct

from tests.deploy.support import free_port, tool
from tests.deploy.watched import RULES, service

_EXAMPLE: Final = RULES.parent / "alertmanager.yaml"
_UNIT_MS: Final = {"s": 1000, "m": 60_000}


class Told(Struct, frozen=True):
    """A notification of an alert; `at` is in seconds of the monotonic clock."""

    at: float
    receiver: str
    labels: dict[str, str]

    @property
    def alert(self) -> str:
        """The alert's name."""
        return self.labels["alertname"]


class Pager:
    """Collects the notifications of all receivers; `address` is that of the Alertmanager."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.told: list[Told] = []


def hurried(configuration: str, faster: float, receiver: str) -> str:
    """The example configuration with waits divided by `faster`, and one address for all receivers."""
    waits = re.sub(
        r"(group_\w+: )(\d+)([sm])$",
        lambda found: f"{found[1]}{max(1, int(int(found[2]) * _UNIT_MS[found[3]] / faster))}ms",
        configuration,
        flags=re.MULTILINE,
    )
    return re.sub(r"http://[^/\s]+", receiver, waits)


@contextmanager
def on_call(folder: Path, *, faster: float) -> Iterator[Pager]:
    """Run an Alertmanager and its receivers while the context lasts."""
    port = free_port()
    pager = Pager(f"127.0.0.1:{port}")
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), _receiver(pager))
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    path = folder / "alertmanager.yaml"
    address = f"http://127.0.0.1:{receiver.server_port}"
    path.write_text(hurried(_EXAMPLE.read_text("utf-8"), faster, address), encoding="utf-8")
    command = [
        tool("alertmanager", "prometheus-alertmanager"),
        f"--config.file={path}",
        f"--storage.path={folder}/alertmanager",
        f"--web.listen-address={pager.address}",
        "--cluster.listen-address=",
    ]
    try:
        with service(command, folder, os.environ):
            yield pager
    finally:
        receiver.shutdown()
        receiver.server_close()


def _receiver(pager: Pager) -> type[BaseHTTPRequestHandler]:
    class Receiver(BaseHTTPRequestHandler):
        """Takes the notifications of all receivers; the path names the receiver."""

        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            now = time.monotonic()
            pager.told += [
                Told(now, self.path.strip("/"), alert["labels"])
                for alert in message["alerts"]
                if alert["status"] == "firing"
            ]
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    return Receiver
