"""What a model cannot do with values that are well-formed: reasoning, searching, listening.

Source:
    Live calls to gpt-5.6-terra published by a third party, 2026-08-30; recorded answers, 2025 and
    2026; public issues, 2024 to 2026. docs/fidelity.md states which is which.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.protocols.openai.validation import faults
from mockserver.protocols.openai.validation.fields import SAMPLING
from mockserver.protocols.openai.validation.restrictions import Restrictions
from mockserver.protocols.openai.validation.values import Body

_NOT_FOUND: Final = 404
_NO_TOOLS: Final = (
    "tools is not supported in this model. For a list of supported models, refer to "
    "https://platform.openai.com/docs/guides/function-calling#models-supporting-function-calling."
)
"""Pasted of gpt-5-chat-latest, chatgpt-4o-latest and o1-mini (public issues, 2024 and 2025)."""

_DEFAULTS: Final[Mapping[str, Any]] = {
    "temperature": 1,
    "top_p": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logprobs": False,
}


def check_abilities(body: Body, model: Model, restrictions: Restrictions) -> None:
    """Refuse values in *body*, found well-formed, that *model* cannot act on."""
    if restrictions.incompatible:
        _check_compatible(body, restrictions.incompatible)
    if not restrictions.tools and body.get("tools") is not None:
        raise ApiError(_NOT_FOUND, _NO_TOOLS)
    for key in restrictions.in_range_late:
        if body.get(key) is not None:
            SAMPLING[key](body[key], body)
    is_reasoning = effort(body, restrictions) != "none"
    fixed = (*restrictions.fixed, *(restrictions.while_reasoning if is_reasoning else ()))
    if fixed:
        _check_fixed(body, fixed)
    if restrictions.tools_while_reasoning is not None:
        _check_tools(body, model, restrictions)
    if restrictions.audio == "required" and not _has_audio(body):
        raise faults.said(
            "This model requires that either input content or output modality contain audio.",
            "model",
            "invalid_value",
        )


def effort(body: Body, restrictions: Restrictions) -> str:
    """Return the reasoning effort: as stated in *body*, or the model's default."""
    stated = body.get("reasoning_effort")
    return restrictions.default_effort if stated is None else stated


def _check_compatible(body: Body, incompatible: Sequence[str]) -> None:
    supplied = [key for key in incompatible if body.get(key) is not None]
    if supplied:
        plural = "s" if len(supplied) > 1 else ""
        raise faults.said(
            f"Model incompatible request argument{plural} supplied: {', '.join(supplied)}"
        )


def _check_fixed(body: Body, keys: Sequence[str]) -> None:
    """Refuse values other than the defaults, which a model that reasons keeps to."""
    for key in keys:
        value = body.get(key)
        if value is None or value == _DEFAULTS[key]:
            continue
        if key == "temperature":
            hint = " Only the default (1) value is supported."
            raise faults.unsupported_value(key, repr(value), hint)
        raise faults.unsupported_parameter(key)


def _check_tools(body: Body, model: Model, restrictions: Restrictions) -> None:
    tools = body.get("tools")
    if tools is None or effort(body, restrictions) == "none":
        return
    if any(tool["type"] == "function" for tool in tools):
        raise faults.said(
            f"Function tools with reasoning_effort are not supported for {model.id} "
            f"in /v1/chat/completions. {restrictions.tools_while_reasoning}",
            "reasoning_effort",
        )


def _has_audio(body: Body) -> bool:
    return "audio" in (body.get("modalities") or ()) or any(
        part.get("type") == "input_audio"
        for message in body["messages"]
        if isinstance(message.get("content"), list)
        for part in message["content"]
    )
