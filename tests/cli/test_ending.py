"""A real program that is told to end, and a Prometheus that scrapes it."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.deploy.support import free_port
from tests.kafka_support import wait_until

_SAMPLE = Path(__file__).parents[2] / "streams/samples/strips.jsonl"
_SCRAPES = {"X-Prometheus-Scrape-Timeout-Seconds": "10", "User-Agent": "Prometheus/3"}


def _asked(address: str, headers: dict[str, str] | None = None) -> int:
    """The status of a page, 0 where nobody answers."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, headers=headers or {}), timeout=60
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return 0


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_board_that_waits_for_kafka_ends_when_it_is_told(told: signal.Signals) -> None:
    """Whoever mistyped the broker's address need not wait until it is given up."""
    command = [sys.executable, "-m", "streams.cli", "serve", "--listen", "127.0.0.1:0", "--patience", "600"]
    command += ["--bootstrap-servers", "127.0.0.1:1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as board:
        try:
            assert board.stderr is not None
            assert "waiting for Kafka" in board.stderr.readline()
            board.send_signal(told)
            assert board.wait(60) == 0
        finally:
            board.kill()


def test_a_program_works_on_until_it_is_scraped_and_ends_then() -> None:
    """The board is read while it waits, nobody sends it anyone new, and its last scrape is answered."""
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "streams.cli", "serve", "--local", str(_SAMPLE), "--listen", address]
    environment = os.environ | {"TICKER_LOG_FORMAT": "json"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as board:
        try:
            wait_until(lambda: _asked(f"http://{address}/readyz") == HTTPStatus.OK, seconds=60)
            # Once, so that nobody knows how soon it comes again.
            assert _asked(f"http://{address}/metrics", _SCRAPES) == HTTPStatus.OK
            board.send_signal(signal.SIGTERM)
            wait_until(
                lambda: _asked(f"http://{address}/readyz") == HTTPStatus.SERVICE_UNAVAILABLE, seconds=60
            )
            assert _asked(f"http://{address}/") == HTTPStatus.OK
            assert _asked(f"http://{address}/metrics", _SCRAPES) == HTTPStatus.OK, (
                "of the second it sees the truth"
            )
            wait_until(lambda: _asked(f"http://{address}/metrics", _SCRAPES) == 0, seconds=60)
            assert board.wait(60) == 0
            assert board.stderr is not None
            assert "goes on until the next scrape" in board.stderr.read()
        finally:
            board.kill()
