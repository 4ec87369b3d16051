"""`ticker broker` and `ticker topics` as they are typed: output, exit codes, Ctrl-C."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from schemas.topics import TOPICS
from streams.dev.ports import free_ports

pytestmark = pytest.mark.kafka

TICKER = [sys.executable, "-c", "from streams.cli import main; main()"]


def ticker(*arguments: str) -> tuple[int, Sequence[dict[str, str]], str]:
    """Run a command: its exit code, its rows, and what it said on standard error."""
    done = subprocess.run([*TICKER, *arguments], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_a_broker_runs_until_it_is_told_to_stop(kafka: str, tmp_path: Path) -> None:
    """It says its address once it is ready, keeps its data where told, and ends with 0 on SIGTERM."""
    del kafka  # where no broker can run, that fixture has said so
    port = str(next(free_ports()))
    command = [*TICKER, "broker", "--port", port, "--data", str(tmp_path)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as broker,
        ExitStack() as left,
    ):
        left.callback(broker.terminate)  # also where it fails: leaving the block waits for its end
        assert broker.stdout is not None
        assert broker.stderr is not None
        assert json.loads(broker.stdout.readline()) == {
            "bootstrap_servers": f"127.0.0.1:{port}",
            "data": str(tmp_path),
        }
        broker.send_signal(signal.SIGTERM)
        assert broker.stderr.read().splitlines()[-1] == "Kafka has stopped."
    assert broker.returncode == 0
    assert (tmp_path / "cluster.json").exists()


def test_a_taken_port_is_a_wrong_setting(kafka: str, tmp_path: Path) -> None:
    """Exit code 2, and what to do."""
    port = kafka.rpartition(":")[2]
    code, _, said = ticker("broker", "--port", port, "--data", str(tmp_path))
    assert code == 2
    assert f"port {port} is taken" in said
    assert "--port" in said


def test_topics_are_created_and_checked(kafka: str, topic_prefix: str) -> None:
    """Check fails with a row for each missing topic, create makes them, check is then content."""
    cluster = ("--bootstrap-servers", kafka, "--topic-prefix", topic_prefix)
    code, rows, said = ticker("topics", "check", *cluster)
    assert (code, len(rows)) == (1, len(TOPICS))
    assert {row["mend"] for row in rows} == {"ticker topics create"}
    assert f"{len(TOPICS)} points" in said
    code, rows, _ = ticker("topics", "create", *cluster)
    assert (code, {row["outcome"] for row in rows}) == (0, {"created"})
    assert ticker("topics", "check", *cluster) == (0, [], "")


def test_no_broker_is_an_error_that_says_what_to_do() -> None:
    """Exit code 1 after the time that was given, without a traceback."""
    code, rows, said = ticker("topics", "check", "--bootstrap-servers", "127.0.0.1:1", "--patience", "0")
    assert (code, rows) == (1, [])
    assert said.startswith("ticker: no Kafka broker answers at 127.0.0.1:1")
    assert "ticker broker" in said


def test_a_wrong_setting_is_wrong_usage() -> None:
    """Exit code 2, naming the flag."""
    code, _, said = ticker("topics", "check", "--security-protocol", "TLS")
    assert code == 2
    assert "--security-protocol" in said
    assert "SASL_SSL" in said
