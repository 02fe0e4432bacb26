"""What requests and answers of OpenAI's protocols cost: of limits, and in the bill.

The rules of the bill are in `mockserver.tokens`; here is which of them holds for what is asked.
"""

from collections.abc import Hashable, Mapping, Sequence
from random import Random
from typing import Any, ClassVar

from mockserver import tokens
from mockserver.contracts import GeneratingEndpoint
from mockserver.conversation import ApiError, Charge, FinishReason, ModelRequest, Transcript
from mockserver.models import Model
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.limits import charge
from mockserver.protocols.openai.requests import as_openai
from mockserver.protocols.openai.transcript import transcript
from mockserver.seeding import Draw
from mockserver.tokens import BilledChoice, BilledPrompt, Count
from mockserver.wire.http_request import HttpRequest


class OpenAIEndpoint(GeneratingEndpoint):
    """An endpoint of OpenAI's where a model answers, whoever serves it."""

    protocol: ClassVar[str] = "openai"
    id_length: ClassVar[int] = 29

    def transcript(self, body: Mapping[str, Any]) -> Transcript:
        """Return what *body*, valid or not, tells of a conversation."""
        return transcript(body)

    def charge(self, http: HttpRequest) -> Charge | None:
        """Return what *http* takes of limits; None if nobody can read it."""
        try:
            return charge(validation.read_body(http))
        except ApiError:
            return None

    def bill_prompt(self, request: ModelRequest, model: Model) -> BilledPrompt:
        """Return what the input of *request* is billed as by *model*."""
        own = as_openai(request)
        prompt = Count(request.prompt_tokens, request.prompt_exact)
        if request.family is not model.family:
            prompt = tokens.count_prompt(own.body, model)
        hears = model.family.modality_tokens and bool(request.turns)
        heard = tokens.count_sound(own.body["messages"]) if hears else 0
        return BilledPrompt(prompt.tokens, prompt.exact, heard)

    def bill_answer(
        self,
        request: ModelRequest,
        choices: Sequence[BilledChoice],
        model: Model,
        *,
        reasoning_tokens: int = 0,
        end_of_turn: bool = False,
    ) -> Count:
        """Return what *model* is billed to have generated for *choices*."""
        own = as_openai(request)
        # Of several candidates, each is counted by itself.
        body = own.body if own.candidates == 1 else {**own.body, "best_of": None}
        return tokens.count_completion(
            body, choices, model, reasoning_tokens=reasoning_tokens, end_of_turn=end_of_turn
        )

    def shaped_by(self, request: ModelRequest) -> Hashable:
        """Return what else decides how a choice comes out: how calls are made."""
        return as_openai(request).legacy_functions

    def finished_by_calls(self, request: ModelRequest, model: Model) -> FinishReason:
        """Return why an answer with tool calls ends, unless a limit ended it."""
        if request.tool_choice.forced and model.family.forced_tool_finish == "stop":
            return "stop"
        return "function_call" if as_openai(request).legacy_functions else "tool_calls"

    def kept_members(self, request: ModelRequest, draw: Draw) -> dict[str, Any]:
        """Return what is stored of *request*; the API makes a seed up where it states none."""
        body = as_openai(request).body
        seed = body.get("seed")
        return {
            "seed": _seed(draw.rng("seed")) if seed is None else seed,
            "metadata": body.get("metadata") or {},
        }


def _seed(rng: Random) -> int:
    return rng.getrandbits(64) - 2**63
