"""An ordered answer, for protocols that interleave texts, reasoning and calls."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Final, Literal

from mockserver.contracts import ChoicePlace, OneOrMore, Reply, WrittenCall, json_length
from mockserver.conversation import (
    AnswerPart,
    Choice,
    IncomingCall,
    Item,
    Refusal,
    Text,
    Thought,
    ToolCall,
)
from mockserver.errors import BadValue
from mockserver.seeding import Draw
from mockserver.wire.jsontext import JsonValue, compact

OF_A_TEXT: Final = frozenset({"phase", "annotations"})
"""The keys of an item that say more of its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReasoning:
    """What the model thinks.

    Attributes:
        summary: What is shown of it, part by part; requests that ask for no summary get it, too.
        text: Its words, for providers that show them.
        tokens: How many tokens it takes; unless stated, those of its words, or of its summary.
        encrypted: The text in which it is handed over unreadable; true: one is made. Unless
            stated, it is there if the request asks for it.

    """

    never_null: ClassVar[frozenset[str]] = frozenset({"tokens", "encrypted"})

    summary: tuple[str, ...] = ()
    text: str = ""
    tokens: int | None = None
    encrypted: str | bool | None = None

    def __post_init__(self) -> None:
        if self.tokens is not None and self.tokens < 0:
            raise BadValue("tokens", f"'tokens' must be at least 0, not {self.tokens}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenCustomCall:
    """A call of a custom tool, which takes any text.

    Attributes:
        name: The tool's name.
        input: What it gets.
        id: The call's id; drawn unless stated.

    """

    never_null: ClassVar[frozenset[str]] = frozenset({"id"})

    name: str
    input: str = ""
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenItem:
    """One item: a text, a refusal, reasoning, a call, or an item as it goes out.

    Attributes:
        text: What is said.
        phase: What the text is for: `commentary` before calls, or the `final_answer`.
        annotations: What the text refers to, as the protocol has it.
        refusal: What is refused.
        reasoning: What the model thinks.
        call: A call of a function.
        custom_call: A call of a custom tool.
        raw: An item exactly as it goes out, such as that of a built-in tool.

    """

    never_null: ClassVar[frozenset[str]] = frozenset(
        {"text", "phase", "refusal", "reasoning", "call", "custom_call", "raw"}
    )

    text: str | None = None
    phase: Literal["commentary", "final_answer"] | None = None
    annotations: tuple[Mapping[str, JsonValue], ...] = ()
    refusal: str | None = None
    reasoning: WrittenReasoning | None = None
    call: WrittenCall | None = None
    custom_call: WrittenCustomCall | None = None
    raw: Mapping[str, JsonValue] | None = None

    def __post_init__(self) -> None:
        kinds = [one.name for one in fields(self) if one.name not in OF_A_TEXT]
        stated = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(stated) != 1:
            named = ", ".join(f"'{kind}'" for kind in kinds)
            what = f"'{stated[0]}' and '{stated[1]}' are two items" if stated else "this is no item"
            raise BadValue(stated[1] if stated else "text", what, f"an item has one of {named}")
        if self.text is None and (self.phase is not None or self.annotations):
            key = "phase" if self.phase is not None else "annotations"
            raise BadValue(key, f"'{key}' belongs to a 'text', not to a '{stated[0]}'")
        if self.raw is not None and not isinstance(self.raw.get("type"), str):
            raise BadValue("raw", "an item has a 'type', and it is a text")

    @property
    def length(self) -> int:
        """About how many characters it has."""
        texts = [self.text or "", self.refusal or ""]
        if self.reasoning is not None:
            texts += [self.reasoning.text, *self.reasoning.summary]
        sizes = [len(text) for text in texts]
        if self.call is not None:
            sizes.append(json_length(self.call.arguments))
        if self.custom_call is not None:
            sizes.append(len(self.custom_call.input))
        if self.raw is not None:
            sizes.append(json_length(self.raw))
        return sum(sizes)

    @property
    def part(self) -> AnswerPart:
        """What it is in an answer."""
        if self.refusal is not None:
            return Refusal(self.refusal)
        if self.reasoning is not None:
            thought = self.reasoning
            return Thought(thought.text, tuple(thought.summary), thought.tokens, thought.encrypted)
        if self.call is not None:
            sent = self.call.arguments
            written = sent if isinstance(sent, str) else compact(sent)
            return ToolCall(self.call.name, written, self.call.id)
        if self.custom_call is not None:
            made = self.custom_call
            return ToolCall(made.name, made.input, made.id, is_custom=True)
        if self.raw is not None:
            return Item(self.raw)
        return Text(self.text or "", self.phase, self.annotations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(Reply):
    """Answer with *items*, in their order.

    Where a protocol does not interleave, the texts are joined, and so are the calls; items as they
    go out are left out there, and the journal notes it.
    """

    kind = "items"
    indifferent: ClassVar[bool] = True

    items: OneOrMore[WrittenItem]

    def __post_init__(self) -> None:
        super(Items, self).__post_init__()
        if not self.items:
            raise BadValue("items", "'items' must hold at least one item")

    def expected_length(self, call: IncomingCall) -> int:
        """Return the length of all items, and that of the request if it is looked into."""
        own = sum([item.length for item in self.items])
        return own + (len(call.http.body) if self.template else 0)

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:  # noqa: ARG002 - ids are drawn when the answer is sent
        """Return the items."""
        return Choice(tuple([item.part for item in self.items]))
