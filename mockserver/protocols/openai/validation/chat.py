"""What is refused on `POST /v1/chat/completions`, in the order in which it is reported.

First whether `messages` is there, then members that the validator does not know, then the members
one by one in the order of `_ORDER`, then what the model cannot do with their values, then what
the older checks inside the endpoint find. The order of the body's members plays no part.

Source:
    The order: live calls to gpt-5.6-terra published by a third party, 2026-08-30, of pairs of
    faults, sorted over 107 calls. It is taken to hold for all models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.protocols.openai.validation import abilities, faults, response_format, tools, values
from mockserver.protocols.openai.validation.chat_fields import chat_checks
from mockserver.protocols.openai.validation.fields import shared_checks
from mockserver.protocols.openai.validation.looking import FastLook
from mockserver.protocols.openai.validation.messages import check_messages
from mockserver.protocols.openai.validation.restrictions import (
    Restrictions,
    forwarded,
    restrictions_of,
)
from mockserver.protocols.openai.validation.strangers import refuse_strangers
from mockserver.protocols.openai.validation.values import Body, Check

_ORDER: Final = (  # noqa: SIM905 - so many words read better in lines
    "model messages functions function_call tools tool_choice parallel_tool_calls "
    "max_completion_tokens n temperature top_p presence_penalty frequency_penalty logprobs "
    "top_logprobs user seed moderation safety_identifier prompt_cache_options prompt_cache_key "
    "prompt_cache_retention response_format service_tier max_tokens reasoning_effort logit_bias "
    "stop stream stream_options store metadata prediction verbosity "
    # These three the measured model does not know; that they come last is a guess.
    "audio modalities web_search_options"
).split()

Row: TypeAlias = tuple[int, str, Check]


@dataclass(frozen=True, slots=True)
class _Rules:
    """How the chat bodies of some models are read."""

    restrictions: Restrictions
    rows: Mapping[str, Row]
    """By member: its rank, its name, its check."""
    look: FastLook
    null_refused: frozenset[str] = frozenset()
    """The members that may be absent, but not null."""


def check_chat(body: Body, model: Model, sent: bytes | None = None) -> None:
    """Refuse a chat *body* that the provider would refuse of *model*, whatever it is billed.

    *sent* is the same as JSON, where it was read from JSON: that can be looked at faster.

    Raises:
        ApiError: The first fault, in the provider's order.

    """
    rules = _rules_of(model)
    if sent is not None and rules.look.passes(sent, body):
        return
    _walk(body, model, rules)
    if sent is not None and "tools" in body:
        rules.look.learn(sent, body)


def _walk(body: Body, model: Model, rules: _Rules) -> None:
    """Refuse the first fault, in the provider's order."""
    if "messages" not in body:
        raise faults.missing("messages")
    known = rules.rows
    try:
        rows = sorted([known[key] for key in body])
    except KeyError:
        refuse_strangers(body, known, model, rules.restrictions)
        rows = sorted([known[key] for key in body if key in known])
    late = check_messages(body["messages"], rules.restrictions)
    for _, key, check in rows:
        value = body[key]
        if value is not None or key in rules.null_refused:
            check(value, body)
    abilities.check_abilities(body, model, rules.restrictions)
    late = late or response_format.late_fault(body, rules.restrictions)
    if model.judged_as is not None:
        _judge(body, forwarded(model.judged_as, model.most_call_id), late)
    if late is not None:
        raise late


def _judge(body: Body, restrictions: Restrictions, late: ApiError | None) -> None:
    """Refuse what the provider behind a gateway does of a *body* that the gateway forwards.

    *late* is what the endpoint's older checks found already.
    """
    try:
        late = check_messages(body["messages"], restrictions) or late
        for key, check in (
            ("tools", tools.check_tools(restrictions)),
            ("response_format", response_format.check_response_format(restrictions)),
        ):
            if body.get(key) is not None:
                check(body[key], body)
        late = late or response_format.late_fault(body, restrictions)
    except ApiError as error:
        late = error
    if late is not None:
        late.relayed = True
        raise late


def _rules_of(model: Model) -> _Rules:
    return _rules(model.behaves_as, model.family.encoding)


@lru_cache(maxsize=256)
def _rules(behaves_as: str, encoding: str) -> _Rules:
    restrictions = restrictions_of(behaves_as)
    checks: dict[str, Check] = {
        "model": values.anything,
        "messages": values.anything,
        "tools": tools.check_tools(restrictions),
        "functions": tools.check_functions,
        "tool_choice": tools.check_tool_choice,
        "function_call": tools.check_function_call,
        "parallel_tool_calls": tools.check_parallel_tool_calls,
        "response_format": response_format.check_response_format(restrictions),
        **shared_checks(encoding),
        **chat_checks(restrictions),
        **{key: values.number(key) for key in restrictions.in_range_late},
        **{key: values.refused(key, _HINTS.get(key, "")) for key in restrictions.unsupported},
    }
    ranked = ((rank, key, checks[key]) for rank, key in enumerate(_ORDER))
    rows = {row[1]: row for row in ranked if row[1] not in restrictions.lacks}
    null_refused = frozenset(() if restrictions.null_effort else ("reasoning_effort",))
    return _Rules(restrictions, rows, FastLook(restrictions), null_refused)


_HINTS: Final[Mapping[str, Any]] = {"max_tokens": " Use 'max_completion_tokens' instead."}
