"""What is refused on `POST /v1/completions`, in the order in which it is reported.

Source:
    Recorded answers of 2025 (token prompts, `max_tokens` before `temperature`); notes of live
    calls to gpt-3.5-turbo-instruct, 2026-08-28 (echo with logprobs; `logprobs` has no ceiling,
    the answer is cut to 20); public issues, 2023 and 2024 (empty completions, unknown members).
    What has no source is marked so below.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from mockserver.models import Model
from mockserver.protocols.openai.validation import faults, values
from mockserver.protocols.openai.validation.fields import greatest_token, shared_checks
from mockserver.protocols.openai.validation.restrictions import restrictions_of
from mockserver.protocols.openai.validation.strangers import unrecognized
from mockserver.protocols.openai.validation.values import Body, Check

_ORDER: Final = (  # noqa: SIM905 - so many words read better in lines
    "model max_tokens n best_of temperature top_p presence_penalty frequency_penalty logprobs "
    "echo suffix user seed logit_bias stop stream stream_options prompt"
).split()

_MOST_CHOICES: Final = 128
_MOST_BEST_OF: Final = 20
_MOST_TOGETHER: Final = 2_048
"""How many choices a request may ask for with all its prompts."""

_ECHOES_WITH_LOGPROBS: Final = frozenset({"base-p50k", "base-r50k", "unknown"})
"""Families that reported probabilities of the prompt; none has since October 2023."""


def check_completion(body: Body, model: Model) -> None:
    """Refuse a legacy completion *body* that the provider would refuse of *model*.

    Raises:
        ApiError: The first fault, in the provider's order.

    """
    known = _rows(model.family.encoding)
    try:
        rows = sorted([known[key] for key in body])
    except KeyError:
        if not restrictions_of(model.behaves_as).lenient:
            raise unrecognized(key for key in body if key not in known) from None
        rows = sorted([known[key] for key in body if key in known])
    for _, key, check in rows:
        value = body[key]
        if value is not None:
            check(value, body)
    _check_together(body, model)


@cache
def _rows(encoding: str) -> Mapping[str, tuple[int, str, Check]]:
    checks: dict[str, Check] = {
        "model": values.anything,
        "prompt": _prompt(greatest_token(encoding)),
        "max_tokens": values.integer("max_tokens", 0),
        # The provider's texts for these ranges are not published; these are those of chat.
        "n": values.integer("n", 1, _MOST_CHOICES),
        "best_of": values.integer("best_of", 0, _MOST_BEST_OF),
        "logprobs": values.integer("logprobs", 0),
        "echo": values.boolean("echo"),
        "suffix": values.string("suffix"),
        **shared_checks(encoding),
    }
    return {key: (rank, key, checks[key]) for rank, key in enumerate(_ORDER)}


def _prompt(greatest: int) -> Check:
    """Return the check of a prompt; its tokens go up to *greatest*.

    A missing or empty prompt and an empty array are valid by the provider's client.
    """

    def check(prompt: Any, _: Body) -> None:
        if type(prompt) is str:
            return
        items = values.array(prompt, "prompt", _PROMPTS)
        kinds: set[type[object]] = {type(item) for item in items}
        if len(kinds) > 1 or not kinds <= {str, int, list}:
            raise faults.wrong_type("prompt", _PROMPTS, prompt)
        if int in kinds:
            _check_tokens(items, "prompt", greatest)
        elif list in kinds:
            for number, tokens in enumerate(items):
                _check_tokens(tokens, f"prompt[{number}]", greatest)

    return check


_PROMPTS: Final = "one of a string, array of strings, array of integers, or array of integer arrays"
"""What the refusal of another prompt expects; in chat's words, for want of a source."""


def _check_tokens(tokens: list[Any], path: str, greatest: int) -> None:
    for number, token in enumerate(tokens):
        if type(token) is not int:
            raise faults.wrong_type(f"{path}[{number}]", "an integer", token)
        if not 0 <= token <= greatest:
            raise faults.said(
                f"Invalid token in prompt: {token}. Minimum value is 0, "
                f"maximum value is {greatest} (inclusive)."
            )


def _check_together(body: Body, model: Model) -> None:
    """Refuse members that are good by themselves, but not beside each other."""
    echo, logprobs = body.get("echo"), body.get("logprobs")
    if echo and logprobs is not None and model.family.name not in _ECHOES_WITH_LOGPROBS:
        raise faults.said(
            "Setting 'echo' and 'logprobs' at the same time is not supported for this model.",
            "echo",
            "invalid_parameter_combination",
        )
    if body.get("max_tokens") == 0 and not echo:
        raise faults.said(
            "You requested a length 0 completion, but you did not set the 'echo' parameter. "
            "That means that we will return no data to you. (HINT: set 'echo' to true in order "
            "for the API to echo back the prompt to you.)"
        )
    choices, best_of = body.get("n") or 1, body.get("best_of")
    _check_number(body.get("prompt"), choices)
    if best_of is None:
        return
    if best_of < choices:
        # Copied by servers that imitated the provider, 2021 to 2023; never seen recorded.
        raise faults.said(
            "You requested that the server return more choices than it will generate (HINT: you "
            f"must set 'n' (currently {choices}) to be at most 'best_of' (currently {best_of}), "
            "or omit either parameter if you don't specifically want to use them.)"
        )
    if best_of > 1 and body.get("stream"):
        # The reference forbids it; the words are a guess.
        raise faults.said("Streaming is not supported with best_of > 1")


def _check_number(prompt: Any, choices: int) -> None:
    """Refuse more answers than one request may ask for: *choices* for each prompt.

    The words are the provider's of 2022 and 2023, pasted in public code. Its limit was 20 then;
    the present one is not published, and this one protects the server.
    """
    if not values.is_array(prompt) or len(prompt) * choices <= _MOST_TOGETHER:
        return
    if type(prompt[0]) is not int:
        raise faults.said(
            f"Too many parallel completions requested. You submitted {len(prompt) * choices} "
            f"prompts, but you can currently request up to at most a total of {_MOST_TOGETHER}). "
            "Please contact us through our help center at help.openai.com for further questions. "
            "(HINT: if you want to just evaluate probabilities without generating new text, you "
            "can submit more prompts if you set 'max_tokens' to 0.)"
        )
