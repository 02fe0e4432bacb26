"""`POST /v1/completions`: the legacy endpoint, where a prompt is continued.

Shapes and key order are those of api.openai.com, as recorded from August 2025 to August 2026.
A stream orders its members otherwise than a body does, and its usage chunk otherwise again.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver import tokens, validation
from mockserver.contracts import (
    Answer,
    AnsweredChoice,
    Chunk,
    EventStream,
    GeneratingEndpoint,
    JsonBody,
    Rendered,
)
from mockserver.conversation import CompletionRequest
from mockserver.http_request import HttpRequest
from mockserver.jsontext import JsonValue, TokenText
from mockserver.models import Catalogue

Json = dict[str, JsonValue]

NOTHING: Mapping[str, Any] = {}
DEFAULT_MAX_TOKENS = 16
DEFAULT_PROMPT = "<|endoftext|>"


class Completions(GeneratingEndpoint):
    """Completions of one prompt or many, given as text or as tokens."""

    kind = "completions"
    routes = (("POST", "/completions"),)

    def parse(
        self, http: HttpRequest, model: str | None, catalogue: Catalogue
    ) -> CompletionRequest:
        """Return the request in *http*, found valid."""
        body = validation.read_body(http)
        known = validation.find_model(body, catalogue, "completions", model)
        validation.check_completion(body, known)
        prompt = tokens.count_prompt(body, known)
        validation.check_context(body, known, prompt.tokens)
        options: Mapping[str, Any] = body.get("stream_options") or NOTHING
        stop = body.get("stop")
        limit = body.get("max_tokens")
        return CompletionRequest(
            body=body,
            model=known.id,
            family=known.family,
            prompts=_prompts(body.get("prompt"), known.family.encoding),
            prompt_tokens=prompt.tokens,
            prompt_exact=prompt.exact,
            stream=bool(body.get("stream")),
            include_usage=bool(options.get("include_usage")),
            n=body.get("n") or 1,
            max_tokens=DEFAULT_MAX_TOKENS if limit is None else limit,
            stop=(stop,) if isinstance(stop, str) else tuple(stop or ()),
        )

    def render(self, answer: Answer) -> Rendered:
        """Return *answer* as a `text_completion`, or as its chunks."""
        if answer.request.stream:
            # Without a charset, unlike chat.
            return EventStream(tuple(_chunks(answer)), content_type="text/event-stream")
        body: Json = {
            "id": answer.id,
            "object": "text_completion",
            "created": answer.created,
            "model": answer.model_name,
            "choices": [
                _choice(choice.index, _text(choice), choice.finish_reason)
                for choice in answer.choices
            ],
            "usage": _usage(answer),
        }
        return JsonBody(body)


def _prompts(prompt: Any, encoding: str) -> tuple[str, ...]:
    """Return the prompts of a request as text, one for each answer (times `n`)."""
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
    )


def _text(choice: AnsweredChoice) -> TokenText:
    """Return what stands in for *choice* where there is only text: a refusal is a text too."""
    if choice.text is not None:
        return choice.text
    return choice.refusal if choice.refusal is not None else TokenText(())


def _choice(index: int, text: str, finish: str | None) -> Json:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}


def _usage(answer: Answer) -> Json | None:
    usage = answer.usage
    if usage is None:
        return None
    # Where nothing was generated, the API leaves `completion_tokens` out.
    generated: Json = (
        {"completion_tokens": usage.completion_tokens} if usage.completion_tokens else {}
    )
    return {
        "prompt_tokens": usage.prompt_tokens,
        **generated,
        "total_tokens": usage.total_tokens,
    }


def _chunks(answer: Answer) -> Iterator[Chunk]:
    """Yield the chunks of *answer*: choices take turns; the natural ends share one chunk."""
    texts = [_text(choice).pieces for choice in answer.choices]
    for turn in range(max((len(pieces) for pieces in texts), default=0)):
        for choice, pieces in zip(answer.choices, texts, strict=True):
            if turn >= len(pieces):
                continue
            piece, count = pieces[turn]
            is_last = turn == len(pieces) - 1
            # A limit is told on the last token's own chunk, a natural end behind it.
            finish = "length" if is_last and choice.finish_reason == "length" else None
            yield Chunk(_chunk(answer, [_choice(choice.index, piece, finish)]), count)
    ended = [
        _choice(choice.index, "", choice.finish_reason)
        for choice, pieces in zip(answer.choices, texts, strict=True)
        if choice.finish_reason != "length" or not pieces
    ]
    if ended:
        yield Chunk(_chunk(answer, ended))
    if answer.request.include_usage:
        last: Json = {
            "id": answer.id,
            "object": "text_completion",
            "created": answer.created,
            "model": answer.model_name,
            "usage": _usage(answer),
            "choices": [],
        }
        yield Chunk(last)


def _chunk(answer: Answer, choices: list[Json]) -> Json:
    chunk: Json = {
        "id": answer.id,
        "object": "text_completion",
        "created": answer.created,
        "choices": choices,
        "model": answer.model_name,
    }
    if answer.request.include_usage:
        chunk["usage"] = None
    return chunk
