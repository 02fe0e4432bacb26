"""What is refused on `POST /v1/responses`, in the order in which it is reported.

First whether there are a model and an input, then members that the API does not know, then the
members one by one in the order of `_MEMBERS`, whatever the model; then an input that is empty; then
what the model cannot do. What is stored by ids is looked up before that last step.

Source:
    The order: live calls to gpt-5.6-terra published by a third party, 2026-08-30 and 2026-08-31, of
    pairs of faults, sorted over 124 calls. It is taken to hold for all models.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.protocols.openai.responses.traits import traits_of
from mockserver.protocols.openai.responses.validation import shapes, tools
from mockserver.protocols.openai.responses.validation.abilities import check_abilities
from mockserver.protocols.openai.responses.validation.items import check_input, null_string
from mockserver.protocols.openai.responses.validation.layer import by_responses
from mockserver.protocols.openai.responses.validation.looking import (
    LEAST_OUTPUT,
    MOST_CACHE_KEY,
    MOST_SAFETY_IDENTIFIER,
    FastLook,
)
from mockserver.protocols.openai.responses.validation.pairing import check_pairs
from mockserver.protocols.openai.responses.validation.shapes import Shape
from mockserver.protocols.openai.responses.validation.text import TEXT
from mockserver.protocols.openai.validation import faults, values
from mockserver.protocols.openai.validation.chat_fields import metadata_check
from mockserver.protocols.openai.validation.strangers import spelling_help
from mockserver.protocols.openai.validation.values import Body

_TIERS: Final = ("auto", "default", "fast", "flex", "priority")
_INCLUDED: Final = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)
_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

_DOCUMENTED: Final = "https://platform.openai.com/docs/api-reference/responses/create"
_MOVED: Final[Mapping[str, str]] = {
    "messages": "input",
    "max_completion_tokens": "max_output_tokens",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
    "verbosity": "text.verbosity",
}
"""Members of chat that are called otherwise here. Of `max_tokens` nothing is said (measured)."""


def _effort(value: Any, path: str) -> None:
    """Refuse what is no effort; the two odd lists of types are the provider's (measured)."""
    if type(value) is int:
        raise faults.wrong_type(path, f"one of {faults.listed(_EFFORTS[1:5], 'or')}", value)
    if type(value) is not str:
        expected = f"one of one of {faults.listed(_EFFORTS, 'or')} or integer"
        raise faults.wrong_type(path, expected, value)
    if value not in _EFFORTS:
        raise faults.not_listed(path, value, _EFFORTS)


def _model(value: Any, path: str) -> None:
    if type(value) is not str:
        raise null_string(path) if value is None else faults.wrong_type(path, "a string", value)


def _conversation(value: Any, path: str) -> None:
    if values.is_record(value):
        shapes.record({"id": shapes.text()})(value, path)
    elif type(value) is not str:
        raise faults.wrong_type(path, "one of a string or object", value)


_check_metadata: Final = metadata_check(needs_store=False)


def _metadata(value: Any, path: str) -> None:
    del path
    _check_metadata(value, {})


_summary: Final = shapes.word("concise", "detailed", "auto")
_moderated: Final = shapes.record({"mode": shapes.word("score", "block")})

_includes: Final = shapes.words(*_INCLUDED)

_MEMBERS: Final[Mapping[str, Shape]] = {
    "model": _model,
    "input": check_input,
    "previous_response_id": shapes.text(),
    "conversation": _conversation,
    "prompt": shapes.record(
        {"id": shapes.text()}, {"version": shapes.text(), "variables": shapes.mapping}
    ),
    "moderation": shapes.record(
        {"model": shapes.text()},
        {"policy": shapes.record({}, {"input": _moderated, "output": _moderated})},
    ),
    "include": _includes,
    "tools": tools.TOOLS,
    "tool_choice": tools.tool_choice,
    "metadata": _metadata,
    "text": TEXT,
    "temperature": shapes.decimal(0, 2),
    "top_p": shapes.decimal(0, 1),
    "presence_penalty": shapes.decimal(-2, 2),
    "frequency_penalty": shapes.decimal(-2, 2),
    "parallel_tool_calls": shapes.flag,
    "stream": shapes.flag,
    "stream_options": shapes.record({}, {"include_obfuscation": shapes.flag}),
    "background": shapes.flag,
    "max_output_tokens": shapes.integer(LEAST_OUTPUT),
    "max_tool_calls": shapes.integer(1),
    "reasoning": shapes.record(
        {},
        {
            "effort": _effort,
            "summary": _summary,
            "generate_summary": _summary,
            "context": shapes.word("auto", "current_turn", "all_turns"),
            "mode": shapes.word("standard", "pro"),
        },
    ),
    "user": shapes.text(),
    "safety_identifier": shapes.text(MOST_SAFETY_IDENTIFIER),
    "prompt_cache_options": shapes.record(
        {}, {"mode": shapes.word("implicit", "explicit"), "ttl": shapes.text()}
    ),
    "prompt_cache_key": shapes.text(MOST_CACHE_KEY),
    "prompt_cache_retention": shapes.word("in_memory", "24h"),
    "truncation": shapes.word("auto", "disabled"),
    "instructions": shapes.text(),
    "store": shapes.flag,
    "service_tier": shapes.word(*_TIERS, tacit=("scale", "ultrafast")),
    "top_logprobs": shapes.integer(0, 20),
    "context_management": shapes.array(
        shapes.record({"type": shapes.text()}, {"compact_threshold": shapes.integer(1_000)})
    ),
    # Codex sends it, and no answer repeats it (87 recorded requests). Its rank is a guess.
    "client_metadata": shapes.mapping,
}
"""The shapes of the members, in the order in which their faults are reported."""

_RANKED: Final = {key: (rank, key, shape) for rank, (key, shape) in enumerate(_MEMBERS.items())}
_NULL_REFUSED: Final = frozenset({"model", "input"})
_SUGGESTED: Final = tuple(key for key in _MEMBERS if key != "client_metadata")


@by_responses
def check_responses(body: Body, model: Model, sent: bytes | None = None) -> None:
    """Refuse a *body* that the provider would refuse of *model*, whatever it is billed.

    *sent* is the same as JSON, where it was read from JSON: that can be looked at faster. Calls
    and their outputs are paired unless the body refers to anything that is stored; then only
    `check_pairs` of the whole history can tell.

    Raises:
        ApiError: The first fault, in the provider's order.

    """
    is_lenient = "/" in model.behaves_as
    # A gateway's models share their traits with others, but not what is refused of them.
    look = None if sent is None or is_lenient else _look(traits_of(model))
    if look is not None and sent is not None and look.passes(sent):
        return
    check_members(body, lenient=is_lenient)
    _check_whole(body, model)
    if look is not None and sent is not None and "tools" in body:
        look.learn(sent)


_look: Final = cache(FastLook)
"""The look at bodies for the models of some traits: there are as many as rows of these."""


@by_responses
def check_included(names: Sequence[str]) -> None:
    """Refuse *names* of what is to be included in something that is looked up.

    Raises:
        ApiError: One of them cannot be included.

    """
    _includes(names, "include")


@by_responses
def check_members(body: Body, *, lenient: bool = False) -> None:
    """Refuse a *body* that no model takes; unknown members pass where one is *lenient*.

    Raises:
        ApiError: The first fault.

    """
    has_prompt = body.get("prompt") is not None
    if "model" not in body and not has_prompt:
        raise faults.missing("model")
    if "messages" in body and not lenient:
        raise _moved("messages")
    if "input" not in body and not has_prompt:
        raise faults.missing("input")
    try:
        rows = sorted([_RANKED[key] for key in body])
    except KeyError:
        if not lenient:
            raise _stranger(body) from None
        rows = sorted([_RANKED[key] for key in body if key in _RANKED])
    for _, key, shape in rows:
        value = body[key]
        if value is not None or key in _NULL_REFUSED:
            shape(value, key)


def _stranger(body: Body) -> ApiError:
    """Return the refusal of the first member of *body* that the API does not know."""
    key = next(key for key in body if key not in _MEMBERS)
    if key in _MOVED:
        return _moved(key)
    return faults.unknown_parameter(key, spelling_help(key, _SUGGESTED, body))


def _moved(key: str) -> ApiError:
    return faults.said(
        f"Unsupported parameter: '{key}'. In the Responses API, this parameter has moved to "
        f"'{_MOVED[key]}'. Try again with the new parameter. See the API documentation for more "
        f"information: {_DOCUMENTED}.",
        code="unsupported_parameter",
    )


def _check_whole(body: Body, model: Model) -> None:
    """Refuse members of a well-formed *body* that do not go together, or not with *model*."""
    previous, conversation = body.get("previous_response_id"), body.get("conversation")
    if previous is not None and conversation is not None:
        raise faults.said(
            "Mutually exclusive parameters: ''. Ensure you are only providing one of: "
            "'pre..._id' or 'conversation'.",
            code="mutually_exclusive_parameters",
        )
    if body.get("background") and body.get("store") is False:
        # That it is refused is documented; the words are not known.
        raise faults.said("Background mode requires 'store' to be true.", "background")
    given: Any = body.get("input")
    is_alone = previous is None and conversation is None and body.get("prompt") is None
    if not given and is_alone:
        raise faults.said(
            "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be "
            "provided.",
            code="missing_required_parameter",
        )
    traits = traits_of(model)
    # Of models that nobody knows, and of gateways', nothing is refused that some model may take.
    if traits.prefixes and "/" not in model.behaves_as:
        check_abilities(body, model, traits)
    items = given if values.is_array(given) else ()
    if body.get("tool_choice") is not None and not any(map(_offers_tools, items)):
        tools.refuse_missing_choice(body["tool_choice"], body.get("tools") or ())
    if is_alone and not any(map(_is_reference, items)):
        check_pairs(items, stored=body.get("store") is not False)


def _offers_tools(item: Mapping[str, Any]) -> bool:
    """Return whether an *item* adds tools to those of the request."""
    return item.get("type") in ("additional_tools", "tool_search_output", "mcp_list_tools")


def _is_reference(item: Mapping[str, Any]) -> bool:
    return item.get("type") == "item_reference" or ("type" not in item and "role" not in item)
