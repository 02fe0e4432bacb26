"""What is refused of a request for embeddings: which member is checked by what, in which order.

Two checks follow each other: an older one, of each member by a schema, and what the model's own
service finds.

Source:
    Recorded answers, 2025 and 2026 (`dimensions` below its minimum); texts pasted in public issues
    and code: of inputs of a wrong form 2023 to 2025, of all limits 2025 and 2026 (by one measured
    on 2026-09-27). The words on wrong types are those that the schema's validator has (Python's
    jsonschema), as recorded of the minimum.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from mockserver import tokens
from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.protocols.openai.validation import faults, values
from mockserver.protocols.openai.validation.fields import greatest_token
from mockserver.tokens import Vocabulary

Body: TypeAlias = Mapping[str, Any]

MOST_INPUTS: Final = 2_048
MOST_TOKENS: Final = 8_192
"""Of one input."""
MOST_IN_ALL: Final = 300_000
"""Tokens of all inputs together."""
LONGEST_TOKEN: Final = 128
"""In bytes: what is longer than so many for each token has too many of them, uncounted."""

FORMATS: Final = ("float", "base64")
_BAD_REQUEST: Final = 400
_TOO_LARGE: Final = "max_tokens_per_request"


class Inputs(NamedTuple):
    """The texts of a request for embeddings, tokens decoded, and how many tokens they have."""

    texts: tuple[str, ...]
    tokens: int


def read_inputs(body: Body, model: Model) -> Inputs:
    """Return the inputs of the request *body*, unless the provider would refuse it of *model*.

    Raises:
        ApiError: The first fault, in the provider's order.

    """
    for key, value in body.items():
        check = _CHECKS.get(key)
        if check is None:
            raise faults.said(f"Additional properties are not allowed ('{key}' was unexpected)")
        if value is not None:
            check(key, value)
    given: Any = body.get("input")
    if given is None and "input" not in body:
        raise faults.said("'input' is a required property")
    coded = _checked_form(given)
    if coded is not None:
        _check_tokens(coded, greatest_token(model.family.encoding))
    _check_dimensions(body.get("dimensions"), model)
    vocabulary = tokens.vocabulary(model.family.encoding)
    counts = _counted(given, coded, vocabulary)
    total = sum(counts)
    if total > MOST_IN_ALL:
        what = f"Requested {total} tokens, max {MOST_IN_ALL} tokens per request"
        raise ApiError(_BAD_REQUEST, what, _TOO_LARGE, code=_TOO_LARGE)
    if coded is not None:
        return Inputs(tuple([vocabulary.text_of(one) for one in coded]), total)
    return Inputs(
        (given,) if isinstance(given, str) else tuple(values.array(given, "input")), total
    )


# --- members ----------------------------------------------------------------------------------


def _is_integer(key: str, value: Any) -> None:
    if type(value) is not int:
        raise faults.said(f"{_shown(value)} is not of type 'integer' - '{key}'")
    if value < 1:
        raise faults.said(f"{value} is less than the minimum of 1 - '{key}'")


def _is_format(key: str, value: Any) -> None:
    if value not in FORMATS:
        raise faults.said(f"{_shown(value)} is not one of {[*FORMATS]} - '{key}'")


def _is_text(key: str, value: Any) -> None:
    if type(value) is not str:
        raise faults.said(f"{_shown(value)} is not of type 'string' - '{key}'")


def _is_anything(key: str, value: Any) -> None:
    """Accept any value: it is checked elsewhere."""


_CHECKS: Final[Mapping[str, Callable[[str, Any], None]]] = {
    "model": _is_anything,
    "input": _is_anything,
    "encoding_format": _is_format,
    "dimensions": _is_integer,
    "user": _is_text,
}
MEMBERS: Final = frozenset(_CHECKS)
"""The members of a request; gateways leave out all others."""
_MOST_SHOWN: Final = 100


def _shown(value: Any) -> str:
    """Return *value* as Python writes it, and not much of it."""
    if isinstance(value, int | float | bool | str) or value is None:
        return repr(value)[:_MOST_SHOWN]
    return "[...]" if values.is_array(value) else "{...}"


def _check_dimensions(wanted: int | None, model: Model) -> None:
    if wanted is None:
        return
    if not model.shortens:
        raise faults.said("This model does not support specifying dimensions.")
    if wanted > model.dimensions:
        raise faults.said(
            f"Invalid value for 'dimensions' = {wanted}. "
            f"Must be less than or equal to {model.dimensions}."
        )


# --- inputs -----------------------------------------------------------------------------------


def _of_no_form() -> ApiError:
    return faults.said(
        "'$.input' is invalid. Please check the API reference: "
        "https://platform.openai.com/docs/api-reference."
    )


def _checked_form(given: Any) -> list[list[int]] | None:
    """Return the token arrays of the inputs *given*; None: they are texts."""
    if type(given) is str:
        if not given:
            raise _empty("input")
        return None
    kinds: set[type[object]] = {type(item) for item in given} if values.is_array(given) else set()
    if kinds == {int}:
        return [given]
    if kinds not in ({str}, {list}):
        raise _of_no_form()
    if len(given) > MOST_INPUTS:
        raise faults.said(f"Invalid 'input': array length must be {MOST_INPUTS} or less.")
    if kinds == {str}:
        if "" in given:
            raise _empty(f"input[{given.index('')}]")
        return None
    coded: list[list[Any]] = given
    for one in coded:
        if {type(token) for token in one} != {int}:
            raise _of_no_form()
    return coded


def _check_tokens(coded: Sequence[Sequence[int]], greatest: int) -> None:
    for one in coded:
        if min(one) < 0 or max(one) > greatest:
            unknown = next(token for token in one if not 0 <= token <= greatest)
            # In the words of legacy completions, for want of a source.
            raise faults.said(
                f"Invalid token in prompt: {unknown}. Minimum value is 0, "
                f"maximum value is {greatest} (inclusive)."
            )


def _empty(path: str) -> ApiError:
    return faults.said(f"Invalid '{path}': input cannot be an empty string.")


def _too_long(path: str) -> ApiError:
    return faults.said(f"Invalid '{path}': maximum input length is {MOST_TOKENS} tokens.")


def _counted(
    given: Any, coded: Sequence[Sequence[int]] | None, vocabulary: Vocabulary
) -> Sequence[int]:
    """Return how many tokens each of the inputs has."""
    is_single = type(given) is str or (coded is not None and coded[0] is given)
    counts: list[int] = []
    inputs: Sequence[Any] = coded if coded is not None else [given] if is_single else given
    for number, one in enumerate(inputs):
        if coded is not None:
            count = len(one)
        elif len(one) > MOST_TOKENS * LONGEST_TOKEN:
            count = MOST_TOKENS + 1
        else:
            count = vocabulary.count(one)
        if count > MOST_TOKENS:
            raise _too_long("input" if is_single else f"input[{number}]")
        counts.append(count)
    return counts
