"""Parses requests of the `ai` package: the model, the specification, and the settings.

Errors in the form of the request are refused as by the gateway's validator, place first. Errors in
its values are refused by the model's provider, and the gateway relays those refusals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mockserver import tokens
from mockserver.conversation import CHOOSES, ApiError, Tool
from mockserver.models import Catalogue, Model
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.chat_requests import format_of, tool_choice_of
from mockserver.protocols.openai.limits import charge
from mockserver.protocols.openai.requests import OpenAIRequest
from mockserver.providers.vercel_gateway import prompts, reading, routing, upstream
from mockserver.providers.vercel_gateway.reading import Record
from mockserver.providers.vercel_gateway.refusals import model_not_found, refused, relayed
from mockserver.providers.vercel_gateway.specifications import Specification, specification_of
from mockserver.providers.vercel_gateway.upstream import Interface, Warned
from mockserver.wire.http_request import HttpRequest

MODEL_HEADER: Final = "ai-language-model-id"
STREAMING_HEADER: Final = "ai-language-model-streaming"
TRIED_HEADER: Final = "x-tried-models"
"""The header of an attempt that lists the models that failed before; no client sends it."""
_STREAMING: Final = {"true": True, "false": False}

_SETTINGS: Final = {
    "temperature": "temperature",
    "topP": "top_p",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "seed": "seed",
}
"""Numeric settings of how a model answers, and their names at OpenAI."""
_NUMBERS: Final = ("maxOutputTokens", "topK", *_SETTINGS)
_TOOL_CHOICES: Final = ("auto", "none", "required", "tool")
_TOOLS: Final[Mapping[Specification, tuple[str, ...]]] = {
    2: ("function", "provider-defined"),
    3: ("function", "provider"),
    4: ("function", "provider"),
}
_FORMATS: Final = ("text", "json")
_SCHEMA_NAME: Final = "response"
"""The name of a schema without one."""


@dataclass(slots=True, kw_only=True, eq=False)
class LanguageModelRequest(OpenAIRequest):
    """A request of the `ai` package; its `body` is what a chat model would be sent for it.

    Attributes:
        specification: The one that it is written in, and answered in.
        interface: The API through which the gateway asks the model.
        warned: The settings that do not reach the model.
        providers: The provider that serves the model, and then its fallbacks.
        tried: The models that failed before this one was asked.

    """

    specification: Specification
    interface: Interface
    warned: tuple[Warned, ...]
    providers: tuple[str, ...]
    tried: tuple[str, ...] = ()


def understand(http: HttpRequest, catalogue: Catalogue) -> LanguageModelRequest:
    """Return the request in *http*.

    Raises:
        ApiError: The gateway or the model's provider would refuse it.

    """
    specification = specification_of(http)
    name = http.headers.get(MODEL_HEADER)
    if not name:
        raise refused(f"the header '{MODEL_HEADER}' is missing: it names the model")
    streaming = http.headers.get(STREAMING_HEADER, "false")
    if streaming not in _STREAMING:
        raise refused(f"{STREAMING_HEADER}: '{streaming}' is neither 'true' nor 'false'")
    options = reading.read_record(http)
    messages = prompts.messages(options, specification)
    tools = _tools(options, specification)
    choice = reading.optional_record(options, "toolChoice")
    if choice is not None:
        reading.one_of(choice, "type", "toolChoice", _TOOL_CHOICES)
    numbers = {key: reading.number(options, key) for key in _NUMBERS}
    stops = reading.texts(options, "stopSequences")
    answer_format = _response_format(options)
    providers = routing.providers(name, routing.options_of(options))

    model = catalogue.get(name)
    if model is None or not model.generates:
        raise model_not_found(name)
    interface, warned = (
        upstream.interface_to(model.id, model.family),
        upstream.warnings(options, model),
    )
    body: dict[str, Any] = {
        openais: numbers[key]
        for key, openais in _SETTINGS.items()
        if numbers[key] is not None and upstream.reaches(key, warned)
    }
    if interface == "completions":
        body |= {"model": name, "prompt": prompts.as_text(messages), "max_tokens": None}
    else:
        body |= {"model": name, "messages": [message.chat for message in messages]}
        body |= _offered(tools, choice) | answer_format
    limit = _limited(body, numbers["maxOutputTokens"], interface)
    prompt = _billed(body, model, interface)
    return LanguageModelRequest(
        sent=options,
        body=body,
        model=model.id,
        family=model.family,
        turns=tuple([message.turn for message in messages]),
        prompt_tokens=prompt.tokens,
        charge=charge(body),
        prompt_exact=prompt.exact and all(tool["type"] == "function" for tool in tools),
        tools=tuple([_tool(tool) for tool in tools]),
        tool_choice=tool_choice_of(body) if "tools" in body or not tools else CHOOSES,
        format=format_of(body),
        stream=_STREAMING[streaming],
        include_usage=True,
        max_tokens=limit,
        stop=_stops(stops, interface),
        temperature=body.get("temperature"),
        specification=specification,
        interface=interface,
        warned=warned,
        providers=providers,
        tried=_tried(http),
    )


def _tried(http: HttpRequest) -> tuple[str, ...]:
    """Return the models that failed before."""
    stated = http.headers.get(TRIED_HEADER)
    return () if stated is None else tuple(stated.split("\n"))


def _tools(options: Record, specification: Specification) -> list[Record]:
    """Return the offered tools, each with a type and a name."""
    if "tools" not in options:
        return []
    found: list[Record] = []
    for place, tool in reading.records(options, "tools", ""):
        kind = reading.one_of(tool, "type", place, _TOOLS[specification])
        reading.text(tool, "name", place)
        if kind == "function":
            reading.optional_text(tool, "description", place)
            reading.record(tool, "inputSchema", place)
        else:
            reading.text(tool, "id", place)
        found.append(tool)
    return found


def _tool(tool: Record) -> Tool:
    """Return *tool* as rules see it; the arguments of a provider's own tool may be any text."""
    if tool["type"] != "function":
        return Tool(tool["name"], takes_json=False)
    return Tool(tool["name"], tool["inputSchema"])


def _offered(tools: Sequence[Record], choice: Record | None) -> dict[str, Any]:
    """Return *tools* as a chat request offers them. Without any, none can be chosen either."""
    functions = [
        {
            "type": "function",
            "function": {
                "name": tool["name"],
                **({"description": tool["description"]} if "description" in tool else {}),
                "parameters": tool["inputSchema"],
                **({"strict": tool["strict"]} if "strict" in tool else {}),
            },
        }
        for tool in tools
        if tool["type"] == "function"
    ]
    if not functions:
        return {}
    if choice is None:
        return {"tools": functions}
    if choice["type"] != "tool":
        return {"tools": functions, "tool_choice": choice["type"]}
    name = reading.text(choice, "toolName", "toolChoice")
    if name not in [tool["name"] for tool in tools]:
        raise relayed(f"Tool choice '{name}' not found in 'tools' parameter.")
    wanted = {"type": "function", "function": {"name": name}}
    return {"tools": functions, "tool_choice": wanted}


def _response_format(options: Record) -> dict[str, Any]:
    """Return the member of a chat request that asks for JSON, if the request does."""
    stated = reading.optional_record(options, "responseFormat")
    if stated is None or reading.one_of(stated, "type", "responseFormat", _FORMATS) == "text":
        return {}
    name = reading.optional_text(stated, "name", "responseFormat")
    description = reading.optional_text(stated, "description", "responseFormat")
    schema = reading.optional_record(stated, "schema", "responseFormat")
    if schema is None:
        return {"response_format": {"type": "json_object"}}
    described = {} if description is None else {"description": description}
    wanted = {"name": name or _SCHEMA_NAME, **described, "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": wanted}}


def _limited(body: dict[str, Any], limit: float | None, interface: Interface) -> int | None:
    """Write *limit* into *body* under its name there, and return it."""
    if limit is None:
        return None
    if interface == "responses" and limit < upstream.LEAST_OUTPUT:
        raise relayed(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= "
            f"{upstream.LEAST_OUTPUT}, but got {limit} instead."
        )
    body["max_tokens" if interface == "completions" else "max_completion_tokens"] = limit
    return int(limit)


def _billed(body: Mapping[str, Any], model: Model, interface: Interface) -> tokens.Count:
    """Return the bill for the prompt, after validation of *body*."""
    check = validation.check_completion if interface == "completions" else validation.check_chat
    # Other makers decide for themselves which formats they support.
    others = interface == "chat"
    checked = {key: body[key] for key in body if not (others and key == "response_format")}
    try:
        check(checked, model)
        prompt = upstream.billed(tokens.count_prompt(body, model), body, model)
        validation.check_context(body, model, prompt.tokens)
    except ApiError as error:
        raise relayed(error.message, error.status) from None
    return prompt


def _stops(stated: tuple[str, ...], interface: Interface) -> tuple[str, ...]:
    """Return the stop sequences; the Responses API has none."""
    match interface:
        case "responses":
            return ()
        case "completions":
            return (prompts.NEXT_SPEAKER, *stated)
        case "chat":
            return stated
