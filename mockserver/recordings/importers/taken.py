"""What is taken from a file of another tool."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.cassettes.recording import Recording
from mockserver.wire.jsontext import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is taken from a file of another tool.

    Attributes:
        recordings: The exchanges in it, in their order, with all the secrets that are there.
        scenario: What it says in rules instead, in our language; empty if it holds exchanges.
        left_out: What it has that is not taken, in words, each with its place and the reason.

    """

    recordings: tuple[Recording, ...] = ()
    scenario: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    left_out: tuple[str, ...] = ()
