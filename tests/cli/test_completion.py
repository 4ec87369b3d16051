"""What a shell offers after `ticker`: commands, options and categories, as README says to switch it on."""

import os
import subprocess
import sys

import pytest


def _complete(shell: str, words: str, incomplete: str) -> str:
    """What `ticker` answers to a shell's question."""
    position = {"COMP_CWORD": incomplete if shell == "fish" else str(len(words.split()))}
    asked = {
        "COMP_WORDS": words if shell == "fish" else f"{words} {incomplete}",
        "_TICKER_COMPLETE": f"{shell}_complete",
    }
    return _ticker(**position, **asked)


def _ticker(**variables: str) -> str:
    """What `ticker` prints under these variables of the environment."""
    program = "import sys; sys.argv[0] = 'ticker'; from streams.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("words", "incomplete", "offered"),
    [("ticker", "ta", "tail"), ("ticker tail", "spo", "sport"), ("ticker tail", "--unt", "--until")],
)
def test_a_shell_is_offered_what_fits(shell: str, words: str, incomplete: str, offered: str) -> None:
    """Commands, categories and options."""
    assert offered in _complete(shell, words, incomplete)


@pytest.mark.parametrize(
    ("shell", "hook"), [("bash", "complete -o nosort"), ("zsh", "compdef"), ("fish", "complete --no-files")]
)
def test_a_shell_is_given_a_script(shell: str, hook: str) -> None:
    """`_TICKER_COMPLETE=SHELL_source ticker` prints what a start file evaluates."""
    assert hook in _ticker(_TICKER_COMPLETE=f"{shell}_source")
