"""What ends a choice: the first stop sequence, or the limit of tokens; and its finish reason."""

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import accumulate
from typing import Final

from mockserver import tokens
from mockserver.contracts import (
    AnsweredCall,
    AnsweredChoice,
    AnsweredItem,
    AnsweredPart,
    AnsweredRefusal,
    AnsweredSpeech,
    AnsweredText,
    AnsweredThought,
    Reply,
)
from mockserver.conversation import (
    AnswerPart,
    Choice,
    FinishReason,
    Item,
    Refusal,
    Speech,
    StatedUsage,
    Text,
    Thought,
    ToolCall,
)
from mockserver.models import Model
from mockserver.shaping.terms import Terms
from mockserver.wire.jsontext import Hole, TokenText

CALL_ID_LENGTH = 29
"""`call_` and 24 characters."""


@cache
def call_hole(number: int) -> Hole:
    """Return the hole for the id of the *number*-th tool call of an answer, from 0."""
    return Hole(f"c{number:04d}", CALL_ID_LENGTH)


# Final instead of frozen: it is made for each answer that is not everybody's.
@dataclass(slots=True, eq=False)
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

    written: Final[tuple[Choice, ...]]
    choices: Final[tuple[AnsweredChoice, ...]]
    logprobs: Final[tuple[tuple[float, ...] | None, ...]]
    billed: Final[tuple[tokens.BilledChoice, ...]]
    reasoning_tokens: Final[int]
    cut_tokens: Final[int]
    cut_reasoning_tokens: Final[int]
    drawn_calls: Final[int]
    cuts: Final[dict[Hashable, "Shaped"]] = field(default_factory=lambda: {})  # noqa: PIE807 - `dict[…]` is slow to call


def _first_stop(text: TokenText, stops: Sequence[str]) -> tuple[int, str] | None:
    """Return where the first complete stop sequence begins, and that sequence.

    Generation stops after the token that completes one, so a short one within a longer one,
    or one that ends earlier, comes first.
    """
    hits = [(position, stop) for stop in stops if stop and (position := text.find(stop)) >= 0]
    if len(hits) <= 1:
        return hits[0] if hits else None
    ends = list(accumulate([len(piece) for piece, _ in text.pieces]))
    return min(hits, key=lambda hit: (bisect_left(ends, hit[0] + len(hit[1])), hit[0]))


@dataclass(slots=True)
class _Budget:
    """The tokens that a choice may still have; None: no limit."""

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
            return TokenText(pieces, text)
        kept = 0
        for _, size in pieces:
            if size > self.left:
                self.was_hit = True
                break
            self.left -= size
            kept += 1
        return TokenText(pieces[:kept])


class Shaper:
    """Shapes the choices of one answer, and notes what they cost."""

    def __init__(self, terms: Terms, limit: int | None) -> None:
        self.terms = terms
        self.request = terms.request
        self.reply = terms.reply
        self.encoding = terms.model.family.encoding
        self.limit = limit
        self.drawn_calls = 0
        self.billed: list[tokens.BilledChoice] = []
        self.reasoning_tokens = 0
        self.cut_tokens = 0
        self.cut_reasoning_tokens = 0

    def shape(self, written: Sequence[Choice]) -> Shaped:
        """Return *written* within the limit; each choice has its share of the reasoning."""
        share, more = divmod(_reasoning_tokens(self.reply, self.terms.model), len(written))
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
        """Return what *choice* costs after *thought* tokens."""
        terms = self.terms
        return terms.endpoint.bill_answer(
            terms.request, [choice], terms.model, reasoning_tokens=thought
        ).tokens

    def _cut(self, index: int, choice: Choice, thought: int) -> AnsweredChoice:  # noqa: C901 - a case for each kind of part
        """Return *choice* as it goes out after *thought* tokens; note what it is billed as."""
        choice = self._sayable(choice)
        budget = _Budget(self.limit)
        parts: list[AnsweredPart] = []
        calls: list[ToolCall] = []
        stop: str | None = None
        speaks, paid = False, 0
        for part in choice.parts:
            if budget.was_hit or stop is not None:
                break
            match part:
                case Thought():
                    taken = self._thought(part, budget)
                    thought, paid = thought + taken.tokens, paid + taken.tokens
                    parts.append(taken)
                case ToolCall():
                    calls.append(part)
                    paid = self._pay(budget, paid, thought, calls)
                    if not budget.was_hit:
                        parts.append(self._call(part, budget))
                case Speech():
                    paid = self._pay(budget, paid, thought, ())
                    parts.append(_cut_short(part, budget.take(part.text, self.encoding)))
                case Item(value):
                    if self.terms.endpoint.sends_items:
                        parts.append(AnsweredItem(value))
                case Text() | Refusal():
                    paid = paid if speaks else self._pay(budget, paid, thought, ())
                    speaks = True
                    text, stop = self._text(part.text, budget)
                    if text or not budget.was_hit:
                        parts.append(_said(part, text))
        if budget.was_hit and not any(map(_says_something, parts)):
            # Nothing is left: an empty text, whatever it would have been (recorded: reasoning
            # that used up everything, even where a tool was forced).
            parts = [part for part in parts if isinstance(part, AnsweredThought)]
            parts.append(AnsweredText(TokenText(())))
        return self._ended(index, choice, tuple(parts), stop, thought, was_hit=budget.was_hit)

    def _sayable(self, choice: Choice) -> Choice:
        """Return *choice* as far as the protocol can send it."""
        endpoint = self.terms.endpoint
        return endpoint.sayable(choice if endpoint.speaks else choice.edited(_silent))

    def _ended(
        self,
        index: int,
        choice: Choice,
        parts: tuple[AnsweredPart, ...],
        stop: str | None,
        thought: int,
        *,
        was_hit: bool,
    ) -> AnsweredChoice:
        """Return what became of *choice*, with why it ended; note what it is billed as."""
        answered = AnsweredChoice(index=index, parts=parts, finish_reason="stop")
        # A scenario may state that a limit ended what it writes.
        says_cut = (choice.finish_reason or self.reply.finish_reason) == "length"
        calls = answered.tool_calls
        billed = tokens.BilledChoice(
            text=answered.text if answered.speech is None else answered.speech.text,
            refusal=answered.refusal,
            calls=[(call.name, call.arguments) for call in calls if not call.is_custom],
            stop=stop,
            cut=says_cut,
            texts=[part.text for part in parts if isinstance(part, AnsweredText)],
            custom_calls=[(call.name, call.arguments) for call in calls if call.is_custom],
        )
        was_cut = self._note(billed, thought, was_hit=was_hit)
        answered.finish_reason = self._finish_reason(
            choice, calls, was_cut=was_cut and stop is None
        )
        return answered

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

    def _thought(self, thought: Thought, budget: _Budget) -> AnsweredThought:
        """Return *thought* as far as there are tokens left for it."""
        summary = tuple(
            [TokenText(tokens.pieces(text, self.encoding), text) for text in thought.summary]
        )
        words = budget.take(thought.text, self.encoding)
        wanted = thought.tokens
        if wanted is None:
            wanted = words.tokens if thought.text else sum([text.tokens for text in summary])
        more = max(wanted - words.tokens, 0)
        left = more if budget.left is None else min(more, budget.left)
        budget.pay(more)
        count = min(wanted, words.tokens + left)
        return AnsweredThought(words, count, () if budget.was_hit else summary, thought.sealed)

    def _text(self, text: str, budget: _Budget) -> tuple[TokenText, str | None]:
        """Return *text* cut by the budget and the first stop sequence in it, and that sequence."""
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
        arguments = budget.take(call.arguments, self.encoding)
        return AnsweredCall(call_id, call.name, arguments, call.is_custom)

    def _note(self, billed: tokens.BilledChoice, thought: int, *, was_hit: bool) -> bool:
        """Note what a choice is billed as; return whether the limit cut it."""
        limit = self.limit
        if limit is not None and (was_hit or self._fills(limit, billed, thought)):
            # Billed exactly the limit, whatever the text would count again.
            self.cut_tokens += limit
            self.cut_reasoning_tokens += min(thought, limit)
            return True
        self.billed.append(billed)
        self.reasoning_tokens += thought
        return False

    def _fills(self, limit: int, billed: tokens.BilledChoice, thought: int) -> bool:
        """Return whether *billed* leaves no room within *limit* for what ends it.

        A text of just the limit is whole, and said to be cut: the token that would end the turn,
        which is not billed, has no place (recorded once in full, gpt-4o-mini, 2025-10; of 56
        recorded answers of just their limit none says that it has ended). What ends a call is
        billed with it.
        """
        cost = self.cost(billed, thought)
        return cost > limit or (cost == limit and not billed.calls and billed.stop is None)

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
        return self.terms.endpoint.finished_by_calls(self.request, self.terms.model)


def _said(part: Text | Refusal, taken: TokenText) -> AnsweredPart:
    """Return *part* as far as it is *taken*."""
    if isinstance(part, Refusal):
        return AnsweredRefusal(taken)
    return AnsweredText(taken, part.phase, part.annotations)


def _silent(part: AnswerPart) -> AnswerPart:
    """Return *part*, or the text of what would be said aloud."""
    return Text(part.text) if isinstance(part, Speech) else part


def _cut_short(speech: Speech, taken: TokenText) -> AnsweredSpeech:
    """Return *speech* as far as it is *taken*: the sound ends with the transcript."""
    if len(taken) < len(speech.text):
        speech = replace(speech, text=taken, seconds=speech.seconds * len(taken) / len(speech.text))
    return AnsweredSpeech(taken, speech)


def _says_something(part: AnsweredPart) -> bool:
    """Return whether a client sees something of *part*."""
    match part:
        case AnsweredCall() | AnsweredItem():
            return True
        case AnsweredText(text) | AnsweredRefusal(text) | AnsweredSpeech(text):
            return bool(text)
        case AnsweredThought():
            return False


def _reasoning_tokens(reply: Reply, model: Model) -> int:
    """Return how much is thought before all choices of *reply* together."""
    stated = reply.usage
    if isinstance(stated, StatedUsage) and stated.reasoning_tokens is not None:
        return stated.reasoning_tokens
    return tokens.count(reply.reasoning, model.family.encoding) if reply.reasoning else 0
