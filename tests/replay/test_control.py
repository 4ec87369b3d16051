"""A replay that people watch, pause and speed up while it runs, from another process."""

import asyncio
import threading
from pathlib import Path

import pytest

from schemas.marks import Control, Manifest
from schemas.topics import SIGHTINGS
from streams.errors import SettingsError
from streams.replay import ledger
from streams.replay.apply import Closing
from streams.replay.control import PAUSED, change
from streams.replay.plan import write_plan
from streams.settings import Connection
from tests.command import rows, ticker
from tests.kafka_support import wait_until
from tests.replay.replay_support import (
    Quiet,
    applied,
    between,
    drafted,
    everything,
    make_topics,
    publish,
    sightings,
)

pytestmark = pytest.mark.kafka


def test_a_replay_is_paused_sped_up_and_watched_from_elsewhere(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    """At a second a second it would take 20 minutes: paused it stands, at 10000x it is done; `status` tells both.

    What is said and cannot be read, as that of a later version, is told and changes nothing.
    """
    connection = Connection(bootstrap_servers=kafka)
    source, target, path = topic_prefix, f"{topic_prefix}-to", tmp_path / "plan.json"
    make_topics(connection, source)
    publish(connection, source, sightings(120, spacing=10_000))
    plan, _ = drafted(between(connection), source, target, speed="1x")
    write_plan(plan, path)
    watching, closings = Quiet(), list[Closing]()
    applying = threading.Thread(target=lambda: closings.append(applied(plan, between(connection), watching)))
    applying.start()
    wait_until(lambda: watching.pacer is not None, seconds=60)
    assert ticker("replay", "pause", path).returncode == 0
    wait_until(lambda: watching.pacer is not None and watching.pacer.holds, seconds=60)
    (status,) = rows(ticker("replay", "status", path, "--json"))
    assert (status["status"]["state"], status["status"]["records"]) == ("paused", 120)
    assert status["status"]["left_s"] > 900
    options, key = connection.aiokafka_options(), ledger.control_key(plan.id)
    for strange in (
        Manifest(id=plan.id, started_at=plan.made_at, target=target, created=()),
        Control(changed_at=plan.made_at, speed="as fast as light"),
    ):
        asyncio.run(ledger.write(options, target, key, strange))
        wait_until(lambda: "changes nothing" in watching.said[-1], seconds=60)
        watching.said.append("heard")
    assert watching.pacer is not None
    assert watching.pacer.holds == {PAUSED}
    assert ticker("replay", "list", "--bootstrap-servers", kafka).returncode == 0
    wanted = change(options, target, plan.id, paused=False, speed="7 weeks a second")
    assert not asyncio.run(wanted).paused
    applying.join(60)
    assert closings
    assert closings[0].whole
    assert closings[0].held_seconds > 0
    assert len(everything(connection, SIGHTINGS.on(target))) == 120
    below = ("replay", "list", "--bootstrap-servers", kafka, "--topic-prefix")
    (told,) = rows(ticker(*below, target))
    assert told["id"] == plan.id
    assert rows(ticker(*below, source)) == []
    assert (told["state"], told["speed"], told["written"]) == ("done", "7 weeks a second", 120)
    with pytest.raises(SettingsError, match="there is no replay"):
        asyncio.run(change(connection.aiokafka_options(), target, "another", paused=True))
