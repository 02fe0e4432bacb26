"""What a response repeats of its request, and what it states where the request says nothing.

Source:
    2,300 recorded answers of 2025-09 to 2026-08; of members that changed, the newest form.
"""

from collections.abc import Mapping
from typing import Any, Final

from mockserver.models import Model
from mockserver.protocols.openai.responses.echoed_tools import repeated_tools
from mockserver.protocols.openai.responses.traits import Traits, traits_of
from mockserver.protocols.openai.validation.values import Body
from mockserver.wire.jsontext import JsonValue, is_list, is_object

Json = dict[str, JsonValue]

_TIERS: Final[Mapping[str, str]] = {
    "fast": "priority",
    "flex": "flex",
    "priority": "priority",
    "scale": "scale",
}
"""The tiers that finished answers name, by requested tier; all others are the default one."""


def echoed(body: Body, model: Model) -> Json:
    """Return the members of a finished response that repeat or complete the valid *body*.

    `conversation`, `prompt` and `prompt_cache_options` are among them only if they were requested,
    and `moderation` is null unless the answer says otherwise. They are in the order that they have
    in a response, where others come between them.
    """
    traits = traits_of(model)
    given = body.get("input")
    items = given if is_list(given) else []
    conversation, prompt = body.get("conversation"), body.get("prompt")
    caching = body.get("prompt_cache_options")
    return {
        "background": body.get("background") or False,
        **({} if conversation is None else {"conversation": _conversation(conversation)}),
        "frequency_penalty": _number(body, "frequency_penalty", 0.0),
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": body.get("max_tool_calls") or traits.max_tool_calls,
        "moderation": None,
        "parallel_tool_calls": body.get("parallel_tool_calls") is not False,
        "presence_penalty": _number(body, "presence_penalty", 0.0),
        "previous_response_id": body.get("previous_response_id"),
        **({} if prompt is None else {"prompt": _prompt(prompt)}),
        "prompt_cache_key": body.get("prompt_cache_key"),
        **({} if caching is None else {"prompt_cache_options": caching}),
        "prompt_cache_retention": body.get("prompt_cache_retention") or traits.retention,
        "reasoning": _reasoning(body.get("reasoning") or {}, traits),
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": _TIERS.get(body.get("service_tier") or "", "default"),
        "store": body.get("store") is not False,
        "temperature": _number(body, "temperature", traits.temperature),
        "text": _text(body.get("text") or {}),
        "tool_choice": _tool_choice(body.get("tool_choice")),
        "tools": repeated_tools(body.get("tools") or [], items, traits),
        "top_logprobs": body.get("top_logprobs") or 0,
        "top_p": _number(body, "top_p", traits.top_p),
        "truncation": body.get("truncation") or "disabled",
        "user": body.get("user"),
        "metadata": body.get("metadata") or {},
    }


def tier_in_progress(body: Body) -> str:
    """Return the `service_tier` of a response to *body* that is not finished yet."""
    asked = body.get("service_tier") or "auto"
    return _TIERS.get(asked, asked)


def _number(body: Body, key: str, default: float) -> float:
    stated = body.get(key)
    return default if stated is None else float(stated)


def _conversation(stated: Any) -> Json:
    return {"id": stated["id"] if is_object(stated) else stated}


def _prompt(stated: Mapping[str, Any]) -> Json:
    """Return the prompt as repeated; texts for its variables become parts."""
    variables: Mapping[str, Any] = stated.get("variables") or {}
    return {
        "id": stated["id"],
        "variables": {
            name: {"type": "input_text", "text": value} if isinstance(value, str) else value
            for name, value in variables.items()
        },
        "version": stated.get("version") or "1",
    }


def _reasoning(stated: Mapping[str, Any], traits: Traits) -> Json:
    if not traits.reasons:
        return {"context": None, "effort": stated.get("effort"), "summary": stated.get("summary")}
    context = stated.get("context")
    summary = stated.get("summary") or stated.get("generate_summary")
    return {
        "context": traits.context if context in (None, "auto") else context,
        "effort": stated.get("effort") or traits.effort,
        "mode": stated.get("mode") or "standard",
        "summary": "detailed" if summary == "auto" else summary,
    }


def _text(stated: Mapping[str, Any]) -> Json:
    return {
        "format": _format(stated.get("format") or {"type": "text"}),
        "verbosity": stated.get("verbosity") or "medium",
    }


def _format(stated: Mapping[str, Any]) -> Json:
    if stated["type"] != "json_schema":
        return {"type": stated["type"]}
    schema: Mapping[str, Any] = stated["schema"]
    return {
        "type": "json_schema",
        "description": stated.get("description"),
        "name": stated["name"],
        "schema": {key: value for key, value in schema.items() if key != "$schema"},
        "strict": stated.get("strict") is not False,
    }


def _tool_choice(stated: Any) -> JsonValue:
    if not is_object(stated):
        return stated or "auto"
    return {key: stated[key] for key in sorted(stated, key=lambda key: (key != "type", key))}
