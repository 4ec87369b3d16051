"""Tools that tests of deploy/ run: skipped on a laptop without them, demanded in continuous integration."""

import os
import shutil
import socket
import sys
from pathlib import Path

import pytest


def tool(name: str, *others: str) -> str:
    """The path of a program, from the virtual environment or the system; distributions have `others` as its names."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else next(filter(None, map(shutil.which, (name, *others))), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed on this machine")
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
