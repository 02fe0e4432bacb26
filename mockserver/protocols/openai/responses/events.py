"""A response in events: names, members, order and numbers as of api.openai.com since January 2026.

Items come one after the other, each from `output_item.added` to `output_item.done`; what lies
between follows from its type. Members are in alphabetical order after `type`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from mockserver import tokens
from mockserver.contracts import (
    Answer,
    AnsweredCall,
    AnsweredRefusal,
    AnsweredText,
    AnsweredThought,
)
from mockserver.protocols.openai.responses.items import (
    OutputItem,
    logprob_entry,
    output_of,
    whole_text,
)
from mockserver.protocols.openai.responses.marks import (
    ENDS,
    HAS_ROLE,
    IS_DONE,
    OPENS,
    PLAIN,
    SAYS,
    SAYS_PADDED,
)
from mockserver.protocols.openai.responses.request import ResponsesRequest
from mockserver.protocols.openai.responses.response import ResponseObject
from mockserver.protocols.openai.responses.traits import traits_of
from mockserver.wire.jsontext import NUMBER, PADDED, JsonValue, TextHole, is_list, is_object
from mockserver.wire.marks import CALL, CONTENT, REFUSAL, THOUGHT, Marks
from mockserver.wire.rendered import Chunk

Json = dict[str, JsonValue]


class ResponseEvents:
    """The events of one answer."""

    def __init__(self, answer: Answer, request: ResponsesRequest) -> None:
        self._answer = answer
        self._request = request
        self._pads = request.include_obfuscation
        self._output = output_of(answer)
        self._calls = sum([isinstance(item.part, AnsweredCall) for item in self._output])

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the events in order; their numbers and paddings are places."""
        response = ResponseObject(self._answer, self._request)
        opening = response.unfinished("in_progress")
        yield _event("response.created", {"response": self._first(response, opening)}, OPENS)
        if self._request.background:
            queued = response.unfinished("queued")
            yield _event("response.queued", {"response": queued}, OPENS)
        yield _event("response.in_progress", {"response": opening}, OPENS)
        for index, item in enumerate(self._output):
            yield from self._item(index, item)
        finished = response.finished(self._output)
        name = f"response.{finished['status']}"
        if finished["status"] == "failed":
            yield failure(finished["error"])
        yield _event(name, {"response": finished}, ENDS)

    def _first(self, response: ResponseObject, opening: Json) -> Json:
        return response.unfinished("queued") if self._request.background else opening

    def _item(self, index: int, item: OutputItem) -> Iterator[Chunk]:
        yield _event(
            "response.output_item.added",
            {"item": _begun(item), "output_index": index},
            HAS_ROLE if item.kind == "message" else PLAIN,
        )
        match item.part:
            case AnsweredText():
                yield from self._text(index, item, item.part)
            case AnsweredRefusal():
                yield from self._refusal(index, item, item.part)
            case AnsweredThought():
                yield from self._summary(index, item, item.part)
            case AnsweredCall():
                yield from self._call(index, item, item.part)
            case _:
                yield from self._other(index, item)
        value = item.value if len(item.sealed) == 0 else _sealed(item, 1)
        # Reasoning takes its time, though nothing of it is sent but this.
        yield _event(
            "response.output_item.done",
            {"item": value, "output_index": index},
            IS_DONE,
            tokens=item.unsent_tokens,
        )

    def _delta(
        self,
        name: str,
        piece: str,
        members: Json,
        kind: str,
        tokens: int,
        *,
        pads: bool = True,
    ) -> Chunk:
        """Return the event *name* that adds *piece*; *members* are in it besides."""
        if not (self._pads and pads):
            return _event(name, {**members, "delta": piece}, SAYS[kind], tokens=tokens)
        size = 0 if type(piece) is TextHole else len(piece)
        padded = {**members, "delta": piece, "obfuscation": PADDED}
        chunk = _event(name, padded, SAYS_PADDED[kind], tokens=tokens)
        return chunk._replace(measured=size, pads_text=True)

    def _text(self, index: int, item: OutputItem, part: AnsweredText) -> Iterator[Chunk]:
        place: Json = {"content_index": 0, "item_id": item.id, "output_index": index}
        empty: Json = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
        yield _event("response.content_part.added", {**place, "part": empty})
        rest = iter(item.logprobs or ())
        for piece, count in part.text.pieces:
            own = [logprob_entry(one) for one in islice(rest, count)]
            members = {**place, "logprobs": own}
            yield self._delta("response.output_text.delta", piece, members, CONTENT, count)
        for number, annotation in enumerate(part.annotations):
            members = {**place, "annotation": annotation, "annotation_index": number}
            yield _event("response.output_text.annotation.added", members)
        content = item.value["content"][0]
        said = {"logprobs": content["logprobs"], "text": whole_text(part.text)}
        yield _event("response.output_text.done", {**place, **said}, IS_DONE)
        # Their log-probabilities are in all other events (4 of 4).
        done: Json = {**content, "logprobs": []}
        yield _event("response.content_part.done", {**place, "part": done}, IS_DONE)

    def _refusal(self, index: int, item: OutputItem, part: AnsweredRefusal) -> Iterator[Chunk]:
        place: Json = {"content_index": 0, "item_id": item.id, "output_index": index}
        empty = {"type": "refusal", "refusal": ""}
        yield _event("response.content_part.added", {**place, "part": empty})
        for piece, count in part.text.pieces:
            # These are not padded (38 of 38).
            yield self._delta("response.refusal.delta", piece, place, REFUSAL, count, pads=False)
        yield _event("response.refusal.done", {**place, "refusal": part.text}, IS_DONE)
        content = item.value["content"][0]
        yield _event("response.content_part.done", {**place, "part": content}, IS_DONE)

    def _summary(self, index: int, item: OutputItem, part: AnsweredThought) -> Iterator[Chunk]:
        for number, text in enumerate(part.summary):
            place: Json = {"item_id": item.id, "output_index": index, "summary_index": number}
            added = {"part": {"type": "summary_text", "text": ""}}
            yield _event("response.reasoning_summary_part.added", {**place, **added})
            for piece, count in text.pieces:
                name = "response.reasoning_summary_text.delta"
                yield self._delta(name, piece, place, THOUGHT, count)
            said = {"text": text}
            yield _event("response.reasoning_summary_text.done", {**place, **said}, IS_DONE)
            done = {"part": {"type": "summary_text", "text": text}}
            yield _event("response.reasoning_summary_part.done", {**place, **done}, IS_DONE)

    def _call(self, index: int, item: OutputItem, part: AnsweredCall) -> Iterator[Chunk]:
        place: Json = {"item_id": item.id, "output_index": index}
        named, member = ("function_call_arguments", "arguments")
        if part.is_custom:
            named, member = ("custom_tool_call_input", "input")
        pieces: Sequence[tuple[str, int]] = part.arguments.pieces
        # Calls that are made at once are cut out of what wraps them: reasoning models send each
        # whole (36 of 38).
        if self._calls > 1 and traits_of(self._answer.model).reasons and part.arguments:
            pieces = ((str(part.arguments), part.arguments.tokens),)
        for piece, count in pieces:
            yield self._delta(f"response.{named}.delta", piece, place, CALL, count)
        done = {**place, member: part.arguments}
        yield _event(f"response.{named}.done", done, IS_DONE)

    def _other(self, index: int, item: OutputItem) -> Iterator[Chunk]:
        between = _BETWEEN.get(item.kind)
        if between is not None:
            yield from between(self, index, item)

    # --- tools that the provider runs ---

    def stages(self, index: int, item: OutputItem, *names: str) -> Iterator[Chunk]:
        """Yield the events that a call of a tool is at the stages *names*."""
        place: Json = {"item_id": item.id, "output_index": index}
        for name in names:
            yield _event(f"response.{item.kind}.{name}", place)

    def written(
        self, index: int, item: OutputItem, name: str, member: str, text: str
    ) -> Iterator[Chunk]:
        """Yield *text* token by token, as *name*, and then whole as *member*."""
        place: Json = {"item_id": item.id, "output_index": index}
        for piece, count in tokens.pieces(text, self._answer.model.family.encoding):
            yield self._delta(f"response.{name}.delta", piece, place, CALL, count)
        yield _event(f"response.{name}.done", {**place, member: text}, IS_DONE)

    def at_once(
        self, index: int, item: OutputItem, name: str, member: str, text: str
    ) -> Iterator[Chunk]:
        """Yield *text* in one piece, as *name*, and then as *member*."""
        place: Json = {"item_id": item.id, "output_index": index}
        yield self._delta(f"response.{name}.delta", text, place, CALL, 0)
        yield _event(f"response.{name}.done", {**place, member: text}, IS_DONE)

    def written_call(
        self, index: int, item: OutputItem, named: str, member: str
    ) -> Iterator[Chunk]:
        """Yield what a call that is written as it goes out hands over, token by token."""
        yield from self.written(index, item, named, member, _member(item, member))

    def written_message(self, index: int, item: OutputItem) -> Iterator[Chunk]:
        """Yield the texts of a message that is written as it goes out."""
        content = item.value.get("content")
        for number, one in enumerate(content if is_list(content) else []):
            part: Any = one if is_object(one) else {}
            place: Json = {"content_index": number, "item_id": item.id, "output_index": index}
            is_refusal = part.get("type") == "refusal"
            named, member = ("refusal", "refusal") if is_refusal else ("output_text", "text")
            empty = {**part, member: ""}
            yield _event("response.content_part.added", {**place, "part": empty})
            besides: Json = {} if is_refusal else {"logprobs": []}
            text = str(part.get(member) or "")
            for piece, count in tokens.pieces(text, self._answer.model.family.encoding):
                name, kind = f"response.{named}.delta", REFUSAL if is_refusal else CONTENT
                members = {**place, **besides}
                yield self._delta(name, piece, members, kind, count, pads=not is_refusal)
            yield _event(f"response.{named}.done", {**place, **besides, member: text}, IS_DONE)
            yield _event("response.content_part.done", {**place, "part": part}, IS_DONE)

    def commands(self, index: int, item: OutputItem) -> Iterator[Chunk]:
        """Yield the commands of a shell; their events have no id (recorded)."""
        action = item.value.get("action")
        listed = action.get("commands") if is_object(action) else None
        for number, command in enumerate(listed if is_list(listed) else []):
            place: Json = {"command_index": number, "output_index": index}
            name = "response.shell_call_command"
            yield _event(f"{name}.added", {**place, "command": ""})
            for piece, count in tokens.pieces(str(command), self._answer.model.family.encoding):
                yield self._delta(f"{name}.delta", piece, place, CALL, count)
            yield _event(f"{name}.done", {**place, "command": command}, IS_DONE)


_OF_ERRORS: Final = frozenset({"type", "code", "message", "param"})


def failure(error: Json, number: JsonValue = NUMBER) -> Chunk:
    """Return event *number*, which reports *error*, before the response that has failed."""
    kind = error.get("type", error["code"])
    told = {
        "type": kind,
        "code": error["code"],
        "message": error["message"],
        "param": error.get("param"),
        **{key: error[key] for key in error if key not in _OF_ERRORS},
    }
    value = {"type": "error", "error": told, "sequence_number": number}
    return Chunk(value, 0, PLAIN, "error")


def _event(name: str, members: Json, marks: Marks = PLAIN, tokens: int = 0) -> Chunk:
    """Return the event *name*: its type, and *members* in alphabetical order."""
    members = {**members, "sequence_number": NUMBER}
    return Chunk({"type": name, **dict(sorted(members.items()))}, tokens, marks, name)


def _begun(item: OutputItem) -> Json:
    """Return *item* as it is when it is added: nothing of what it says is there."""
    value = item.value
    match item.part:
        case AnsweredText() | AnsweredRefusal():
            return {**value, "status": "in_progress", "content": []}
        case AnsweredThought():
            return {**(_sealed(item, 0) if item.sealed else value), "summary": []}
        case AnsweredCall(_, _, _, is_custom):
            member = "input" if is_custom else "arguments"
            return {**value, "status": "in_progress", member: ""}
        case _:
            return _begun_by_kind(value)


def _sealed(item: OutputItem, moment: int) -> Json:
    return {**item.value, "encrypted_content": item.sealed[moment]}


# --- items that are written as they go out ---------------------------------------------------

_EMPTY: Final[Mapping[str, Json]] = {
    "message": {"content": []},
    "function_call": {"arguments": ""},
    "custom_tool_call": {"input": ""},
    "web_search_call": {"action": {"type": "search"}},
    "file_search_call": {"queries": [], "results": None},
    "code_interpreter_call": {"code": "", "outputs": None},
    "mcp_list_tools": {"tools": []},
    "mcp_call": {"arguments": "", "error": None, "output": None},
    "image_generation_call": {},
    "shell_call_output": {"output": []},
    "tool_search_call": {"arguments": {}},
    "program": {"code": ""},
    "program_output": {"result": ""},
}
"""What is not there yet when an item is added."""
_KEPT: Final[Mapping[str, frozenset[str]]] = {
    "image_generation_call": frozenset({"id", "type", "status"}),
}
"""The members that an item has when it is added, where that is not all of them."""
_STEADY: Final = frozenset({"mcp_approval_request", "compaction", "program_output"})
"""Items that have the status of the end, if any, from the beginning."""


def _begun_by_kind(value: Json) -> Json:
    kind = value["type"]
    begun = {**value}
    if "status" in begun and kind not in _STEADY:
        begun["status"] = "in_progress"
    kept = _KEPT.get(kind)
    if kept is not None:
        begun = {key: member for key, member in begun.items() if key in kept}
    begun.update({key: member for key, member in _EMPTY.get(kind, {}).items() if key in begun})
    if kind == "apply_patch_call" and is_object(begun.get("operation")):
        operation = begun["operation"]
        if "diff" in operation:
            begun["operation"] = {**operation, "diff": ""}
    if kind == "shell_call" and is_object(begun.get("action")):
        begun["action"] = {**begun["action"], "commands": []}
    return begun


def _function(events: ResponseEvents, index: int, item: OutputItem) -> Iterator[Chunk]:
    yield from events.written_call(index, item, "function_call_arguments", "arguments")


def _custom(events: ResponseEvents, index: int, item: OutputItem) -> Iterator[Chunk]:
    yield from events.written_call(index, item, "custom_tool_call_input", "input")


def _message(events: ResponseEvents, index: int, item: OutputItem) -> Iterator[Chunk]:
    yield from events.written_message(index, item)


def _search(events: ResponseEvents, index: int, item: OutputItem) -> Iterator[Chunk]:
    yield from events.stages(index, item, "in_progress", "searching", "completed")


def _code(events: ResponseEvents, index: int, item: OutputItem) -> Iterator[Chunk]:
    yield from events.stages(index, item, "in_progress")
    code = _member(item, "code")
    yield from events.written(index, item, "code_interpreter_call_code", "code", code)
    yield from events.stages(index, item, "interpreting", "completed")


def _mcp_list(events: ResponseEvents, index: int, item: OutputItem) -> Iterator[Chunk]:
    failed = item.value.get("error") is not None
    yield from events.stages(index, item, "in_progress", "failed" if failed else "completed")


def _mcp_call(events: ResponseEvents, index: int, item: OutputItem) -> Iterator[Chunk]:
    yield from events.stages(index, item, "in_progress")
    arguments = _member(item, "arguments")
    yield from events.at_once(index, item, "mcp_call_arguments", "arguments", arguments)
    failed = item.value.get("error") is not None
    yield from events.stages(index, item, "failed" if failed else "completed")


def _image(events: ResponseEvents, index: int, item: OutputItem) -> Iterator[Chunk]:
    yield from events.stages(index, item, "in_progress", "generating", "completed")


def _patch(events: ResponseEvents, index: int, item: OutputItem) -> Iterator[Chunk]:
    operation: Any = item.value.get("operation")
    diff = operation.get("diff") if is_object(operation) else None
    if isinstance(diff, str):
        name = "apply_patch_call_operation_diff"
        yield from events.written(index, item, name, "diff", diff)


def _shell(events: ResponseEvents, index: int, item: OutputItem) -> Iterator[Chunk]:
    yield from events.commands(index, item)


def _shell_output(events: ResponseEvents, index: int, item: OutputItem) -> Iterator[Chunk]:
    del events
    output = item.value.get("output")
    for number, one in enumerate(output if is_list(output) else []):
        said: Any = one if is_object(one) else {}
        place: Json = {"command_index": number, "item_id": item.id, "output_index": index}
        told = {"stderr": said.get("stderr") or "", "stdout": said.get("stdout") or ""}
        name = "response.shell_call_output_content"
        yield _event(f"{name}.delta", {**place, "delta": told})
        yield _event(f"{name}.done", {**place, "output": [one]}, IS_DONE)


def _member(item: OutputItem, name: str) -> str:
    value = item.value.get(name)
    return value if isinstance(value, str) else ""


_BETWEEN: Final[Mapping[str, Callable[[ResponseEvents, int, OutputItem], Iterator[Chunk]]]] = {
    "message": _message,
    "function_call": _function,
    "custom_tool_call": _custom,
    "web_search_call": _search,
    "file_search_call": _search,
    "code_interpreter_call": _code,
    "mcp_list_tools": _mcp_list,
    "mcp_call": _mcp_call,
    "image_generation_call": _image,
    "apply_patch_call": _patch,
    "shell_call": _shell,
    "shell_call_output": _shell_output,
}
"""What lies between an item that is added and one that is done; of other types nothing does."""
