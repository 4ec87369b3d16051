"""The events on the wire: examples, schemas, versions."""

from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from schemas.events import MAX_LINK, MAX_TEXT, Headline, Sighting, encode, type_name
from schemas.generate import HERE, VALUE_TYPES, json_schema

EXAMPLES = [
    pytest.param(event_type, path, id=f"{type_name(event_type)}-{path.stem}")
    for event_type in VALUE_TYPES
    for path in sorted((HERE / "examples" / type_name(event_type)).glob("*.json"))
]
SIGHTING: dict[str, Any] = {
    "type": "ticker.sighting.v1",
    "id": "3f9a1c0de45b7a210c88-3",
    "source": "akhbar-strip",
    "observed_at": "2026-03-11T08:00:00.000Z",
    "slot": 3,
    "text": "أمطار غزيرة شمال المملكة",
    "language": "ar",
}


def decode(**fields: Any) -> Sighting:
    return msgspec.json.decode(msgspec.json.encode(SIGHTING | fields), type=Sighting)


@pytest.mark.parametrize("event_type", VALUE_TYPES, ids=type_name)
def test_every_type_has_examples(event_type: type[msgspec.Struct]) -> None:
    """A type without an example is a type that nobody can try."""
    assert list((HERE / "examples" / type_name(event_type)).glob("*.json"))


@pytest.mark.parametrize(("event_type", "path"), EXAMPLES)
def test_an_example_decodes_and_comes_back_the_same(event_type: type[msgspec.Struct], path: Path) -> None:
    """decode, encode and decode again: nothing is lost."""
    event = msgspec.json.decode(path.read_bytes(), type=event_type)
    assert msgspec.json.decode(msgspec.json.encode(event), type=event_type) == event


@pytest.mark.parametrize(("event_type", "path"), EXAMPLES)
@pytest.mark.parametrize(
    "dialect", [jsonschema.Draft202012Validator, jsonschema.Draft7Validator], ids=["2020-12", "draft-07"]
)
def test_an_example_is_valid_under_the_committed_schema(
    event_type: type[msgspec.Struct], path: Path, dialect: type[jsonschema.protocols.Validator]
) -> None:
    """An independent validator agrees, in the dialect that we write and in the one that AsyncAPI tools read."""
    schema = msgspec.json.decode((HERE / "json" / f"{type_name(event_type)}.schema.json").read_bytes())
    schema["$schema"] = dialect.META_SCHEMA["$schema"]
    validator = dialect(schema, format_checker=jsonschema.FormatChecker())
    validator.check_schema(schema)
    validator.validate(msgspec.json.decode(path.read_bytes()))


def test_a_version_that_nobody_knows_is_refused() -> None:
    """An event of a later major version is not guessed at."""
    with pytest.raises(msgspec.ValidationError, match="v9"):
        decode(type="ticker.sighting.v9")


def test_a_field_from_a_later_release_is_ignored() -> None:
    """Released types gain optional fields; an old reader passes over them."""
    assert decode(colour="red") == decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "not-an-id"),
        ("source", ""),
        ("observed_at", "2026-03-11 08:00"),
        ("observed_at", "2026-03-11T08:00:00+01:00"),
        ("slot", -1),
        ("slot", "3"),
        ("text", ""),
        ("text", "x" * (MAX_TEXT + 1)),
        ("language", "Arabic"),
        ("link", "/relative/link"),
        ("link", "javascript:alert(1)"),
        ("link", "https://example.org/" + "a" * MAX_LINK),
        ("published_at", "yesterday"),
    ],
)
def test_a_field_that_is_not_what_the_contract_says_is_refused(field: str, value: object) -> None:
    """And the reason names the field."""
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.{field}"):
        decode(**{field: value})


def test_the_schema_refuses_what_the_decoder_refuses() -> None:
    """The generated schema carries the limits too."""
    validator = jsonschema.Draft202012Validator(json_schema(Sighting))
    assert validator.is_valid(SIGHTING)
    assert not validator.is_valid(SIGHTING | {"text": ""})
    assert not validator.is_valid(SIGHTING | {"type": "ticker.sighting.v9"})


def test_defaults_are_not_written() -> None:
    """High-volume events carry only what they have to say."""
    headline = Headline(
        id="3f9a1c0de45b7a210c88-3",
        chain="3f9a1c0de45b7a210c88-3",
        source="a",
        observed_at="2026-03-11T08:00:00.000Z",
        slot=3,
        text="t",
        language="en",
    )
    assert b"updates" not in encode(headline)
    assert b"truncated" not in encode(headline)
    assert b"link" not in encode(headline)
