"""The schema of structured output as the model reads it, which is what is billed."""

import json
from collections.abc import Mapping
from typing import Any

from mockserver.tokens.schemas import as_list, as_schema


def render_response_format(json_schema: Mapping[str, Any]) -> str:
    """Return the heading, and the block that describes the format called `name` to the model."""
    return f"# Response Formats\n\n{render_format(json_schema)}"


def render_format(json_schema: Mapping[str, Any]) -> str:
    """Return the block that describes the format called `name` to the model.

    The schema is compact JSON without what only the decoder needs, ASCII-escaped
    (293 distinct requests, 98.6 % exact; docs/usage.md).
    """
    description = json_schema.get("description")
    return "".join(
        [
            f"## {json_schema.get('name') or ''}\n\n",
            f"// {description}\n" if description else "",
            json.dumps(_pruned(json_schema.get("schema") or {}), separators=(",", ":")),
        ]
    )


_UNREAD = frozenset(
    {
        "$schema",
        "additionalProperties",
        "default",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "multipleOf",
        "pattern",
        "required",
        "uniqueItems",
    }
)
"""Keywords that the model is not shown."""


def _pruned(schema: Any) -> Any:
    parts = as_list(schema)
    if parts is not None:
        return [_pruned(part) for part in parts]
    content = as_schema(schema)
    if content is None:
        return schema
    return {
        key: _each_pruned(value) if key in _NAMED else _pruned(value)
        for key, value in content.items()
        if key not in _UNREAD
    }


_NAMED = frozenset({"properties", "$defs", "definitions"})
"""Keywords whose keys are names: a name `format` stays."""


def _each_pruned(schemas: Any) -> Any:
    named = as_schema(schemas)
    if named is None:
        return schemas
    return {name: _pruned(schema) for name, schema in named.items()}
