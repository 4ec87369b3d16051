"""Standard streams that are closed or full: a sentence and an exit code, no fault of ours."""

import subprocess
from pathlib import Path

import pytest

from tests.command import TICKER

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


@pytest.mark.parametrize("command", ["split", "run"])
def test_an_input_that_is_closed_is_empty(command: str) -> None:
    """As with `< /dev/null`: there is nothing to read, and that is said."""
    done = run("<&-", command, "-")
    assert done.returncode == 1
    assert b"standard input: it is empty" in done.stderr
