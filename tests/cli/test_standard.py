"""Standard streams that are closed or full: a sentence and an exit code, no fault of ours."""

import subprocess
from pathlib import Path

import pytest

from tests.command import TICKER, on_terminal

STRIP = "Ferry service resumes | Council votes on the budget | Storm closes the northern road"


def run(redirection: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    """`ticker` as a shell starts it with this redirection."""
    script = f'exec "$@" {redirection}'
    command = ["/bin/sh", "-c", script, "sh", *TICKER, *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("redirection", "arguments", "status", "said"),
    [
        (">/dev/full", ("split",), 1, "standard output cannot be written: No space left on device"),
        (">/dev/full", ("run",), 1, "standard output cannot be written: No space left on device"),
        (">&-", ("split",), 1, "standard output cannot be written: Bad file descriptor"),
        ("2>&-", ("split",), 0, ""),
    ],
)
def test_output_that_cannot_be_written_is_said(
    tmp_path: Path, redirection: str, arguments: tuple[str, ...], status: int, said: str
) -> None:
    """A full disk and a closed stream end with exit code 1 and one sentence."""
    page = tmp_path / "page.txt"
    page.write_text(STRIP)
    done = run(redirection, *arguments, str(page))
    assert (done.returncode, done.stderr.decode().splitlines()[-1:]) == (
        status,
        [f"ticker: {said}"] if said else [],
    )


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    """`| head -1` has what it wants: status 0 under `pipefail` too, and not a word."""
    strips = tmp_path / "strips.jsonl"
    line = '{"source":"akhbar","observed_at":"2026-03-11T08:00:00Z","text":"Storm %d | Ferry %d","separator":"|"}\n'
    strips.write_text("".join(line % (number, number) for number in range(2_000)))
    script = '"$@" | head -1; exit ${PIPESTATUS[0]}'
    command = ["/bin/bash", "-c", script, "bash", *TICKER, "split", str(strips), "--json"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.count(b"\n"), done.stderr) == (0, 1, b"")


@pytest.mark.parametrize("command", ["split", "categorize"])
def test_a_command_that_would_wait_for_a_terminal_says_what_it_wants(command: str) -> None:
    """Without a file, and with nothing in a pipe, it ends at once."""
    assert "name a file, or - for standard input" in on_terminal(command)


@pytest.mark.parametrize("command", ["split", "run"])
def test_an_input_that_is_closed_is_empty(command: str) -> None:
    """As with `< /dev/null`: there is nothing to read, and that is said."""
    done = run("<&-", command, "-")
    assert done.returncode == 1
    assert b"standard input: it is empty" in done.stderr
