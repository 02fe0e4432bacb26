"""What a request, or a recorded exchange, costs in tokens, part by part, for people.

The rules are those of the bill: all numbers come from `explain_prompt` and `count_completion`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from mockserver.models import Catalogue, Model
from mockserver.tokens import BilledChoice, Count, Part, count_completion, explain_prompt
from mockserver.tokens.evidence import about


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
        lines: The parts of the prompt: messages, tools, response format, overhead.
        prompt: Their sum.
        completion: What the answer costs; None without one.
        recorded_prompt: The recorded bill for the prompt, if there is one.
        recorded_completion: The same for the answer.

    """

    model: Model
    lines: tuple[Line, ...]
    prompt: Count
    completion: Count | None = None
    recorded_prompt: int | None = None
    recorded_completion: int | None = None


def token_report(
    document: Mapping[str, Any],
    catalogue: Catalogue | None = None,
    *,
    model: str | None = None,
    end_of_turn: bool = False,
) -> TokenReport:
    """Return what *document* costs.

    Args:
        document: A request's body (chat or legacy completions), or an exchange: a mapping with
            that body as `request` and, if it was answered, a body as `response` or a list of
            streamed events as `chunks`.
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
    if body is None or not ({"messages", "prompt"} & body.keys()):
        raise ValueError(
            "this is neither a request (it has no 'messages' and no 'prompt') nor an exchange "
            "(it has no such 'request')"
        )
    answer = _answer_of(document)
    known = catalogue or Catalogue()
    named = model or answer.get("model") or body.get("model") or ""
    found = known.resolve(known.resolve(named).answers_as)
    breakdown = explain_prompt(body, found)
    # An answer that names an alias does not say which snapshot gave it.
    certain = model is not None or answer.get("model") in (None, found.id, found.answers_as)
    usage: Mapping[str, Any] = answer.get("usage") or {}
    details: Mapping[str, Any] = usage.get("completion_tokens_details") or {}
    choices = [_billed(choice) for choice in answer.get("choices") or ()]
    completion = None
    if choices:
        completion = count_completion(
            body,
            choices,
            found,
            reasoning_tokens=details.get("reasoning_tokens") or 0,
            end_of_turn=end_of_turn,
        )
    return TokenReport(
        model=found,
        lines=tuple(_lines(breakdown.parts, body, found)),
        prompt=Count(breakdown.total.tokens, certain and breakdown.total.exact),
        completion=Count(completion.tokens, certain and completion.exact) if completion else None,
        recorded_prompt=usage.get("prompt_tokens"),
        recorded_completion=usage.get("completion_tokens"),
    )


def _lines(parts: Sequence[Part], body: Mapping[str, Any], model: Model) -> Iterator[Line]:
    for part in parts:
        match part.kind:
            case "tools":
                yield from _tools(part, body, model)
            case "message":
                yield _line(f"message {part.place} ({part.role})", part)
            case "prompt" if part.place is not None:
                yield _line(f"prompt {part.place}", part)
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
        cost = next(
            (p.tokens for p in explain_prompt(shorter, model).parts if p.kind == "tools"), 0
        )
        spec: Mapping[str, Any] = tool.get("function") or tool
        name = spec.get("name", number)
        yield Line(what=f"tool {name}", tokens=cost - before, doubts=about(part.doubts))
        before = cost


def _answer_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer in *document* as one body; chunks are put together."""
    response = _mapping(document.get("response"))
    if response is not None:
        return response
    chunks = [_mapping(chunk) for chunk in document.get("chunks") or ()]
    return _joined([chunk for chunk in chunks if chunk is not None])


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
