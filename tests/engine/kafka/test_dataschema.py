"""`ce_dataschema`: a consumer that knows nothing but an event fetches its schema from a real registry."""

import urllib.request

import pytest
from jsonschema import Draft7Validator
from msgspec.json import decode

from schemas.topics import CORRECTIONS, CURRENT, DUPLICATES, HEADLINES
from tests.chaos.corpus import Corpus
from tests.command import rows, ticker
from tests.engine.kafka.conftest import Pipeline

pytestmark = pytest.mark.kafka


def test_a_consumer_fetches_the_schema_that_an_event_names(pipeline: Pipeline, schema_registry: str) -> None:
    """Every event that a worker publishes with a registry set leads to a schema there, and is valid under it."""
    rows(ticker("schemas", "push", "--registry", schema_registry, "--topic-prefix", pipeline.prefix))
    pipeline.write(Corpus(poison=0).take(200))
    worker = pipeline.worker(TICKER_SCHEMAS_REGISTRY=schema_registry)
    pipeline.drain(200)
    worker.stop()
    found = pipeline.read(HEADLINES, CURRENT, DUPLICATES, CORRECTIONS)
    validators: dict[str, Draft7Validator] = {}
    events = [record for content in found.values() for record in content.all if record.value]
    for record in events:
        url = dict(record.headers)["ce_dataschema"].decode()
        if url not in validators:
            with urllib.request.urlopen(url, timeout=60) as answer:
                validators[url] = Draft7Validator(decode(answer.read()))
        validators[url].validate(decode(record.value))
    assert len(events) > len(validators) == 2
