"""What an answer says that this server did not make: recorded, or another server's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mockserver.conversation import Choice, Usage
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.marks import Marks


class HeardEvent(NamedTuple):
    """What an event of a stream carries: tokens of the answer, and marks on its contents."""

    tokens: int = 0
    marks: Marks = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An answer, read: in no protocol's terms, as far as it could be read.

    Attributes:
        id: Its id.
        model: The model that answered, as the answer names it.
        created: When it was created, as Unix time.
        choices: What was generated: a choice has the ids of its tool calls as they were sent, and
            the words of its finish reason if scenarios know them.
        finish_reasons: Why each choice ended, in the answer's own words.
        results: What was computed, one result for each input, as `ComputedReply.result` has it.
        usage: The bill; None: none was sent.
        system_fingerprint: As it was sent.
        events: What each event of a stream carries, in order; empty for an answer in one piece.
        marks: The marks on an answer in one piece.
        tokens: How many tokens an answer in one piece has.
        members: What else it says that a scenario can state, by the keys of a reply (`provider` …).

    """

    id: str | None = None
    model: str | None = None
    created: int | None = None
    choices: tuple[Choice, ...] = ()
    finish_reasons: tuple[str | None, ...] = ()
    results: tuple[JsonValue, ...] = ()
    usage: Usage | None = None
    system_fingerprint: str | None = None
    events: tuple[HeardEvent, ...] = ()
    marks: Marks = ()
    tokens: int = 1
    members: Mapping[str, Any] = field(default_factory=dict[str, Any])


NOTHING_HEARD: Final = Heard()
