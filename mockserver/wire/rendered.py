"""What an endpoint writes, before a provider makes bytes of it: JSON bodies and event streams."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from mockserver.wire.jsontext import JsonValue

Layer = Literal["edge", "api", "models", "storage"]
"""Who answers: the `edge` (keys, unknown models and URLs), the `api` behind it, where models
generate, the service that tells of `models`, or the `storage` of what was answered. A provider's
layers print JSON differently.
"""


@dataclass(frozen=True, slots=True)
class JsonBody:
    """An answer in one piece, by *layer*."""

    value: JsonValue
    layer: Layer = "api"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event of a stream; *tokens* of the answer are complete with it."""

    value: JsonValue
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class EventStream:
    """An answer in server-sent events; the dialect adds what ends the stream.

    *obfuscated* streams carry padding, which hides the lengths of tokens from eavesdroppers.
    """

    chunks: Sequence[Chunk]
    content_type: str = "text/event-stream; charset=utf-8"
    obfuscated: bool = False


Rendered = JsonBody | EventStream


class Frame(NamedTuple):
    """Bytes of a body that may hold holes; *tokens* of the answer are complete with them."""

    text: bytes
    tokens: int = 0
