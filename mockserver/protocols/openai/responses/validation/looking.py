"""A fast look at a Responses body: what passes it is valid by every rule, and need not be walked.

It is made as the look at chat bodies is: see `mockserver.protocols.openai.validation.looking`.
"""

from collections import OrderedDict
from typing import Annotated, Any, Final, Literal, Protocol, cast

import msgspec
from msgspec import Meta

from mockserver.protocols.openai.responses.traits import NO_EFFORT, Traits
from mockserver.protocols.openai.responses.validation import parts

_TOOLS_KEPT: Final = 64
_MOST_TOOLS: Final = 65_536
"""The most bytes of tools that are known again."""
LEAST_OUTPUT: Final = 16
MOST_CACHE_KEY: Final = 64
MOST_SAFETY_IDENTIFIER: Final = 128


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    role: Literal["system", "assistant", "user", "developer"]
    content: Annotated[str, Meta(max_length=parts.MOST_TEXT)]


class _StreamOptions(msgspec.Struct, forbid_unknown_fields=True):
    include_obfuscation: bool | None = None


_MEMBERS: Final[dict[str, Any]] = {
    "instructions": str,
    "previous_response_id": str,
    "stream": bool,
    "stream_options": _StreamOptions,
    "store": bool,
    "parallel_tool_calls": bool,
    "tool_choice": Literal["none", "auto", "required"],
    "max_output_tokens": Annotated[int, Meta(ge=LEAST_OUTPUT)],
    "max_tool_calls": Annotated[int, Meta(ge=1)],
    "user": str,
    "safety_identifier": Annotated[str, Meta(max_length=MOST_SAFETY_IDENTIFIER)],
    "prompt_cache_key": Annotated[str, Meta(max_length=MOST_CACHE_KEY)],
    "truncation": Literal["auto", "disabled"],
    "service_tier": Literal["auto", "default", "fast", "flex", "priority"],
}
"""The members that are judged by their values alone, whatever the model. `background` is not."""
_SAMPLING: Final[dict[str, Any]] = {
    "temperature": Annotated[float, Meta(ge=0, le=2)],
    "top_p": Annotated[float, Meta(ge=0, le=1)],
}
"""Members that models take while they do not reason."""
_THOUGHTS: Final[dict[str, Any]] = {"include": list[Literal["reasoning.encrypted_content"]]}
"""Members that models take which can reason."""


class _Plain(Protocol):
    """What the decoder reads; the tools as they were sent, empty if there are none."""

    tools: msgspec.Raw


class FastLook:
    """The look at bodies for the models of some traits."""

    def __init__(self, traits: Traits) -> None:
        """Take no member that a model of *traits* may refuse."""
        members = dict(_MEMBERS)
        if traits.effort in (None, NO_EFFORT):
            members |= _SAMPLING
        if traits.reasons:
            members |= _THOUGHTS
        plain = msgspec.defstruct(
            "PlainResponse",
            [
                ("model", str),
                (
                    "input",
                    Annotated[str, Meta(min_length=1)]
                    | Annotated[list[_Message], Meta(min_length=1)],
                ),
                *((name, kind | None, None) for name, kind in members.items()),
                ("tools", msgspec.Raw, msgspec.Raw()),
            ],
            forbid_unknown_fields=True,
        )
        self._decode = msgspec.json.Decoder(plain).decode
        # What is not looked at here depends on the tools that are not there.
        self._needs_tools = traits.research
        self._tools: OrderedDict[bytes, None] = OrderedDict()

    def passes(self, sent: bytes) -> bool:
        """Return whether the body that was *sent* is valid beyond doubt."""
        tools = self._tools_of(sent)
        return tools is not None and (tools in self._tools if tools else not self._needs_tools)

    def learn(self, sent: bytes) -> None:
        """Remember the tools of a body that the checks have found to be valid."""
        tools = self._tools_of(sent)
        if tools and len(tools) <= _MOST_TOOLS:
            self._tools[tools] = None
            if len(self._tools) > _TOOLS_KEPT:
                self._tools.popitem(last=False)

    def _tools_of(self, sent: bytes) -> bytes | None:
        """Return the tools as sent, or nothing; None: something else of the body is in doubt."""
        try:
            return bytes(cast(_Plain, self._decode(sent)).tools)
        except msgspec.MsgspecError:
            return None
