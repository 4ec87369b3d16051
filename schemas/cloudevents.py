"""CloudEvents 1.0 in binary content mode: the headers of events on public topics.

Source: CloudEvents Kafka Protocol Binding 1.0.2, sections 3.2 and 3.3; extensions Partitioning and Distributed Tracing.
The Sequence extension is not used: it defines an order within a source, but the headlines of a source are on one
partition per language. The order within a partition is Kafka's offset.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, unquote

from msgspec import Struct

from .events import CategorizedHeadline, Correction, Duplicate, Headline, type_name

CONTENT_TYPE: Final = b"application/json"
_SPEC_VERSION: Final = b"1.0"
_SOURCES: Final = "/sources/"
_CORRECTIONS: Final = "/corrections"

CANARY_SOURCE: Final = "ticker.canary"
"""The source of headlines that only watch the pipeline (`ticker canary`). What comes of them goes to the topic
`canary` alone."""

Headers = list[tuple[str, bytes]]

_TYPES: Final = {t: type_name(t).encode() for t in (Headline, CategorizedHeadline, Duplicate, Correction)}

SchemaUris = Mapping[type[Struct], bytes]
"""The absolute URI of the JSON Schema of each event type."""
NO_SCHEMA_URIS: Final[SchemaUris] = MappingProxyType({})


def schema_uris(template: str) -> SchemaUris:
    """The schema URIs from a template such as `https://example.org/schemas/{type}.schema.json`."""
    return {
        event_type: template.replace("{type}", name.decode()).encode() for event_type, name in _TYPES.items()
    }


def headers(
    event: Headline | CategorizedHeadline | Duplicate | Correction,
    key: bytes,
    schemas: SchemaUris = NO_SCHEMA_URIS,
) -> Headers:
    """The binary-mode headers of an event, by which a consumer can filter without decoding the value.

    `ce_id` is the headline's (or duplicate's) id, `ce_source` the place that showed it, `ce_time` when. A
    correction's source is `/corrections`. `ce_dataschema` is there where its schema can be fetched.
    """
    if isinstance(event, Correction):
        rows = _rows(event, _CORRECTIONS, event.corrected_at, key)
    else:
        rows = _rows(event, source_uri(event.source), event.observed_at, key)
        if event.traceparent is not None:
            rows.append(("ce_traceparent", event.traceparent.encode()))
    if (schema := schemas.get(type(event))) is not None:
        rows.append(("ce_dataschema", schema))
    return rows


def _rows(event: Headline | Duplicate | Correction, source: str, time: str, key: bytes) -> Headers:
    return [
        ("ce_specversion", _SPEC_VERSION),
        ("ce_id", event.id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", _TYPES[type(event)]),
        ("ce_time", time.encode()),
        ("content-type", CONTENT_TYPE),
        ("ce_partitionkey", key),
    ]


@lru_cache(maxsize=4096)
def source_uri(source: str) -> str:
    """A source id as the URI reference that `ce_source` must be: `/sources/ID`, percent-encoded."""
    return f"{_SOURCES}{quote(source)}"


def source_of(uri: str) -> str:
    """The source id that a `ce_source` names (the inverse of `source_uri`)."""
    return unquote(uri.removeprefix(_SOURCES))
