"""What turns and answers are made of: parts, in the order in which a model reads or writes them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal by the model, for protocols that have a separate place for it."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """Reasoning of the model: billed, and shown if the provider shows it."""

    text: str


@dataclass(frozen=True, slots=True)
class Speech:
    """Something that the model says aloud.

    Attributes:
        text: What is said.
        seconds: How long that takes.
        key: What is drawn of the sound's id: 24 hex digits.
        data: The sound, in base64; None: the protocol makes one.
        id: The sound's id; None: it is made from *key*.
        expires_at: Until when the sound may be referred to, as Unix time; None: for an hour.

    """

    text: str
    seconds: float
    key: str
    data: str | None = None
    id: str | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that the model makes, or made earlier in the conversation.

    *arguments* is the text as it is on the wire, valid JSON or not. *id* is None if it is still
    to be drawn, and for legacy functions, which have none.
    """

    name: str
    arguments: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool returned: with the *id* of its tool call, or at least the tool's *name*.

    If the result has several parts, *text* joins their texts with newlines.
    """

    text: str
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that is not text: an image, a sound, a file."""

    kind: Literal["image", "audio", "file"]


Part: TypeAlias = Text | Refusal | Thought | Speech | ToolCall | ToolResult | Attachment
