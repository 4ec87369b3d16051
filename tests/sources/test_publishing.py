"""`ticker produce --sources` from a real site to a real Kafka."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from schemas.events import Sighting
from schemas.topics import SIGHTINGS
from streams.kafka.topics import create
from streams.settings import Connection
from tests.chaos.topics import LASTING, contents
from tests.command import running
from tests.kafka_support import administer
from tests.sources.served import served
from tests.sources.world import page

FIRST = (
    "Parliament votes on the new water law tonight",
    "Storm closes the harbour",
    "Olive harvest begins early",
)
NEXT = ("اتفاق جديد بين الوزارة والأساتذة ينهي الإضراب", *FIRST[:2])


def published(connection: Connection, prefix: str, least: int) -> list[Sighting]:
    """All sightings, once there are so many."""
    deadline = time.monotonic() + 120
    while True:
        found = asyncio.run(contents(connection, prefix, [SIGHTINGS]))[SIGHTINGS.name].all
        if len(found) >= least:
            return [msgspec.json.decode(record.value, type=Sighting) for record in found]
        assert time.monotonic() < deadline, f"only {len(found)} sightings"


@pytest.mark.kafka
def test_what_a_site_shows_is_on_kafka_and_a_restart_goes_on(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Headlines with their links; the next start asks with the validators of the last, and says only what is new."""
    connection = Connection(bootstrap_servers=kafka)
    administer(connection, create, LASTING, prefix=topic_prefix)
    with served(page(*FIRST)) as (address, state):
        sources = tmp_path / "sources.toml"
        sources.write_text(
            f'[[source]]\nid = "akhbar"\naddress = "{address}"\ninterval = 5\nallow_private = true\n'
        )
        command = (
            *("produce", "--sources", sources, "--contact", "desk@newsroom.example", "--distance", "0"),
            *("--state", tmp_path / "state", "--bootstrap-servers", kafka, "--topic-prefix", topic_prefix),
        )
        with running(*command):
            first = published(connection, topic_prefix, len(FIRST))
        assert [each.text for each in sorted(first, key=lambda each: each.slot)] == list(FIRST)
        assert {each.link for each in first} == {f"{address}story/{len(text)}" for text in FIRST}
        assert state.conditions[0] is None
        state.shown = page(*NEXT)
        before = len(state.conditions)
        with running(*command):
            second = published(connection, topic_prefix, len(FIRST) + len(NEXT))
        assert state.conditions[before] is not None
        assert {each.text for each in second} == {*FIRST, *NEXT}
