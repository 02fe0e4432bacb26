"""A fast look at a chat body: what passes it is valid by every rule, and need not be walked.

A decoder in C reads the body into a structure that has only what most requests have: plain texts,
and members whose check needs nothing but the value. What does not fit may be valid, too: then the
checks walk the body, and they alone know why something is refused. Tools are not read but known
again: clients send the same ones with each request.
"""

from collections import OrderedDict
from typing import Annotated, Any, Final, Literal, Protocol, cast

import msgspec
from msgspec import Meta

from mockserver.protocols.openai.validation.restrictions import Restrictions
from mockserver.protocols.openai.validation.values import Body

MOST_CHARACTERS: Final = 10_485_760
"""The longest content; public issues saw 1,048,576 until 2024, and this number since."""
MOST_STOPS: Final = 4
_INT64: Final = 2**63
_TOOLS_KEPT: Final = 64
_MOST_TOOLS: Final = 65_536
"""The most bytes of tools that are known again."""


PLAIN_ROLES: Final = frozenset({"system", "assistant", "user", "developer"})
"""The roles whose messages need only content."""


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    role: Literal["system", "assistant", "user", "developer"]
    content: Annotated[str, Meta(max_length=MOST_CHARACTERS)]


class _StreamOptions(msgspec.Struct, forbid_unknown_fields=True):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


def _or_null(kind: Any) -> Any:
    return kind | None


_LIMIT: Final = _or_null(Annotated[int, Meta(ge=1)])
_PENALTY: Final = _or_null(Annotated[float, Meta(ge=-2, le=2)])
_FLAG: Final = _or_null(bool)
_MEMBERS: Final[dict[str, Any]] = {
    "temperature": _or_null(Annotated[float, Meta(ge=0, le=2)]),
    "top_p": _or_null(Annotated[float, Meta(ge=0, le=1)]),
    "presence_penalty": _PENALTY,
    "frequency_penalty": _PENALTY,
    "max_completion_tokens": _LIMIT,
    "max_tokens": _LIMIT,
    "stop": _or_null(str | _or_null(Annotated[list[str], Meta(max_length=MOST_STOPS)])),
    "stream": _FLAG,
    "stream_options": _or_null(_StreamOptions),
    "store": _FLAG,
    "user": _or_null(str),
    "seed": _or_null(Annotated[int, Meta(ge=-_INT64, le=_INT64 - 1)]),
    "tool_choice": _or_null(Literal["none", "auto", "required"]),
    "parallel_tool_calls": _FLAG,
}
"""The members that are judged by their values alone, but for what `_agree` checks."""


class _Plain(Protocol):
    """What the decoder reads; the tools as they were sent, empty if there are none."""

    tools: msgspec.Raw


class FastLook:
    """The look at bodies for the models of some restrictions."""

    def __init__(self, restrictions: Restrictions) -> None:
        """Take no member that a model of *restrictions* may refuse."""
        refused = {
            *restrictions.lacks,
            *restrictions.unsupported,
            *restrictions.while_reasoning,
            *restrictions.fixed,
            *restrictions.incompatible,
        }
        members = [(name, kind, None) for name, kind in _MEMBERS.items() if name not in refused]
        choices = _or_null(Annotated[int, Meta(ge=1, le=restrictions.most_choices)])
        tools = [("tools", msgspec.Raw, msgspec.Raw())]
        if (
            restrictions.tools_while_reasoning is not None
            or not restrictions.tools
            or "tools" in refused
        ):
            tools = []
        plain = msgspec.defstruct(
            "PlainChat",
            [
                ("model", str),
                ("messages", Annotated[list[_Message], Meta(min_length=1)]),
                *members,
                ("n", choices, None),
                *tools,
            ],
            forbid_unknown_fields=True,
        )
        self._decode = msgspec.json.Decoder(plain).decode
        self._reads_tools = bool(tools)
        self._has_all_roles = not PLAIN_ROLES & restrictions.refused_roles
        self._takes_texts = restrictions.audio != "required"
        self._tools: OrderedDict[bytes, None] = OrderedDict()

    def passes(self, sent: bytes, body: Body) -> bool:
        """Return whether a body, as *sent* and as read, is valid beyond doubt."""
        tools = self._tools_of(sent, body)
        return tools is not None and (not tools or tools in self._tools)

    def learn(self, sent: bytes, body: Body) -> None:
        """Remember the tools of a body that the checks have found to be valid."""
        tools = self._tools_of(sent, body)
        if tools and len(tools) <= _MOST_TOOLS:
            self._tools[tools] = None
            if len(self._tools) > _TOOLS_KEPT:
                self._tools.popitem(last=False)

    def _tools_of(self, sent: bytes, body: Body) -> bytes | None:
        """Return the tools as sent, or nothing; None: something else of the body is in doubt."""
        if not (self._has_all_roles and self._takes_texts):
            return None
        try:
            read = cast(_Plain, self._decode(sent))
        except msgspec.MsgspecError:
            return None
        if not _agree(body):
            return None
        return bytes(read.tools) if self._reads_tools else b""


def _agree(body: Body) -> bool:
    """Return whether members that need or exclude each other do not."""
    if "stream_options" in body and not body.get("stream"):
        return False
    if ("tool_choice" in body or "parallel_tool_calls" in body) and body.get("tools") is None:
        return False
    return "max_tokens" not in body or "max_completion_tokens" not in body
