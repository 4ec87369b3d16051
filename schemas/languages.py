"""Generate types for the events from their JSON Schemas: TypeScript interfaces and Java records.

Both compile without any library. An optional field that is absent is `undefined` in TypeScript; in Java it is null,
false or an empty list.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Schema = Mapping[str, Any]

_TYPESCRIPT: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
_JAVA: Final = {"string": "String", "integer": "long", "number": "double", "boolean": "boolean"}


def typescript(documents: Sequence[Schema]) -> str:
    """A module that exports an interface for every event and nested object."""
    lines = ["// Generated from the JSON Schemas beside it by `make schemas`.", ""]
    for name, schema in _objects(documents):
        lines += _comment(schema, "")
        lines.append(f"export interface {name} {{")
        for field, value, required in _fields(schema):
            lines += _comment(value, "  ")
            lines.append(f"  readonly {field}{'' if required else '?'}: {_typescript_type(value)};")
        lines += ["}", ""]
    events = " | ".join(document["title"] for document in documents)
    return "\n".join([*lines, f"export type Event = {events};", ""])


def java(documents: Sequence[Schema]) -> str:
    """A class with a record for every event and nested object, with fields in camel case."""
    lines = [
        "// Generated from the JSON Schemas beside it by `make schemas`.",
        "package org.headlineticker;",
        "",
        "import java.util.List;",
        "",
        "/** The events. Jackson reads them with SNAKE_CASE names and without FAIL_ON_UNKNOWN_PROPERTIES. */",
        "public final class Events {",
        "  private Events() {}",
    ]
    for name, schema in _objects(documents):
        fields = [(_camel(field), _java_type(value)) for field, value, _ in _fields(schema)]
        lines += ["", *_javadoc(schema)]
        lines.append(f"  public record {name}(")
        lines.append(",\n".join(f"      {kind} {field}" for field, kind in fields) + ") {")
        lists = [field for field, kind in fields if kind.startswith("List")]
        if lists:
            lines.append(f"    public {name} {{")
            lines += [f"      {each} = {each} == null ? List.of() : List.copyOf({each});" for each in lists]
            lines.append("    }")
        lines.append("  }")
    return "\n".join([*lines, "}", ""])


def _objects(documents: Sequence[Schema]) -> Iterator[tuple[str, Schema]]:
    """Every object type by name, once; nested objects before the events that contain them."""
    parts = {name: part for document in documents for name, part in document.get("$defs", {}).items()}
    yield from sorted(parts.items())
    for document in documents:
        yield document["title"], document


def _fields(schema: Schema) -> Iterator[tuple[str, Schema, bool]]:
    """Every field of an object: its name, its schema, and whether it is required."""
    required = {"type", *schema.get("required", ())}
    for name, value in schema["properties"].items():
        yield name, value, name in required


def _typescript_type(value: Schema) -> str:
    if "anyOf" in value:
        return " | ".join(map(_typescript_type, value["anyOf"]))
    if "$ref" in value:
        return _referred(value)
    if "enum" in value:
        return " | ".join(f'"{each}"' for each in value["enum"])
    if value["type"] == "array":
        return f"readonly {_typescript_type(value['items'])}[]"
    return _TYPESCRIPT.get(value["type"], "null")


def _java_type(value: Schema) -> str:
    """The Java type of a schema; for an optional value, `anyOf` a type and null, it is that type."""
    if "anyOf" in value:
        return _java_type(value["anyOf"][0])
    if "$ref" in value:
        return _referred(value)
    if "enum" in value:
        return "String"
    if value["type"] == "array":
        return f"List<{_java_type(value['items'])}>"
    return _JAVA[value["type"]]


def _referred(value: Schema) -> str:
    return str(value["$ref"]).rpartition("/")[2]


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _description(schema: Schema) -> str | None:
    for part in (schema, *schema.get("anyOf", ())):
        if "description" in part:
            return str(part["description"]).partition("\n\n")[0].replace("\n", " ")
    return None


def _comment(schema: Schema, indent: str) -> Iterator[str]:
    if text := _description(schema):
        yield f"{indent}/** {text} */"


def _javadoc(schema: Schema) -> Iterator[str]:
    if text := _description(schema):
        yield f"  /** {text} */"
