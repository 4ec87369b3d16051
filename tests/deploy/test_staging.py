"""The staging overlay as it stands: what it runs does not stand in the way of a replay, and shows what it brings."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from schemas.topics import HEADLINES
from streams.settings import Connection
from tests.deploy.support import free_port, tool
from tests.kafka_support import wait_until
from tests.replay.replay_support import everything, make_topics, publish, sightings

OVERLAYS: Final = Path(__file__).parents[2] / "deploy/kubernetes/overlays"
COUNT: Final = 120


def commands(overlay: str) -> Iterator[tuple[str, list[str]]]:
    """The arguments of `ticker` in every container of an overlay, those that come first before the others."""
    built = subprocess.run(
        [tool("kubectl"), "kustomize", str(OVERLAYS / overlay)], capture_output=True, text=True, check=True
    )
    for document in yaml.safe_load_all(built.stdout):
        pod: dict[str, Any] = document.get("spec", {}).get("template", {}).get("spec", {})
        for container in (*pod.get("initContainers", ()), *pod.get("containers", ())):
            yield container["name"], container["args"]


@pytest.mark.kafka
def test_a_replay_runs_into_staging_as_it_stands(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    """The overlays' own commands: staging runs with its topics, then a plan is not refused, and its workers publish."""
    connection, staging = Connection(bootstrap_servers=kafka), f"{topic_prefix}-staging"
    make_topics(connection, topic_prefix)
    now = time.time_ns() // 1_000_000
    publish(connection, topic_prefix, sightings(COUNT, spacing=50, start=now - 600_000))
    here = {"ticker": topic_prefix, "staging": staging, "/tmp/day.json": str(tmp_path / "day.json")}

    def ticker(arguments: list[str]) -> list[str]:
        listening = [
            f"127.0.0.1:{free_port()}" if word.startswith("0.0.0.0:") else here.get(word, word)
            for word in arguments
        ]
        return [sys.executable, "-m", "streams.cli", *listening, "--bootstrap-servers", kafka]

    running = dict(commands("staging"))
    subprocess.run([*ticker(running.pop("topics")), "--topic-prefix", staging], check=True, timeout=120)
    with ExitStack() as stack:
        for arguments in running.values():
            process = subprocess.Popen([*ticker(arguments), "--topic-prefix", staging])
            stack.callback(process.wait)
            stack.callback(process.terminate)
        steps = dict(commands("replay"))
        assert [*steps] == ["plan", "apply"]
        subprocess.run(ticker(steps["plan"]), check=True, timeout=120)
        apply = stack.enter_context(subprocess.Popen(ticker(steps["apply"])))
        stack.callback(apply.kill)
        wait_until(lambda: len(everything(connection, HEADLINES.on(staging))) == COUNT, seconds=120)
