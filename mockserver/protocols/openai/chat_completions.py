"""`POST /v1/chat/completions`: a conversation goes in, messages or tool calls come out.

Shapes, key order and the order of chunks are those of api.openai.com, as recorded from
September 2025 to August 2026. Dialects that differ adapt what is rendered here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import cycle, islice
from typing import Any, Final, NamedTuple

from mockserver import tokens
from mockserver.contracts import Answer, AnsweredCall, AnsweredChoice
from mockserver.conversation import CALLS_NOTHING, PLAIN_TEXT, TokenLogprob, Usage
from mockserver.models import Catalogue
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.billing import OpenAIEndpoint
from mockserver.protocols.openai.chat_requests import (
    format_of,
    tool_choice_of,
    tools_of,
    turns_of,
)
from mockserver.protocols.openai.limits import charge
from mockserver.protocols.openai.logprobs_json import chat_logprobs
from mockserver.protocols.openai.requests import OpenAIRequest, as_openai
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Fixed, JsonValue, TokenText
from mockserver.wire.rendered import Chunk, EventStream, JsonBody, Rendered

Json = dict[str, JsonValue]


class ChatCompletions(OpenAIEndpoint):
    """Chat, streamed or not, with tools, legacy functions, refusals and several choices."""

    kind = "chat.completions"
    id_prefix = "chatcmpl-"
    routes = (("POST", "/chat/completions"),)

    def parse(self, http: HttpRequest, model: str | None, catalogue: Catalogue) -> OpenAIRequest:
        """Return the request in *http*, found valid."""
        body = validation.read_body(http)
        known = validation.find_model(body, catalogue, "chat", model)
        validation.check_chat(body, known)
        prompt = tokens.count_prompt(body, known)
        validation.check_context(body, known, prompt.tokens)
        options: Mapping[str, Any] = body.get("stream_options") or NOTHING
        offers_tools = "tools" in body or "functions" in body
        return OpenAIRequest(
            sent=body,
            body=body,
            model=known.id,
            family=known.family,
            turns=turns_of(body["messages"]),
            prompt_tokens=prompt.tokens,
            prompt_exact=prompt.exact,
            charge=charge(body),
            tools=tools_of(body) if offers_tools else (),
            tool_choice=tool_choice_of(body) if offers_tools else CALLS_NOTHING,
            parallel_calls=body.get("parallel_tool_calls") is not False,
            format=format_of(body) if "response_format" in body else PLAIN_TEXT,
            legacy_functions=bool(body.get("functions")) and not body.get("tools"),
            stream=bool(body.get("stream")),
            include_usage=bool(options.get("include_usage")),
            include_obfuscation=options.get("include_obfuscation") is not False,
            n=body.get("n") or 1,
            max_tokens=_first(body.get("max_completion_tokens"), body.get("max_tokens")),
            stop=_stops(body.get("stop")),
            temperature=body.get("temperature"),
            store=bool(body.get("store")),
            service_tier=TIERS.get(body.get("service_tier"), "default"),
            logprobs=(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
        )

    def render(self, answer: Answer) -> Rendered:
        """Return *answer* as a `chat.completion`, or as its chunks."""
        request = as_openai(answer.request)
        if request.stream:
            chunks = tuple(_Chunks(answer, request))
            return EventStream(chunks, obfuscated=request.include_obfuscation)
        body: Json = {
            "id": answer.id,
            "object": "chat.completion",
            "created": answer.created,
            "model": answer.model_name,
            "choices": _choices(answer, request),
            "usage": _usage(answer),
            **_service_tier(answer, request),
            "system_fingerprint": answer.system_fingerprint,
        }
        return JsonBody(body)


# --- the request -----------------------------------------------------------------------------


NOTHING: Mapping[str, Any] = {}
PARALLEL_LENGTHS: Final = (4, 5, 6)
"""The arguments of several calls are streamed in pieces of so many characters, in turn, and not
by tokens as those of one call are: 20 of 20 recorded streams."""

TIERS: Final[Mapping[str | None, str]] = {
    "fast": "priority",
    "priority": "priority",
    "flex": "flex",
}
"""The tiers that an answer names, by those asked for; any other is the default one."""


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _stops(stop: str | Sequence[str] | None) -> tuple[str, ...]:
    if stop is None:
        return ()
    return (stop,) if isinstance(stop, str) else tuple(stop)


# --- the answer in one piece -----------------------------------------------------------------


def _choices(answer: Answer, request: OpenAIRequest) -> Fixed | list[Json]:
    legacy = request.legacy_functions
    if request.logprobs is None:
        shown = answer.model.family.choice_logprobs
        return _kept_choices(answer.choices, legacy=legacy, has_logprobs=shown)
    return [_whole(choice, legacy=legacy, has_logprobs=True) for choice in answer.choices]


@lru_cache(maxsize=256)
def _kept_choices(
    choices: tuple[AnsweredChoice, ...], *, legacy: bool, has_logprobs: bool
) -> Fixed:
    """Return *choices* as JSON; those of a scripted answer are the same ones each time."""
    return Fixed([_whole(choice, legacy=legacy, has_logprobs=has_logprobs) for choice in choices])


def _whole(choice: AnsweredChoice, *, legacy: bool, has_logprobs: bool) -> Json:
    told = choice.logprobs
    logprobs = None if told is None else chat_logprobs(told.text, told.refusal)
    return {
        "index": choice.index,
        "message": _message_of(choice, legacy=legacy),
        **({"logprobs": logprobs} if has_logprobs else {}),
        "finish_reason": choice.finish_reason,
    }


def _message_of(choice: AnsweredChoice, *, legacy: bool) -> Json:
    message: Json = {"role": "assistant", "content": choice.text}
    if choice.tool_calls and legacy:
        call = choice.tool_calls[0]
        message["function_call"] = {"name": call.name, "arguments": call.arguments}
    elif choice.tool_calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in choice.tool_calls
        ]
    message["refusal"] = choice.refusal
    message["annotations"] = []
    return message


def _service_tier(answer: Answer, request: OpenAIRequest) -> Json:
    """Return the member that names the tier, for models that have it."""
    return {"service_tier": request.service_tier} if answer.model.family.service_tier else {}


def _usage(answer: Answer) -> Fixed | None:
    if answer.usage is None:
        return None
    family = answer.model.family
    return _bill(
        answer.usage, has_writes=family.cache_write_tokens, has_modalities=family.modality_tokens
    )


@lru_cache(maxsize=4_096)
def _bill(usage: Usage, *, has_writes: bool, has_modalities: bool) -> Fixed:
    """Return *usage* as JSON. Many answers are billed alike, so its text is kept."""
    writes: Json = {"cache_write_tokens": 0} if has_writes else {}
    by_prompt: Json = {}
    by_answer: Json = {}
    if has_modalities:
        read = max(0, usage.prompt_tokens - usage.heard_tokens)
        written = max(0, usage.completion_tokens - usage.reasoning_tokens - usage.audio_tokens)
        by_prompt = {"text_tokens": read, "image_tokens": 0}
        by_answer = {"text_tokens": written}
    return Fixed(
        {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
            "prompt_tokens_details": {
                "cached_tokens": usage.cached_tokens,
                **writes,
                "audio_tokens": usage.heard_tokens,
                **by_prompt,
            },
            "completion_tokens_details": {
                "reasoning_tokens": usage.reasoning_tokens,
                "audio_tokens": usage.audio_tokens,
                "accepted_prediction_tokens": usage.accepted_prediction_tokens,
                "rejected_prediction_tokens": usage.rejected_prediction_tokens,
                **by_answer,
            },
        }
    )


# --- the answer in chunks --------------------------------------------------------------------


class _Chunks:
    """The chunks of one answer; what all of them have in common is written once."""

    def __init__(self, answer: Answer, request: OpenAIRequest) -> None:
        self._answer = answer
        self._request = request
        self._opening: Json = {
            "id": answer.id,
            "object": "chat.completion.chunk",
            "created": answer.created,
            "model": answer.model_name,
            **_service_tier(answer, request),
            "system_fingerprint": answer.system_fingerprint,
        }
        # gpt-5 and later, unlike older models, do not mention log-probabilities that nobody asked
        # for.
        self._has_logprobs = answer.model.family.choice_logprobs or request.logprobs is not None
        # Only in streams of several tool calls, and there in every chunk but the one that
        # finishes: 17 of 17 recorded.
        self._usage_comes_first = request.include_usage and _has_parallel_calls(answer)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield them: choices take turns token by token, and finish together."""
        choices = self._answer.choices
        turns = [_turns(choice, self._request) for choice in choices]
        for turn in range(max((len(own) for own in turns), default=0)):
            for choice, own in zip(choices, turns, strict=True):
                for delta in own[turn] if turn < len(own) else ():
                    yield Chunk(self._chunk([self._part(choice, delta)]), delta.tokens)
        for choice in choices:
            ended = self._part(choice, Delta({}), choice.finish_reason)
            yield Chunk(self._chunk([ended], finishes=True))
        if self._request.include_usage:
            yield Chunk(self._chunk([], _usage(self._answer), finishes=True))

    def _chunk(
        self, choices: list[Json], usage: Fixed | None = None, *, finishes: bool = False
    ) -> Json:
        if not self._request.include_usage:
            return {**self._opening, "choices": choices}
        if self._usage_comes_first and not finishes:
            return {**self._opening, "usage": usage, "choices": choices}
        return {**self._opening, "choices": choices, "usage": usage}

    def _part(self, choice: AnsweredChoice, delta: "Delta", finish: str | None = None) -> Json:
        """Return *delta* as a chunk shows it."""
        return {
            "index": choice.index,
            "delta": delta.value,
            **({"logprobs": delta.logprobs} if self._has_logprobs else {}),
            "finish_reason": finish,
        }


def _has_parallel_calls(answer: Answer) -> bool:
    return any(len(choice.tool_calls) > 1 and choice.text is None for choice in answer.choices)


class Delta(NamedTuple):
    """What one chunk adds to a choice; *tokens* of the answer are complete with it."""

    value: Json
    tokens: int = 0
    logprobs: Json | None = None


def _turns(choice: AnsweredChoice, request: OpenAIRequest) -> list[list[Delta]]:
    """Return the deltas of *choice* by turn; the first holds its role and its first token."""
    deltas = list(_deltas(choice, request))
    return [deltas[:2], *([delta] for delta in deltas[2:])]


def _deltas(choice: AnsweredChoice, request: OpenAIRequest) -> Iterator[Delta]:
    calls = choice.tool_calls
    if calls and request.legacy_functions:
        yield from _function_call(choice, calls[0])
    elif calls and choice.text is None and len(calls) == 1:
        opener = _opener(0, calls[0])
        yield Delta({"role": "assistant", "content": None, "tool_calls": [opener], "refusal": None})
        yield from _arguments(0, calls[0].arguments.pieces)
    elif calls and choice.text is None:
        # Several calls: the role comes alone, without `refusal`; each call has its own opener.
        yield Delta({"role": "assistant", "content": None})
        yield from _calls(calls)
    elif choice.refusal is not None and choice.text is None:
        yield _role({"content": None, "refusal": ""}, choice)
        yield from _refusal(choice)
    else:
        yield _role({"content": "", "refusal": None}, choice)
        yield from _content(choice)
        yield from _refusal(choice)
        yield from _calls(calls)


def _role(members: Json, choice: AnsweredChoice) -> Delta:
    """Return what opens a text or a refusal: nothing yet, and nothing told of it."""
    told = choice.logprobs
    nothing = [None if member is None else () for member in members.values()]
    logprobs = None if told is None else chat_logprobs(*nothing)
    return Delta({"role": "assistant", **members}, 0, logprobs)


def _content(choice: AnsweredChoice) -> Iterator[Delta]:
    told = None if choice.logprobs is None else choice.logprobs.text
    for piece, count, own in _pieces(choice.text, told):
        logprobs = None if own is None else chat_logprobs(own, None)
        yield Delta({"content": piece}, count, logprobs)


def _refusal(choice: AnsweredChoice) -> Iterator[Delta]:
    told = None if choice.logprobs is None else choice.logprobs.refusal
    for piece, count, own in _pieces(choice.refusal, told):
        logprobs = None if own is None else chat_logprobs(None, own)
        yield Delta({"refusal": piece}, count, logprobs)


Told = Sequence[TokenLogprob] | None


def _pieces(text: TokenText | None, told: Told) -> Iterator[tuple[str, int, Told]]:
    """Yield the pieces of *text*, how many tokens each is, and what is *told* of those."""
    rest = iter(told or ())
    for piece, count in text.pieces if text is not None else ():
        yield piece, count, None if told is None else tuple(islice(rest, count))


def _calls(calls: Sequence[AnsweredCall]) -> Iterator[Delta]:
    for index, call in enumerate(calls):
        yield Delta({"tool_calls": [_opener(index, call)]})
        if len(calls) == 1:
            yield from _arguments(index, call.arguments.pieces)
        else:
            yield from _arguments(index, _cut_by_length(call.arguments))


def _opener(index: int, call: AnsweredCall) -> Json:
    function = {"name": call.name, "arguments": ""}
    return {"index": index, "id": call.id, "type": "function", "function": function}


def _arguments(index: int, pieces: Iterable[tuple[str, int]]) -> Iterator[Delta]:
    for piece, count in pieces:
        yield Delta({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, count)


def _cut_by_length(text: TokenText) -> Iterator[tuple[str, int]]:
    """Cut *text* into pieces of the lengths in turn, each with the tokens complete with it."""
    ends = [count for piece, count in text.pieces for count in (*(0,) * (len(piece) - 1), count)]
    start = 0
    for length in cycle(PARALLEL_LENGTHS):
        if start >= len(text):
            return
        yield text[start : start + length], sum(ends[start : start + length])
        start += length


def _function_call(choice: AnsweredChoice, call: AnsweredCall) -> Iterator[Delta]:
    opener = {"name": call.name, "arguments": ""}
    first: Json = {"role": "assistant", "content": None, "function_call": opener, "refusal": None}
    if choice.text is not None:
        yield _role({"content": "", "refusal": None}, choice)
        yield from _content(choice)
        first = {"function_call": opener}
    yield Delta(first)
    for piece, count in call.arguments.pieces:
        yield Delta({"function_call": {"arguments": piece}}, count)
