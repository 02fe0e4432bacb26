"""What an endpoint writes, before a provider makes bytes of it: JSON bodies and event streams."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from mockserver.wire.jsontext import JsonValue
from mockserver.wire.marks import Marks

Layer: TypeAlias = Literal["edge", "api", "models", "storage"]
"""Who answers: the `edge` (keys, unknown models and URLs), the `api` behind it, where models
generate, the service that tells of `models`, or the `storage` of what was answered. A provider's
layers print JSON differently.
"""


@dataclass(frozen=True, slots=True)
class JsonBody:
    """An answer in one piece, by *layer*, with *marks* on what it says."""

    value: JsonValue
    layer: Layer = "api"
    marks: Marks = ()


class Chunk(NamedTuple):
    """One event of a stream; *tokens* of the answer are complete with it.

    *event* is its name, where the protocol gives it one; *marks* are on what it says.
    """

    value: JsonValue
    tokens: int = 0
    marks: Marks = ()
    event: str | None = None


@dataclass(frozen=True, slots=True)
class EventStream:
    """An answer in server-sent events.

    *obfuscated* streams carry padding, which hides the lengths of tokens from eavesdroppers. *end*
    is what follows the last event, where the protocol has something.
    """

    chunks: Sequence[Chunk]
    content_type: str = "text/event-stream; charset=utf-8"
    obfuscated: bool = False
    end: "Frame | None" = None


Rendered: TypeAlias = JsonBody | EventStream


class Frame(NamedTuple):
    """Bytes of a body that may hold holes; *tokens* of the answer are complete with them."""

    text: bytes
    tokens: int = 0
    marks: Marks = ()
