"""Items as the API lists them: each with an id, all texts in parts, members in their order.

Source:
    49 recorded lists of 2025-03 to 2026-07: messages, calls, their outputs, images and files. Other
    kinds follow them: after id, type and status, members are in alphabetical order.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockserver.protocols.openai.responses.request import RESULTS
from mockserver.wire.jsontext import JsonValue, is_list, is_object

Json = dict[str, JsonValue]

IMAGE_URL: Final = "message.input_image.image_url"
"""What is to be included for images to have their addresses."""
_WITHOUT_STATUS: Final = frozenset(
    {
        *("additional_tools", "compaction", "compaction_trigger", "item_reference"),
        *("mcp_approval_request", "mcp_approval_response", "mcp_list_tools", "reasoning"),
    }
)
_LEADING: Final = ("id", "type", "status")


def kind_of(item: Mapping[str, Any]) -> str:
    """Return the type of *item*; one without a type is a message."""
    return str(item.get("type") or "message")


def shown(item: Mapping[str, Any], identity: str, includes: Sequence[str] = ()) -> Json:
    """Return *item* as it is listed by the id *identity*, with what is to be included."""
    kind = kind_of(item)
    status = item.get("status") or "completed"
    leading: Json = {"id": identity, "type": kind, "status": status}
    if kind == "message":
        role = item.get("role")
        phase: Json = {"phase": item["phase"]} if item.get("phase") else {}
        content = _content(item.get("content"), role, includes)
        return {**leading, "content": content, **phase, "role": role}
    if kind in _WITHOUT_STATUS:
        del leading["status"]
    if kind in RESULTS and is_list(item.get("output")):
        item = {**item, "output": [_part(part, includes) for part in item["output"]]}
    rest = {key: item[key] for key in sorted(item) if key not in _LEADING}
    return {**leading, **rest}


def _content(content: Any, role: Any, includes: Sequence[str]) -> list[Json]:
    if isinstance(content, str):
        kind = "output_text" if role == "assistant" else "input_text"
        content = [{"type": kind, "text": content}]
    parts = content if is_list(content) else []
    return [_part(part, includes) for part in parts if is_object(part)]


def _part(part: Any, includes: Sequence[str]) -> Json:
    match part.get("type"):
        case "input_image":
            return {
                "type": "input_image",
                "detail": part.get("detail") or "auto",
                "file_id": part.get("file_id"),
                "image_url": part.get("image_url") if IMAGE_URL in includes else None,
            }
        case "input_file":
            named = {"file_id": part.get("file_id"), "filename": part.get("filename")}
            return {"type": "input_file", **named}
        case "output_text":
            return {
                "type": "output_text",
                "annotations": part.get("annotations") or [],
                "logprobs": part.get("logprobs") or [],
                "text": part.get("text"),
            }
        case _:
            return dict(part)
