"""The OpenAPI 3.1 document of `ticker serve`, made from a table of its endpoints and the structs that they send."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from schemas.events import CategorizedHeadline
from streams import __version__
from streams.explain.explanation import Explanation
from streams.serve.rows import Page, TopicRow
from streams.web.problems import CONTENT_TYPE as PROBLEM
from streams.web.problems import Problem

_REF: Final = "#/components/schemas/{name}"


class _Parameter(Struct, frozen=True, kw_only=True):
    name: str
    where: str
    description: str
    repeated: bool = False
    whole: bool = False


class _Endpoint(Struct, frozen=True, kw_only=True):
    path: str
    summary: str
    content: str
    answer: Any = None
    parameters: tuple[_Parameter, ...] = ()
    conditional: bool = False


_FILTER: Final = (
    _Parameter(
        name="topic",
        where="query",
        repeated=True,
        description="A topic's slug: sport, politics, uncategorised, …",
    ),
    _Parameter(name="language", where="query", repeated=True, description="A language's ISO 639 code."),
    _Parameter(name="source", where="query", repeated=True, description="A source's id."),
    _Parameter(
        name="words",
        where="query",
        repeated=True,
        description="Words that a headline must have, however spelled.",
    ),
)
_TOPIC: Final = _Parameter(name="topic", where="path", description="A topic's slug.")
_AFTER: Final = _Parameter(
    name="after",
    where="query",
    description="A position, an event's id or the API's: go on there. The header Last-Event-ID goes before it.",
)
_ID: Final = _Parameter(name="id", where="path", description="A headline's id.")
_LIMIT: Final = _Parameter(name="limit", where="query", whole=True, description="Headlines at most, to 500.")
_BEFORE: Final = _Parameter(
    name="before",
    where="query",
    whole=True,
    description="Older ones than this `number` of an earlier answer.",
)

_ENDPOINTS: Final = (
    _Endpoint(
        path="/api/headlines",
        summary="Newest headlines, each in its newest wording.",
        content="application/json",
        answer=Page,
        parameters=(*_FILTER, _LIMIT, _BEFORE),
    ),
    _Endpoint(
        path="/api/headlines/{id}/why",
        summary="Why a headline was published, and what it swallowed by which rule.",
        content="application/json",
        answer=Explanation,
        parameters=(_ID,),
    ),
    _Endpoint(
        path="/api/topics",
        summary="Topics that can be asked for.",
        content="application/json",
        answer=tuple[TopicRow, ...],
    ),
    _Endpoint(
        path="/events",
        summary="Headlines as they come: server-sent events `headline` whose data is a CategorizedHeadline and whose"
        " id is the position after it, and `reset` where a position is not kept.",
        content="text/event-stream",
        answer=CategorizedHeadline,
        parameters=(*_FILTER, _AFTER),
    ),
    *(
        _Endpoint(
            path=f"{path}.{kind}",
            summary=f"{what} as {name}.",
            content=content,
            parameters=(*parameters, *(parameter for parameter in _FILTER if parameter.name not in path)),
            conditional=True,
        )
        for path, what, parameters in (
            ("/all", "The newest headlines", ()),
            ("/topics/{topic}", "The newest headlines of a topic", (_TOPIC,)),
        )
        for kind, name, content in (
            ("atom", "Atom", "application/atom+xml"),
            ("json", "JSON Feed 1.1", "application/feed+json"),
        )
    ),
    _Endpoint(
        path="/strip.txt",
        summary="The newest headlines in one line.",
        content="text/plain",
        parameters=_FILTER,
        conditional=True,
    ),
)


_ANSWERS: Final = tuple(endpoint.answer for endpoint in _ENDPOINTS if endpoint.answer is not None)


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    _, schemas = msgspec.json.schema_components([*_ANSWERS, Problem], ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "headline-ticker",
            "version": __version__,
            "description": "Committed headlines, read-only.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {endpoint.path: {"get": _operation(endpoint)} for endpoint in _ENDPOINTS},
        "components": {
            "schemas": schemas,
            "responses": {
                "Problem": {
                    "description": "The request cannot be answered; says what to do.",
                    "content": {PROBLEM: {"schema": {"$ref": _REF.format(name="Problem")}}},
                }
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
        "security": [{}, {"bearer": []}, {"basic": []}],
    }


def _operation(endpoint: _Endpoint) -> dict[str, Any]:
    schema = {"type": "string"}
    if endpoint.content == "application/json":
        (schema,), _ = msgspec.json.schema_components([endpoint.answer], ref_template=_REF)
    responses: dict[str, Any] = {
        "200": {"description": endpoint.summary, "content": {endpoint.content: {"schema": schema}}},
        "default": {"$ref": "#/components/responses/Problem"},
    }
    if endpoint.conditional:
        responses["304"] = {"description": "As the validators say, nothing has changed."}
    return {
        "operationId": endpoint.path.strip("/").replace("/", "_").replace(".", "_").translate(_NO_BRACES),
        "summary": endpoint.summary,
        "parameters": [_parameter(parameter) for parameter in endpoint.parameters],
        "responses": responses,
    }


_NO_BRACES: Final = str.maketrans("", "", "{}")


def _parameter(parameter: _Parameter) -> dict[str, Any]:
    value: dict[str, Any] = {"type": "integer", "minimum": 1} if parameter.whole else {"type": "string"}
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        "description": parameter.description,
        "schema": {"type": "array", "items": value} if parameter.repeated else value,
    }
