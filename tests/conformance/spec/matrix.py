"""What the server is asked, and which schema of OpenAI's description each answer has."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

CHAT, LEGACY = "/v1/chat/completions", "/v1/completions"
FAMILIES = (
    "gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4o", "gpt-4o-mini", "gpt-4o-search-preview",
    "gpt-4.1", "o1", "o3-mini", "o4-mini", "gpt-5", "gpt-5-mini", "gpt-5.1",
    "gpt-5.2", "gpt-5.6-terra",
)  # fmt: skip
WITH_LOGPROBS = ("gpt-3.5-turbo", "gpt-4", "gpt-4o", "gpt-4o-mini", "gpt-4.1")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request, and the *schema* of its answer, or of each event of its stream."""

    schema: str
    path: str
    body: dict[str, Any] | None = None
    method: str = "POST"
    key: str | None = "sk-test"


def function(name: str, argument: str) -> dict[str, Any]:
    """Return a tool that takes one text."""
    parameters = {
        "type": "object",
        "properties": {argument: {"type": "string"}},
        "required": [argument],
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


TOOLS = [function("get_weather", "city"), function("get_time", "zone")]
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
SAID: tuple[dict[str, Any], ...] = (
    {},
    {"messages": [{"role": "user", "content": "How do I pick a lock?"}]},
    {"tools": TOOLS, "tool_choice": "required"},
    {"tools": TOOLS, "messages": [{"role": "user", "content": "Tell me both."}]},
    {"tools": TOOLS, "tool_choice": "none"},
    {"functions": [TOOLS[0]["function"]], "function_call": {"name": "get_weather"}},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "p", "schema": PERSON}}},
    {"response_format": {"type": "json_object"}, "messages": [{"role": "user", "content": "JSON"}]},
    {"max_completion_tokens": 20},
    {"service_tier": "flex"},
)
SOUND = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
HEARD = [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, SOUND]}]
STREAMED: tuple[dict[str, Any], ...] = (
    {},
    {"stream": True},
    {"stream": True, "stream_options": {"include_usage": True}},
    {"stream": True, "stream_options": {"include_obfuscation": False}},
)


def chats() -> Iterator[Asked]:
    """Ask every family everything; what a model refuses is an answer too."""
    for model, said, streamed, n in product(FAMILIES, SAID, STREAMED, (1, 3)):
        yield chat({"model": model, **said, **streamed, "n": n})
    for model, said, streamed in product(WITH_LOGPROBS, SAID, STREAMED):
        yield chat({"model": model, **said, **streamed, "logprobs": True, "top_logprobs": 2})
    for streamed in STREAMED:
        yield chat({"model": "gpt-audio", "messages": HEARD, **streamed})


def chat(body: dict[str, Any]) -> Asked:
    """Return a chat request."""
    schema = f"CreateChatCompletion{'Stream' if body.get('stream') else ''}Response"
    hello = [{"role": "user", "content": "Hello there, how are you?"}]
    return Asked(schema=schema, path=CHAT, body={"messages": hello, **body})


def legacies() -> Iterator[Asked]:
    """Ask the legacy models."""
    said: tuple[dict[str, Any], ...] = (
        {},
        {"prompt": ["One", "Two"], "n": 2},
        {"echo": True},
        {"logprobs": 2},
        {"suffix": "the end"},
        {"max_tokens": 0, "echo": True},
        {"max_tokens": 1},
    )
    for model, more, streamed in product(
        ("gpt-3.5-turbo-instruct", "davinci-002", "babbage-002"), said, STREAMED
    ):
        body = {"model": model, "prompt": "Say this is a test", **more, **streamed}
        yield Asked(schema="CreateCompletionResponse", path=LEGACY, body=body)


def models() -> Iterator[Asked]:
    """Ask for the models, and delete one."""
    yield Asked(schema="ListModelsResponse", path="/v1/models", method="GET")
    for model in (*FAMILIES, "ft:gpt-4o-mini:acme::1"):
        yield Asked(schema="Model", path=f"/v1/models/{model}", method="GET")
    fine_tune = "/v1/models/ft:gpt-4o-mini:acme::1"
    yield Asked(schema="DeleteModelResponse", path=fine_tune, method="DELETE")


def to_store() -> Iterator[Asked]:
    """Ask for chats that are kept."""
    said: tuple[dict[str, Any], ...] = (
        {},
        {"tools": TOOLS, "tool_choice": "required"},
        {"metadata": {"a": "b"}},
        {"n": 2},
    )
    for more in said:
        yield chat({"model": "gpt-4o", "store": True, **more})


def of_stored(identity: str) -> Iterator[Asked]:
    """Ask for a stored completion in every way; it is deleted at the end."""
    one = f"{CHAT}/{identity}"
    kept = "CreateChatCompletionResponse"
    yield Asked(schema=kept, path=one, method="GET")
    yield Asked(schema=kept, path=one, body={"metadata": {"a": "b"}})
    yield Asked(schema="ChatCompletionMessageList", path=f"{one}/messages", method="GET")
    yield Asked(schema="ChatCompletionList", path=CHAT, method="GET")
    yield Asked(schema="ChatCompletionList", path=f"{CHAT}?model=none", method="GET")
    yield Asked(schema="ChatCompletionDeleted", path=one, method="DELETE")


def refusals() -> Iterator[Asked]:
    """Ask for what is refused or fails, from the key to the overloaded model."""
    refused = "ErrorResponse"
    hello = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    for key in (None, "wrong key"):
        yield Asked(schema=refused, path=CHAT, body=hello, key=key)
    wrong: tuple[dict[str, Any], ...] = (
        {"model": "gpt-nope"}, {"model": ""}, {"model": "davinci-002"}, {"messages": []},
        {"messages": "Hi"}, {"n": 0}, {"n": "1"}, {"temperature": 3}, {"surplus": 1},
        {"model": "gpt-5", "temperature": 0}, {"tools": []}, {"logit_bias": {"x": 1}},
        {"messages": [{"role": "user", "content": "fail 429"}]},
        {"messages": [{"role": "user", "content": "fail 500"}]},
        {"messages": [{"role": "user", "content": "fail 503"}]},
    )  # fmt: skip
    for each, streamed in product(wrong, ({}, {"stream": True})):
        yield Asked(schema=refused, path=CHAT, body={**hello, **each, **streamed})
    yield Asked(schema=refused, path=LEGACY, body={"model": "gpt-4o", "prompt": "Hi"})
    for path in ("/v1/models/gpt-nope", f"{CHAT}/none", f"{CHAT}/none/messages", "/v1/none"):
        yield Asked(schema=refused, path=path, method="GET")
    for path in ("/v1/models/gpt-4o", f"{CHAT}/none", CHAT):
        yield Asked(schema=refused, path=path, method="DELETE")
