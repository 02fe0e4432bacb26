"""The words of a refusal: one function for each kind of fault, as the provider's validator has it.

Nothing here decides whether a request is at fault. Paths are written as the newer, schema-driven
checks write them (``messages[1].content``); the older checks inside the endpoint write
``messages.[1].content`` and give no code (see `said`).

Source:
    Recorded answers, 2025-07 to 2026-08; texts pasted in public issues, 2023 to 2026; live calls
    published by third parties, 2026-08 to 2026-10. docs/fidelity.md states which row is which.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from mockserver.conversation import ApiError

_BAD_REQUEST: Final = 400

_KINDS: Final[Mapping[type, str]] = {
    str: "a string",
    int: "an integer",
    float: "a decimal number",
    bool: "a boolean",
    dict: "an object",
    list: "an array",
}

NumberKind = Literal["integer", "decimal"]


def kind_of(value: object) -> str:
    """Return what the validator calls the JSON type of *value*, with its article."""
    return _KINDS.get(type(value), "null")


def listed(values: Sequence[str], word: str = "and") -> str:
    """Return *values* in quotes, as a sentence lists them: ``'a', 'b', and 'c'``."""
    quoted = [f"'{value}'" for value in values]
    if len(quoted) < 3:  # noqa: PLR2004 - two things take no comma
        return f" {word} ".join(quoted)
    return ", ".join(quoted[:-1]) + f", {word} {quoted[-1]}"


def said(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """Return a refusal in the words of *message*; most of the older checks give no code."""
    return ApiError(_BAD_REQUEST, message, param=param, code=code)


def missing(path: str) -> ApiError:
    """Return the refusal of a body that lacks the member at *path*."""
    return said(f"Missing required parameter: '{path}'.", path, "missing_required_parameter")


def wrong_type(path: str, expected: str, value: Any) -> ApiError:
    """Return the refusal of a *value* of another JSON type than *expected* (with its article)."""
    message = f"Invalid type for '{path}': expected {expected}, but got {kind_of(value)} instead."
    return said(message, path, "invalid_type")


def not_listed(path: str, value: str, supported: Sequence[str]) -> ApiError:
    """Return the refusal of a string that is not one of the *supported* ones."""
    if len(supported) == 1:
        message = f"Invalid value: '{value}'. Value must be '{supported[0]}'."
    else:
        message = f"Invalid value: '{value}'. Supported values are: {listed(supported)}."
    return said(message, path, "invalid_value")


def below_minimum(path: str, kind: NumberKind, bound: int, value: float) -> ApiError:
    """Return the refusal of a number under *bound*; the number is printed as it was sent."""
    message = (
        f"Invalid '{path}': {kind} below minimum value. "
        f"Expected a value >= {bound}, but got {value!r} instead."
    )
    return said(message, path, f"{kind}_below_min_value")


def above_maximum(path: str, kind: NumberKind, bound: int, value: float) -> ApiError:
    """Return the refusal of a number over *bound*; the number is printed as it was sent."""
    message = (
        f"Invalid '{path}': {kind} above maximum value. "
        f"Expected a value <= {bound}, but got {value!r} instead."
    )
    return said(message, path, f"{kind}_above_max_value")


def empty_array(path: str) -> ApiError:
    """Return the refusal of an array that must not be empty."""
    message = (
        f"Invalid '{path}': empty array. "
        "Expected an array with minimum length 1, but got an empty array instead."
    )
    return said(message, path, "empty_array")


def long_array(path: str, most: int, length: int) -> ApiError:
    """Return the refusal of an array of more than *most* items."""
    message = (
        f"Invalid '{path}': array too long. Expected an array with maximum length {most}, "
        f"but got an array with length {length} instead."
    )
    return said(message, path, "array_above_max_length")


def empty_string(path: str) -> ApiError:
    """Return the refusal of a string that must not be empty."""
    message = (
        f"Invalid '{path}': empty string. "
        "Expected a string with minimum length 1, but got an empty string instead."
    )
    return said(message, path, "empty_string")


def long_string(path: str, most: int, length: int) -> ApiError:
    """Return the refusal of a string of more than *most* characters."""
    message = (
        f"Invalid '{path}': string too long. Expected a string with maximum length {most}, "
        f"but got a string with length {length} instead."
    )
    return said(message, path, "string_above_max_length")


def bad_characters(path: str, pattern: str) -> ApiError:
    """Return the refusal of a string that *pattern* does not match."""
    message = (
        f"Invalid '{path}': string does not match pattern. "
        f"Expected a string that matches the pattern '{pattern}'."
    )
    return said(message, path, "invalid_value")


def unknown_parameter(path: str, hint: str = "") -> ApiError:
    """Return the refusal, by the strict validator, of an unknown member."""
    return said(f"Unknown parameter: '{path}'.{hint}", path, "unknown_parameter")


def unsupported_parameter(path: str, hint: str = "") -> ApiError:
    """Return the refusal of a parameter that the model does not support."""
    message = f"Unsupported parameter: '{path}' is not supported with this model.{hint}"
    return said(message, path, "unsupported_parameter")


def unsupported_value(path: str, value: str, hint: str = "") -> ApiError:
    """Return the refusal of a value that the model does not support; it is printed as given."""
    message = f"Unsupported value: '{path}' does not support {value} with this model.{hint}"
    return said(message, path, "unsupported_value")


def not_with_model(path: str, value: str, model: str, supported: Sequence[str]) -> ApiError:
    """Return the refusal of a value that only other models take than the one called *model*."""
    message = (
        f"Unsupported value: '{value}' is not supported with the '{model}' model. "
        f"Supported values are: {listed(supported)}."
    )
    return said(message, path, "unsupported_value")


def only_with(param: str, other: str) -> ApiError:
    """Return the refusal of a parameter that has no meaning unless *other* is on."""
    message = f"The '{param}' parameter is only allowed when '{other}' is enabled."
    return said(message, param)
