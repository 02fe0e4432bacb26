"""What an endpoint renders, before a dialect encodes it: JSON bodies and event streams."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from mockserver.wire.jsontext import JsonValue
from mockserver.wire.marks import Marks

Layer: TypeAlias = Literal["edge", "api", "models", "moderation", "responses", "storage", "vectors"]
"""Who answers: the `edge` (keys, unknown models and URLs), the `api` behind it, where models
generate, the service that describes `models`, that which moderates, that of the newer `responses`,
the `storage` of answers, or the newer service for `vectors`. A provider's layers print JSON
differently.
"""


# Final instead of frozen: values that are made for each request are made faster so.
@dataclass(slots=True)
class JsonBody:
    """An answer in one piece, by *layer*, with *marks* on its contents."""

    value: Final[JsonValue]
    layer: Final[Layer] = "api"
    marks: Final[Marks] = ()


class Chunk(NamedTuple):
    """One event of a stream; *tokens* is how many tokens of the answer it completes.

    *event* is its name, if the protocol names events; *marks* are on its contents. *measured* is
    the number of characters that its padding completes, if it has a place for padding: those of
    its JSON, or if it *pads_text* those of its text, as they are before they are JSON. It is sent
    *after_s* seconds of session time after the event before it, if it is looked up.
    """

    value: JsonValue
    tokens: int = 0
    marks: Marks = ()
    event: str | None = None
    measured: int | None = None
    pads_text: bool = False
    after_s: float = 0.0


@dataclass(slots=True)
class EventStream:
    """An answer in server-sent events.

    *obfuscated* streams carry padding, which hides the lengths of tokens from eavesdroppers. *end*
    follows the last event, if the protocol has such an end.
    """

    chunks: Final[Sequence[Chunk]]
    content_type: Final[str] = "text/event-stream; charset=utf-8"
    obfuscated: Final[bool] = False
    end: Final["Frame | None"] = None


Rendered: TypeAlias = JsonBody | EventStream


class Frame(NamedTuple):
    """Bytes of a body, perhaps with holes; *tokens* is how many tokens they complete."""

    text: bytes
    tokens: int = 0
    marks: Marks = ()
