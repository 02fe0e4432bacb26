"""A conversation and an answer as a person reads them, in no protocol's terms."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from mockserver.contracts import Heard
from mockserver.control.inspecting.bounds import MOST_PARTS, Budget
from mockserver.control.shapes import ShownPart, ShownTurn
from mockserver.control.shapes.inspection import PartKind
from mockserver.conversation import (
    AnswerPart,
    Attachment,
    Findings,
    Item,
    Refusal,
    Speech,
    Text,
    Thought,
    ToolCall,
    ToolResult,
    Transcript,
    Vector,
)
from mockserver.wire.jsontext import is_list, is_object

NUMBERS_SHOWN: Final = 8
"""Numbers of a vector that are shown."""
DEEPEST: Final = 32
"""How deep attachments are looked for."""
AnyPart = AnswerPart | ToolResult | Attachment


class Medium(NamedTuple):
    """An image, a sound or a file in a request: its address or content, and its name."""

    url: str | None = None
    name: str | None = None


def turns_of(
    transcript: Transcript, inputs: Iterable[str], body: Any, budget: Budget
) -> tuple[ShownTurn, ...]:
    """Return what was asked, turn by turn.

    Args:
        transcript: The turns and prompts.
        inputs: The texts for each of which something is computed.
        body: The JSON of the request, for what attachments consist of.
        budget: What may be shown.

    """
    media = media_of(body)
    found: list[ShownTurn] = []
    left = MOST_PARTS
    for turn in transcript.turns:
        parts = tuple(_parts(turn.parts[:left], budget, media))
        left -= len(parts)
        found.append(ShownTurn(role=turn.role, parts=parts))
        if left <= 0:
            break
    for role, texts in (("prompt", transcript.prompts), ("input", inputs)):
        for text in islice(texts, max(left, 0)):
            found.append(ShownTurn(role=role, parts=(_text("text", text, budget),)))
            left -= 1
    return tuple(found)


def answer_of(heard: Heard, budget: Budget) -> tuple[ShownTurn, ...]:
    """Return what was answered, a turn for each choice or result."""
    generated = [
        ShownTurn(role="assistant", parts=tuple(_parts(choice.parts[:MOST_PARTS], budget, {})))
        for choice in heard.choices[:MOST_PARTS]
    ]
    computed = [
        ShownTurn(role="assistant", parts=(_text("item", _in_words(result), budget),))
        for result in heard.results[:MOST_PARTS]
    ]
    return (*generated, *computed)


def said(text: str | None, calls: Sequence[ToolCall], budget: Budget) -> tuple[ShownTurn, ...]:
    """Return an answer of which only its *text* and its tool *calls* are known."""
    texts = [Text(text)] if text else []
    parts = tuple(_parts([*texts, *calls], budget, {}))
    return (ShownTurn(role="assistant", parts=parts),) if parts else ()


def refused(content: str, budget: Budget) -> tuple[ShownTurn, ...]:
    """Return a refusal with this *content*."""
    return (ShownTurn(role="error", parts=(_text("text", content, budget),)),)


def _parts(
    parts: Iterable[AnyPart], budget: Budget, media: Mapping[str, deque[Medium]]
) -> Iterator[ShownPart]:
    for part in parts:
        match part:
            case Text(text):
                yield _text("text", text, budget)
            case Refusal(text):
                yield _text("refusal", text, budget)
            case Thought(text, summary):
                yield _text("thought", text or "\n\n".join(summary), budget)
            case Speech(text=text):
                yield _text("audio", text, budget)
            case ToolCall(name, arguments, identity):
                yield _text("tool_call", arguments, budget, name=name, identity=identity)
            case ToolResult(text, identity, name):
                yield _text("tool_result", text, budget, name=name, identity=identity)
            case Attachment(kind):
                waiting = media.get(kind)
                yield _medium(kind, waiting.popleft() if waiting else Medium(), budget)
            case Item(value):
                yield _text("item", json.dumps(value, ensure_ascii=False, indent=1), budget)


def _text(
    kind: PartKind,
    text: str,
    budget: Budget,
    *,
    name: str | None = None,
    identity: str | None = None,
) -> ShownPart:
    shown, cut = budget.text(text)
    return ShownPart(
        kind=kind,
        text=shown,
        name=None if name is None else budget.text(name)[0],
        id=None if identity is None else budget.text(identity)[0],
        cut=cut,
    )


def _medium(kind: PartKind, medium: Medium, budget: Budget) -> ShownPart:
    url, cut = (None, 0) if medium.url is None else budget.media(medium.url)
    name = None if medium.name is None else budget.text(medium.name)[0]
    return ShownPart(kind=kind, url=url, name=name, cut=cut)


def _in_words(result: object) -> str:
    """Return what was computed for one input."""
    match result:
        case Vector(numbers):
            shown = ", ".join(f"{number:.6g}" for number in numbers[:NUMBERS_SHOWN])
            more = len(numbers) - NUMBERS_SHOWN
            return f"[{shown}{f', … {more} more' if more > 0 else ''}]"
        case Findings(scores, flagged):
            lines = [f"flagged: {', '.join(sorted(flagged)) or 'nothing'}"]
            lines += [f"{name}: {score:.6g}" for name, score in scores.items()]
            return "\n".join(lines)
        case _:
            return json.dumps(result, ensure_ascii=False, default=str)


# --- What attachments consist of ------------------------------------------------------------------


def media_of(body: Any) -> dict[str, deque[Medium]]:
    """Return the images, sounds and files in *body*, by kind, in the order in which they are there.

    Protocols differ in where they put them: an object is one if it has a member with such a name.
    """
    found: dict[str, deque[Medium]] = {"image": deque(), "audio": deque(), "file": deque()}
    pending: list[tuple[Any, int]] = [(body, 0)]
    while pending:
        value, depth = pending.pop()
        if depth > DEEPEST:
            continue
        if is_list(value):
            pending += [(one, depth + 1) for one in reversed(value)]
        elif is_object(value):
            members: Mapping[str, Any] = value
            medium = _medium_in(members)
            if medium is None:
                pending += [(one, depth + 1) for one in reversed([*members.values()])]
            else:
                found[medium[0]].append(medium[1])
    return found


def _medium_in(members: Mapping[str, Any]) -> tuple[str, Medium] | None:
    match members:
        case {"image_url": {"url": str(url)}} | {"image_url": str(url)}:
            return "image", Medium(url)
        case {"input_audio": {"data": str(data), **rest}}:
            kind = rest.get("format")
            media_type = f"audio/{kind}" if isinstance(kind, str) and kind.isalnum() else "audio/*"
            return "audio", Medium(f"data:{media_type};base64,{data}")
        case {"type": "file", "file": inner} if is_object(inner):
            return "file", _file(inner)
        case {"type": "input_image" | "input_file" as kind}:
            return kind.removeprefix("input_"), _file(members)
        case {"type": "file", "mediaType": str(media_type), "data": data}:
            top = media_type.partition("/")[0]
            return top if top in {"image", "audio"} else "file", _held(media_type, data, members)
        case _:
            return None


def _file(members: Mapping[str, Any]) -> Medium:
    urls = [members.get(key) for key in ("file_data", "file_url", "file_id", "image_url")]
    names = [members.get(key) for key in ("filename", "file_id")]
    url = next((url for url in urls if isinstance(url, str)), None)
    return Medium(url, next((name for name in names if isinstance(name, str)), None))


def _held(media_type: str, data: Any, members: Mapping[str, Any]) -> Medium:
    name = members.get("filename")
    url: str | None = None
    match data:
        case str():
            is_address = data.startswith(("data:", "http:", "https:"))
            url = data if is_address else f"data:{media_type};base64,{data}"
        case {"url": str(address)}:
            url = address
        case {"data": str(content)}:
            url = f"data:{media_type};base64,{content}"
        case _:
            pass
    return Medium(url, name if isinstance(name, str) else None)
