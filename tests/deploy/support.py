"""Tools that tests of deploy/ run: skipped on a laptop without them, demanded in continuous integration."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

import click
import pytest
import yaml

from streams.cli import ticker

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
OVERLAYS: Final = ("production", "staging", "sources")
ALL_OVERLAYS: Final = (*OVERLAYS, "replay", "replay-try")
ENDS_S: Final = 15
"""What a program may take to end its work, after its last scrape came."""


def tool(name: str, *others: str) -> str:
    """The path of a program, from the virtual environment or the system; distributions have `others` as its names."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else next(filter(None, map(shutil.which, (name, *others))), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed on this machine")
    return found


def documents_of(overlay: str) -> list[dict[str, Any]]:
    """The objects that an overlay for Kubernetes makes, new ones at each call."""
    return deepcopy(_documents_of(overlay))


@cache
def _documents_of(overlay: str) -> list[dict[str, Any]]:
    """Made once, by libyaml where it is there: most tests of manifests begin with all objects of an overlay."""
    done = subprocess.run(
        [tool("kubectl"), "kustomize", str(DEPLOY / f"kubernetes/overlays/{overlay}")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.load_all(done.stdout, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


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
