"""What turns and answers are made of: parts, in the order in which a model reads or writes them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mockserver.wire.jsontext import JsonValue


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text.

    Attributes:
        text: What is said.
        phase: What it is for, in protocols that tell `commentary` from the `final_answer`; None:
            that follows from its place.
        annotations: What it refers to, as JSON objects, in protocols that have a place for them.

    """

    text: str
    phase: str | None = None
    annotations: tuple[JsonValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal by the model, for protocols that have a separate place for it."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """Reasoning of the model: billed, and shown if the provider shows it.

    Attributes:
        text: Its words.
        summary: What protocols show that summarise it, part by part.
        tokens: How many tokens it takes; None: those of its words, or of its summary.
        sealed: The text in which it is handed over unreadable; True: one is made; None: only if
            the request asks for it.

    """

    text: str
    summary: tuple[str, ...] = ()
    tokens: int | None = None
    sealed: str | bool | None = None


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
    to be drawn, and for legacy functions, which have none. A tool that takes any text instead of
    JSON *is_custom*. Arguments that are *spaced* are written here, as models write those of
    several calls; a protocol that hands them on without white space may.
    """

    name: str
    arguments: str
    id: str | None = None
    is_custom: bool = False
    spaced: bool = False


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


@dataclass(frozen=True, slots=True)
class Item:
    """Something that only one protocol has a form for: a JSON object, as it goes out there."""

    value: JsonValue


Part: TypeAlias = Text | Refusal | Thought | Speech | ToolCall | Item | ToolResult | Attachment
