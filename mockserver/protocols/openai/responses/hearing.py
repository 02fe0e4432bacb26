"""A response that this server did not make, read; marks are those of our own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mockserver import tokens
from mockserver.contracts import Heard, HeardEvent
from mockserver.conversation import (
    AnswerPart,
    Choice,
    FinishReason,
    Item,
    Refusal,
    Text,
    Thought,
    ToolCall,
    Usage,
)
from mockserver.protocols.openai.hearing import (
    END,
    END_MARKS,
    Pieces,
    amount,
    count_of,
    encoding_of,
    items_of,
    member,
    moment,
    objects,
    summed,
    whole,
    words,
    written,
)
from mockserver.protocols.openai.responses.marks import (
    ENDS,
    HAS_ROLE,
    IS_DONE,
    OPENS,
    PLAIN,
    SAYS,
    SAYS_PADDED,
    body_marks,
)
from mockserver.wire.events import ServerEvent
from mockserver.wire.jsontext import JsonValue, is_object
from mockserver.wire.marks import CALL, CONTENT, ORDINAL, REFUSAL, THOUGHT, Marks

Json = dict[str, JsonValue]

OPENING: Final = frozenset({"response.created", "response.queued", "response.in_progress"})
ENDING: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
SAID_BY: Final[Mapping[str, str]] = {
    "response.output_text.delta": CONTENT,
    "response.refusal.delta": REFUSAL,
    "response.reasoning_summary_text.delta": THOUGHT,
    "response.reasoning_text.delta": THOUGHT,
    "response.function_call_arguments.delta": CALL,
    "response.custom_tool_call_input.delta": CALL,
    "response.code_interpreter_call_code.delta": CALL,
    "response.mcp_call_arguments.delta": CALL,
    "response.apply_patch_call_operation_diff.delta": CALL,
    "response.shell_call_command.delta": CALL,
}
"""What the pieces in events are of, by the type of the event."""
AT_ONCE: Final = frozenset({"response.mcp_call_arguments.delta"})
"""Events with a text that comes whole, so that its tokens take no time."""
UNFINISHED: Final = frozenset({"queued", "in_progress"})
ENDED_BY: Final[Mapping[str | None, FinishReason]] = {
    "max_output_tokens": "length",
    "content_filter": "content_filter",
}
"""Why responses are incomplete, in the words of scenarios."""
NOT_PLAIN: Final = ("namespace", "caller")
"""Members of a call that scenarios have no word for."""


def response_heard(
    sent: Mapping[str, Any], body: JsonValue, events: Sequence[ServerEvent]
) -> Heard:
    """Return what an answer to the request *sent* says: *body*, or the *events* of a stream."""
    if events:
        return _Stream(sent, events).heard
    output = objects(body, "output")
    encoding = encoding_of(words(body, "model"), words(sent, "model"))
    heard = _of(body, output)
    if not is_object(body):
        return heard
    texts = [text for choice in heard.choices for part in choice.parts for text in _texts(part)]
    count = count_of(texts, encoding)
    kinds = [words(item, "type") or "" for item in items_of(body, "output")]
    return replace(heard, marks=body_marks(kinds), tokens=count)


def _of(response: JsonValue, output: Sequence[Json]) -> Heard:
    """Return what *response* says, which has put out *output*."""
    status = words(response, "status")
    usage = _bill(member(response, "usage"))
    reason = words(response, "incomplete_details", "reason")
    ended: FinishReason | None = None
    if status == "incomplete":
        ended = ENDED_BY.get(reason, "length")
    elif status == "failed":
        ended = "error"
    choices: tuple[Choice, ...] = ()
    if output or status not in {None, *UNFINISHED}:
        choices = (Choice(tuple(_parts(output, usage)), ended),)
    return Heard(
        id=words(response, "id"),
        model=words(response, "model") or None,
        created=moment(response, "created_at"),
        choices=choices,
        finish_reasons=(reason if status == "incomplete" else status,) if choices else (),
        usage=usage,
    )


def _bill(usage: JsonValue) -> Usage | None:
    read, wrote = whole(usage, "input_tokens"), whole(usage, "output_tokens")
    if read is None and wrote is None:
        return None
    found = Usage(
        read or 0,
        wrote or 0,
        cached_tokens=whole(usage, "input_tokens_details", "cached_tokens") or 0,
        reasoning_tokens=whole(usage, "output_tokens_details", "reasoning_tokens") or 0,
        cache_write_tokens=whole(usage, "input_tokens_details", "cache_write_tokens") or 0,
        cost=amount(usage, "cost"),
    )
    return summed(found, whole(usage, "total_tokens"))


# --- Items -----------------------------------------------------------------------------------


def _parts(output: Sequence[Json], usage: Usage | None) -> list[AnswerPart]:
    """Return the parts that *output* is; a single thought has all tokens of reasoning."""
    parts = [_part(item) for item in output]
    thoughts = sum([isinstance(part, Thought) for part in parts])
    if thoughts == 1 and usage is not None:
        count = usage.reasoning_tokens
        return [
            replace(part, tokens=count) if isinstance(part, Thought) else part for part in parts
        ]
    return parts


def _part(item: Json) -> AnswerPart:
    """Return what *item* is; what scenarios have no word for stays as it is."""
    is_plain = words(item, "call_id") is not None and not any(item.get(key) for key in NOT_PLAIN)
    match item.get("type"):
        case "message":
            return _said(item)
        case "reasoning" if not item.get("content"):
            summary = [words(part, "text") or "" for part in objects(item, "summary")]
            sealed = words(item, "encrypted_content") or None
            return Thought("", tuple(summary), None, sealed)
        case "function_call" if is_plain:
            return _call(item, "arguments")
        case "custom_tool_call" if is_plain:
            return _call(item, "input")
        case _:
            return Item(item)


def _said(item: Json) -> AnswerPart:
    content = items_of(item, "content")
    part = content[0] if len(content) == 1 else None
    match member(part, "type"):
        case "output_text":
            annotations = tuple(objects(part, "annotations"))
            return Text(words(part, "text") or "", words(item, "phase"), annotations)
        case "refusal":
            return Refusal(words(part, "refusal") or "")
        case _:
            return Item(item)


def _call(item: Json, named: str) -> ToolCall:
    return ToolCall(
        words(item, "name") or "",
        written(item.get(named)),
        words(item, "call_id"),
        is_custom=named == "input",
    )


def _texts(part: AnswerPart) -> Sequence[str]:
    match part:
        case Text(text) | Refusal(text):
            return (text,)
        case Thought(_, summary):
            return summary
        case ToolCall(_, arguments):
            return (arguments,)
        case Item(value):
            return [words(one, "text") or "" for one in objects(value, "content")]
        case _:
            return ()


# --- A stream --------------------------------------------------------------------------------


class _Stream:
    """The events of one response, read one after the other."""

    def __init__(self, sent: Mapping[str, Any], events: Sequence[ServerEvent]) -> None:
        self._pieces = Pieces()
        self._response: Json = {}
        self._items: dict[int, Json] = {}
        self._thoughts: dict[int, int] = {}
        """The events that end a thought, by the number of its item."""
        marks = [self._read(number, event) for number, event in enumerate(events)]
        encoding = encoding_of(words(self._response, "model"), words(sent, "model"))
        output = objects(self._response, "output") or self._gathered()
        heard = _of(self._response, output)
        counted = list(self._pieces.counted(encoding, marks))
        self._count_thoughts(counted, heard.usage, encoding)
        self.heard = replace(heard, events=tuple(counted))

    def _read(self, event: int, sent: ServerEvent) -> Marks:
        """Take event number *event*, and return the marks on it."""
        if sent.data.strip() == END:
            # Of gateways: OpenAI's own streams have no such end.
            return END_MARKS
        value = sent.json
        if not is_object(value):
            return ()
        name = words(value, "type") or ""
        marks = self._marks(event, name, value)
        if "sequence_number" in value:
            return marks
        return tuple([mark for mark in marks if mark.kind != ORDINAL])

    def _marks(self, event: int, name: str, value: Json) -> Marks:
        response = value.get("response")
        if is_object(response):
            self._response = response
        if name in OPENING:
            return OPENS
        if name in ENDING:
            return ENDS
        index = whole(value, "output_index") or 0
        item = value.get("item")
        if name == "response.output_item.added":
            if is_object(item):
                self._items[index] = item
            return HAS_ROLE if words(item, "type") == "message" else PLAIN
        if name == "response.output_item.done" and is_object(item):
            self._items[index] = item
            if item.get("type") == "reasoning":
                self._thoughts[index] = event
        kind = SAID_BY.get(name)
        if kind is not None and isinstance(piece := value.get("delta"), str):
            place = (value.get(key) for key in PLACES)
            if name not in AT_ONCE:
                self._pieces.add(event, (index, kind, *map(str, place)), piece)
            return (SAYS_PADDED if "obfuscation" in value else SAYS)[kind]
        return IS_DONE if name.endswith(".done") else PLAIN

    def _gathered(self) -> list[Json]:
        """Return the items as far as they came, for a stream that did not end."""
        return [self._as_far(index, self._items[index]) for index in sorted(self._items)]

    def _as_far(self, index: int, item: Json) -> Json:
        """Return *item* with what came of its texts, if it was not done."""
        match item.get("type"):
            case "message" if not item.get("content"):
                channels = self._pieces.channels(index)
                content = [
                    {"type": "refusal", "refusal": self._pieces.text(channel)}
                    if channel[1] == REFUSAL
                    else {"type": "output_text", "text": self._pieces.text(channel)}
                    for channel in channels
                ]
                return {**item, "content": content}
            case "reasoning" if not item.get("summary"):
                texts = map(self._pieces.text, self._pieces.channels(index))
                summary = [{"type": "summary_text", "text": text} for text in texts]
                return {**item, "summary": summary}
            case "function_call" | "custom_tool_call" as kind:
                named = "arguments" if kind == "function_call" else "input"
                texts = map(self._pieces.text, self._pieces.channels(index))
                return {**item, named: item.get(named) or "".join(texts)}
            case _:
                return item

    def _count_thoughts(
        self, counted: list[HeardEvent], usage: Usage | None, encoding: str
    ) -> None:
        """Add what was thought and not shown to the events that end thoughts, in equal shares."""
        left = 0 if usage is None else usage.reasoning_tokens
        for number, (index, event) in enumerate(sorted(self._thoughts.items())):
            share = left // (len(self._thoughts) - number)
            left -= share
            texts = [words(part, "text") or "" for part in objects(self._items[index], "summary")]
            shown = tokens.vocabulary(encoding).count_all(texts)
            before = counted[event]
            counted[event] = before._replace(tokens=before.tokens + max(0, share - shown))


PLACES: Final = ("content_index", "summary_index", "command_index")
"""The members that say which text of an item a piece is of."""
