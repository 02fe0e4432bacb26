"""`POST /v1/chat/completions`: a conversation in, messages or tool calls out.

Shapes, key order and the order of chunks are those of api.openai.com, as recorded from
September 2025 to August 2026. Dialects that differ adapt the result.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from mockserver import tokens
from mockserver.contracts import Answer, AnsweredChoice, Heard
from mockserver.conversation import ModelRequest
from mockserver.models import Catalogue
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.billing import OpenAIEndpoint
from mockserver.protocols.openai.chat_chunks import ChatChunks
from mockserver.protocols.openai.chat_hearing import chat_heard
from mockserver.protocols.openai.chat_members import named, service_tier, usage_of
from mockserver.protocols.openai.chat_requests import (
    format_of,
    tool_choice_of,
    tools_of,
    turns_of,
)
from mockserver.protocols.openai.limits import charge
from mockserver.protocols.openai.logprobs_json import chat_logprobs
from mockserver.protocols.openai.marks import body_marks
from mockserver.protocols.openai.moderated import moderation
from mockserver.protocols.openai.requests import OpenAIRequest, as_openai
from mockserver.protocols.openai.speech import audio_id, expires_at, sound_of
from mockserver.wire.events import ServerEvent
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.rendered import EventStream, JsonBody, Rendered
from mockserver.wire.sse import DONE

Json = dict[str, JsonValue]


class ChatCompletions(OpenAIEndpoint):
    """Chat, streamed or not, with tools, legacy functions, refusals and several choices."""

    kind = "chat.completions"
    speaks = True
    id_prefix = "chatcmpl-"
    routes = (("POST", "/chat/completions"),)
    ends_apart = frozenset({"stop", "length"})

    def parse(self, http: HttpRequest, model: str | None, catalogue: Catalogue) -> OpenAIRequest:
        """Return the request in *http*, validated."""
        body = validation.read_body(http)
        known = validation.find_model(body, catalogue, "chat", model)
        validation.check_chat(body, known, http.body)
        prompt = tokens.count_prompt(body, known)
        validation.check_context(body, known, prompt.tokens)
        request = OpenAIRequest(
            sent=body,
            body=body,
            model=known.id,
            family=known.family,
            turns=turns_of(body["messages"]),
            prompt_tokens=prompt.tokens,
            prompt_exact=prompt.exact,
            charge=charge(body),
        )
        # Most requests have few members, and the defaults are right for all that they lack.
        for member in READ_FROM.keys() & body.keys():
            READ_FROM[member](request, body)
        return request

    def heard(self, sent: Mapping[str, Any], body: Any, events: Sequence[ServerEvent]) -> Heard:
        """Return what an answer says that this server did not make."""
        return chat_heard(sent, body, events)

    def shown_by(self, request: ModelRequest) -> Hashable:
        """Return all that shows of *request*; log-probabilities differ with each answer."""
        request = as_openai(request)
        if request.logprobs is not None:
            return None
        return (
            request.stream,
            request.include_usage,
            request.include_obfuscation,
            request.legacy_functions,
            request.service_tier,
            request.shows_images,
            _moderated_by(request),
        )

    def render(self, answer: Answer) -> Rendered:
        """Return *answer* as a `chat.completion`, or as its chunks."""
        request = as_openai(answer.request)
        if request.stream:
            chunks = tuple(ChatChunks(answer, request))
            return EventStream(chunks, obfuscated=request.include_obfuscation, end=DONE)
        body: Json = {
            "id": answer.id,
            "object": "chat.completion",
            "created": answer.created,
            "model": answer.model_name,
            "choices": _choices(answer, request),
            "usage": usage_of(answer),
            **service_tier(answer, request),
            **moderation(request),
            "system_fingerprint": answer.system_fingerprint,
        }
        has_usage = answer.usage is not None
        marks = body_marks(len(answer.choices), has_messages=True, has_usage=has_usage)
        return JsonBody(body, marks=marks)


# --- the request -----------------------------------------------------------------------------


Body: TypeAlias = Mapping[str, Any]

TIERS: Final[Mapping[str | None, str]] = {
    "fast": "priority",
    "priority": "priority",
    "flex": "flex",
}
"""The tiers that answers name, by requested tier; all others are the default one."""


def _moderated_by(request: OpenAIRequest) -> str | None:
    asked: Body | None = request.body.get("moderation")
    return str(asked.get("model")) if asked else None


def _read_tools(request: OpenAIRequest, body: Body) -> None:
    request.tools = tools_of(body)
    request.tool_choice = tool_choice_of(body)
    request.legacy_functions = bool(body.get("functions")) and not body.get("tools")


def _read_parallel_calls(request: OpenAIRequest, body: Body) -> None:
    request.parallel_calls = body["parallel_tool_calls"] is not False


def _read_format(request: OpenAIRequest, body: Body) -> None:
    request.format = format_of(body)


def _read_stream(request: OpenAIRequest, body: Body) -> None:
    request.stream = bool(body["stream"])


def _read_stream_options(request: OpenAIRequest, body: Body) -> None:
    options: Mapping[str, Any] = body["stream_options"] or {}
    request.include_usage = bool(options.get("include_usage"))
    request.include_obfuscation = options.get("include_obfuscation") is not False


def _read_choices(request: OpenAIRequest, body: Body) -> None:
    request.n = body["n"] or 1


def _read_limit(request: OpenAIRequest, body: Body) -> None:
    limit = body.get("max_completion_tokens")
    request.max_tokens = body.get("max_tokens") if limit is None else limit


def _read_stop(request: OpenAIRequest, body: Body) -> None:
    stop = body["stop"]
    request.stop = (stop,) if isinstance(stop, str) else tuple(stop or ())


def _read_temperature(request: OpenAIRequest, body: Body) -> None:
    request.temperature = body["temperature"]


def _read_store(request: OpenAIRequest, body: Body) -> None:
    request.store = bool(body["store"])


def _read_tier(request: OpenAIRequest, body: Body) -> None:
    request.service_tier = TIERS.get(body["service_tier"], "default")


def _read_modalities(request: OpenAIRequest, body: Body) -> None:
    request.speaks = "audio" in (body["modalities"] or ())


def _read_logprobs(request: OpenAIRequest, body: Body) -> None:
    request.logprobs = (body.get("top_logprobs") or 0) if body["logprobs"] else None


READ_FROM: Final[Mapping[str, Callable[[OpenAIRequest, Body], None]]] = {
    "tools": _read_tools,
    "functions": _read_tools,
    "parallel_tool_calls": _read_parallel_calls,
    "response_format": _read_format,
    "stream": _read_stream,
    "stream_options": _read_stream_options,
    "n": _read_choices,
    "max_completion_tokens": _read_limit,
    "max_tokens": _read_limit,
    "stop": _read_stop,
    "temperature": _read_temperature,
    "store": _read_store,
    "service_tier": _read_tier,
    "logprobs": _read_logprobs,
    "modalities": _read_modalities,
}
"""What is read from each member of a body, which is valid; null is as good as absent."""


# --- the answer in one piece -----------------------------------------------------------------


def _choices(answer: Answer, request: OpenAIRequest) -> list[Json]:
    legacy = request.legacy_functions
    has_logprobs = request.logprobs is not None or answer.model.family.choice_logprobs
    return [
        _whole(answer, choice, legacy=legacy, has_logprobs=has_logprobs)
        for choice in answer.choices
    ]


def _whole(answer: Answer, choice: AnsweredChoice, *, legacy: bool, has_logprobs: bool) -> Json:
    reported = choice.logprobs
    logprobs = None if reported is None else chat_logprobs(reported.text, reported.refusal)
    return {
        "index": choice.index,
        "message": _message_of(answer, choice, legacy=legacy),
        **({"logprobs": logprobs} if has_logprobs else {}),
        "finish_reason": choice.finish_reason,
    }


def _message_of(answer: Answer, choice: AnsweredChoice, *, legacy: bool) -> Json:
    message: Json = {"role": "assistant", "content": choice.text}
    if choice.tool_calls and legacy:
        call = choice.tool_calls[0]
        message["function_call"] = {"name": call.name, "arguments": call.arguments}
    elif choice.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": kind, kind: {"name": call.name, member: call.arguments}}
            for call in choice.tool_calls
            for kind, member in [named(call)]
        ]
    message["refusal"] = choice.refusal
    if choice.speech is not None:
        message["audio"] = {
            "id": audio_id(choice.speech, answer),
            "data": sound_of(choice.speech, answer),
            "expires_at": expires_at(choice.speech, answer),
            "transcript": choice.speech.text,
        }
    message["annotations"] = []
    return message
