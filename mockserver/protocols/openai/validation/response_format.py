"""The form that the answer must have: text, JSON of any kind, or JSON by a schema.

Source:
    Live calls to gpt-5.6-terra published by a third party, 2026-08-30; recorded answers of 2025;
    texts pasted in public issues since 2024.
"""

from collections.abc import Mapping
from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.protocols.openai.validation import faults, schemas, values
from mockserver.protocols.openai.validation.restrictions import Restrictions
from mockserver.protocols.openai.validation.values import Body, Check

_KINDS: Final = ("json_object", "json_schema", "text")
_MOST_NAME: Final = 64


def check_response_format(restrictions: Restrictions) -> Check:
    """Return the check of a format; kinds and schemas that a gateway may know pass."""
    lenient = restrictions.lenient
    open_kinds = lenient or restrictions.open_kinds

    def check(value: Any, _: Body) -> None:
        stated = values.record(value, "response_format")
        kind = values.text_member(stated, "type", "response_format")
        if kind == "json_schema":
            _check_schema(stated, lenient=lenient)
        elif kind not in _KINDS and not open_kinds:
            raise faults.not_listed("response_format.type", kind, _KINDS)

    return check


def _check_schema(stated: Mapping[str, Any], *, lenient: bool) -> None:
    path = "response_format.json_schema"
    wrapped = values.record_member(stated, "json_schema", "response_format")
    if lenient:
        name = values.text_member(wrapped, "name", path)
    else:
        name = values.name_member(wrapped, path, _MOST_NAME)
    strict = values.flag(wrapped, "strict", path)
    if wrapped.get("schema") is None:
        return
    schema = values.record_member(wrapped, "schema", path)
    fault = None
    if not lenient:
        fault = schemas.refusal(schema, strict=strict, use="response_format")
    if fault is not None:
        message = f"Invalid schema for response_format '{name}': {fault}"
        raise faults.said(message, "response_format")


def late_fault(body: Body, restrictions: Restrictions) -> ApiError | None:
    """Return the fault of a well-formed format that this model or conversation does not allow."""
    stated = body.get("response_format")
    if stated is None:
        return None
    match stated["type"]:
        case "json_schema" if not restrictions.json_schema:
            return faults.said(
                "Invalid parameter: 'response_format' of type 'json_schema' is not supported with "
                "this model. Learn more about supported models at the Structured Outputs guide: "
                "https://platform.openai.com/docs/guides/structured-outputs",
                "response_format",
            )
        case "json_object" if not restrictions.json_object:
            return faults.said(
                "Invalid parameter: 'response_format' of type 'json_object' is not supported with "
                "this model.",
                "response_format",
            )
        case "json_object" if not any(map(_mentions_json, body["messages"])):
            return faults.said(
                "'messages' must contain the word 'json' in some form, to use 'response_format' "
                "of type 'json_object'.",
                "messages",
            )
        case _:
            return None


def _mentions_json(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    if values.is_array(content):
        return any("json" in str(part.get("text", "")).lower() for part in content)
    return "json" in (content or "").lower()
