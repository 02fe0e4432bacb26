"""What is taken from a file of another tool."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.cassettes.recording import Recording
from mockserver.errors import MockServerError
from mockserver.wire.jsontext import JsonValue


class UnreadableError(MockServerError):
    """A file of another tool that cannot be read, or that is none of a known format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is taken from a file of another tool.

    Attributes:
        recordings: The exchanges in it, in their order, with all the secrets that are there.
        scenario: What it says in rules instead, in our language; empty if it holds exchanges.
        left_out: What it has that is not taken, in words: `file, interaction 3: reason` each.
        notes: What is taken in another sense than it has there, in the same form.

    """

    recordings: tuple[Recording, ...] = ()
    scenario: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
