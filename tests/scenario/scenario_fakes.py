"""Small plug-ins, so that the language is tested without the shipped kinds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from mockserver.contracts import (
    UNSTATED,
    ChoicePlace,
    Dialect,
    Distorted,
    Failure,
    GeneratingEndpoint,
    LookupEndpoint,
    Reply,
    Scene,
    Unstated,
)
from mockserver.conversation import Choice, IncomingCall, Text
from mockserver.errors import BadValue
from mockserver.seeding import Draw
from mockserver.wire.jsontext import JsonValue
from mockserver.wire.moments import AfterTokens, Moment
from mockserver.wire.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeReply(Reply):
    kind: ClassVar[str] = "fake"

    def choice(
        self,
        call: IncomingCall,  # noqa: ARG002 - the socket asks for it
        place: ChoicePlace,  # noqa: ARG002 - the socket asks for it
        draw: Draw,  # noqa: ARG002 - the socket asks for it
    ) -> Choice:
        return Choice((Text(""),))


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReply(FakeReply):
    """Text, as written."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    name: str
    arguments: Mapping[str, JsonValue] | str
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallsReply(FakeReply):
    kind: ClassVar[str] = "tool_calls"
    calls: tuple[Call, ...]
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonReply(FakeReply):
    kind: ClassVar[str] = "json"
    value: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesReply(FakeReply):
    kind: ClassVar[str] = "choices"
    choices: tuple[Reply, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OddReply(FakeReply):
    """One key for each form of annotation that the shipped kinds do not have."""

    kind: ClassVar[str] = "odd"
    number: float | None = None
    window: tuple[float, float | None] | None = None
    how: Literal["plain", "bent"] | int = "plain"
    null_or_not: int | Unstated | None = UNSTATED
    as_: str = ""

    def __post_init__(self) -> None:
        if self.as_ == "nonsense":
            raise ValueError("nonsense is not taken")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableReply(FakeReply):
    kind: ClassVar[str] = "unreadable"
    moment: Timeline | range


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeFailure(Failure):
    kind: ClassVar[str] = "fake"

    def distort(
        self,
        timeline: Timeline,
        scene: Scene,  # noqa: ARG002 - the socket asks for it
    ) -> Distorted:
        return Distorted(timeline)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpErrorFailure(FakeFailure):
    kind: ClassVar[str] = "http_error"
    status: int
    headers: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        super(HttpErrorFailure, self).__post_init__()
        if not 200 <= self.status <= 599:
            raise BadValue("status", f"{self.status} is no status", "say 200 to 599")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitFailure(FakeFailure):
    kind: ClassVar[str] = "rate_limit"
    retry_after_s: float | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectFailure(FakeFailure):
    kind: ClassVar[str] = "disconnect"
    how: Literal["rst", "fin"] = "rst"


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncateFailure(FakeFailure):
    kind: ClassVar[str] = "truncate"
    default_moment: ClassVar[Moment | None] = AfterTokens(1)


class FakeDialect(Dialect):
    kind: ClassVar[str] = "openai"


class ChatEndpoint(GeneratingEndpoint):
    kind: ClassVar[str] = "chat.completions"


class LegacyEndpoint(GeneratingEndpoint):
    kind: ClassVar[str] = "completions"


class ModelsEndpoint(LookupEndpoint):
    kind: ClassVar[str] = "models"
