"""Tools that tests of deploy/ run: skipped on a laptop without them, demanded in continuous integration."""

import os
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from streams.cli import ticker


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


def accepts(arguments: Sequence[str]) -> None:
    """Fail unless `ticker` takes these arguments, its options and all; nothing runs."""
    told: click.Command | None = ticker
    context, name, left = None, "ticker", list(arguments)
    while isinstance(told, click.Group):
        context = click.Context(told, parent=context)
        name, told, left = _next(told, context, left)
    assert told is not None
    told.make_context(name, left, parent=context)


def _next(
    group: click.Group, context: click.Context, arguments: list[str]
) -> tuple[str, click.Command | None, list[str]]:
    name, command, left = group.resolve_command(context, arguments)
    return name or "", command, left
