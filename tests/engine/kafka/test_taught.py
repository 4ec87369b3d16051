"""A topic by example on a real broker: taught, given a Kafka topic, published to, looked at and explained."""

import json
import time
from pathlib import Path

import pytest

from schemas.instants import format_instant
from schemas.topics import HEADLINES
from tests.command import rows, ticker
from tests.engine.kafka.conftest import Pipeline
from tests.process.categorize.test_teach import AGAINST, FOR

pytestmark = pytest.mark.kafka

_HOUR_MS = 3_600_000
_THEN = "Port of Bizerte expects its largest container ship"
_NOW = "Port of Sfax welcomes its largest container ship"
_OTHER = "Esperance wins the cup in the last minute"


def _strip(text: str, hours_ago: int) -> str:
    observed_at = format_instant(time.time_ns() // 1_000_000 - hours_ago * _HOUR_MS)
    return json.dumps({"source": "harbour-news", "observed_at": observed_at, "text": text}) + "\n"


def test_a_taught_topic_has_its_kafka_topic_from_when_it_is_switched_on(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """What was shown before the switch stays where it was; what comes after goes to the topic, and says why."""
    for name, text in (("for.txt", FOR), ("against.txt", AGAINST)):
        (tmp_path / name).write_text(text)
    taught, rules, strips = (tmp_path / n for n in ("harbours.taught.json", "topics.toml", "strips.jsonl"))
    sides = ("--for", tmp_path / "for.txt", "--against", tmp_path / "against.txt")
    rows(ticker("topics", "teach", "harbours", *sides, "-o", taught))
    ticker("topics", "switch-on", taught, "--rules", rules, "--since", "1h")
    cluster = (
        *("--bootstrap-servers", pipeline.connection.bootstrap_servers),
        *("--topic-prefix", pipeline.prefix),
    )
    created = rows(ticker("topics", "create", "--rules", rules, *cluster))
    assert {row["topic"] for row in created if row["outcome"] == "created"} == {
        f"{pipeline.prefix}.category.harbours"
    }
    strips.write_text(_strip(f"{_THEN} | {_OTHER}", 2) + _strip(_NOW, 0))
    assert pipeline.producer("--separator", " | ", str(strips)).wait() == 0
    worker = pipeline.worker("--rules", str(rules))
    pipeline.drain(3)
    worker.stop()
    found = rows(ticker("tail", "harbours", "--since", "1d", "--no-follow", "--json", *cluster))
    assert [row["text"] for row in found] == [_NOW]
    assert "+harbours@1-" in found[0]["model"]
    events = [json.loads(record.value) for record in pipeline.read(HEADLINES)[HEADLINES.name].all]
    assert {event["text"]: event["category"] for event in events}[_THEN] == "economy"
    (shadow,) = rows(ticker("topics", "shadow", taught, "--since", "1d", "--json", *cluster))
    assert (shadow["headlines"], shadow["taken"]) == (3, 2)
    assert sum(shadow["per_day"].values()) == 2
    (explained,) = rows(ticker("explain", _NOW, "--rules", rules, "--json", *cluster))
    assert {reason["rule"] for reason in explained["why"]} == {"harbours@1"}
    assert explained["headline"]["model"] == found[0]["model"]
    assert "why_by" not in explained
