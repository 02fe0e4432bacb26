"""A whole small protocol of another distribution: items in, named events out.

Nothing of it is like a chat: a request has `items`, texts or results of calls; an answer says
things in their order, one event for each token, by names, and nothing like `[DONE]` at its end. It
has a bill, ids and limits of its own. All that it needs is in `mockserver.contracts` and
`mockserver.conversation`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mockserver.contracts import (
    Answer,
    AnsweredCall,
    AnsweredChoice,
    AnsweredRefusal,
    AnsweredText,
    AnsweredThought,
    BilledChoice,
    BilledPrompt,
    Catalogue,
    ChoicePlace,
    Chunk,
    Count,
    Draw,
    EventStream,
    GeneratingEndpoint,
    HttpRequest,
    JsonBody,
    Mark,
    Model,
    Rendered,
    Reply,
    marks,
)
from mockserver.conversation import (
    AnswerPart,
    ApiError,
    Charge,
    Choice,
    IncomingCall,
    ModelRequest,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Transcript,
    Turn,
)

BODY = (Mark(marks.FINISH, ("ended",)), Mark(marks.USAGE, ("cost",)))
COST = Mark(marks.GENERATED, ("cost", "out"))


@dataclass(slots=True, kw_only=True, eq=False)
class ItemsRequest(ModelRequest):
    """A request of this protocol: *loud* is a member that no other has."""

    loud: bool = False


class EchoItems(GeneratingEndpoint):
    """`POST /v1/echo-items`."""

    kind = "echo.items"
    protocol = "echo"
    routes = (("POST", "/echo-items"),)
    dialects: ClassVar[frozenset[str]] = frozenset(
        {"aiml", "azure", "openai", "openrouter", "vercel_gateway"}
    )
    id_prefix = "echo-"
    id_length = 12

    def parse(self, http: HttpRequest, model: str | None, catalogue: Catalogue) -> ItemsRequest:
        """Return the request in *http*."""
        body = http.json
        items = body.get("items")
        if not isinstance(items, list):
            raise ApiError(400, "There are no items.", param="items", code="no_items")
        name = model or str(body.get("model"))
        known = catalogue.get(name)
        if known is None:
            raise ApiError(404, f"Nobody echoes as '{name}'.", code="no_such_voice")
        return ItemsRequest(
            sent=body,
            model=name,
            family=known.family,
            turns=tuple(_turns(items)),
            tools=tuple(Tool(str(name)) for name in body.get("may_call", ())),
            stream=bool(body.get("stream")),
            max_tokens=body.get("most"),
            store=bool(body.get("keep")),
            continues=body.get("after"),
            loud=bool(body.get("loud")),
        )

    def transcript(self, body: Mapping[str, Any]) -> Transcript:
        """Return what *body* tells."""
        items = body.get("items")
        offered = body.get("may_call")
        return Transcript(
            tuple(_turns(items if isinstance(items, list) else [])),
            tuple(Tool(str(name)) for name in (offered if isinstance(offered, list) else ())),
        )

    def charge(self, http: HttpRequest) -> Charge | None:
        """Return a hundred for each item."""
        items = http.json.get("items")
        return Charge(100 * len(items)) if isinstance(items, list) else None

    def bill_prompt(self, request: ModelRequest, model: Model) -> BilledPrompt:  # noqa: ARG002 - it costs the same with all
        """Return ten for each item."""
        return BilledPrompt(10 * len(request.turns), exact=True)

    def bill_answer(
        self,
        request: ModelRequest,
        choices: Sequence[BilledChoice],
        model: Model,
        *,
        reasoning_tokens: int = 0,
        end_of_turn: bool = False,  # noqa: ARG002 - it costs nothing
    ) -> Count:
        """Return one for each token, and five for each call."""
        said = super().bill_answer(request, choices, model, reasoning_tokens=reasoning_tokens)
        return Count(said.tokens + 5 * sum(len(choice.calls) for choice in choices))

    def render(self, answer: Answer) -> Rendered:
        """Return the items, in one piece or as events."""
        (choice,) = answer.choices
        if answer.request.stream:
            return EventStream(tuple(_events(answer, choice)))
        cost = _cost(answer)
        body = {
            "id": answer.id,
            "items": [_item(part) for part in choice.parts],
            "ended": choice.finish_reason,
            **({} if cost is None else {"cost": cost}),
        }
        said = [
            Mark(marks.CONTENT, ("items", number, "say"))
            for number, part in enumerate(choice.parts)
            if isinstance(part, AnsweredText)
        ]
        return JsonBody(body, marks=(*said, *BODY, COST))


def _turns(items: Sequence[Any]) -> Iterator[Turn]:
    for item in items:
        match item:
            case str():
                yield Turn("user", (Text(item),))
            case {"said": str(said)}:
                yield Turn("assistant", (Text(said),))
            case {"called": str(name), "as": str(identity)}:
                yield Turn("assistant", (ToolCall(name, str(item.get("with", "{}")), identity),))
            case {"returned": str(text), "as": str(identity)}:
                yield Turn("tool", (ToolResult(text, identity),))
            case _:
                pass


def _item(part: Any) -> dict[str, Any]:
    match part:
        case AnsweredText(text):
            return {"say": text}
        case AnsweredRefusal(text):
            return {"decline": text}
        case AnsweredThought(text):
            return {"think": text}
        case AnsweredCall(identity, name, arguments):
            return {"call": name, "as": identity, "with": arguments}
        case _:
            raise TypeError(part)


def _events(answer: Answer, choice: AnsweredChoice) -> Iterator[Chunk]:
    yield Chunk({"id": answer.id}, 0, (Mark(marks.ROLE, ("id",)),), "begun")
    for part in choice.parts:
        for (member, kind), text in _texts(part):
            for piece, tokens in text:
                yield Chunk({member: piece}, tokens, (Mark(kind, (member,)),), "item")
    finish = (Mark(marks.FINISH, ("ended",)),)
    yield Chunk({"ended": choice.finish_reason}, 0, finish, "ended")
    cost = _cost(answer)
    if cost is not None:
        yield Chunk({"cost": cost}, 0, (Mark(marks.USAGE, ("cost",)), COST), "cost")


def _texts(part: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    match part:
        case AnsweredText(text):
            yield ("say", marks.CONTENT), text.pieces
        case AnsweredRefusal(text):
            yield ("decline", marks.REFUSAL), text.pieces
        case AnsweredThought(text):
            yield ("think", marks.THOUGHT), text.pieces
        case AnsweredCall(identity, name, arguments):
            yield ("call", marks.CALL), ((name, 0),)
            yield ("as", marks.CALL), ((identity, 0),)
            yield ("with", marks.CALL), arguments.pieces
        case _:
            raise TypeError(part)


def _cost(answer: Answer) -> dict[str, int] | None:
    usage = answer.usage
    return None if usage is None else {"in": usage.prompt_tokens, "out": usage.completion_tokens}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interleaved(Reply):
    """Say something, call a tool, and go on: what newer protocols can say in one answer."""

    kind = "interleaved"

    name: str

    def choice(self, call: IncomingCall, place: ChoicePlace, draw: Draw) -> Choice:  # noqa: ARG002 - the same for all
        """Return a thought, a text, a call and another text."""
        parts: tuple[AnswerPart, ...] = (
            Text("Wait."),
            ToolCall(self.name, '{"now":true}'),
            Text("So."),
        )
        return Choice(parts)
