"""What a request carries on its way: what was asked, what it was found to mean, what it gets.

All of it is values. The one thing that is written to on the way is the journal's `Call`.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeAlias

from mockserver.caching import BoundedTable
from mockserver.contracts import Answer, AnsweredChoice, Reply
from mockserver.conversation import ApiError, Choice, IncomingCall, ModelRequest, ToolCall, Usage
from mockserver.engine.routing import Route
from mockserver.models import Catalogue
from mockserver.records.journal import Call
from mockserver.seeding import Draw
from mockserver.sessions.rules import Given
from mockserver.sessions.session import Session
from mockserver.shaping.cutting import Shaped
from mockserver.tokens import Count
from mockserver.traffic.turns import Places
from mockserver.wire.forms import Form
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.jsontext import Filling, JsonValue, TokenText
from mockserver.wire.moulds import NO_TEXT, Joined, Mould, Settled
from mockserver.wire.rendered import Frame
from mockserver.wire.timeline import Head, Timeline


@dataclass(slots=True, eq=False)
class Asked:
    """One request: who sends it, where it leads, what is drawn for it. Nothing writes to it.

    Attributes:
        http: The request, its path below the session.
        session: The session that it is for.
        route: Where it leads.
        catalogue: The models that the dialect has.
        content: A digest of the path and the body.
        occurrence: Which request with that content this is, counting from 1.
        draw: What is drawn from for this occurrence.
        secrets: What came with it in headers or query: the journal must not hold them.
        places: Its places among the answers that are made at once.

    """

    # Final instead of frozen: a frozen dataclass takes 1 µs longer to make, for each request.
    http: Final[HttpRequest]
    session: Final[Session]
    route: Final[Route]
    catalogue: Final[Catalogue]
    content: Final[bytes]
    occurrence: Final[int]
    draw: Final[Draw]
    secrets: Final[Sequence[bytes]]
    places: Final[Places]

    @property
    def steady(self) -> Draw:
        """What is drawn from for all that is the same each time the request comes."""
        if self.occurrence == 1:
            return self.draw
        return Draw(self.session.seed, self.content)


class Summary(NamedTuple):
    """What the journal keeps of an answer; ids of tool calls may be holes' marks."""

    text: str | None
    finish_reason: str
    tool_calls: tuple[ToolCall, ...] = ()


class Pace(NamedTuple):
    """What the time of an answer depends on, besides its tokens.

    Attributes:
        model: The model that answers, by whose load answers grow slower.
        prompt_tokens: How much of the prompt it has to read: what is cached it has read.
        choices: How many choices are made side by side.
        streamed: Whether the answer goes out as it is made.
        unsent_tokens: How many tokens take their time of which a body has nothing.

    """

    model: str
    prompt_tokens: int
    choices: int = 1
    streamed: bool = False
    unsent_tokens: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class Made:
    """What was generated or computed for an answer, before it is rendered.

    Attributes:
        reply: What wrote it.
        written: What it wrote, where that was not shaped.
        shaped: What its choices were made from, where that is more than a plain text.
        choices: The choices, cut and in tokens, where something is generated.
        results: The results, one for each input, where something is computed.
        generated: What is billed as generated.
        thought: The words of the reasoning before it, if there are any.
        thought_tokens: How long that was.
        drawn_calls: How many ids of tool calls are holes.
        calls_tools: Whether any of the choices calls a tool.
        doubts: What the API would not have answered, a sentence for each.

    """

    reply: Final[Reply | None] = None
    written: Final[Sequence[Choice]] = ()
    shaped: Final[Shaped | None] = None
    choices: Final[tuple[AnsweredChoice, ...]] = ()
    results: Final[tuple[JsonValue, ...]] = ()
    generated: Final[Count] = Count(0)
    thought: Final[TokenText | None] = None
    thought_tokens: Final[int] = 0
    drawn_calls: Final[int] = 0
    calls_tools: Final[bool] = False
    doubts: Final[tuple[str, ...]] = ()


@dataclass(slots=True, eq=False)
class Envelope:
    """An answer rendered for all requests that get one like it; holes for what differs.

    Attributes:
        choices: The choices that are in it, kept alive; nothing else of a request is.
        head: Its head.
        moulds: Its body.
        by_token: Whether a frame of the body ends after each token.
        is_stream: Whether the body is a stream of events.
        lines: The headers, read so that they are filled at once; None: that is not worth it.
        whole: The body, likewise; None, too, where it is not a single frame.
        drawn: The marks of what is drawn each time that an answer goes out.
        repeats_text: Whether it has places for the whole text besides those of its pieces.

    """

    choices: Final[tuple[AnsweredChoice, ...]]
    head: Final[Head]
    moulds: Final[tuple[Mould, ...]]
    by_token: Final[bool]
    is_stream: Final[bool]
    lines: Final[Form | None] = None
    whole: Final[Joined | Settled | None] = None
    drawn: Final[tuple[str, ...]] = ()
    repeats_text: Final[bool] = False

    size: int = field(init=False)
    """How many characters its body has, without its text and padding."""

    def __post_init__(self) -> None:
        self.size = sum([len(mould.whole) for mould in self.moulds])


@dataclass(slots=True, eq=False)
class Contents:
    """What is poured into an envelope for one answer; *values* are for its holes."""

    envelope: Final[Envelope]
    text: Final[TokenText]
    padding: Final[str]
    values: Final[Filling]
    texts: Final[tuple[TokenText, ...]] = ()
    """The texts of several choices that are streamed in turn, instead of *text*."""

    def settled(self) -> "Contents":
        """Return what goes out of it each time, for bodies that come again: only draws are left."""
        envelope = self.envelope
        lines, whole, drawn = envelope.lines, envelope.whole, envelope.drawn
        if lines is None or whole is None:
            return self
        values = {**self.values, **{mark: mark for mark in drawn}}
        text, tokens = whole.poured(values, self.text, self.padding)
        settled = replace(
            envelope,
            lines=Form(lines.filled(values), drawn),
            whole=Settled(text, tokens, drawn),
        )
        return Contents(settled, NO_TEXT, "", {})


@dataclass(slots=True, eq=False)
class Ready:
    """An answer that lacks only what is drawn for each occurrence: its holes.

    It stands alone: what was generated, computed, looked up or answered by another server goes
    out in the same way.

    Attributes:
        body: Head and body: what is in an envelope, or frames as they are.
        added: Lines that are added to the head.
        usage: The bill; None: no bill is sent.
        pace: What its time depends on; None: it takes none.
        summary: What the journal keeps of it; None: nothing.
        calls_tools: Whether any of its choices calls a tool.
        notes: Notes for the journal, such as where the API could not have answered so.
        unoffered: The tool calls of tools that the request does not offer, in words.
        off_schema: The JSON that is not valid for the request's schemas, in words.
        answer_id: The id of an answer that was not made here.
        error_code: The code of a refusal that was not made here.
        bent: The positions of the failures that bent it before it was rendered.
        answer: What an endpoint made it of, which has an id and may be kept; None: nothing.
        drawn_calls: How many ids of tool calls are holes.

    """

    body: Final["Contents | Plain"]
    added: Final[bytes] = b""
    usage: Final[Usage | None] = None
    pace: Final[Pace | None] = None
    summary: Final[Summary | None] = None
    calls_tools: Final[bool] = False
    notes: Final[tuple[str, ...]] = ()
    bent: Final[frozenset[int]] = frozenset()
    answer: Final[Answer | None] = None
    drawn_calls: Final[int] = 0
    unoffered: Final[tuple[str, ...]] = ()
    off_schema: Final[tuple[str, ...]] = ()
    answer_id: Final[str | None] = None
    error_code: Final[str | None] = None

    def settled(self) -> "Ready":
        """Return it as it is kept for when the same body comes again."""
        body = self.body
        return self if isinstance(body, Plain) else replace(self, body=body.settled())

    @property
    def size(self) -> int:
        """About how many characters its body has."""
        if isinstance(self.body, Plain):
            return sum([len(frame.text) for frame in self.body.frames])
        return self.body.envelope.size + sum(map(len, (self.body.text, *self.body.texts)))


class Plain(NamedTuple):
    """Head and body that are known to the last byte, but for the holes in the head.

    *waits_s* are the pauses before each of the frames, in seconds; empty: there are none.
    *opens_s* is the one before the head. If it *is_cut*, the connection ends after the last frame.
    """

    head: Head
    frames: tuple[Frame, ...]
    waits_s: tuple[float, ...] = ()
    opens_s: float = 0.0
    is_cut: bool = False


class Kept:
    """What memory keeps beside a request, for when the very same comes again.

    *held* are the rules that may hold for it, *ready* the last *most* answers that it got.
    """

    __slots__ = ("held", "ready")

    def __init__(self, most: int) -> None:
        self.held: OrderedDict[object, tuple[int, ...]] = OrderedDict()
        self.ready: BoundedTable[Hashable, tuple[Reply, Ready]] = BoundedTable(most)


@dataclass(slots=True, eq=False)
class Understood:
    """What a request means: what is asked of a model, *model* as the journal shows it.

    *conversation* identifies the conversation in the journal. *fallbacks* are what the
    provider itself asks instead, one after the other, where no answer comes of it. *kept* is what
    memory keeps beside it; None: it is not remembered itself.
    """

    request: Final[ModelRequest]
    model: Final[str]
    conversation: Final[str]
    fallbacks: Final["tuple[Understood, ...]"] = ()
    kept: Kept | None = None


Meaning: TypeAlias = Understood | ApiError
"""What a request was found to mean: something to answer, or to refuse."""


class Prepared(NamedTuple):
    """The slow part of a large request, done before the session is asked.

    Attributes:
        meaning: What it was found to mean; None: there is nothing to understand.
        content: A digest of the path and the body.
        redacted: The body without secrets; None: it is too large to keep.

    """

    meaning: Meaning | None
    content: bytes
    redacted: bytes | None


@dataclass(slots=True, eq=False)
class Matched:
    """What is *given* to a call: to that which came in, or to what the provider asks instead."""

    incoming: Final[IncomingCall]
    understood: Final[Understood | None]
    given: Final[Given]


class Unmade(NamedTuple):
    """An answer that takes long to make.

    What depends on the order of calls has been done by then, so that it does not matter when and
    where it is made. *running* is how many answers of its model are being made; None: the time
    that it takes does not depend on that.
    """

    asked: Asked
    call: Call
    matched: Matched
    running: int | None


class Stamped(NamedTuple):
    """An answer with all its holes filled: head and body, and what went into the holes.

    Where it takes time to make, that is in the timeline.
    """

    timeline: Timeline
    values: Filling


class Finished(NamedTuple):
    """An answer that is made, and what goes out of it: with its latency, and what goes wrong."""

    ready: Ready
    stamped: Stamped
    timeline: Timeline
