"""Generated contract files: no drift, no break, readable by others."""

from typing import Any

import pytest
import yaml

from schemas.compatibility import breaks
from schemas.events import Headline
from schemas.generate import HERE, breakage, drift, json_schema
from schemas.topics import TOPICS

OLD = json_schema(Headline)


def changed(**properties: Any) -> dict[str, Any]:
    """The headline schema with some properties replaced; None removes one."""
    merged = {**OLD["properties"], **properties}
    return {**OLD, "properties": {name: value for name, value in merged.items() if value is not None}}


def test_committed_files_say_what_the_structs_say() -> None:
    """`make schemas` would change nothing."""
    assert list(drift()) == []
    assert list(breakage()) == []


def test_the_asyncapi_document_names_every_topic() -> None:
    """Channels are addresses on a cluster with the default prefix."""
    document = yaml.safe_load((HERE / "asyncapi.yaml").read_text())
    assert document["asyncapi"] == "3.0.0"
    assert {c["address"] for c in document["channels"].values()} == {t.on("ticker") for t in TOPICS}


def test_the_asyncapi_document_has_no_dangling_reference() -> None:
    """Every $ref leads somewhere: into the document or to a schema file beside it."""
    document = yaml.safe_load((HERE / "asyncapi.yaml").read_text())

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [r for value in node.values() for r in references(value)]
        return [r for value in node for r in references(value)] if isinstance(node, list) else []

    for reference in references(document):
        if reference.startswith("#/"):
            target = document
            for part in reference[2:].split("/"):
                target = target[part]
        else:
            assert (HERE / reference).exists(), reference


@pytest.mark.parametrize(
    ("new", "complaint"),
    [
        (changed(text=None), "text is gone"),
        ({**OLD, "required": [*OLD["required"], "truncated"]}, "truncated became required"),
        (changed(slot={**OLD["properties"]["slot"], "type": "string"}), "no longer takes integer"),
        (changed(slot={**OLD["properties"]["slot"], "minimum": 1}), "minimum"),
        (changed(text={**OLD["properties"]["text"], "maxLength": 10}), "maxLength"),
        (changed(text={**OLD["properties"]["text"], "pattern": "^a"}), "pattern"),
        (changed(type={"enum": ["ticker.headline.v2"]}), "no longer takes ticker.headline.v1"),
        (changed(updates={"type": "string"}), "no longer takes"),
    ],
)
def test_a_change_that_would_refuse_old_events_is_named(new: dict[str, Any], complaint: str) -> None:
    """A released type only gains optional fields."""
    assert any(complaint in problem for problem in breaks(OLD, new))


@pytest.mark.parametrize(
    "new",
    [
        changed(mood={"type": "string"}),
        changed(text={**OLD["properties"]["text"], "maxLength": 5000}),
        {**OLD, "required": OLD["required"][:-1]},
    ],
)
def test_a_change_that_accepts_old_events_passes(new: dict[str, Any]) -> None:
    """New optional fields, wider limits and fewer required fields break nobody."""
    assert list(breaks(OLD, new)) == []
