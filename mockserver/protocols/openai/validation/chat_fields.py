"""The members that only a chat body has, messages and tools aside: what each may be.

Source:
    The API reference (types and ranges); live calls to gpt-5.6-terra published by a third party,
    2026-08-30; public issues since 2024. docs/fidelity.md states which is which.
"""

from collections.abc import Sequence
from typing import Any, Final

from mockserver.protocols.openai.validation import faults, values
from mockserver.protocols.openai.validation.fields import plain_object
from mockserver.protocols.openai.validation.restrictions import Restrictions
from mockserver.protocols.openai.validation.values import Body, Check

_MOST_PAIRS: Final = 16
_MOST_PAIR_NAME: Final = 64
_MOST_PAIR_VALUE: Final = 512
_SHOWN_NAME: Final = 3
_MOST_CACHE_KEY: Final = 64
_MOST_SAFETY_IDENTIFIER: Final = 128
_TIERS: Final = ("auto", "default", "fast", "flex", "priority")
_VERBOSITIES: Final = ("low", "medium", "high")
_RETENTIONS: Final = ("in_memory", "24h")
_MODALITIES: Final = ("text", "audio")


def chat_checks(restrictions: Restrictions) -> dict[str, Check]:
    """Return the checks of the members that only chat has, for the models of *restrictions*."""
    return {
        "max_completion_tokens": values.integer("max_completion_tokens", 1),
        "n": values.integer("n", 1, restrictions.most_choices),
        "logprobs": values.boolean("logprobs"),
        "top_logprobs": _top_logprobs(restrictions.most_top_logprobs),
        "moderation": _check_moderation,
        "safety_identifier": values.string("safety_identifier", _MOST_SAFETY_IDENTIFIER),
        "prompt_cache_options": plain_object("prompt_cache_options", ("mode", "ttl")),
        "prompt_cache_key": values.string("prompt_cache_key", _MOST_CACHE_KEY),
        "prompt_cache_retention": _cache_retention(allows_short=restrictions.short_cache_retention),
        "service_tier": values.choice("service_tier", _TIERS, tacit=("scale",)),
        "max_tokens": _check_max_tokens,
        "reasoning_effort": _reasoning_effort(restrictions.efforts),
        "store": values.boolean("store"),
        "metadata": metadata_check(needs_store=restrictions.metadata_needs_store),
        "prediction": _check_prediction,
        "verbosity": _verbosity(restrictions.verbosities),
        "audio": plain_object("audio"),
        "modalities": _check_modalities,
        "web_search_options": _web_search(allowed=restrictions.web_search),
    }


def _top_logprobs(most: int) -> Check:
    check_integer = values.integer("top_logprobs", 0)

    def check(value: Any, body: Body) -> None:
        check_integer(value, body)
        if value > most:
            raise faults.said(
                f"Invalid value for 'top_logprobs': must be less than or equal to {most}.",
                "top_logprobs",
            )
        if body.get("logprobs") is not True:
            raise faults.only_with("top_logprobs", "logprobs")

    return check


_check_limit: Final = values.integer("max_tokens", 1)


def _check_max_tokens(value: Any, body: Body) -> None:
    _check_limit(value, body)
    if body.get("max_completion_tokens") is not None:
        raise faults.said(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "max_tokens",
            "invalid_parameter_combination",
        )


def _reasoning_effort(efforts: Sequence[str]) -> Check:
    """Return the check of an effort out of *efforts*; none: of a string."""
    if not efforts:
        return values.string("reasoning_effort")

    def check(value: Any, _: Body) -> None:
        if value not in efforts:
            raise _one_of("reasoning_effort", value, efforts)

    return check


def _verbosity(supported: Sequence[str]) -> Check:
    check_choice = values.choice("verbosity", _VERBOSITIES)

    def check(value: Any, body: Body) -> None:
        check_choice(value, body)
        if value not in supported:
            raise _one_of("verbosity", value, supported)

    return check


def _one_of(path: str, value: Any, supported: Sequence[str]) -> Exception:
    """Return the refusal of a value that only other models take; it is printed as Python does.

    Null is printed as in JSON (seen of gpt-5.1, 2025-11).
    """
    hint = f" Supported values are: {faults.listed(supported)}."
    return faults.unsupported_value(path, "null" if value is None else repr(value), hint)


def _check_moderation(moderation: Any, _: Body) -> None:
    values.text_member(values.record(moderation, "moderation"), "model", "moderation")


def _cache_retention(*, allows_short: bool) -> Check:
    def check(value: Any, _: Body) -> None:
        if type(value) is not str:
            expected = f"one of {faults.listed(_RETENTIONS, 'or')}"
            raise faults.wrong_type("prompt_cache_retention", expected, value)
        if value not in _RETENTIONS:
            raise faults.said("Invalid prompt_cache_retention argument", "prompt_cache_retention")
        if value == "in_memory" and not allows_short:
            raise faults.said(
                "This model is compatible only with 24h extended prompt caching",
                "prompt_cache_retention",
            )

    return check


def metadata_check(*, needs_store: bool) -> Check:
    """Return the check of `metadata`, which older models take only for what is stored."""

    def check(metadata: Any, body: Body) -> None:
        if not values.is_record(metadata):
            raise faults.wrong_type("metadata", "a metadata object", metadata)
        if len(metadata) > _MOST_PAIRS:
            raise faults.said(
                "Invalid 'metadata': too many properties. "
                f"Expected an object with at most {_MOST_PAIRS} properties, "
                f"but got an object with {len(metadata)} properties instead.",
                "metadata",
                "object_above_max_properties",
            )
        for key, value in metadata.items():
            _check_pair(key, value)
        if needs_store and metadata and not body.get("store"):
            raise faults.only_with("metadata", "store")

    return check


def _check_pair(key: str, value: Any) -> None:
    path = f"metadata.{key}"
    if len(key) > _MOST_PAIR_NAME:
        shown = f"{key[:_SHOWN_NAME]}...{key[-_SHOWN_NAME:]}"
        raise faults.said(
            f"Invalid property name in 'metadata': '{shown}' is too long. "
            f"Expected a string with maximum length {_MOST_PAIR_NAME}, "
            f"but got a string with length {len(key)} instead.",
            path,
            "property_name_above_max_length",
        )
    values.text(value, path)
    if len(value) > _MOST_PAIR_VALUE:
        raise faults.long_string(path, _MOST_PAIR_VALUE, len(value))


def _check_prediction(prediction: Any, _: Body) -> None:
    prediction = values.record(prediction, "prediction")
    kind = values.member(prediction, "type", "prediction")
    values.choice("prediction.type", ("content",))(kind, prediction)
    content = values.member(prediction, "content", "prediction")
    if type(content) is not str:
        values.array(content, "prediction.content", "one of a string or array of objects")


def _check_modalities(modalities: Any, body: Body) -> None:
    values.array(modalities, "modalities", "an array of strings")
    for number, modality in enumerate(modalities):
        values.choice(f"modalities[{number}]", _MODALITIES)(modality, body)


def _web_search(*, allowed: bool) -> Check:
    def check(options: Any, _: Body) -> None:
        values.record(options, "web_search_options")
        if not allowed:
            raise faults.said(
                "Web search options not supported with this model.", "web_search_options"
            )

    return check
