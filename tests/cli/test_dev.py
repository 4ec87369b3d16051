"""`ticker dev`: the whole pipeline in one command, as a newcomer meets it."""

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import pytest

_SECONDS = 120


@pytest.mark.kafka
@pytest.mark.usefixtures("kafka")
def test_headlines_arrive_although_the_usual_ports_are_taken(tmp_path: Path) -> None:
    """It finds ports of its own, shows what is published, and says nothing of errors while all is well."""
    said = tmp_path / "said.log"
    with contextlib.ExitStack() as stack:
        for port in (9092, 9464, 8080):
            with contextlib.suppress(OSError):  # taken by another: as good
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
        process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "streams.cli", "dev", "--every", "0.2"],
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=stack.enter_context(said.open("wb")),
            )
        )
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            # Bytes, for the reader stops anywhere in what it has read ahead, in an Arabic letter too.
            lines.append(line.decode())
            if lines[-1].startswith('{"type":"ticker.category.v1"'):
                break
        process.terminate()  # as Ctrl-C, which a shell in the background keeps from its children
        process.communicate(timeout=_SECONDS)
    log = said.read_text(encoding="utf-8")
    assert lines[-1].startswith('{"type":"ticker.category.v1"'), log
    assert all(line.startswith('{"type":"ticker.category.v1"') for line in lines), (
        "prose is on standard error"
    )
    assert "Kafka      127.0.0.1:9092" not in log
    assert "\nboard      http://127.0.0.1:" in log
    assert '"level":"error"' not in log
    assert "Traceback" not in log
    assert "Warning:" not in log
