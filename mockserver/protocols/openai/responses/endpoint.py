"""`POST /v1/responses`: items in, items out.

Shapes, key orders, events and ids are those of api.openai.com, as recorded from September 2025 to
August 2026. Dialects that differ adapt the result.
"""

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from mockserver import tokens
from mockserver.contracts import Answer, AnsweredText, GeneratingEndpoint, Heard
from mockserver.conversation import (
    ApiError,
    Charge,
    Choice,
    ModelRequest,
    ToolCall,
    Transcript,
)
from mockserver.models import Catalogue, Model
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.responses import request as reading
from mockserver.protocols.openai.responses.counting import count
from mockserver.protocols.openai.responses.events import ResponseEvents
from mockserver.protocols.openai.responses.hearing import response_heard
from mockserver.protocols.openai.responses.history import keep, with_history
from mockserver.protocols.openai.responses.identity import (
    DIGITS,
    family_of,
    item_id,
    prefix_of,
    response_id,
    sealed,
)
from mockserver.protocols.openai.responses.items import MESSAGE, output_of
from mockserver.protocols.openai.responses.marks import BODY_MARKS, body_marks
from mockserver.protocols.openai.responses.request import ResponsesRequest, as_response
from mockserver.protocols.openai.responses.response import (
    COMPLETED_AT,
    PAYER,
    ResponseObject,
    taken_back,
)
from mockserver.protocols.openai.responses.validation import (
    check_responses,
    find_model,
)
from mockserver.records.stored import StoredAnswer, StoredAnswers
from mockserver.seeding import Draw
from mockserver.tokens import BilledChoice, BilledPrompt, Count
from mockserver.wire.events import ServerEvent
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Filling, Hole, JsonValue, compact
from mockserver.wire.rendered import EventStream, JsonBody, Rendered

Json = dict[str, JsonValue]

TOKENS_A_SECOND = 100
"""How fast a response states to have been written."""


class Responses(GeneratingEndpoint):
    """Responses, streamed or not, with everything that may be in their output."""

    kind = "responses"
    protocol: ClassVar[str] = "openai"
    id_prefix = "resp_"
    id_length: ClassVar[int] = DIGITS
    routes = (("POST", "/responses"),)
    sends_items = True
    keeps_sent = True

    # --- the request ---

    def parse(self, http: HttpRequest, model: str | None, catalogue: Catalogue) -> ResponsesRequest:
        """Return the request in *http*, validated."""
        body = validation.read_body(http)
        known = find_model(body, catalogue, model)
        check_responses(body, known, http.body)
        request = reading.request_from(body, known)
        request.charge = reading.charge_of(body)
        if not request.recalls:
            count(request)
        return request

    def transcript(self, body: Mapping[str, Any]) -> Transcript:
        """Return the conversation in *body*, valid or not."""
        return reading.transcript(body)

    def charge(self, http: HttpRequest) -> Charge | None:
        """Return what *http* takes of limits; None if it is unreadable."""
        try:
            return reading.charge_of(validation.read_body(http))
        except ApiError:
            return None

    def continued(self, request: ModelRequest, stored: StoredAnswers) -> ModelRequest:
        """Return *request* with what it continues before its input, and its references replaced."""
        whole = with_history(as_response(request), stored)
        count(whole)
        return whole

    def kept(self, answer: StoredAnswer, stored: StoredAnswers) -> None:
        """Enter *answer* in its conversation, if it belongs to one."""
        keep(answer, stored)

    def acknowledged(self, request: ModelRequest, body: bytes) -> JsonBody:
        """Return the response whose end is *body* as it is while it is queued."""
        value = taken_back(json.loads(body), as_response(request).body, "queued")
        return JsonBody(value, "responses", BODY_MARKS[:1])

    def not_kept(self, identity: str, stored: StoredAnswers) -> None:
        """Remember that the items of a response are not kept: they cannot be referred to."""
        family = family_of(identity)
        if family is not None:
            stored.note_unkept(family)

    # --- the bill ---

    def bill_prompt(self, request: ModelRequest, model: Model) -> BilledPrompt:
        """Return the bill for the input of *request*; *model* is the one that answers."""
        request = as_response(request)
        if request.family is model.family and request.prompt_tokens:
            return BilledPrompt(request.prompt_tokens, request.prompt_exact and model.known)
        return tokens.count_items(request.body, request.items, model, request.recall)

    def prompt_blocks(self, request: ModelRequest, model: Model) -> tuple[bytes, ...]:
        """Return a digest for each block of the prompt that *model* may have cached."""
        request = as_response(request)
        return tokens.item_blocks(request.body, request.items, model, request.recall)

    def bill_answer(
        self,
        request: ModelRequest,
        choices: Sequence[BilledChoice],
        model: Model,
        *,
        reasoning_tokens: int = 0,
        end_of_turn: bool = False,
    ) -> Count:
        """Return the tokens billed as generated by *model* for *choices*."""
        del end_of_turn  # here it is billed everywhere
        request = as_response(request)
        found = Count(0)
        for choice in choices:
            one = tokens.count_output(
                request.body, request.items, choice, model, reasoning_tokens=reasoning_tokens
            )
            found = Count(found.tokens + one.tokens, found.exact and one.exact)
        return found

    def shaped_by(self, request: ModelRequest) -> Hashable:
        """Return all that an answer's bill depends on."""
        request = as_response(request)
        return tokens.output_terms(request.body, request.items)

    def sayable(self, choice: Choice) -> Choice:
        """Return *choice* with its calls as they are here: without white space in arguments."""
        if not any(call.spaced for call in choice.tool_calls):
            return choice
        return choice.edited(
            lambda part: (
                replace(part, arguments=_unspaced(part.arguments), spaced=False)
                if isinstance(part, ToolCall) and part.spaced
                else part
            )
        )

    # --- the answer ---

    def shown_by(self, request: ModelRequest) -> Hashable:
        """Return all that shows of *request*: what is repeated of it, in most of its members."""
        request = as_response(request)
        if request.logprobs is not None or request.background:
            return None
        body = request.body
        stated = {key: value for key, value in body.items() if key not in _NOT_SHOWN}
        return (
            request.stream,
            request.include_obfuscation,
            compact(stated),
        )

    def render(self, answer: Answer) -> Rendered:
        """Return *answer* as a response object, or as its events."""
        request = as_response(answer.request)
        if request.stream:
            return EventStream(tuple(ResponseEvents(answer, request)))
        output = output_of(answer)
        # Only answers that are no streams say who pays (2,198 and 0 of 1,123).
        value = ResponseObject(answer, request).finished(output, billing=PAYER)
        return JsonBody(value, "responses", body_marks([item.kind for item in output]))

    def heard(self, sent: Mapping[str, Any], body: Any, events: Sequence[ServerEvent]) -> Heard:
        """Return what a response says that this server did not make."""
        return response_heard(sent, body, events)

    def answer_id(self, answer: Answer, draw: Draw) -> str:
        """Return the id of *answer*, which has the time of its creation in it."""
        request = as_response(answer.request)
        within = reading.conversation_of(request.body)
        return response_id(draw, answer.dated, request.continues, within)

    def unsent_tokens(self, answer: Answer) -> int:
        """Return how many tokens *answer* thinks that nothing is shown of."""
        return sum([item.unsent_tokens for item in output_of(answer)])

    def drawn(self, answer: Answer, identity: str, draw: Draw) -> Filling:
        """Return the ids of the items of *answer*, its ciphertexts, and when it was complete."""
        values = {COMPLETED_AT.mark: str(answer.dated + _took_s(answer))}
        parts = answer.choices[0].parts if answer.choices else ()
        if len(parts) == 1 and isinstance(parts[0], AnsweredText) and answer.reasoning is None:
            # Most answers are one text.
            values[MESSAGE.mark] = item_id("msg_", identity, answer.dated, draw, 0)
            return values
        for number, item in enumerate(output_of(answer)):
            if isinstance(item.id, Hole):
                prefix = prefix_of(item.kind)
                values[item.id.mark] = item_id(prefix, identity, answer.dated, draw, number)
            for moment, seal in enumerate(item.sealed):
                if isinstance(seal, Hole):
                    length = item.tokens
                    purpose = f"sealed-{number}-{moment}"
                    values[seal.mark] = sealed(draw, purpose, answer.dated, length)
        return values


_NOT_SHOWN = frozenset({"input", "stream", "stream_options"})
"""The members of a request that show nowhere in its answer, or that are named besides."""


def _took_s(answer: Answer) -> int:
    """Return how many seconds an answer states to have taken."""
    written = 0 if answer.usage is None else answer.usage.completion_tokens
    return 1 + written // TOKENS_A_SECOND


def _unspaced(arguments: str) -> str:
    return compact(json.loads(arguments))
