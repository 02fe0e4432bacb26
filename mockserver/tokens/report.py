"""What a request, or a recorded exchange, costs in tokens, part by part, for people.

The rules are those of the bill: all numbers come from `explain_prompt` and `count_completion`, and
from their like for the Responses API.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from mockserver.models import Catalogue, Model
from mockserver.tokens import (
    BilledChoice,
    Count,
    Part,
    PromptBreakdown,
    Recalled,
    count_completion,
    count_output,
    explain_items,
    explain_prompt,
)
from mockserver.tokens.evidence import Rule, about
from mockserver.tokens.items import Item, json_schema_of, kind_of, parts_of

Protocol: TypeAlias = Literal["chat", "responses", "embeddings"]
"""What a request asks of; legacy completions are reported as a chat is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a report: *what* costs *tokens*; *doubts* says where the rules guess."""

    what: str
    tokens: int
    doubts: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether bills confirm all rules that it was counted by."""
        return not self.doubts


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenReport:
    """What a request costs, and its answer where one was recorded.

    Attributes:
        model: The model whose rules counted: the one that answers.
        lines: The parts of the prompt: messages or items, tools, response format, overhead.
        prompt: Their sum.
        completion: What the answer costs; None without one.
        recorded_prompt: The recorded bill for the prompt, if there is one.
        recorded_completion: The same for the answer.
        protocol: Whose request it is: in the Responses API, the sums are called `input_tokens`
            and `output_tokens`.

    """

    model: Model
    lines: tuple[Line, ...]
    prompt: Count
    completion: Count | None = None
    recorded_prompt: int | None = None
    recorded_completion: int | None = None
    protocol: Protocol = "chat"


def token_report(
    document: Mapping[str, Any],
    catalogue: Catalogue | None = None,
    *,
    model: str | None = None,
    end_of_turn: bool = False,
) -> TokenReport:
    """Return what *document* costs.

    Args:
        document: A request's body (chat, legacy completions, Responses, embeddings), or an
            exchange: a mapping with that body as `request` and, if it was answered, a body as
            `response` or a list of streamed events as `chunks`.
        catalogue: Tells which snapshot answers for an alias; the shipped one by default.
        model: The model to count for, whatever the document names.
        end_of_turn: The deployment bills the token that ends each choice (Azure does).

    Raises:
        ValueError: The document is neither.

    """
    if not isinstance(document, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - a caller may not check types
        raise ValueError(  # noqa: TRY004 - as for a document without messages
            f"a request or an exchange is a mapping, such as {{'model': …, 'messages': […]}}, not "
            f"{document!r:.60}"
        )
    body = _mapping(document.get("request", document))
    if body is None or not ({"messages", "prompt", "input"} & body.keys()):
        raise ValueError(
            "this is neither a request (it has no 'messages', no 'input' and no 'prompt') nor an "
            "exchange (it has no such 'request')"
        )
    answer = _answer_of(document)
    known = catalogue or Catalogue()
    named = model or answer.get("model") or body.get("model") or ""
    found = known.resolve(known.resolve(named).answers_as)
    protocol = _protocol_of(body, found)
    items: Sequence[Item] = ()
    if protocol == "responses":
        items = _items_of(body)
        breakdown = _breakdown(body, found, items)
    else:
        breakdown = explain_prompt(body, found)
    # An answer that names an alias does not say which snapshot gave it.
    certain = model is not None or answer.get("model") in (None, found.id, found.answers_as)
    usage: Mapping[str, Any] = answer.get("usage") or {}
    sent, received = _SUMS[protocol]
    details: Mapping[str, Any] = usage.get(f"{received}_details") or {}
    reasoning_tokens: int = details.get("reasoning_tokens") or 0
    choices = [_billed(choice) for choice in answer.get("choices") or ()]
    completion = None
    if choices:
        completion = count_completion(
            body, choices, found, reasoning_tokens=reasoning_tokens, end_of_turn=end_of_turn
        )
    elif protocol == "responses" and answer.get("output"):
        completion = count_output(
            body, items, _billed_output(answer), found, reasoning_tokens=reasoning_tokens
        )
    return TokenReport(
        model=found,
        lines=tuple(_lines(breakdown.parts, body, found)),
        prompt=Count(breakdown.total.tokens, certain and breakdown.total.exact),
        completion=Count(completion.tokens, certain and completion.exact) if completion else None,
        recorded_prompt=usage.get(sent),
        recorded_completion=usage.get(received),
        protocol=protocol,
    )


_SUMS: Mapping[Protocol, tuple[str, str]] = {
    "chat": ("prompt_tokens", "completion_tokens"),
    "responses": ("input_tokens", "output_tokens"),
    "embeddings": ("prompt_tokens", "completion_tokens"),
}
"""What a recorded bill calls the tokens that are sent and those that are received."""


def _protocol_of(body: Mapping[str, Any], model: Model) -> Protocol:
    """Return whose request *body* is; embeddings are asked of models whose names say so."""
    if "messages" in body:
        return "chat"
    if "input" not in body:
        # The prompt of a Responses request is a template that the provider stores.
        return "responses" if _mapping(body.get("prompt")) is not None else "chat"
    embeds = "embed" in model.id.lower() or not {"dimensions", "encoding_format"}.isdisjoint(body)
    return "embeddings" if embeds else "responses"


def _items_of(body: Mapping[str, Any]) -> Sequence[Item]:
    """Return the input of *body* as items."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return parts_of(given)


def _breakdown(body: Mapping[str, Any], model: Model, items: Sequence[Item]) -> PromptBreakdown:
    """Return the bill for *items*; what came before them, if anything, is not in the document."""
    found = explain_items(body, items, model, _Replayed(body, items))
    if not (body.get("previous_response_id") or body.get("conversation")):
        return found
    unseen = Part("history", 0, Rule.FOREIGN_ITEMS)
    return PromptBreakdown((unseen, *found.parts))


class _Replayed:
    """Takes items that have an id for stored ones, which were answered as the document shows."""

    def __init__(self, body: Mapping[str, Any], items: Sequence[Item]) -> None:
        self._stores = body.get("store") is not False
        self._by_schema = json_schema_of(body) is not None
        calls = [kind_of(item) == "function_call" for item in items]
        pairs = zip(items, [False, *calls], calls, [*calls[1:], False], strict=False)
        self._alone = {
            id(item) for item, before, call, after in pairs if call and not (before or after)
        }

    def __call__(self, item: Item) -> Recalled | None:
        if not self._stores or not item.get("id"):
            return None
        return Recalled(alone=id(item) in self._alone, by_schema=self._by_schema)


def _lines(parts: Sequence[Part], body: Mapping[str, Any], model: Model) -> Iterator[Line]:
    for part in parts:
        match part.kind:
            case "tools":
                yield from _tools(part, body, model)
            case "message":
                yield _line(f"message {part.place} ({part.role})", part)
            case "item":
                yield _line(f"item {part.place} ({part.role})", part)
            case ("prompt" | "input") as kind if part.place is not None:
                yield _line(f"{kind} {part.place}", part)
            case kind:
                yield _line(kind.replace("_", " "), part)


def _line(what: str, part: Part) -> Line:
    return Line(what=what, tokens=part.tokens, doubts=about(part.doubts))


def _tools(part: Part, body: Mapping[str, Any], model: Model) -> Iterator[Line]:
    """Yield a line for each tool: what it adds to those before it; the first includes the frame."""
    key = "tools" if body.get("tools") else "functions"
    tools: Sequence[Mapping[str, Any]] = body[key]
    before = 0
    for number, tool in enumerate(tools, 1):
        shorter = {**body, key: tools[:number]}
        shorter.pop("tool_choice", None)
        if "messages" in body:
            found = explain_prompt(shorter, model)
        else:
            found = explain_items(shorter, [], model, _nothing)
        cost = next((part.tokens for part in found.parts if part.kind == "tools"), 0)
        spec: Mapping[str, Any] = tool.get("function") or tool
        name = spec.get("name") or tool.get("type", number)
        yield Line(what=f"tool {name}", tokens=cost - before, doubts=about(part.doubts))
        before = cost


def _nothing(_: Item) -> None:
    """Recall no item."""


def _answer_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer in *document* as one body; chunks are put together."""
    response = _mapping(document.get("response"))
    if response is not None:
        return response
    chunks = [_mapping(chunk) for chunk in document.get("chunks") or ()]
    whole = [chunk for chunk in chunks if chunk is not None]
    # An event of the Responses API that has the response has all of it; the last one counts.
    for event in reversed(whole):
        if (response := _mapping(event.get("response"))) is not None:
            return response
    return _joined(whole)


def _mapping(value: Any) -> Mapping[str, Any] | None:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else None


def _joined(chunks: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the body that a stream of *chunks* would have been."""
    choices: dict[int, dict[str, Any]] = {}
    body: dict[str, Any] = {}
    for chunk in chunks:
        body.setdefault("model", chunk.get("model"))
        if chunk.get("usage"):
            body["usage"] = chunk["usage"]
        for piece in chunk.get("choices") or ():
            choice = choices.setdefault(piece.get("index", 0), {"message": {"tool_calls": []}})
            choice["finish_reason"] = piece.get("finish_reason") or choice.get("finish_reason")
            if "text" in piece:
                choice["text"] = choice.get("text", "") + (piece["text"] or "")
            _add_delta(choice["message"], piece.get("delta") or {})
    body["choices"] = list(choices.values())
    return body


def _add_delta(message: dict[str, Any], delta: Mapping[str, Any]) -> None:
    for key in ("content", "refusal"):
        if delta.get(key):
            message[key] = (message.get(key) or "") + delta[key]
    for piece in delta.get("tool_calls") or ():
        calls: list[dict[str, Any]] = message["tool_calls"]
        index = piece.get("index", 0)
        while len(calls) <= index:
            calls.append({"function": {"name": "", "arguments": ""}})
        function: Mapping[str, Any] = piece.get("function") or {}
        for key in ("name", "arguments"):
            calls[index]["function"][key] += function.get(key) or ""


def _billed(choice: Mapping[str, Any]) -> BilledChoice:
    message: Mapping[str, Any] = choice.get("message") or {}
    calls = [
        (call["function"]["name"], call["function"].get("arguments") or "")
        for call in message.get("tool_calls") or ()
        if call.get("function")
    ]
    legacy = message.get("function_call")
    if legacy:
        calls.append((legacy["name"], legacy.get("arguments") or ""))
    return BilledChoice(
        text=choice.get("text") or message.get("content"),
        refusal=message.get("refusal"),
        calls=calls,
        cut=choice.get("finish_reason") == "length",
    )


def _billed_output(answer: Mapping[str, Any]) -> BilledChoice:
    """Return the items of an answer of the Responses API as one choice."""
    output = parts_of(answer.get("output"))
    parts = [part for item in output for part in parts_of(item.get("content"))]
    return BilledChoice(
        texts=[part["text"] for part in parts if part.get("type") == "output_text"],
        refusal="".join([part["refusal"] for part in parts if part.get("type") == "refusal"]),
        calls=[
            (item["name"], item.get("arguments") or "")
            for item in output
            if kind_of(item) == "function_call"
        ],
        custom_calls=[
            (item["name"], item.get("input") or "")
            for item in output
            if kind_of(item) == "custom_tool_call"
        ],
        cut=answer.get("status") == "incomplete",
    )
