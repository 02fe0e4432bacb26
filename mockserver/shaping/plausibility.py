"""Where a scripted answer is one that the API could not have given to its request (rule 10).

It is sent all the same, since code under test must cope with it. The journal notes it, since it may
just as well be a mistake in the scenario.
"""

import json
from collections.abc import Iterator, Sequence

from mockserver.contracts import AnsweredChoice, GeneratingEndpoint
from mockserver.conversation import Choice, Item, ModelRequest
from mockserver.sampling import accepts
from mockserver.wire.jsontext import JsonValue


def doubts(
    choices: Sequence[AnsweredChoice],
    written: Sequence[Choice],
    request: ModelRequest,
    endpoint: GeneratingEndpoint,
) -> tuple[str, ...]:
    """Return what the API would not have answered, a sentence for each.

    Args:
        choices: What goes out.
        written: The choices that it was made from, including what was left out.
        request: What was asked.
        endpoint: Where it was asked.

    """
    is_text = len(choices) == 1 and choices[0].speech is None and not written[0].tool_calls
    lost = not endpoint.sends_items and any(
        isinstance(part, Item) for choice in written for part in choice.parts
    )
    if _asks_for_nothing(request) and is_text and not lost:
        return ()
    found: dict[str, None] = {}
    if lost:
        left_out = f"the reply has 'raw' items, which '{endpoint.kind}' cannot send"
        found[f"{left_out}: they are left out"] = None
    for before in written:
        if before.tool_calls and not endpoint.sayable(before).tool_calls:
            left_out = f"the reply calls tools, which '{endpoint.kind}' cannot send"
            found[f"{left_out}: they are left out"] = None
    if not request.speaks and any(choice.speech is not None for choice in choices):
        found["the answer is spoken, though the request's modalities do not have 'audio'"] = None
    for choice in choices:
        found.update(dict.fromkeys(_doubts(choice, request)))
    wanted = request.n * max(1, len(request.prompts))
    if len(choices) != wanted:
        found[f"the answer has {len(choices)} choices, the request wants {wanted}"] = None
    return tuple(found)


def unoffered_calls(choices: Sequence[AnsweredChoice], request: ModelRequest) -> tuple[str, ...]:
    """Return a sentence for each tool that *choices* call and *request* does not offer."""
    if not any(choice.tool_calls for choice in choices):
        return ()
    found = [sentence for choice in choices for sentence in _unoffered(choice, request)]
    return tuple(dict.fromkeys(found))


def invalid_json(choices: Sequence[AnsweredChoice], request: ModelRequest) -> tuple[str, ...]:
    """Return a sentence for all JSON in *choices* that is not valid for a schema of *request*.

    That is the answer's, and the arguments of its tool calls. Refusals, and answers that were
    cut, are what any request may get.
    """
    if request.format.kind != "json_schema" and not any(choice.tool_calls for choice in choices):
        return ()
    found = [sentence for choice in choices for sentence in _invalid(choice, request)]
    return tuple(dict.fromkeys(found))


def _unoffered(choice: AnsweredChoice, request: ModelRequest) -> Iterator[str]:
    for call in choice.tool_calls:
        if all(call.name != tool.name for tool in request.tools):
            yield f"the answer calls '{call.name}', which the request does not offer"


def _invalid(choice: AnsweredChoice, request: ModelRequest) -> Iterator[str]:
    if choice.refusal is not None or choice.finish_reason in {"length", "content_filter"}:
        return
    wanted = request.format
    if wanted.kind == "json_schema" and not choice.tool_calls and wanted.schema is not None:
        named = f" '{wanted.name}'" if wanted.name else ""
        if not _fits(str(choice.text or ""), wanted.schema):
            yield f"the answer is not valid for the schema{named} of the request"
    for call in choice.tool_calls:
        tool = next((tool for tool in request.tools if tool.name == call.name), None)
        if tool is None or not tool.takes_json or tool.schema is None:
            continue
        if not _fits(str(call.arguments), tool.schema):
            yield f"the arguments of '{call.name}' are not valid for the tool's schema"


def _fits(text: str, schema: JsonValue) -> bool:
    """Return whether *text* is JSON that is valid for *schema*."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    except RecursionError:  # too deep to judge
        return True
    return accepts(value, schema)


def _asks_for_nothing(request: ModelRequest) -> bool:
    """Return whether any text answers *request*, as most: one, of whatever form."""
    is_free = request.tool_choice.mode != "required" and request.format.kind == "text"
    return is_free and request.n == 1 and len(request.prompts) <= 1


def _doubts(choice: AnsweredChoice, request: ModelRequest) -> Iterator[str]:
    if choice.tool_calls:
        yield from _doubts_of_calls(choice, request)
        return
    # A refusal and an answer that was cut are what any request may get.
    if choice.refusal is not None or choice.finish_reason in {"length", "content_filter"}:
        return
    must = _must_call(request)
    if must is not None:
        yield f"the answer calls no tool, though the request requires {must}"
        return
    wanted = _json_wanted(request)
    if wanted is not None and not _is_object(choice.text or ""):
        yield f"the answer is not a JSON object, though the request's response_format is {wanted}"


def _doubts_of_calls(choice: AnsweredChoice, request: ModelRequest) -> Iterator[str]:
    yield from _unoffered(choice, request)
    if request.tools and request.tool_choice.mode == "none":
        yield "the answer calls tools, though the request's tool_choice is 'none'"
    forced = request.tool_choice.forced
    if forced is not None and any(call.name != forced for call in choice.tool_calls):
        yield f"the answer calls a tool other than '{forced}', which the request requires"
    if len(choice.tool_calls) > 1 and not request.parallel_calls:
        yield "the answer calls several tools, though parallel_tool_calls is false"


def _must_call(request: ModelRequest) -> str | None:
    """Return which tool *request* demands a call of; None: it leaves that to the model."""
    choice = request.tool_choice
    if choice.forced is not None:
        return f"'{choice.forced}'"
    return "one" if choice.mode == "required" and choice.allowed is None else None


def _json_wanted(request: ModelRequest) -> str | None:
    kind = request.format.kind
    return f"'{kind}'" if kind.startswith("json") else None


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
