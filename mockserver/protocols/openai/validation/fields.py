"""Checks of the members that chat and legacy completions share.

Source:
    The API reference (types and ranges); live calls to gpt-5.6-terra published by a third party,
    2026-08-30 (words, and what nested objects know); public issues since 2023 (stops, biases).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mockserver.protocols.openai.validation import faults, values
from mockserver.protocols.openai.validation.looking import MOST_STOPS
from mockserver.protocols.openai.validation.values import Body, Check

_GREATEST_TOKENS: Final = {"r50k_base": 50_256, "p50k_base": 50_280, "cl100k_base": 100_257}
_GREATEST_TOKEN: Final = 199_999
"""In newer vocabularies: the end of text, as it is in cl100k_base."""

SAMPLING: Final[Mapping[str, Check]] = {
    "temperature": values.decimal("temperature", 0, 2),
    "top_p": values.decimal("top_p", 0, 1),
}
"""The checks of the members that set how a model samples."""

_INT64: Final = 2**63
_MOST_BIAS: Final = 100


def greatest_token(encoding: str) -> int:
    """Return the greatest token of *encoding* that a request may name."""
    return _GREATEST_TOKENS.get(encoding, _GREATEST_TOKEN)


def shared_checks(encoding: str) -> dict[str, Check]:
    """Return the checks of the members that both endpoints have; tokens are those of *encoding*."""
    return {
        **SAMPLING,
        "presence_penalty": values.decimal("presence_penalty", -2, 2),
        "frequency_penalty": values.decimal("frequency_penalty", -2, 2),
        "user": values.string("user"),
        "seed": values.integer("seed", -_INT64, _INT64 - 1),
        "logit_bias": _logit_bias(greatest_token(encoding)),
        "stop": _check_stop,
        "stream": values.boolean("stream"),
        "stream_options": _check_stream_options,
    }


def plain_object(path: str, known: Sequence[str] | None = None) -> Check:
    """Return the check of an object that has no members but the *known* ones; None: any."""

    def check(value: Any, _: Body) -> None:
        values.record(value, path)
        if known is None:
            return
        for key in value:
            if key not in known:
                raise faults.unknown_parameter(f"{path}.{key}")

    return check


def _check_stop(stop: Any, _: Body) -> None:
    if type(stop) is str:
        return
    values.array(stop, "stop", "one of a string or array of strings")
    if len(stop) > MOST_STOPS:
        raise faults.long_array("stop", MOST_STOPS, len(stop))
    for number, sequence in enumerate(stop):
        values.text(sequence, f"stop[{number}]")


_check_stream_members: Final = plain_object(
    "stream_options", ("include_usage", "include_obfuscation")
)


def _check_stream_options(options: Any, body: Body) -> None:
    _check_stream_members(options, body)
    for key, value in options.items():
        if value is not None and type(value) is not bool:
            raise faults.wrong_type(f"stream_options.{key}", "a boolean", value)
    if not body.get("stream"):
        raise faults.only_with("stream_options", "stream")


def _logit_bias(greatest: int) -> Check:
    """Return the check of a map from tokens, up to *greatest*, to biases."""

    def check(biases: Any, _: Body) -> None:
        values.record(biases, "logit_bias")
        for key, bias in biases.items():
            if not (key.isascii() and key.isdigit()):
                raise faults.said(
                    f"Invalid key in 'logit_bias': {key}. "
                    "You should only be submitting non-negative integers.",
                    "logit_bias",
                )
            if len(key) > len(str(greatest)) or int(key) > greatest:
                raise faults.said(
                    f"Invalid key in 'logit_bias': {key}. Maximum value is {greatest}.",
                    "logit_bias",
                )
            _check_bias(bias, f"logit_bias.{key}")

    return check


def _check_bias(bias: Any, path: str) -> None:
    # The reference requires whole numbers; recorded requests with decimals were accepted.
    if type(bias) is not int and type(bias) is not float:
        raise faults.wrong_type(path, "an integer", bias)
    kind: faults.NumberKind = "integer" if type(bias) is int else "decimal"
    if bias < -_MOST_BIAS:
        raise faults.below_minimum(path, kind, -_MOST_BIAS, bias)
    if bias > _MOST_BIAS:
        raise faults.above_maximum(path, kind, _MOST_BIAS, bias)
