"""The bill for an answer: its texts and tool calls, and what the model writes around them.

docs/usage.md states how many recorded bills confirm each rule.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from mockserver.models import Family
from mockserver.tokens.bill import BilledChoice, Count
from mockserver.tokens.chat_prompts import PARALLEL, RESULT_ROLES, forced_function, parallel_calls
from mockserver.tokens.evidence import Rule, doubts
from mockserver.tokens.instructions import functions_of, json_schema_of
from mockserver.tokens.layouts import LAYOUTS, Layout
from mockserver.tokens.vocabularies import vocabulary


def count_legacy_answer(
    body: Mapping[str, Any], choices: Sequence[BilledChoice], family: Family
) -> Count:
    """Return the tokens of the texts, summed; a stop sequence is not billed.

    With `best_of`, more choices are generated than are returned, and all are billed: the
    others are taken to be as long as these (OpenAI API reference; nothing recorded).
    """
    count = vocabulary(family.encoding).count
    tokens = sum([count(choice.text or "") for choice in choices])
    returned, generated = body.get("n") or 1, body.get("best_of") or 1
    if generated > returned:
        return Count(tokens * generated // returned, not doubts(Rule.CANDIDATES, family.layout))
    return Count(tokens)


def count_chat_answer(
    body: Mapping[str, Any],
    choices: Sequence[BilledChoice],
    family: Family,
    *,
    reasoning_tokens: int,
    end_of_turn: bool,
) -> Count:
    """Return the tokens of all *choices* to *body*, and of the reasoning before them."""
    layout = LAYOUTS[family.layout]
    bill = AnswerBill(AnswerTerms.of(body), family, layout, reasoning_tokens)
    tokens = reasoning_tokens + sum([bill.choice(choice) for choice in choices])
    if end_of_turn:
        # What a limit or a stop sequence has cut did not come to the end of its turn.
        tokens += sum([not choice.cut and choice.stop is None for choice in choices])
    return Count(tokens, not doubts(bill.used, family.layout))


LONG: Final = 200
"""From how many tokens on a text after reasoning is a long one."""


class AnswerTerms(NamedTuple):
    """All of a chat request that decides what an answer costs, besides the answer.

    Attributes:
        offers: Functions are offered.
        forces: One of them must be called.
        forbids: None of them may be called.
        in_parallel: The model may call several tools at once.
        after_result: The last message is the result of a tool call.
        speaks: The answer may be spoken.
        predicts: The request predicts the answer.
        offers_others: Tools are offered that are not functions.
        schema_name: The name of the JSON schema for the answer; None: there is none.
        is_object: The answer must be a JSON object.

    """

    offers: bool = False
    forces: bool = False
    forbids: bool = False
    in_parallel: bool = False
    after_result: bool = False
    speaks: bool = False
    predicts: bool = False
    offers_others: bool = False
    schema_name: str | None = None
    is_object: bool = False

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "AnswerTerms":
        """Return the terms of the request *body*."""
        after_result = body["messages"][-1]["role"] in RESULT_ROLES
        if _DECIDE.isdisjoint(body):
            return AFTER_RESULT if after_result else FREE
        tools, schema = body.get("tools"), json_schema_of(body)
        response_format: Mapping[str, Any] = body.get("response_format") or {}
        return cls(
            bool(functions_of(body)),
            forced_function(body) is not None,
            body.get("tool_choice", body.get("function_call")) == "none",
            bool(tools) and body.get("parallel_tool_calls") is not False,
            after_result,
            "audio" in (body.get("modalities") or ()),
            bool(body.get("prediction")),
            any(tool["type"] != "function" for tool in tools or ()),
            None if schema is None else schema.get("name") or "",
            response_format.get("type") == "json_object",
        )


_DECIDE: Final = frozenset(
    {
        *("tools", "functions", "tool_choice", "function_call", "parallel_tool_calls"),
        *("response_format", "modalities", "prediction"),
    }
)
FREE: Final = AnswerTerms()
AFTER_RESULT: Final = AnswerTerms(after_result=True)


class AnswerBill:
    """The rules of one family, applied to the answer to one request."""

    def __init__(
        self, terms: AnswerTerms, family: Family, layout: Layout, reasoning_tokens: int
    ) -> None:
        self._terms = terms
        self._reasoning = family.reasoning
        self._layout = layout
        used = vocabulary(family.encoding)
        self._count, self._count_answered = used.count, used.count_answered
        self._thought = reasoning_tokens > 0
        # Models that think unasked do so when it is a person's turn, not after a result (506
        # of 513 distinct answers with no reasoning tokens).
        self._analysed = self._thought or (family.thinks_unasked and not terms.after_result)
        self.used = Rule.ANSWERS
        if terms.speaks:
            self.used |= Rule.SPOKEN_ANSWERS
        if terms.predicts:
            self.used |= Rule.PREDICTIONS
        if terms.offers_others:
            self.used |= Rule.CUSTOM_ANSWERS

    def choice(self, choice: BilledChoice) -> int:
        """Return the tokens of one choice, without those of reasoning and end of turn."""
        layout, calls = self._layout, choice.calls
        if choice.custom_calls:
            calls = [*calls, *choice.custom_calls]
        if self._reasoning and choice.cut and not choice.text and not calls:
            return 0  # the limit was reached in the middle of the reasoning
        # A stop sequence that was hit is billed with the text it ended, tokenised together
        # (71 of 71 distinct answers).
        tokens = self._count_answered((choice.text or "") + (choice.stop or ""))
        tokens += layout.answer_header + self._analysed * layout.analysis
        if choice.refusal:
            tokens += self._count(choice.refusal) + (not self._reasoning)
        if calls:
            return tokens + self._calls(calls)
        if self._thought and tokens >= LONG:
            self.used |= Rule.LONG_REASONED_ANSWERS
        return tokens + layout.answered_text + self._formatted(choice)

    def _calls(self, calls: Sequence[tuple[str, str]]) -> int:
        """Return the tokens of calls: where they go, what they say, and what is around it."""
        layout, count = self._layout, self._count
        self.used |= Rule.ANSWERED_CALLS
        if self._terms.forces and layout.forced_call is not None:
            return sum([count(arguments) for _, arguments in calls])
        if len(calls) > 1 or self._wrapped(calls[0][1]):
            return count(f" to={PARALLEL}") + count(parallel_calls(calls)) + layout.answered_call
        name, arguments = calls[0]
        return count(f" to=functions.{name}") + count(arguments) + layout.answered_call

    def _wrapped(self, arguments: str) -> bool:
        """Return whether a single tool call was made through the tool for parallel calls.

        The provider then rewrites its arguments, which shows in them: with blanks, where a model
        writes none (8 of 8 distinct answers, 4 repositories, 3 families).
        """
        if not self._terms.in_parallel:
            return False
        try:
            value = json.loads(arguments)
        except ValueError:
            return False
        return arguments in {json.dumps(value), json.dumps(value, ensure_ascii=False)} and (
            ": " in arguments or ", " in arguments
        )

    def _formatted(self, choice: BilledChoice) -> int:
        """Return what a text costs because of the requested tools or format."""
        terms, tokens = self._terms, 0
        if terms.offers and not self._reasoning and not terms.forbids:
            # The model itself writes that it calls nothing.
            tokens += 1
        thinks_of_format = self._reasoning or terms.offers
        if terms.schema_name is not None and thinks_of_format and not choice.refusal:
            tokens += 2 + self._count(terms.schema_name)
            if self._thought:
                self.used |= Rule.ANSWERS_BY_SCHEMA
        elif terms.is_object and self._reasoning:
            # 17 of 17 after reasoning; 9 of 10 without, in one repository.
            tokens += 0 if self._thought else 3
        return tokens
