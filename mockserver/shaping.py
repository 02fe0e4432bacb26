"""What a request's parameters do to an answer, and what the result is billed as.

A choice comes in as the scenario wrote it; it leaves cut at `stop` and `max_tokens`, in
tokens, with its finish reason. SCENARIOS.md's rule 10 says which parameters act.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mockserver import tokens
from mockserver.contracts import AnsweredCall, AnsweredChoice, Reply, Unstated
from mockserver.conversation import (
    Choice,
    CompletionRequest,
    FinishReason,
    StatedUsage,
    ToolCall,
    Usage,
)
from mockserver.jsontext import Hole, TokenText
from mockserver.models import Model

CALL_ID_LENGTH = 29
"""`call_` and 24 characters."""


def call_hole(number: int) -> Hole:
    """Return the hole for the id of the *number*-th tool call of an answer, from 0."""
    return Hole(f"c{number:04d}", CALL_ID_LENGTH)


@dataclass(frozen=True, slots=True)
class Shaped:
    """The choices of an answer as they go out, and the bill (None: sent as null)."""

    choices: tuple[AnsweredChoice, ...]
    usage: Usage | None
    drawn_calls: int
    """How many ids of tool calls are holes."""


def shape(
    request: CompletionRequest,
    written: Sequence[Choice],
    reply: Reply,
    *,
    asked: Model,
    model: Model,
) -> Shaped:
    """Let *request* act on the choices that *reply* has *written*.

    The tokens and rules are those of *model*, which answers; the prompt is counted again if
    it is of another family than the one that was *asked* for.
    """
    prompt = tokens.Count(request.prompt_tokens, request.prompt_exact)
    if asked.family is not model.family:
        prompt = tokens.count_prompt(request.body, model)
    shaper = _Shaper(request, reply, model, prompt)
    choices = tuple(shaper.cut(index, choice) for index, choice in enumerate(written))
    return Shaped(choices, shaper.bill(), shaper.drawn_calls)


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
    """Shapes the choices of one answer, and adds up what they cost."""

    def __init__(
        self, request: CompletionRequest, reply: Reply, model: Model, prompt: tokens.Count
    ) -> None:
        self.request = request
        self.reply = reply
        self.model = model
        self.prompt = prompt
        self.encoding = model.family.encoding
        self.drawn_calls = 0
        self._billed: list[tokens.BilledChoice] = []
        self._cut_tokens = 0

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
            self._cut_tokens += self.request.max_tokens or 0
        else:
            self._billed.append(
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

    def bill(self) -> Usage | None:
        """Return the bill of all choices that were cut; None if the reply states null."""
        stated = self.reply.usage
        if stated is None:
            return None
        if isinstance(stated, Unstated):
            stated = StatedUsage()
        reasoning = stated.reasoning_tokens
        if reasoning is None:
            reasoning = 0
            if self.reply.reasoning:
                thought = tokens.pieces(self.reply.reasoning, self.encoding)
                reasoning = sum(size for _, size in thought)
        completion = tokens.count_completion(
            self.request.body, self._billed, self.model, reasoning_tokens=reasoning
        )
        return Usage(
            prompt_tokens=_first(stated.prompt_tokens, self.prompt.tokens),
            completion_tokens=_first(
                stated.completion_tokens, completion.tokens + self._cut_tokens
            ),
            cached_tokens=stated.cached_tokens or 0,
            reasoning_tokens=reasoning,
            audio_tokens=stated.audio_tokens or 0,
            accepted_prediction_tokens=stated.accepted_prediction_tokens or 0,
            rejected_prediction_tokens=stated.rejected_prediction_tokens or 0,
            exact=self.prompt.exact and completion.exact,
        )


def _first(stated: int | None, counted: int) -> int:
    return counted if stated is None else stated
