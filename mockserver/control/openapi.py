"""The OpenAPI document of the control API, made from the table of routes and the shapes."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import msgspec

from mockserver.control.guard import TOKEN_HEADER
from mockserver.control.jsonform import Json
from mockserver.control.routes import ROUTES, Route
from mockserver.control.schemas import reference, schemas
from mockserver.control.shapes import Problem

JSON_TYPE: Final = "application/json"
PROBLEM_TYPE: Final = "application/problem+json"
ALWAYS: Final = (400, 401, 403, 413, 415)
"""Errors of every route."""
PHRASES: Final = {
    400: "The body or the query is not valid.",
    401: "The token is missing or wrong.",
    403: "The request comes from a web page, or addresses another host.",
    404: "The session or call does not exist.",
    409: "The current state does not allow this.",
    413: "The body is too large.",
    415: "The content type is not JSON.",
    422: "The scenario or the condition has errors; `faults` lists all of them.",
}
ABOUT: Final = (
    "Control a running llm-mockserver from a test: sessions, rules, journal, clock. Every error is "
    "an `application/problem+json`."
)


@cache
def document(version: str) -> Json:
    """Return the document; *version* is that of the server."""
    paths: dict[str, Json] = {}
    nothing: list[str] = []
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "llm-mockserver control API", "version": version, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas(_values()),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "token": {"type": "apiKey", "in": "header", "name": TOKEN_HEADER},
            },
        },
        # No token is needed if the server has none.
        "security": [{}, {"bearer": nothing}, {"token": nothing}],
    }


def _values() -> Iterator[type[Any]]:
    """Yield what is sent and answered."""
    yield Problem
    for route in ROUTES:
        if route.answer is not dict:
            yield route.answer
        if route.body is not None:
            yield route.body


def _operation(route: Route) -> Json:
    answer: Json = {"type": "object"} if route.answer is dict else reference(route.answer)
    operation: dict[str, Json] = {
        "operationId": route.name,
        "summary": route.about,
        "responses": {
            str(route.status): {
                "description": "Success.",
                "content": {JSON_TYPE: {"schema": answer}},
            },
            **{
                str(status): {
                    "description": PHRASES[status],
                    "content": {PROBLEM_TYPE: {"schema": reference(Problem)}},
                }
                for status in sorted({*ALWAYS, *route.problems})
            },
        },
    }
    parameters = _parameters(route)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {
            "required": any(field.required for field in msgspec.structs.fields(route.body)),
            "content": {JSON_TYPE: {"schema": reference(route.body)}},
        }
    return operation


def _parameters(route: Route) -> list[Json]:
    found: list[Json] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 1} if name == "number" else {"type": "string"},
        }
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    if route.query is not None:
        query = schemas([route.query])[route.query.__name__]
        found += [
            {
                "name": name,
                "in": "query",
                "required": name in query["required"],
                "description": schema.pop("description"),
                "schema": schema,
            }
            for name, schema in query["properties"].items()
        ]
    return found
