"""What a request's parameters do to an answer, and what the result is billed as.

A choice comes in as the scenario wrote it; it leaves cut at `stop` and `max_tokens`, in
tokens, with its finish reason. SCENARIOS.md's rule 10 says which parameters act.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from mockserver import tokens
from mockserver.contracts import Answer, AnsweredCall, AnsweredChoice, Reply, Unstated
from mockserver.conversation import (
    Choice,
    CompletionRequest,
    FinishReason,
    StatedUsage,
    ToolCall,
    Usage,
)
from mockserver.jsontext import Filling, Hole, TokenText
from mockserver.models import Model
from mockserver.seeding import Draw
from mockserver.stored import StoredCompletion

CALL_ID_LENGTH = 29
"""`call_` and 24 characters."""


@cache
def call_hole(number: int) -> Hole:
    """Return the hole for the id of the *number*-th tool call of an answer, from 0."""
    return Hole(f"c{number:04d}", CALL_ID_LENGTH)


@dataclass(frozen=True, slots=True, eq=False)
class Shaped:
    """The choices of an answer as they go out, and what they will be billed as.

    Attributes:
        choices: Cut, tokenised, with their finish reasons.
        billed: What was generated for each choice that ended by itself.
        cut_tokens: What those that met a limit cost: exactly the limit, each.
        drawn_calls: How many ids of tool calls are holes.

    """

    choices: tuple[AnsweredChoice, ...]
    billed: tuple[tokens.BilledChoice, ...]
    cut_tokens: int
    drawn_calls: int


def shape(
    request: CompletionRequest, written: Sequence[Choice], reply: Reply, model: Model
) -> Shaped:
    """Let *request* act on the choices that *reply* has *written*, in the tokens of *model*."""
    shaper = _Shaper(request, reply, model)
    choices = tuple([shaper.cut(index, choice) for index, choice in enumerate(written)])
    return Shaped(choices, tuple(shaper.billed), shaper.cut_tokens, shaper.drawn_calls)


def limits_of(request: CompletionRequest) -> Hashable:
    """Return all of *request* that `shape` looks at."""
    return (
        request.max_tokens,
        request.stop,
        request.legacy_functions,
        request.forced_tool is None,
    )


def bill(shaped: Shaped, request: CompletionRequest, reply: Reply, model: Model) -> Usage | None:
    """Return what the answer to *request* is billed as by *model*; None if null is stated."""
    stated = reply.usage
    if stated is None:
        return None
    if isinstance(stated, Unstated):
        stated = NOTHING_STATED
    reasoning = stated.reasoning_tokens
    if reasoning is None:
        thought = reply.reasoning
        reasoning = tokens.count(thought, model.family.encoding) if thought else 0
    prompt = tokens.Count(request.prompt_tokens, request.prompt_exact)
    if request.family is not model.family:
        prompt = tokens.count_prompt(request.body, model)
    completion = tokens.count_completion(
        request.body, shaped.billed, model, reasoning_tokens=reasoning
    )
    generated = completion.tokens + shaped.cut_tokens
    return Usage(
        prompt_tokens=_first(stated.prompt_tokens, prompt.tokens),
        completion_tokens=_first(stated.completion_tokens, generated),
        cached_tokens=stated.cached_tokens or 0,
        reasoning_tokens=reasoning,
        audio_tokens=stated.audio_tokens or 0,
        accepted_prediction_tokens=stated.accepted_prediction_tokens or 0,
        rejected_prediction_tokens=stated.rejected_prediction_tokens or 0,
        exact=prompt.exact and completion.exact,
        heard_tokens=tokens.count_sound(request.body["messages"]) if listens(model) else 0,
    )


def listens(model: Model) -> bool:
    """Return whether *model* hears, and its bill tells sound from text."""
    return model.family.modality_tokens


def to_store(
    answer: Answer, filling: Filling, *, request_id: str, draw: Draw, size: int
) -> StoredCompletion:
    """Return *answer* as it is kept for look-ups, its holes filled by *filling*.

    Args:
        answer: What was answered to a request that says `store`.
        filling: The ids that went out.
        request_id: What told the request apart.
        draw: Of the `seed`, where the request states none: the API makes one up.
        size: Of request and answer on the wire, in bytes.

    """
    ids = {mark: value.decode() for mark, value in filling}
    body = answer.request.body
    seed = body.get("seed")
    return StoredCompletion(
        id=ids[answer.id.mark_bytes],
        request_id=request_id,
        request=answer.request,
        model_name=answer.model_name,
        created=answer.created,
        seed=draw.rng("seed").getrandbits(64) - 2**63 if seed is None else seed,
        choices=tuple(_to_keep(choice, ids) for choice in answer.choices),
        usage=answer.usage,
        system_fingerprint=answer.system_fingerprint,
        metadata=body.get("metadata") or {},
        size=size,
    )


def _to_keep(choice: AnsweredChoice, ids: Mapping[bytes, str]) -> Choice:
    calls = (
        ToolCall(
            call.name,
            str(call.arguments),
            ids[call.id.mark_bytes] if isinstance(call.id, Hole) else call.id,
        )
        for call in choice.tool_calls
    )
    return Choice(
        text=None if choice.text is None else str(choice.text),
        tool_calls=tuple(calls),
        refusal=None if choice.refusal is None else str(choice.refusal),
        finish_reason=choice.finish_reason,
    )


NOTHING_STATED: Final = StatedUsage()


def _first(stated: int | None, counted: int) -> int:
    return counted if stated is None else stated


@dataclass(slots=True)
class _Budget:
    """The tokens that a choice may still have; None: as many as it likes."""

    left: int | None
    was_hit: bool = False

    def take(self, text: str, encoding: str) -> TokenText:
        """Return as much of *text* as there are tokens left for."""
        pieces = tokens.pieces(text, encoding)
        if self.left is None:
            return TokenText(pieces)
        kept = 0
        for _, size in pieces:
            if size > self.left:
                self.was_hit = True
                break
            self.left -= size
            kept += 1
        return TokenText(pieces[:kept])


class _Shaper:
    """Shapes the choices of one answer, and notes what they will cost."""

    def __init__(self, request: CompletionRequest, reply: Reply, model: Model) -> None:
        self.request = request
        self.reply = reply
        self.model = model
        self.encoding = model.family.encoding
        self.drawn_calls = 0
        self.billed: list[tokens.BilledChoice] = []
        self.cut_tokens = 0

    def cut(self, index: int, choice: Choice) -> AnsweredChoice:
        """Return *choice* as it goes out; remember what it is billed as."""
        exact = self.reply.exact
        budget = _Budget(None if exact else self.request.max_tokens)
        text, stop = (None, None) if choice.text is None else self._text(choice.text, budget)
        refusal = None if choice.refusal is None else budget.take(choice.refusal, self.encoding)
        calls: list[AnsweredCall] = []
        for call in choice.tool_calls:
            if budget.was_hit:
                break
            calls.append(self._call(call, budget))
        if budget.was_hit:
            # Cut by the limit: billed exactly the limit, whatever the text would count again.
            self.cut_tokens += self.request.max_tokens or 0
        else:
            self.billed.append(
                tokens.BilledChoice(
                    text=text,
                    refusal=refusal,
                    calls=[(call.name, call.arguments) for call in calls],
                    stop=stop,
                )
            )
        return AnsweredChoice(
            index=index,
            text=text,
            refusal=refusal,
            tool_calls=tuple(calls),
            finish_reason=self._finish_reason(choice, calls, was_cut=budget.was_hit),
        )

    def _text(self, text: str, budget: _Budget) -> tuple[TokenText, str | None]:
        """Return *text* cut by the budget and the first stop sequence in it, and that sequence."""
        taken = budget.take(text, self.encoding)
        if self.reply.exact:
            return taken, None
        hits = [(taken.find(stop), stop) for stop in self.request.stop if stop and stop in taken]
        if not hits:
            return taken, None
        position, stop = min(hits)
        budget.was_hit = False
        return TokenText(tokens.pieces(taken[:position], self.encoding)), stop

    def _call(self, call: ToolCall, budget: _Budget) -> AnsweredCall:
        call_id: str | Hole
        if call.id is None:
            call_id = call_hole(self.drawn_calls)
            self.drawn_calls += 1
        else:
            call_id = call.id
        return AnsweredCall(call_id, call.name, budget.take(call.arguments, self.encoding))

    def _finish_reason(
        self, choice: Choice, calls: Sequence[AnsweredCall], *, was_cut: bool
    ) -> FinishReason:
        stated = choice.finish_reason or self.reply.finish_reason
        if stated:
            return stated
        if was_cut:
            return "length"
        if not calls:
            return "stop"
        if self.request.forced_tool and self.model.family.forced_tool_finish == "stop":
            return "stop"
        return "function_call" if self.request.legacy_functions else "tool_calls"
