"""The JSON of a request, read as the provider reads it: before anyone knows what it is for.

Source:
    Live calls published by a third party, 2026-08-30 (a model that is no string); public issues,
    2023 to 2025 (other content types, broken JSON).
"""

import json
import math
from typing import Any, Final, NoReturn

import msgspec

from mockserver.conversation import ApiError
from mockserver.protocols.openai.validation import faults, values
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.nodes import MOST_ESCAPES, MOST_NODES, has_too_many_nodes

_DEEPEST: Final = 200
"""How deep arrays and objects may nest: far more than any schema, and less than any stack."""

_NOT_JSON: Final = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using "
    "your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was "
    "not valid JSON. If you have trouble figuring out how to fix this, please contact us through "
    "our help center at help.openai.com.)"
)
_TOO_MANY: Final = (
    "We could not parse the JSON body of your request: it has more than "
    f"{MOST_NODES:,} values, or more than {MOST_ESCAPES:,} escapes."
)


def read_body(http: HttpRequest) -> dict[str, Any]:
    """Return the JSON object that *http* carries. Of two members of one name, the last counts.

    Raises:
        ApiError: It is not JSON, not an object, not declared as JSON, or has too many values.

    """
    content_type = http.headers.get("content-type")
    if content_type != "application/json" and content_type is not None:
        _check_content_type(content_type)
    if has_too_many_nodes(http.body):
        raise faults.said(_TOO_MANY)
    try:
        # What this reads, the slower decoder reads alike, and that is exact in what it refuses.
        body = _decode_fast(http.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        body = _decoded(http.body)
    if not values.is_record(body):
        # The provider reads into a record: null leaves it empty, and the rest does not fit.
        raise model_missing() if body is None else unreadable()
    if _may_nest_too_deep(http.body) and _nests_deeper(body, _DEEPEST):
        raise unreadable()
    if _may_have_half_a_character(http.body) and _has_half_a_character(body):
        raise unreadable()
    return body


def unreadable() -> ApiError:
    """Return the refusal of a body that is not the JSON it should be."""
    return faults.said(_NOT_JSON)


def model_missing() -> ApiError:
    """Return the refusal of a request that names no model, or whose body was not read."""
    return faults.said("you must provide a model parameter")


def _decoded(content: bytes) -> Any:
    try:
        return _decode(content.decode())
    except (ValueError, RecursionError):
        # ValueError: bad UTF-8, bad JSON, or a number of thousands of digits.
        raise unreadable() from None


def _check_content_type(content_type: str) -> None:
    """Refuse what is not declared as JSON. A form is not read, so it names no model."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise model_missing()


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("JSON has neither NaN nor infinities")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError("JSON has no infinities, and no other number is this large")
    return value


_decode_fast: Final = msgspec.json.Decoder().decode
_decode: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite).decode


def _may_nest_too_deep(text: bytes) -> bool:
    """Return whether *text* has brackets enough: nothing nests deeper than there are of them."""
    return len(text) > 2 * _DEEPEST and text.count(b"{") + text.count(b"[") > _DEEPEST


def _nests_deeper(value: Any, depth: int) -> bool:
    """Return whether *value* nests deeper than *depth*, level by level and without recursion."""
    level: list[Any] = [value]
    for _ in range(depth):
        level = [
            child
            for owner in level
            for child in (owner.values() if values.is_record(owner) else owner)
            if values.is_record(child) or values.is_array(child)
        ]
        if not level:
            return False
    return True


def _may_have_half_a_character(text: bytes) -> bool:
    """Return whether *text* escapes a surrogate; the one byte is looked for first, being fast."""
    return b"\\" in text and (b"\\ud" in text or b"\\uD" in text)


def _has_half_a_character(body: dict[str, Any]) -> bool:
    """Return whether a text in *body* has a lone surrogate, which UTF-8 cannot encode."""
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False
