"""The model answers with JSON that does not fit the requested schema."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from random import Random
from typing import Final, Literal, TypeGuard, cast

from mockserver.contracts import AnswerFailure
from mockserver.conversation import AnswerPart, Choice, ModelRequest, Text, ToolCall
from mockserver.sampling import accepts
from mockserver.wire.jsontext import JsonValue, compact

MOST_TRIED: Final = 200
"""Of a large value, so many of the ways to bend it are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaViolation(AnswerFailure):
    """Change JSON in a text, or the arguments of tool calls, so that its schema rejects it.

    Attributes:
        how: `missing_member`: a member is missing; `wrong_type`: a value has another type;
            `extra_member`: there is one member too many; `prose`: the JSON is valid, but in a
            fence amid prose, as chatty models write it.

    """

    kind = "schema_violation"

    how: Literal["missing_member", "wrong_type", "extra_member", "prose"] = "missing_member"

    def misanswer(self, choice: Choice, request: ModelRequest, rng: Random) -> Choice:  # noqa: ARG002 - the first that the schema refuses
        """Return *choice* bent; no effect where nothing can be bent so that the schema refuses."""
        schemas = {tool.name: tool.schema for tool in request.tools}

        def bent(part: AnswerPart) -> AnswerPart:
            match part:
                case Text(text):
                    return replace(part, text=self._bent(text, request.format.schema))
                case ToolCall(name, arguments):
                    return replace(part, arguments=self._bent(arguments, schemas.get(name)))
                case _:
                    return part

        return choice.edited(bent)

    def _bent(self, text: str, schema: JsonValue) -> str:
        """Return *text*, if it is JSON, as *schema* does not allow it."""
        try:
            value: JsonValue = json.loads(text)
        except ValueError:
            return text
        if self.how == "prose":
            return f"Here is the JSON you asked for:\n\n```json\n{text}\n```\n"
        tried = islice(self._wrong(value), MOST_TRIED)
        refused = (wrong for wrong in tried if not _allows(schema, wrong))
        return next((compact(wrong) for wrong in refused), text)

    def _wrong(self, value: JsonValue) -> Iterator[JsonValue]:
        """Yield values that differ from *value* in the one way that is wanted."""
        if self.how == "wrong_type":
            yield from _of_other_types(value)
            return
        if not isinstance(value, dict):
            return
        members = cast(dict[str, JsonValue], value)
        if self.how == "extra_member":
            yield {**members, "unexpected_member": "not in the schema"}
            return
        for name in members:
            yield {key: member for key, member in members.items() if key != name}


def _of_other_types(value: JsonValue) -> Iterator[JsonValue]:
    """Yield *value* with one member, or item, or itself, in values of another type."""
    if isinstance(value, dict):
        members = cast(dict[str, JsonValue], value)
        for name, member in members.items():
            for wrong in _of_other_types(member):
                yield {**members, name: wrong}
    elif _is_list(value) and value:
        first, *rest = value
        for wrong in _of_other_types(first):
            yield [wrong, *rest]
    elif isinstance(value, str):
        yield from (42, True, None)
    elif isinstance(value, bool) or value is None:
        yield "unknown"
    else:
        yield str(value)
        yield None


def _is_list(value: JsonValue) -> TypeGuard[list[JsonValue]]:
    return isinstance(value, list)


def _allows(schema: JsonValue, value: JsonValue) -> bool:
    """Return whether *value* is valid; without a schema, whatever differs is taken to be wrong."""
    return schema is not None and accepts(value, schema)
