"""A fast look at a chat body: what passes it is valid by every rule, and need not be walked.

A decoder in C reads the body into a structure that has only what most requests have: plain texts,
and members whose check needs nothing but the value. What does not fit may be valid, too: then the
checks walk the body, and they alone know why something is refused.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from mockserver.protocols.openai.validation.restrictions import Restrictions
from mockserver.protocols.openai.validation.values import Body

MOST_CHARACTERS: Final = 10_485_760
"""The longest content; public issues saw 1,048,576 until 2024, and this number since."""
MOST_STOPS: Final = 4
_INT64: Final = 2**63


PLAIN_ROLES: Final = frozenset({"system", "assistant", "user", "developer"})
"""The roles whose messages need only content."""


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    role: Literal["system", "assistant", "user", "developer"]
    content: Annotated[str, Meta(max_length=MOST_CHARACTERS)]


class _StreamOptions(msgspec.Struct, forbid_unknown_fields=True):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


_Limit = Annotated[int, Meta(ge=1)] | None
_Penalty = Annotated[float, Meta(ge=-2, le=2)] | None
_MEMBERS: Final[dict[str, Any]] = {
    "temperature": Annotated[float, Meta(ge=0, le=2)] | None,
    "top_p": Annotated[float, Meta(ge=0, le=1)] | None,
    "presence_penalty": _Penalty,
    "frequency_penalty": _Penalty,
    "max_completion_tokens": _Limit,
    "max_tokens": _Limit,
    "stop": str | Annotated[list[str], Meta(max_length=MOST_STOPS)] | None,
    "stream": bool | None,
    "stream_options": _StreamOptions | None,
    "store": bool | None,
    "user": str | None,
    "seed": Annotated[int, Meta(ge=-_INT64, le=_INT64 - 1)] | None,
}
"""The members that are judged by their values alone, but for what `_agree` checks."""


def fast_look(restrictions: Restrictions) -> Callable[[bytes, Body], bool]:
    """Return what looks at a body as sent, and as read: whether it is valid beyond doubt.

    It takes no member that a model of *restrictions* may refuse.
    """
    refused = {
        *restrictions.lacks,
        *restrictions.unsupported,
        *restrictions.while_reasoning,
        *restrictions.incompatible,
    }
    if PLAIN_ROLES & restrictions.refused_roles or restrictions.audio == "required":
        return lambda _, __: False
    members = [(name, kind, None) for name, kind in _MEMBERS.items() if name not in refused]
    messages = Annotated[list[_Message], Meta(min_length=1)]
    choices = Annotated[int, Meta(ge=1, le=restrictions.most_choices)] | None
    plain = msgspec.defstruct(
        "PlainChat",
        [("model", str), ("messages", messages), *members, ("n", choices, None)],
        forbid_unknown_fields=True,
    )
    decode = msgspec.json.Decoder(plain).decode

    def look(sent: bytes, body: Body) -> bool:
        try:
            decode(sent)
        except msgspec.MsgspecError:
            return False
        return _agree(body)

    return look


def _agree(body: Body) -> bool:
    """Return whether members that need or exclude each other do not."""
    if "stream_options" in body and not body.get("stream"):
        return False
    return "max_tokens" not in body or "max_completion_tokens" not in body
