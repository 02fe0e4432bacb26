"""What a request's parameters do to an answer, and what the result is billed as.

A choice comes in as the scenario wrote it; it leaves cut at `stop` and `max_tokens`, in
tokens, with its finish reason. SCENARIOS.md's rule 10 says which parameters act.
"""

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import accumulate
from typing import Any, Final

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
        written: The choices as the reply wrote them.
        choices: Cut, tokenised, with their finish reasons.
        logprobs: What the scenario says of the tokens of each choice.
        billed: What was generated for each choice that ended by itself.
        reasoning_tokens: What was thought before those.
        cut_tokens: What the choices cost that met a limit: exactly the limit, each.
        cut_reasoning_tokens: How many of these were thought.
        drawn_calls: How many ids of tool calls are holes.
        cuts: The same within limits, by limit and by what is written before a text.

    """

    written: tuple[Choice, ...]
    choices: tuple[AnsweredChoice, ...]
    logprobs: tuple[tuple[float, ...] | None, ...]
    billed: tuple[tokens.BilledChoice, ...]
    reasoning_tokens: int
    cut_tokens: int
    cut_reasoning_tokens: int
    drawn_calls: int
    cuts: dict[Hashable, "Shaped"] = field(default_factory=dict[Hashable, Any])


def shape(
    request: CompletionRequest, written: Sequence[Choice], reply: Reply, model: Model
) -> Shaped:
    """Return the choices that *reply* has *written*, in the tokens of *model*, ended by `stop`.

    They may be too long for *request*: `limited` cuts them.
    """
    return _Shaper(request, reply, model, None).shape(written)


def limits_of(request: CompletionRequest) -> Hashable:
    """Return all of *request* that `shape` looks at."""
    return (
        request.stop,
        request.legacy_functions,
        request.forced_tool is None,
        bool(request.messages),
    )


def limited(
    shaped: Shaped, request: CompletionRequest, reply: Reply, model: Model
) -> tuple[Shaped, tokens.Count]:
    """Return *shaped* within the limit of *request*, and what is generated for it.

    The limit is one for each choice. All that *model* generates counts: what it thinks and
    what it writes around texts and calls, as the bill does.
    """
    generated = _generated(shaped, request, reply, model)
    limit = request.max_tokens
    if limit is None or reply.exact or generated.tokens <= limit:
        return shaped, generated
    shaped = _cut(shaped, _Shaper(request, reply, model, limit))
    return shaped, _generated(shaped, request, reply, model)


def _cut(shaped: Shaped, shaper: "_Shaper") -> Shaped:
    """Return *shaped* within the limit of *shaper*; what is cut alike is the same value."""
    if any(choice.refusal is not None or choice.tool_calls for choice in shaped.written):
        return shaper.shape(shaped.written)
    key = (shaper.limit, shaper.cost(tokens.BilledChoice(text="")))
    cut = shaped.cuts.get(key)
    if cut is None:
        cut = shaper.shape(shaped.written)
        if len(shaped.cuts) < MOST_CUTS:
            shaped.cuts[key] = cut
    return cut


MOST_CUTS: Final = 64
"""So many limits of an answer are remembered."""


def bill(
    shaped: Shaped,
    generated: tokens.Count,
    request: CompletionRequest,
    reply: Reply,
    model: Model,
) -> Usage | None:
    """Return what the answer to *request* is billed as by *model*; None if null is stated."""
    stated = reply.usage
    if stated is None:
        return None
    if isinstance(stated, Unstated):
        stated = NOTHING_STATED
    hears = model.family.modality_tokens and bool(request.messages)
    prompt = tokens.Count(request.prompt_tokens, request.prompt_exact)
    if request.family is not model.family:
        prompt = tokens.count_prompt(request.body, model)
    return Usage(
        prompt_tokens=_first(stated.prompt_tokens, prompt.tokens),
        completion_tokens=_first(stated.completion_tokens, generated.tokens),
        cached_tokens=stated.cached_tokens or 0,
        reasoning_tokens=shaped.reasoning_tokens + shaped.cut_reasoning_tokens,
        audio_tokens=stated.audio_tokens or 0,
        accepted_prediction_tokens=stated.accepted_prediction_tokens or 0,
        rejected_prediction_tokens=stated.rejected_prediction_tokens or 0,
        exact=prompt.exact and generated.exact,
        heard_tokens=tokens.count_sound(request.body["messages"]) if hears else 0,
    )


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


def with_echo(
    choices: Sequence[AnsweredChoice], prompts: Sequence[str]
) -> tuple[AnsweredChoice, ...]:
    """Return *choices* with their prompts in front of them: so many for each of *prompts*."""
    per_prompt = len(choices) // len(prompts)
    return tuple(
        [replace(choice, echoed=prompts[choice.index // per_prompt]) for choice in choices]
    )


def _generated(
    shaped: Shaped, request: CompletionRequest, reply: Reply, model: Model
) -> tokens.Count:
    """Return what *model* is billed to have generated."""
    body, cut_tokens = request.body, shaped.cut_tokens
    if request.best_of > request.n:
        if reply.exact:
            body = {**body, "best_of": None}
        else:
            # The candidates that are not returned are taken to be as long as those that are.
            cut_tokens = cut_tokens * request.best_of // request.n
    ended = tokens.count_completion(
        body, shaped.billed, model, reasoning_tokens=shaped.reasoning_tokens
    )
    return tokens.Count(ended.tokens + cut_tokens, ended.exact)


def _reasoning_tokens(reply: Reply, model: Model) -> int:
    """Return how much is thought before all choices of *reply* together."""
    stated = reply.usage
    if isinstance(stated, StatedUsage) and stated.reasoning_tokens is not None:
        return stated.reasoning_tokens
    return tokens.count(reply.reasoning, model.family.encoding) if reply.reasoning else 0


def _first_stop(text: TokenText, stops: Sequence[str]) -> tuple[int, str] | None:
    """Return where the stop sequence begins that is complete first, and that sequence.

    Generation stops behind the token that completes one, so a short one within a longer one,
    or one that ends earlier, comes first.
    """
    hits = [(position, stop) for stop in stops if stop and (position := text.find(stop)) >= 0]
    if len(hits) <= 1:
        return hits[0] if hits else None
    ends = list(accumulate([len(piece) for piece, _ in text.pieces]))
    return min(hits, key=lambda hit: (bisect_left(ends, hit[0] + len(hit[1])), hit[0]))


@dataclass(slots=True)
class _Budget:
    """The tokens that a choice may still have; None: as many as it likes."""

    left: int | None
    was_hit: bool = False

    def pay(self, count: int) -> None:
        """Take *count* tokens that the client does not see."""
        if self.left is None:
            return
        if count > self.left:
            self.was_hit = True
        self.left = max(self.left - count, 0)

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

    def __init__(
        self, request: CompletionRequest, reply: Reply, model: Model, limit: int | None
    ) -> None:
        self.request = request
        self.reply = reply
        self.model = model
        # What one candidate costs is asked here, not what all do.
        self.body = {**request.body, "best_of": None} if request.best_of > 1 else request.body
        self.encoding = model.family.encoding
        self.limit = limit
        self.drawn_calls = 0
        self.billed: list[tokens.BilledChoice] = []
        self.reasoning_tokens = 0
        self.cut_tokens = 0
        self.cut_reasoning_tokens = 0

    def shape(self, written: Sequence[Choice]) -> Shaped:
        """Return *written* within the limit; each choice has its share of the reasoning."""
        share, more = divmod(_reasoning_tokens(self.reply, self.model), len(written))
        choices = tuple(
            [
                self._cut(index, choice, share + (index < more))
                for index, choice in enumerate(written)
            ]
        )
        default = self.reply.logprobs
        return Shaped(
            written=tuple(written),
            choices=choices,
            logprobs=tuple([default if c.logprobs == () else c.logprobs for c in written]),
            billed=tuple(self.billed),
            reasoning_tokens=self.reasoning_tokens,
            cut_tokens=self.cut_tokens,
            cut_reasoning_tokens=self.cut_reasoning_tokens,
            drawn_calls=self.drawn_calls,
        )

    def cost(self, choice: tokens.BilledChoice, thought: int = 0) -> int:
        """Return what *choice* costs behind *thought* tokens."""
        counted = tokens.count_completion(self.body, [choice], self.model, reasoning_tokens=thought)
        return counted.tokens

    def _cut(self, index: int, choice: Choice, thought: int) -> AnsweredChoice:
        """Return *choice* as it goes out behind *thought* tokens; note what it is billed as."""
        if not self.request.messages:
            choice = _as_text(choice)
        budget = _Budget(self.limit)
        text = refusal = stop = None
        paid = 0
        if choice.text is not None or choice.refusal is not None:
            paid = self._pay(budget, 0, thought, ())
            text, stop = self._text(choice.text, budget)
            if stop is None:
                refusal, stop = self._text(choice.refusal, budget)
        calls: list[AnsweredCall] = []
        for number, call in enumerate(choice.tool_calls, 1):
            if budget.was_hit or stop is not None:
                break
            paid = self._pay(budget, paid, thought, choice.tool_calls[:number])
            if not budget.was_hit:
                calls.append(self._call(call, budget))
        if budget.was_hit and not (text or refusal or calls):
            # Nothing came of it: an empty text, whatever it would have been (recorded:
            # reasoning that ate all, also where a tool was forced).
            text, refusal = TokenText(()), None
        was_cut = self._note(text, refusal, calls, stop, thought, was_hit=budget.was_hit)
        return AnsweredChoice(
            index=index,
            text=text,
            refusal=refusal,
            tool_calls=tuple(calls),
            finish_reason=self._finish_reason(choice, calls, was_cut=was_cut and stop is None),
        )

    def _pay(self, budget: _Budget, paid: int, thought: int, calls: Sequence[ToolCall]) -> int:
        """Take from *budget* what is written before a text, or before the last of *calls*.

        Returns:
            What has been paid by now; *paid* is what had been before.

        """
        if budget.left is None:
            return 0
        opening = tokens.BilledChoice(text="", calls=[(call.name, "") for call in calls])
        due = self.cost(opening, thought)
        budget.pay(max(due - paid, 0))
        return max(due, paid)

    def _text(self, text: str | None, budget: _Budget) -> tuple[TokenText | None, str | None]:
        """Return *text* cut by the budget and the first stop sequence in it, and that sequence."""
        if text is None:
            return None, None
        taken = budget.take(text, self.encoding)
        hit = None if self.reply.exact else _first_stop(taken, self.request.stop)
        if hit is None:
            return taken, None
        position, stop = hit
        budget.was_hit = False
        return TokenText(tokens.pieces(taken[:position], self.encoding)), stop

    def _call(self, call: ToolCall, budget: _Budget) -> AnsweredCall:
        """Return *call* with as much of its arguments as there are tokens left for.

        Stop sequences end texts, not calls: clients send them beside tools, and nothing is
        known of calls that were stopped.
        """
        call_id: str | Hole
        if call.id is None:
            call_id = call_hole(self.drawn_calls)
            self.drawn_calls += 1
        else:
            call_id = call.id
        return AnsweredCall(call_id, call.name, budget.take(call.arguments, self.encoding))

    def _note(
        self,
        text: str | None,
        refusal: str | None,
        calls: Sequence[AnsweredCall],
        stop: str | None,
        thought: int,
        *,
        was_hit: bool,
    ) -> bool:
        """Note what a choice is billed as; return whether the limit cut it."""
        billed = tokens.BilledChoice(
            text=text,
            refusal=refusal,
            calls=[(call.name, call.arguments) for call in calls],
            stop=stop,
        )
        limit = self.limit
        if limit is not None and (was_hit or self.cost(billed, thought) > limit):
            # Billed exactly the limit, whatever the text would count again.
            self.cut_tokens += limit
            self.cut_reasoning_tokens += min(thought, limit)
            return True
        self.billed.append(billed)
        self.reasoning_tokens += thought
        return False

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


def _as_text(choice: Choice) -> Choice:
    """Return *choice* for the legacy endpoint, which knows texts alone: a refusal is one too."""
    text = choice.refusal if choice.text is None else choice.text
    return replace(choice, text=text or "", refusal=None, tool_calls=())
