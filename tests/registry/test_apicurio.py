"""`ticker schemas` with a real registry (Apicurio): what is pushed, what check says, what the registry refuses."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from schemas.events import CategorizedHeadline, type_name
from schemas.generate import json_schema
from schemas.topics import TOPICS
from tests.command import rows, ticker

TYPE = type_name(CategorizedHeadline)
SUBJECTS = 25
"""Of the 22 topics that are public and their 3 types."""

pytestmark = pytest.mark.kafka


class Commands:
    """`ticker schemas` with one registry and prefix."""

    def __init__(self, registry: str, prefix: str) -> None:
        self.registry = registry
        self.prefix = prefix

    def push(self, *options: str, status: int = 0) -> list[Any]:
        return rows(self.run("push", *options), status)

    def check(self, *options: str, status: int = 0) -> dict[str, str]:
        """What differs, by subject."""
        return {row["subject"]: row["differs"] for row in rows(self.run("check", *options), status)}

    def run(self, *options: str) -> Any:
        return ticker(
            "schemas", *options, "--json", "--registry", self.registry, "--topic-prefix", self.prefix
        )

    def subject(self, name: str = "headlines") -> str:
        return f"{self.prefix}.{name}-value"

    def register(self, subject: str, schema: dict[str, Any]) -> Any:
        """What another program does."""
        body = json.dumps({"schemaType": "JSON", "schema": json.dumps(schema)})
        return self.ask("POST", f"/subjects/{subject}/versions", body)

    def ask(self, method: str, path: str, body: str | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.registry}{path}",
            method=method,
            data=None if body is None else body.encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@pytest.fixture
def commands(schema_registry: str, topic_prefix: str) -> Commands:
    return Commands(schema_registry, topic_prefix)


def _draft_7(**fields: Any) -> dict[str, Any]:
    """The schema of categorized headlines with further optional fields."""
    schema = json_schema(CategorizedHeadline) | {"$schema": "http://json-schema.org/draft-07/schema#"}
    return schema | {"properties": schema["properties"] | fields}


def test_what_is_pushed_is_there_and_what_is_there_is_left(commands: Commands, tmp_path: Path) -> None:
    """Check tells what is missing, push registers it, check is then content and a second push changes nothing."""
    rules = tmp_path / "topics.toml"
    rules.write_text('[topics.harbours]\nwords = "port"\n')
    missing = commands.check("--rules", str(rules), status=1)
    topics = {commands.subject(topic.name) for topic in TOPICS if topic.public}
    assert topics | {commands.subject("category.harbours")} <= missing.keys()
    assert set(missing.values()) == {"missing"}
    pushed = commands.push("--rules", str(rules))
    assert len(pushed) == SUBJECTS + 1
    assert commands.check("--rules", str(rules)) == {}
    assert {row["outcome"] for row in commands.push("--rules", str(rules))} == {"unchanged"}
    found = commands.ask("GET", f"/subjects/{commands.subject()}/versions/latest/schema")
    Draft7Validator.check_schema(found)
    assert found["properties"]["type"]["enum"] == [TYPE]


def test_a_registry_is_held_to_what_the_contract_promises(commands: Commands) -> None:
    """Once pushed, it takes what readers of older events understand, and nothing else; who is ahead is no fault."""
    commands.push()
    with pytest.raises(urllib.error.HTTPError, match="409"):
        commands.register(commands.subject(), _draft_7(slot={"type": "string"}))
    commands.register(commands.subject(), _draft_7(region={"type": "string"}))
    assert commands.check() == {}
    assert {row["version"] for row in commands.push() if row["subject"] == commands.subject()} == {1}


def test_what_others_made_of_a_subject_is_told(commands: Commands) -> None:
    """Older schemas can be followed by a push; another program's schema cannot, and push says whose it is not."""
    older = _draft_7()
    del older["properties"]["link"]
    commands.register(commands.subject(), older)
    commands.register(commands.subject("current"), _draft_7(slot={"type": "string"}))
    commands.ask("PUT", f"/config/{commands.subject('current')}", '{"compatibility": "FORWARD_TRANSITIVE"}')
    commands.ask("PUT", f"/config/{commands.subject()}", '{"compatibility": "FORWARD"}')
    said = commands.check(status=1)
    assert (said[commands.subject()], said[commands.subject("current")]) == ("level", "incompatible")
    refused = commands.run("push")
    assert refused.returncode == 1
    assert "incompatible" in refused.stderr.decode()
    assert commands.subject("current") in refused.stderr.decode()


def test_an_address_that_does_not_lead_to_the_schema_is_told(commands: Commands) -> None:
    """`ce_dataschema` names what a consumer will fetch, so check fetches it."""
    commands.push()
    nowhere = f"{commands.registry}/subjects/{{type}}/versions/9/schema"
    assert commands.check("--dataschema", nowhere, status=1)[TYPE] == "dataschema"
    another = f"{commands.registry}/subjects/ticker.duplicate.v1/versions/{{type}}"
    assert commands.check("--dataschema", another, status=1)[TYPE] == "dataschema"
