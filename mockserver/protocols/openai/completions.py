"""`POST /v1/completions`: the legacy endpoint, where a prompt is continued.

Shapes and key order are those of api.openai.com, as recorded from August 2025 to August 2026.
The order of members differs between bodies, streams, and the usage chunk of a stream.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from mockserver import tokens
from mockserver.contracts import Answer, AnsweredChoice, Heard
from mockserver.conversation import Choice, ChoiceLogprobs, ModelRequest, Text, TokenLogprob
from mockserver.models import Catalogue
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.billing import OpenAIEndpoint
from mockserver.protocols.openai.legacy_hearing import completion_heard
from mockserver.protocols.openai.limits import charge
from mockserver.protocols.openai.logprobs_json import LegacyLogprobs
from mockserver.protocols.openai.marks import (
    EMPTY_CHUNK,
    USAGE_CHUNK,
    body_marks,
    ending_marks,
    text_marks,
)
from mockserver.protocols.openai.requests import OpenAIRequest, as_openai
from mockserver.wire.events import ServerEvent
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import JsonValue, TokenText
from mockserver.wire.rendered import Chunk, EventStream, JsonBody, Rendered
from mockserver.wire.sse import DONE

Json = dict[str, JsonValue]

NOTHING: Mapping[str, Any] = {}
DEFAULT_MAX_TOKENS = 16
DEFAULT_PROMPT = "<|endoftext|>"
MOST_LOGPROBS = 20
"""More are ignored (live calls, 2026-08-28: 21 requested, 20 reported, no error)."""
INFILL_MARKS = "<|endoftext|><|fim_prefix|><|fim_suffix|><|fim_middle|>"
"""What surrounds prompt and suffix when a gap is filled. Offsets of tokens include it: 123 in the
one recorded request (53 characters of prompt, 15 of suffix; 2025-09)."""


class Completions(OpenAIEndpoint):
    """Completions of one prompt or many, given as text or as tokens."""

    kind = "completions"
    id_prefix = "cmpl-"
    routes = (("POST", "/completions"),)

    def parse(self, http: HttpRequest, model: str | None, catalogue: Catalogue) -> OpenAIRequest:
        """Return the request in *http*, validated."""
        body = validation.read_body(http)
        known = validation.find_model(body, catalogue, "completions", model)
        validation.check_completion(body, known)
        prompt = tokens.count_prompt(body, known)
        validation.check_context(body, known, prompt.tokens)
        options: Mapping[str, Any] = body.get("stream_options") or NOTHING
        stop = body.get("stop")
        limit, logprobs = body.get("max_tokens"), body.get("logprobs")
        return OpenAIRequest(
            sent=body,
            body=body,
            model=known.id,
            family=known.family,
            prompts=_prompts(body.get("prompt"), known.family.encoding),
            prompt_tokens=prompt.tokens,
            prompt_exact=prompt.exact,
            charge=charge(body),
            stream=bool(body.get("stream")),
            include_usage=bool(options.get("include_usage")),
            n=body.get("n") or 1,
            max_tokens=DEFAULT_MAX_TOKENS if limit is None else limit,
            stop=(stop,) if isinstance(stop, str) else tuple(stop or ()),
            temperature=body.get("temperature"),
            candidates=body.get("best_of") or 1,
            echo=bool(body.get("echo")),
            logprobs=None if logprobs is None else min(logprobs, MOST_LOGPROBS),
        )

    def sayable(self, choice: Choice) -> Choice:
        """Return *choice* as a text: refusals become text, and tool calls are left out."""
        text = choice.refusal if choice.text is None else choice.text
        return replace(choice, parts=(Text(text or ""),))

    def heard(self, sent: Mapping[str, Any], body: Any, events: Sequence[ServerEvent]) -> Heard:
        """Return what an answer says that this server did not make."""
        return completion_heard(sent, body, events)

    def shown_by(self, request: ModelRequest) -> Hashable:
        """Return all that shows of *request*; log-probabilities and prompts differ."""
        request = as_openai(request)
        if request.logprobs is not None or request.echo:
            return None
        return request.stream, request.include_usage

    def render(self, answer: Answer) -> Rendered:
        """Return *answer* as a `text_completion`, or as its chunks."""
        if answer.request.stream:
            # Without a charset, unlike chat.
            chunks = tuple(_chunks(answer, as_openai(answer.request)))
            return EventStream(chunks, content_type="text/event-stream", end=DONE)
        body: Json = {
            "id": answer.id,
            "object": "text_completion",
            "created": answer.created,
            "model": answer.model_name,
            "choices": [_whole(choice, answer) for choice in answer.choices],
            "usage": _usage(answer),
        }
        has_usage = answer.usage is not None
        marks = body_marks(len(answer.choices), has_messages=False, has_usage=has_usage)
        return JsonBody(body, marks=marks)


# --- the request -----------------------------------------------------------------------------


def _prompts(prompt: Any, encoding: str) -> tuple[str, ...]:
    """Return the prompts of a request as text, at least one, for each of which `n` choices go."""
    if prompt is None:
        return (DEFAULT_PROMPT,)
    if isinstance(prompt, str):
        return (prompt,)
    if prompt and isinstance(prompt[0], int):
        coded: list[int] = prompt
        return (tokens.decode(coded, encoding),)
    several: list[str | list[int]] = prompt
    return tuple(
        item if isinstance(item, str) else tokens.decode(item, encoding) for item in several
    ) or ("",)


# --- the answer in one piece -----------------------------------------------------------------


def _whole(choice: AnsweredChoice, answer: Answer) -> Json:
    text = _text(choice)
    logprobs = None
    if choice.logprobs is not None:
        logprobs = _logprobs(choice, answer).write(_reported(choice.logprobs))
    return _choice(choice.index, text, choice.finish_reason, logprobs)


def _text(choice: AnsweredChoice) -> TokenText:
    """Return the text of *choice*, after its prompt if that is echoed."""
    text = TokenText(()) if choice.text is None else choice.text
    return TokenText(((choice.echoed, 0), *text.pieces)) if choice.echoed else text


def _choice(index: int, text: str, finish: str | None, logprobs: Json | None = None) -> Json:
    return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": finish}


def _reported(logprobs: ChoiceLogprobs) -> Sequence[TokenLogprob]:
    return (*logprobs.prompt, *(logprobs.text or ()))


def _logprobs(choice: AnsweredChoice, answer: Answer) -> LegacyLogprobs:
    """Return the writer of the log-probabilities of *choice*, with offsets from its beginning."""
    request = as_openai(answer.request)
    offset = 0
    if not choice.echoed:
        per_prompt = len(answer.choices) // len(request.prompts)
        offset = len(request.prompts[choice.index // per_prompt])
        if request.body.get("suffix"):
            offset += len(INFILL_MARKS) + len(request.body["suffix"])
    return LegacyLogprobs(offset, request.logprobs or 0)


def _usage(answer: Answer) -> Json | None:
    bill = answer.bill
    if bill is None:
        return None
    # If nothing was generated, the API leaves out `completion_tokens`.
    generated: Json = (
        {"completion_tokens": bill.completion_tokens} if bill.completion_tokens else {}
    )
    return {"prompt_tokens": bill.prompt_tokens, **generated, "total_tokens": bill.total_tokens}


# --- the answer in chunks --------------------------------------------------------------------


def _chunks(answer: Answer, request: OpenAIRequest) -> Iterator[Chunk]:
    """Yield the chunks of *answer*: choices take turns; the natural ends share one chunk."""
    turns = [list(_turns(choice, answer)) for choice in answer.choices]
    for turn in range(max((len(own) for own in turns), default=0)):
        for own in turns:
            if turn < len(own):
                value, count = own[turn]
                finishes = value["finish_reason"] is not None
                marks = text_marks(value["index"], finishes=finishes)
                yield Chunk(_chunk(answer, [value], request), count, marks)
    ended = [
        _ending(choice, answer)
        for choice, own in zip(answer.choices, turns, strict=True)
        if choice.finish_reason != "length" or not own
    ]
    if ended:
        marks = ending_marks(tuple([value["index"] for value in ended]))
        yield Chunk(_chunk(answer, ended, request), 0, marks)
    if request.include_usage:
        last: Json = {
            "id": answer.id,
            "object": "text_completion",
            "created": answer.created,
            "model": answer.model_name,
            "usage": _usage(answer),
            "choices": [],
        }
        yield Chunk(last, 0, EMPTY_CHUNK if answer.usage is None else USAGE_CHUNK)


def _turns(choice: AnsweredChoice, answer: Answer) -> Iterator[tuple[Json, int]]:
    """Yield *choice* token by token, with the number of tokens that each completes.

    An echoed prompt comes with the first of them (vllm#1504: a stream of text-davinci-003).
    """
    pieces = choice.text.pieces if choice.text is not None else ()
    if choice.echoed:
        first, count = pieces[0] if pieces else ("", 0)
        pieces = ((choice.echoed + first, count), *pieces[1:])
    reported = choice.logprobs
    writer = None if reported is None else _logprobs(choice, answer)
    rest = iter(reported.text or () if reported is not None else ())
    for number, (piece, count) in enumerate(pieces, 1):
        # A limit is reported on the last token's own chunk, a natural end after it.
        is_last = number == len(pieces)
        finish = "length" if is_last and choice.finish_reason == "length" else None
        logprobs = None
        if reported is not None and writer is not None:
            prompt = reported.prompt if number == 1 else ()
            logprobs = writer.write((*prompt, *islice(rest, count)))
        yield _choice(choice.index, piece, finish, logprobs), count


def _ending(choice: AnsweredChoice, answer: Answer) -> Json:
    """Return what ends *choice*, after its last token."""
    logprobs = None
    if choice.logprobs is not None:
        logprobs = LegacyLogprobs(0, answer.request.logprobs or 0).write(())
    return _choice(choice.index, "", choice.finish_reason, logprobs)


def _chunk(answer: Answer, choices: list[Json], request: OpenAIRequest) -> Json:
    chunk: Json = {
        "id": answer.id,
        "object": "text_completion",
        "created": answer.created,
        "choices": choices,
        "model": answer.model_name,
    }
    if request.include_usage:
        chunk["usage"] = None
    return chunk
