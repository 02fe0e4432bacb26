"""An answer to a chat in chunks: `data: {"object": "chat.completion.chunk", …}`.

Choices take turns token by token. Order and members are those of api.openai.com, as recorded from
September 2025 to August 2026.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, islice
from typing import Final, NamedTuple

from mockserver.contracts import Answer, AnsweredCall, AnsweredChoice, AnsweredSpeech
from mockserver.conversation import TokenLogprob
from mockserver.protocols.openai.chat_members import named, service_tier, usage_of
from mockserver.protocols.openai.logprobs_json import chat_logprobs
from mockserver.protocols.openai.marks import (
    EMPTY_CHUNK,
    FUNCTION_CALL,
    SOUND,
    TRANSCRIPT,
    USAGE_CHUNK,
    chunk_marks,
)
from mockserver.protocols.openai.moderated import moderation
from mockserver.protocols.openai.requests import OpenAIRequest
from mockserver.protocols.openai.speech import audio_id, expires_at, sound_chunks
from mockserver.tokens import sound_tokens
from mockserver.wire.jsontext import JsonValue, TokenText
from mockserver.wire.marks import CALL, CONTENT, FINISH, REFUSAL, ROLE
from mockserver.wire.rendered import Chunk

Json = dict[str, JsonValue]
PARALLEL_LENGTHS: Final = (4, 5, 6)
"""Lengths, in characters, of the pieces in which arguments of several tool calls are streamed, in
turn; those of a single one are streamed by token: 20 of 20 recorded streams."""


_CONTENT: Final = (CONTENT,)
_REFUSAL: Final = (REFUSAL,)
_CALL: Final = (CALL,)
_FUNCTION_CALL: Final = (FUNCTION_CALL,)


class ChatChunks:
    """The chunks of one answer; what they have in common is written once."""

    def __init__(self, answer: Answer, request: OpenAIRequest) -> None:
        self._answer = answer
        self._request = request
        self._opening: Json = {
            "id": answer.id,
            "object": "chat.completion.chunk",
            "created": answer.created,
            "model": answer.model_name,
            **service_tier(answer, request),
            "system_fingerprint": answer.system_fingerprint,
        }
        # gpt-5 and later, unlike older models, do not mention log-probabilities unless requested.
        self._has_logprobs = answer.model.family.choice_logprobs or request.logprobs is not None
        # Only in streams of several tool calls, and there in every chunk but the one that
        # finishes: 17 of 17 recorded.
        self._usage_comes_first = request.include_usage and _has_parallel_calls(answer)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks: choices take turns token by token, and finish together."""
        choices = self._answer.choices
        turns = [_turns(self._answer, choice, self._request) for choice in choices]
        for turn in range(max((len(own) for own in turns), default=0)):
            for choice, own in zip(choices, turns, strict=True):
                for delta in own[turn] if turn < len(own) else ():
                    value = self._chunk([self._part(choice, delta)])
                    yield Chunk(value, delta.tokens, chunk_marks(delta.kinds, choice.index))
        for choice in choices:
            ended = self._part(choice, Delta({}, ()), choice.finish_reason)
            marks = chunk_marks((FINISH,), choice.index)
            yield Chunk(self._chunk([ended], finishes=True), 0, marks)
        if self._request.include_usage:
            usage = usage_of(self._answer)
            marks = EMPTY_CHUNK if usage is None else USAGE_CHUNK
            yield Chunk(self._chunk([], usage, finishes=True), 0, marks)
        found = moderation(self._request)
        if found:
            value = {**self._chunk([], finishes=True), **found}
            # The bill stands last in every chunk.
            usage_last = {"usage": value.pop("usage")} if "usage" in value else {}
            yield Chunk({**value, **usage_last}, 0, EMPTY_CHUNK)
        for choice in choices:
            if choice.speech is not None:
                # The very last, without a finish reason.
                until = {"expires_at": expires_at(choice.speech, self._answer)}
                value = {"index": choice.index, "delta": {"audio": until}}
                yield Chunk(self._chunk([value], finishes=True), 0, EMPTY_CHUNK)

    def _chunk(
        self, choices: list[Json], usage: Json | None = None, *, finishes: bool = False
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
    """What one chunk adds to a choice, and which *kinds* of things that are.

    *tokens* of the answer are complete with it.
    """

    value: Json
    kinds: tuple[str, ...]
    tokens: int = 0
    logprobs: Json | None = None


def _turns(answer: Answer, choice: AnsweredChoice, request: OpenAIRequest) -> list[list[Delta]]:
    """Return the deltas of *choice* by turn; the first has its role and its first token."""
    deltas = list(_deltas(answer, choice, request))
    return [deltas[:2], *([delta] for delta in deltas[2:])]


def _deltas(answer: Answer, choice: AnsweredChoice, request: OpenAIRequest) -> Iterator[Delta]:
    calls = choice.tool_calls
    if calls and request.legacy_functions:
        yield from _function_call(choice, calls[0])
    elif calls and choice.text is None and len(calls) == 1:
        opener = _opener(0, calls[0])
        first = {"role": "assistant", "content": None, "tool_calls": [opener], "refusal": None}
        yield Delta(first, (ROLE, CALL))
        yield from _arguments(0, calls[0], calls[0].arguments.pieces)
    elif calls and choice.text is None:
        # Several tool calls: the role comes alone, without `refusal`; each has its own opening.
        yield Delta({"role": "assistant", "content": None}, (ROLE,))
        yield from _calls(calls)
    elif choice.speech is not None and choice.text is None:
        yield from _spoken(choice.speech, answer)
        yield from _calls(calls)
    elif choice.refusal is not None and choice.text is None:
        yield _role({"content": None, "refusal": ""}, (ROLE, REFUSAL), choice)
        yield from _refusal(choice)
    else:
        yield _role({"content": "", "refusal": None}, (ROLE, CONTENT), choice)
        yield from _content(choice)
        yield from _refusal(choice)
        yield from _calls(calls)


def _spoken(speech: AnsweredSpeech, answer: Answer) -> Iterator[Delta]:
    """Return a transcript token by token, then the sound: the first of each has the sound's id."""
    identity: Json = {"id": audio_id(speech, answer)}
    yield Delta({"role": "assistant", "refusal": None}, (ROLE,))
    for number, (piece, count) in enumerate(speech.text.pieces):
        said = {"audio": {**({} if number else identity), "transcript": piece}}
        yield Delta(said if number else {"content": None, **said}, (TRANSCRIPT,), count)
    opening = {"role": "assistant", "content": None, "refusal": None}
    for number, (data, seconds) in enumerate(sound_chunks(speech, answer)):
        heard = {"audio": {**({} if number else identity), "data": data}}
        yield Delta(heard if number else {**opening, **heard}, (SOUND,), sound_tokens(seconds))


def _role(members: Json, kinds: tuple[str, ...], choice: AnsweredChoice) -> Delta:
    """Return the opening of a text or a refusal: empty, with empty log-probabilities."""
    reported = choice.logprobs
    nothing = [None if member is None else () for member in members.values()]
    logprobs = None if reported is None else chat_logprobs(*nothing)
    return Delta({"role": "assistant", **members}, kinds, 0, logprobs)


def _content(choice: AnsweredChoice) -> Iterator[Delta]:
    reported = None if choice.logprobs is None else choice.logprobs.text
    for piece, count, own in _pieces(choice.text, reported):
        logprobs = None if own is None else chat_logprobs(own, None)
        yield Delta({"content": piece}, _CONTENT, count, logprobs)


def _refusal(choice: AnsweredChoice) -> Iterator[Delta]:
    reported = None if choice.logprobs is None else choice.logprobs.refusal
    for piece, count, own in _pieces(choice.refusal, reported):
        logprobs = None if own is None else chat_logprobs(None, own)
        yield Delta({"refusal": piece}, _REFUSAL, count, logprobs)


Reported = Sequence[TokenLogprob] | None


def _pieces(text: TokenText | None, logprobs: Reported) -> Iterator[tuple[str, int, Reported]]:
    """Yield the pieces of *text*, how many tokens each is, and their *logprobs*."""
    rest = iter(logprobs or ())
    for piece, count in text.pieces if text is not None else ():
        yield piece, count, None if logprobs is None else tuple(islice(rest, count))


def _calls(calls: Sequence[AnsweredCall]) -> Iterator[Delta]:
    for index, call in enumerate(calls):
        yield Delta({"tool_calls": [_opener(index, call)]}, _CALL)
        if len(calls) == 1:
            yield from _arguments(index, call, call.arguments.pieces)
        else:
            yield from _arguments(index, call, _cut_by_length(call.arguments))


def _opener(index: int, call: AnsweredCall) -> Json:
    kind, member = named(call)
    return {"index": index, "id": call.id, "type": kind, kind: {"name": call.name, member: ""}}


def _arguments(
    index: int, call: AnsweredCall, pieces: Iterable[tuple[str, int]]
) -> Iterator[Delta]:
    kind, member = named(call)
    for piece, count in pieces:
        part = {"index": index, kind: {member: piece}}
        yield Delta({"tool_calls": [part]}, _CALL, count)


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
    kinds: tuple[str, ...] = (ROLE, FUNCTION_CALL)
    if choice.text is not None:
        yield _role({"content": "", "refusal": None}, (ROLE, CONTENT), choice)
        yield from _content(choice)
        first, kinds = {"function_call": opener}, _FUNCTION_CALL
    yield Delta(first, kinds)
    for piece, count in call.arguments.pieces:
        yield Delta({"function_call": {"arguments": piece}}, _FUNCTION_CALL, count)
