"""Generate what others read of the contract: JSON Schema per event type, AsyncAPI 3, TypeScript and Java types.

`python -m schemas.generate` writes, unless a released type would refuse what it took before;
`--check` writes nothing and says what has drifted.
The schemas keep to the words that JSON Schema 2020-12 (msgspec) and draft-07 (AsyncAPI tools) share.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from . import cloudevents, deadletters, languages
from .compatibility import breaks
from .events import EVENT_TYPES, CategorizedHeadline, type_name
from .marks import MARK_TYPES
from .mediatopics import UNCATEGORISED
from .topics import DEFAULT_PREFIX, TOPICS, Topic

VALUE_TYPES: Final = (*EVENT_TYPES, *MARK_TYPES)
"""Everything that a value can be."""
HERE: Final = Path(__file__).parent
_VERSION: Final = "1.0.0"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(event_type: type[Struct]) -> dict[str, Any]:
    """The JSON Schema of an event type, its top level in line."""
    schema = _shared(msgspec.json.schema(event_type))
    definitions = schema.pop("$defs")
    top = definitions.pop(event_type.__name__)
    document = {"$schema": _DIALECT, "$id": f"{type_name(event_type)}.schema.json", **top}
    if definitions:
        document["$defs"] = definitions
    return document


def _shared(node: Any) -> Any:
    """A schema in the words that both dialects have: tuples of one type are arrays of a fixed length."""
    if isinstance(node, list):
        return [_shared(each) for each in node]
    if not isinstance(node, dict):
        return node
    if prefix := node.get("prefixItems"):
        assert all(each == prefix[0] for each in prefix), "draft-07 has no word for this"
        node = {name: value for name, value in node.items() if name != "prefixItems"} | {"items": prefix[0]}
    return {name: _shared(value) for name, value in node.items()}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document: every topic as a channel, every event as a message."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "headline-ticker",
            "version": _VERSION,
            "description": "Headlines of news tickers: split, deduplicated and categorized, on Kafka.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {
            f"receive.{topic.name}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "summary": f"Subscribe to {topic.on(DEFAULT_PREFIX)}.",
            }
            for topic in TOPICS
            if topic.public
        },
        "components": {"messages": dict(_messages())},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    kafka: dict[str, Any] = {
        "topic": topic.on(DEFAULT_PREFIX),
        "partitions": topic.partitions,
        "topicConfiguration": {"cleanup.policy": [topic.cleanup]},
        "bindingVersion": "0.5.0",
    }
    if topic.retention_ms is not None:
        kafka["topicConfiguration"]["retention.ms"] = topic.retention_ms
    names = [type_name(event) for event in topic.events] or ["deadletter"]
    return {
        "address": topic.on(DEFAULT_PREFIX),
        "description": f"{topic.description} Key: {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": kafka},
    }


def _messages() -> Iterator[tuple[str, dict[str, Any]]]:
    public = {event for topic in TOPICS if topic.public for event in topic.events}
    for event_type in VALUE_TYPES:
        message: dict[str, Any] = {
            "name": type_name(event_type),
            "summary": (event_type.__doc__ or "").partition("\n")[0],
            "payload": {"$ref": f"json/{type_name(event_type)}.schema.json"},
        }
        if event_type in public:
            message["headers"] = _cloudevents_headers()
        yield type_name(event_type), message
    yield (
        "deadletter",
        {
            "name": "deadletter",
            "summary": "A record that could not be processed: its own bytes, the reason in headers.",
            "contentType": "application/octet-stream",
            "headers": _deadletter_headers(),
        },
    )


def _cloudevents_headers() -> dict[str, Any]:
    example = CategorizedHeadline(
        id="0123456789abcdef0123-4",
        chain="0123456789abcdef0123-4",
        source="example",
        observed_at="2025-12-23T08:30:00.000Z",
        slot=4,
        text="-",
        language="en",
        topic=None,
        category=UNCATEGORISED,
        model="-",
    )
    names = [name for name, _ in cloudevents.headers(example, b"key")]
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in [*names, "ce_traceparent", "ce_dataschema"]},
        "required": names,
    }


def _deadletter_headers() -> dict[str, Any]:
    names = [
        name
        for name, _ in deadletters.to_headers(
            deadletters.reason(ValueError(), stage="", topic="", partition=0, offset=0, now=0, timestamp=0)
        )
    ]
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names},
        "required": names,
    }


def documents() -> dict[Path, bytes]:
    """Every generated file with its content."""
    files = {
        HERE / "json" / f"{type_name(event_type)}.schema.json": _pretty(json_schema(event_type))
        for event_type in VALUE_TYPES
    }
    files[HERE / "asyncapi.yaml"] = msgspec.yaml.encode(asyncapi())
    schemas = [json_schema(event_type) for event_type in EVENT_TYPES]
    files[HERE / "typescript" / "events.ts"] = languages.typescript(schemas).encode()
    files[HERE / "java" / "org" / "headlineticker" / "Events.java"] = languages.java(schemas).encode()
    return files


def _pretty(document: Mapping[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def drift() -> Iterator[str]:
    """Which committed files no longer say what the structs say."""
    for path, content in documents().items():
        if not path.exists() or path.read_bytes() != content:
            yield f"{path.name} does not say what the structs say: run `make schemas`"


def breakage() -> Iterator[str]:
    """What in the structs would refuse events that the committed schemas accept."""
    for path, content in documents().items():
        if path.suffix == ".json" and path.exists():
            committed = msgspec.json.decode(path.read_bytes())
            yield from breaks(committed, msgspec.json.decode(content), path.name)


def main() -> None:
    """Write the documents, or with `--check` compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something differs")
    parser.add_argument("--break", dest="breaking", action="store_true", help="write although readers break")
    arguments = parser.parse_args()
    problems = [] if arguments.breaking else list(breakage())
    if arguments.check:
        problems += drift()
    if problems:
        sys.exit("\n".join(problems))
    if not arguments.check:
        for path, content in documents().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


if __name__ == "__main__":
    main()
