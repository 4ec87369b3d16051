"""Which schemas go under which subjects."""

from collections import Counter
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from msgspec.json import decode

import schemas
from schemas.routing import own_topics
from schemas.topics import TOPICS
from streams.registry.subjects import Subject, subjects

EXAMPLES = Path(schemas.__file__).parent / "examples"
SUBJECTS = subjects("staging", own_topics(["user:agadir"]))


def test_every_topic_for_consumers_has_a_subject_and_no_other() -> None:
    """By Confluent's TopicNameStrategy, with the prefix; topics of the user's own too."""
    names = {subject.name for subject in SUBJECTS if subject.name != subject.type}
    public = {f"{topic.on('staging')}-value" for topic in TOPICS if topic.public}
    assert names == public | {"staging.category.agadir-value"}


def test_every_type_for_consumers_has_a_subject() -> None:
    """Named as the type, whatever the prefix: it is what events lead to."""
    types = {subject.type for subject in SUBJECTS}
    assert {subject.name for subject in SUBJECTS if subject.name == subject.type} == types
    assert types == {"ticker.category.v1", "ticker.correction.v1", "ticker.duplicate.v1"}
    assert max(Counter(subject.name for subject in SUBJECTS).values()) == 1


@pytest.mark.parametrize("subject", [s for s in SUBJECTS if s.name == s.type], ids=lambda s: s.name)
def test_a_schema_is_one_that_registries_read(subject: Subject) -> None:
    """Of the dialect that they compare; the type's examples are valid under it."""
    schema = decode(subject.schema)
    Draft7Validator.check_schema(schema)
    examples = list((EXAMPLES / subject.type).glob("*.json"))
    assert examples
    for example in examples:
        Draft7Validator(schema).validate(decode(example.read_bytes()))
