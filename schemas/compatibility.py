"""Check that a JSON Schema accepts all events that an older one accepts: released types only gain optional fields."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def breaks(old: Schema, new: Schema, path: str = "$") -> Iterator[str]:
    """The parts of `new` that would refuse an event that is valid under `old`, one sentence each."""
    yield from _fields(old, new, path)
    yield from _values(old, new, path)
    yield from _bounds(old, new, path)
    for kind, separator in (("properties", "."), ("$defs", "/")):
        for name in sorted(set(old.get(kind, {})) & set(new.get(kind, {}))):
            yield from breaks(old[kind][name], new[kind][name], f"{path}{separator}{name}")
    if isinstance(old.get("items"), Mapping) and isinstance(new.get("items"), Mapping):
        yield from breaks(old["items"], new["items"], f"{path}[]")
    yield from _any_of(old, new, path)


def _fields(old: Schema, new: Schema, path: str) -> Iterator[str]:
    if gone := sorted(set(old.get("properties", {})) - set(new.get("properties", {}))):
        yield f"{path}: field {', '.join(gone)} is gone"
    if added := sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{path}: field {', '.join(added)} became required"


def _values(old: Schema, new: Schema, path: str) -> Iterator[str]:
    if "type" in old and "type" in new and (narrowed := _types(old) - _types(new)):
        yield f"{path}: no longer takes {', '.join(sorted(narrowed))}"
    if "type" in new and not old.keys() & {"type", "anyOf"}:
        yield f"{path}: takes only {new['type']}"
    for word in ("pattern", "const", "format", "$ref"):
        if word in new and old.get(word) != new[word]:
            yield f"{path}: {word} is {new[word]!r}, was {old.get(word)!r}"
    if "enum" in new and (lost := set(old.get("enum", ())) - set(new["enum"])):
        yield f"{path}: no longer takes {', '.join(map(str, sorted(lost)))}"


def _bounds(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for word, tighter in (("minimum", 1), ("minLength", 1), ("maximum", -1), ("maxLength", -1)):
        if word in new and (word not in old or (new[word] - old[word]) * tighter > 0):
            yield f"{path}: {word} is {new[word]}, was {old.get(word)}"


def _any_of(old: Schema, new: Schema, path: str) -> Iterator[str]:
    if "anyOf" not in old and "anyOf" not in new:
        return
    for branch in old.get("anyOf", [old]):
        if all(any(True for _ in breaks(branch, other)) for other in new.get("anyOf", [new])):
            yield f"{path}: no longer takes {branch}"


def _types(schema: Schema) -> set[str]:
    kind = schema.get("type", ())
    return {kind} if isinstance(kind, str) else set(kind)
