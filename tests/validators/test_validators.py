"""Events that the pipeline makes are valid by validators of four languages, and what is no event is not.

A language that is not installed skips its test, and fails it in continuous integration.
`make validate` takes a million.
"""

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pytest

from schemas.events import EVENT_TYPES, EventTime, SeenHeadline, type_name
from tests.chaos.corpus import Corpus
from tests.validators.events import Line, events
from tests.validators.languages import LANGUAGES, SCHEMAS, MissingError, validated

_EVENTS: Final = 3_000
_EXAMPLES: Final = SCHEMAS.parent / "examples"


def _made() -> Iterator[Line]:
    """What the pipeline makes of headlines with repeats, near repeats and updates, then an example of every type."""
    texts = (json.loads(record.value or b"")["text"] for record in Corpus(poison=0).take(2_000))
    yield from islice(events(texts), _EVENTS)
    for kind in map(type_name, EVENT_TYPES):
        for example in sorted((_EXAMPLES / kind).glob("*.json")):
            yield kind, json.dumps(json.loads(example.read_bytes())).encode()


def _broken() -> Iterator[Line]:
    """An event in every way that a schema forbids: a field missing, of another type, out of bounds, of no format."""
    kind = "ticker.category.v1"
    good: dict[str, Any] = json.loads((_EXAMPLES / kind / "sport.json").read_bytes())
    for change in (
        {"text": ""},
        {"text": 3},
        {"text": None},
        {"slot": -1},
        {"language": "Arabic"},
        {"id": "1"},
        {"observed_at": "2026-03-11"},
        {"observed_at": "2026-13-41T08:00:00.000Z"},
        {"type": "ticker.category.v2"},
        {"link": "ftp://example.org/"},
        {"topics": [{"topic": "medtop:15000000", "confidence": 1.5}]},
    ):
        yield kind, json.dumps(good | change).encode()
    for name in ("id", "chain", "text", "category", "model"):
        yield kind, json.dumps({key: value for key, value in good.items() if key != name}).encode()


def test_state_records_are_validated_too() -> None:
    """Although their processor encodes them itself."""
    kinds = {kind for kind, _ in islice(_made(), _EVENTS)}
    assert {type_name(SeenHeadline), type_name(EventTime)} <= kinds


@pytest.mark.parametrize("language", LANGUAGES)
def test_events_are_valid_and_what_is_none_is_not(language: str, tmp_path: Path) -> None:
    """By a validator that is not ours: every real event and every example, and not one that is broken."""
    try:
        command = LANGUAGES[language](tmp_path)
    except MissingError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{error} is not on this machine")
    made = list(_made())
    counts = validated({language: command}, made, tmp_path)[language]
    assert sum(counts.valid.values()) == len(made) > _EVENTS
    assert not counts.invalid
    assert {type_name(kind) for kind in EVENT_TYPES} == counts.valid.keys()
    broken = list(_broken())
    counts = validated({language: command}, broken, tmp_path)[language]
    assert sum(counts.invalid.values()) == len(broken)
    assert not counts.valid
