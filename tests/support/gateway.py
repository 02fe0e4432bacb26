"""What the `ai` package sends to its gateway, for tests that ask without it."""

from typing import Any

from support.inprocess import Answered, Api

VERSIONS = {2: "v1", 3: "v3", 4: "v4"}
SMALL = "openai/gpt-4o-mini"
INSTRUCT = "openai/gpt-3.5-turbo-instruct"

Json = dict[str, Any]


def headers_of(
    specification: object, model: str = SMALL, *, stream: bool = False
) -> dict[str, str]:
    """Return the headers that say what is asked."""
    return {
        "ai-gateway-protocol-version": "0.0.1",
        "ai-language-model-specification-version": str(specification),
        "ai-language-model-id": model,
        "ai-language-model-streaming": str(stream).lower(),
    }


def user(*said: Any) -> Json:
    """Return a user's message of texts, and of parts as they are."""
    parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in said]
    return {"role": "user", "content": parts}


def system(said: str) -> Json:
    return {"role": "system", "content": said}


def assistant(*parts: Any) -> Json:
    return {**user(*parts), "role": "assistant"}


def call(name: str, given: Any, identity: str = "call_1") -> Json:
    return {"type": "tool-call", "toolCallId": identity, "toolName": name, "input": given}


def results(*outputs: Json, name: str = "get_weather") -> Json:
    """Return the message that hands results back; the ids are `call_1` and so on."""
    parts = [
        {
            "type": "tool-result",
            "toolCallId": f"call_{number}",
            "toolName": name,
            "output": output,
        }
        for number, output in enumerate(outputs, 1)
    ]
    return {"role": "tool", "content": parts}


def function(name: str = "get_weather", **schema: Any) -> Json:
    return {"type": "function", "name": name, "inputSchema": {"type": "object", **schema}}


def ask(
    api: Api,
    *messages: Any,
    specification: int = 4,
    model: str = SMALL,
    stream: bool = False,
    session: str = "",
    headers: dict[str, str] | None = None,
    **options: Any,
) -> Answered:
    """Ask *api* as the `ai` package does; a text is a user's message."""
    prompt = [user(message) if isinstance(message, str) else message for message in messages]
    prefix = f"/s/{session}" if session else ""
    return api.post(
        f"{prefix}/{VERSIONS[specification]}/ai/language-model",
        {"prompt": prompt or [user("Hi")], **options},
        headers={**headers_of(specification, model, stream=stream), **(headers or {})},
    )


def said(answered: Answered) -> str:
    """Return the text of an answer in one piece."""
    return "".join(p["text"] for p in answered.json["content"] if p["type"] == "text")
