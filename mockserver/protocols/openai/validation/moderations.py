"""What is refused of a request for moderation.

Source:
    The API's specification (members, forms of `input`). No refusal is recorded but that of a key:
    the words are those of the strict validator of chat, which this service looks like, and, where
    a model takes no parts, those of embeddings for an input of no known form.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from mockserver.conversation import ApiError
from mockserver.models import Model
from mockserver.protocols.openai.validation import faults, values

Body: TypeAlias = Mapping[str, Any]

FORMS: Final = "one of a string, array of strings, or array of objects"
_MEMBERS: Final = frozenset({"input", "model"})
_PARTS: Final = ("text", "image_url")
MOST_INPUTS: Final = 2_048
"""Not documented: it protects the server."""


class Moderated(NamedTuple):
    """The texts of a request, one for each result, and their *kinds*: `text`, `image`."""

    texts: tuple[str, ...]
    kinds: tuple[str, ...] = ("text",)


def read_moderated(body: Body, model: Model) -> Moderated:
    """Return what the request *body* asks about, unless the provider would refuse it of *model*.

    Raises:
        ApiError: The first fault, in the provider's order.

    """
    unknown = next((key for key in body if key not in _MEMBERS), None)
    if unknown is not None:
        raise faults.unknown_parameter(unknown)
    given = body.get("input")
    if given is None:
        raise faults.missing("input")
    if type(given) is str:
        return Moderated((given,))
    items = values.array(given, "input", FORMS)
    if not items:
        raise faults.empty_array("input")
    if len(items) > MOST_INPUTS:
        raise faults.long_array("input", MOST_INPUTS, len(items))
    kinds: set[type[object]] = {type(item) for item in items}
    if kinds == {str}:
        return Moderated(tuple(items))
    if kinds != {dict}:
        raise faults.wrong_type("input", FORMS, given)
    if model.family.name == "text-moderation":
        raise _takes_no_parts()
    return _parts(items)


def _takes_no_parts() -> ApiError:
    return faults.said(
        "'$.input' is invalid. Please check the API reference: "
        "https://platform.openai.com/docs/api-reference."
    )


def _parts(parts: Sequence[dict[str, Any]]) -> Moderated:
    """Return what *parts* ask about: one result for all of them."""
    texts: list[str] = []
    kinds: dict[str, None] = {}
    for number, part in enumerate(parts):
        path = f"input[{number}]"
        kind = values.text_member(part, "type", path)
        if kind not in _PARTS:
            raise faults.not_listed(f"{path}.type", kind, _PARTS)
        unknown = next((key for key in part if key not in ("type", kind)), None)
        if unknown is not None:
            raise faults.unknown_parameter(f"{path}.{unknown}")
        if kind == "text":
            texts.append(values.text_member(part, "text", path))
            kinds["text"] = None
        else:
            image = values.record_member(part, "image_url", path)
            url = values.text_member(image, "url", f"{path}.image_url")
            if not url.startswith(("https://", "http://", "data:image/")):
                path = f"{path}.image_url.url"
                what = f"Invalid '{path}'. Expected a valid URL, but got a value with an invalid"
                raise faults.said(f"{what} format.", path, "invalid_value")
            kinds["image"] = None
    # In this order, whichever comes first.
    named = tuple([kind for kind in ("text", "image") if kind in kinds])
    return Moderated(("\n".join(texts),), named)
