"""The subject of each schema, and how a registry differs from that.

Each topic for consumers has a subject by Confluent's TopicNameStrategy, such as `ticker.headlines-value`. Each event
type has one by its name, such as `ticker.category.v1`: `ce_dataschema` of an event refers to it, whatever the topic.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from schemas.compatibility import breaks
from schemas.events import UNREADABLE, type_name
from schemas.generate import json_schema
from schemas.topics import TOPICS, Topic
from streams.errors import TickerError
from streams.registry.client import Registry

LEVEL: Final = "FORWARD_TRANSITIVE"
"""The promise of every released schema: readers of any older version understand events of a newer one. (The other
direction cannot be promised where readers ignore unknown fields: an older event might have had such a field.)"""
_DIALECT: Final = "http://json-schema.org/draft-07/schema#"
"""The newest dialect that Apicurio and Karapace compare; our schemas use only keywords that it shares with 2020-12."""

_PUSH: Final = "ticker schemas push"

Difference = Literal["missing", "outdated", "incompatible", "level", "dataschema"]


class Subject(Struct, frozen=True):
    """A subject and the schema that it must have, as JSON text."""

    name: str
    type: str
    """The event type of the schema; equal to `name` for the type's own subject."""
    schema: str


class Pushed(Struct, frozen=True):
    """The outcome for a subject: `registered` as first or next version, or `unchanged`."""

    subject: str
    outcome: Literal["registered", "unchanged"]
    version: int
    id: int
    """The registry's id of the schema."""


class Differs(Struct, frozen=True):
    """A difference between a registry and the contract, and how to mend it."""

    subject: str
    differs: Difference
    detail: str
    mend: str


def subjects(prefix: str, own: Iterable[Topic] = ()) -> tuple[Subject, ...]:
    """The subjects of all topics for consumers, including the user's `own`, then those of their event types."""
    public = [topic for topic in (*TOPICS, *own) if topic.public]
    of_topics = [_subject(f"{topic.on(prefix)}-value", kind) for topic in public for kind in topic.events]
    types = dict.fromkeys(kind for topic in public for kind in topic.events)
    return (*of_topics, *(_subject(type_name(kind), kind) for kind in types))


def _subject(name: str, kind: type[Struct]) -> Subject:
    document = json_schema(kind) | {"$schema": _DIALECT}
    # A file's `$id` is relative to its location. In a registry the subject names the schema, and some validators refuse
    # to load a schema whose `$id` is not absolute.
    del document["$id"]
    return Subject(name, type_name(kind), msgspec.json.encode(document).decode())


async def push(registry: Registry, wanted: Sequence[Subject]) -> AsyncIterator[Pushed]:
    """Register the missing schemas, and set the compatibility level of each subject.

    Raises:
        TickerError: The registry cannot be reached, refuses the login, or finds a schema incompatible. Schemas that
            were registered before the failure stay; the next push continues after them.
    """
    known = await registry.subjects()
    for subject in wanted:
        if subject.name in known and await registry.level(subject.name) != LEVEL:
            await registry.set_level(
                subject.name, LEVEL
            )  # first, so that the registry checks the schema against it
        before = await registry.find(subject.name, subject.schema) if subject.name in known else None
        if before is None:
            await registry.register(subject.name, subject.schema)
            if subject.name not in known:
                await registry.set_level(subject.name, LEVEL)
        found = before or await registry.find(subject.name, subject.schema)
        if found is None:
            raise TickerError(f"the registry took the schema of {subject.name} and does not have it")
        outcome: Literal["registered", "unchanged"] = "unchanged" if before else "registered"
        yield Pushed(subject.name, outcome, found.version, found.id)


async def check(registry: Registry, wanted: Sequence[Subject]) -> AsyncIterator[Differs]:
    """The differences between a registry and the contract.

    Schemas newer than ours are no difference: another release pushed them.
    """
    known = await registry.subjects()
    for subject in wanted:
        if subject.name not in known:
            yield Differs(subject.name, "missing", "no such subject", _PUSH)
            continue
        if await registry.find(subject.name, subject.schema) is None:
            yield await _schema_differs(registry, subject)
        level = await registry.level(subject.name)
        if level != LEVEL:
            said = "what the registry has for all" if level is None else level
            yield Differs(subject.name, "level", f"compatibility is {said}, not {LEVEL}", _PUSH)


async def _schema_differs(registry: Registry, subject: Subject) -> Differs:
    if await registry.is_compatible(subject.name, subject.schema):
        return Differs(subject.name, "outdated", "has older schemas only", _PUSH)
    return Differs(
        subject.name,
        "incompatible",
        f"has a schema that {subject.type} of this release cannot follow",
        "see who pushed it: another program has this subject, or another prefix belongs here (--topic-prefix)",
    )


async def check_dataschema(
    registry: Registry, wanted: Sequence[Subject], template: str
) -> AsyncIterator[Differs]:
    """The types whose `ce_dataschema` URL does not serve their schema. Dialect and layout of the JSON may differ."""
    for subject in wanted:
        if subject.name != subject.type:
            continue
        url = template.replace("{type}", subject.type)
        problem = await _unlike(registry, url, subject)
        if problem is not None:
            yield Differs(subject.name, "dataschema", problem, "mend schemas.dataschema, or what is there")


async def _unlike(registry: Registry, url: str, subject: Subject) -> str | None:
    """Why the content of a URL is not the subject's schema; None if it is that or a later schema of the type."""
    try:
        found = msgspec.json.decode(await registry.fetch(url))
    except UNREADABLE:
        return f"what {url} has is no JSON"
    except TickerError as error:
        return str(error)
    if not isinstance(found, dict):
        return f"what {url} has is no JSON Schema"
    broken = list(breaks(msgspec.json.decode(subject.schema), found, subject.type))
    return f"{url} would refuse what is published: {broken[0]}" if broken else None
