"""What turns and answers are made of: parts, in the order in which a model reads or says them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """What is said."""

    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a model says instead of what was asked for, where a protocol has a place for it."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """What a model thinks before it goes on: billed, and shown where the provider shows it."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model makes, or made earlier in the conversation.

    *arguments* is the text as it stands on the wire, valid JSON or not. *id* is None where
    the answer's own id is still to be drawn, and for legacy functions, which have none.
    """

    name: str
    arguments: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool returned: the *id* of the call that asked for it, or at least the tool's *name*.

    *text* joins the texts of a result in parts by newlines.
    """

    text: str
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that is not text: an image, a sound, a file."""

    kind: Literal["image", "audio", "file"]


Part: TypeAlias = Text | Refusal | Thought | ToolCall | ToolResult | Attachment
