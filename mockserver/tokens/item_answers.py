"""The bill for an answer of the Responses API: its messages, its calls and its reasoning.

The rules are those of a chat (`answers`), with the numbers of `item_layouts`; what else there is
is stated here. docs/usage.md states how many recorded bills confirm each rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from mockserver.models import Family, Model
from mockserver.tokens.answers import AFTER_RESULT, FREE, AnswerBill, AnswerTerms
from mockserver.tokens.bill import BilledChoice, Count
from mockserver.tokens.evidence import Rule, doubts
from mockserver.tokens.item_layouts import ItemLayout, item_layout
from mockserver.tokens.items import Item, forced_function, format_of, kind_of, tools_of
from mockserver.tokens.vocabularies import vocabulary


def output_terms(body: Mapping[str, Any], items: Sequence[Item]) -> AnswerTerms:
    """Return all of a request that decides what an answer costs, besides the answer.

    Calls are never taken out of the tool for parallel calls by their blanks: arguments are as the
    model wrote them, here (none of 651 has any).
    """
    after_result = bool(items) and kind_of(items[-1]).endswith("_output")
    if _DECIDE.isdisjoint(body):
        return AFTER_RESULT if after_result else FREE
    tools, form = tools_of(body), format_of(body)
    kind = form.get("type")
    name = form.get("name")
    return AnswerTerms(
        offers=any(tool.get("type") in _OFFERED for tool in tools),
        forces=forced_function(body) is not None,
        forbids=body.get("tool_choice") == "none",
        after_result=after_result,
        schema_name=(name if isinstance(name, str) else "") if kind == "json_schema" else None,
        is_object=kind == "json_object",
    )


_DECIDE: Final = frozenset({"tools", "tool_choice", "text"})
_OFFERED: Final = frozenset({"function", "namespace"})


def count_answer_of(
    terms: AnswerTerms, choice: BilledChoice, model: Model, *, reasoning_tokens: int
) -> Count:
    """Return the tokens of *choice*, an answer on these *terms*, with its reasoning.

    The token that ends a turn is billed always, unless a limit has cut the answer.
    """
    layout = item_layout(model.family)
    family = _without_reasoning(model.family) if layout.plain_answers else model.family
    bill = AnswerBill(terms, family, layout.answer, reasoning_tokens)
    first, *further = choice.texts or [choice.text or ""]
    calls = [*choice.calls, *choice.custom_calls]
    tokens = bill.choice(
        BilledChoice(
            text=first, refusal=choice.refusal, calls=calls, stop=choice.stop, cut=choice.cut
        )
    )
    if further or calls:
        tokens += _further(terms, family, layout, first, further, calls=bool(calls))
    tokens += reasoning_tokens + (not choice.cut and choice.stop is None)
    used = Rule.ITEM_ANSWERS
    if bill.used is not Rule.ANSWERS:  # operations on flags are slow
        used |= bill.used & _AS_IN_A_CHAT
    if calls:
        used |= Rule.ANSWERED_ITEM_CALLS
    if choice.custom_calls:
        used |= Rule.CUSTOM_ANSWERS
    if further or (first and calls):
        used |= Rule.SEVERAL_MESSAGES
    exact = model.known and not doubts(used, model.family.layout)
    return Count(tokens, exact)


_AS_IN_A_CHAT: Final = Rule.LONG_REASONED_ANSWERS | Rule.ANSWERS_BY_SCHEMA
"""The rules of an answer to a chat whose evidence holds here."""


def _further(
    terms: AnswerTerms,
    family: Family,
    layout: ItemLayout,
    first: str,
    further: Sequence[str],
    *,
    calls: bool,
) -> int:
    """Return the tokens of an answer's messages after its first, and around its calls.

    Each text is marked as following the schema, where there are tools besides.
    """
    count = vocabulary(family.encoding).count
    beside = len(further) + (calls and bool(first))
    tokens = sum(map(count, further)) + beside * layout.further_message
    if terms.schema_name is not None and (family.reasoning or terms.offers):
        tokens += beside * (2 + count(terms.schema_name))
    return tokens


@cache
def _without_reasoning(family: Family) -> Family:
    """Return *family* as one whose answers have no channels."""
    return replace(family, reasoning=False, thinks_unasked=False)


def reported_reasoning(model: Model, tokens: int) -> int:
    """Return how many reasoning tokens an answer of *model* states, of so many that it is.

    Models until gpt-5 state them in steps of 64, rounded down; all of them are billed (822 of
    822 answers are multiples; what is billed beyond is 0 to 63 in 531 of 533).
    """
    return tokens - tokens % _STEP if model.family.rounds_reasoning else tokens


_STEP: Final = 64
