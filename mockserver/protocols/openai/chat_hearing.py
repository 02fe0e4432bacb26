"""An answer to a chat that this server did not make, read: of OpenAI, or of whoever speaks so.

Marks are on the things that `chat_chunks` and `chat_completions` mark in their own answers, so that
failures act on both alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from mockserver import tokens
from mockserver.contracts import Heard
from mockserver.conversation import (
    AnswerPart,
    Choice,
    Refusal,
    Speech,
    Text,
    Thought,
    ToolCall,
)
from mockserver.protocols.openai.hearing import (
    END,
    END_MARKS,
    FINISH_REASONS,
    Pieces,
    bill,
    count_of,
    encoding_of,
    in_order,
    items_of,
    member,
    moment,
    numbered,
    objects,
    seconds_of,
    whole,
    words,
    written,
)
from mockserver.protocols.openai.marks import (
    METADATA,
    SOUND,
    USAGE_MARKS,
    body_marks,
)
from mockserver.protocols.openai.stating import PROVIDERS_OWN
from mockserver.tokens import speech_s
from mockserver.wire.events import ServerEvent
from mockserver.wire.jsontext import JsonValue, is_list, is_object
from mockserver.wire.marks import (
    CALL,
    CONTENT,
    FINISH,
    FRAME,
    REFUSAL,
    ROLE,
    THOUGHT,
    Mark,
    Marks,
    Path,
)

Json = dict[str, JsonValue]

THOUGHTS: Final = ("reasoning", "reasoning_content")
"""The members in which vendors show what a model thinks: OpenRouter and vLLM, and DeepSeek."""
DETAILS: Final = "reasoning_details"
OF_A_DETAIL: Final = ("text", "summary")
"""The members of OpenRouter's details that have words."""
NAMED: Final[Mapping[str, str]] = {"function": "arguments", "custom": "input"}
"""Kinds of tool calls, each with the member that has what the tool gets."""


def chat_heard(sent: Mapping[str, Any], body: JsonValue, events: Sequence[ServerEvent]) -> Heard:
    """Return what an answer to the chat *sent* says: *body*, or the *events* of a stream."""
    return _Stream(sent, events).heard if events else _whole(sent, body)


# --- An answer in one piece ------------------------------------------------------------------


def _whole(sent: Mapping[str, Any], body: JsonValue) -> Heard:
    choices = in_order(objects(body, "choices"))
    encoding = encoding_of(words(body, "model"), words(sent, "model"))
    heard = [_Message.of(choice) for choice in choices]
    usage = bill(member(body, "usage"))
    return Heard(
        id=words(body, "id"),
        model=words(body, "model") or None,
        created=moment(body, "created"),
        choices=tuple([message.choice for message in heard]),
        finish_reasons=tuple([message.finish for message in heard]),
        usage=usage,
        system_fingerprint=words(body, "system_fingerprint"),
        marks=body_marks(len(choices), has_messages=True, has_usage=usage is not None)
        if choices
        else (),
        tokens=count_of([text for message in heard for text in message.texts], encoding),
        members=members_of(body, choices, heard),
    )


def members_of(body: JsonValue, choices: Sequence[Json], heard: "Sequence[_Message]") -> Json:
    """Return what *body* and its first choice state besides, by the keys of replies."""
    native = [words(choice, "native_finish_reason") for choice in choices[:1]]
    named = {"provider": words(body, "provider"), "native_finish_reason": (*native, None)[0]}
    stated: Json = {key: value for key, value in named.items() if value}
    besides = heard[0].annotations if heard else []
    return {**stated, **({"extra_message": {"annotations": besides}} if besides else {})}


class _Message:
    """What is said in one choice, gathered."""

    def __init__(self) -> None:
        self.thought: str | None = None
        self.content: str | None = None
        self.refusal: str | None = None
        self.speech: Speech | None = None
        self.calls: list[ToolCall] = []
        self.annotations: list[Any] = []
        self.finish: str | None = None

    @classmethod
    def of(cls, choice: Json) -> "_Message":
        """Return what *choice*, of an answer in one piece, says."""
        message = member(choice, "message")
        read = cls()
        read.thought = thought_of(message)
        read.content = content_of(message)
        read.refusal = words(message, "refusal")
        read.speech = _speech(member(message, "audio"))
        read.calls = [_call(call) for call in objects(message, "tool_calls")]
        if is_object(legacy := member(message, "function_call")):
            read.calls.append(_called(legacy, "arguments", None))
        read.annotations = items_of(message, "annotations")
        read.finish = words(choice, "finish_reason")
        return read

    @property
    def texts(self) -> list[str]:
        """All that it has in words, without the names of tools."""
        spoken = None if self.speech is None else self.speech.text
        said = (self.thought, self.content, self.refusal, spoken)
        return [text for text in (*said, *(call.arguments for call in self.calls)) if text]

    @property
    def choice(self) -> Choice:
        """It as a choice: an empty text is there only if there is nothing else."""
        parts: list[AnswerPart] = []
        if self.thought:
            parts.append(Thought(self.thought))
        if self.speech is not None:
            parts.append(self.speech)
        if self.content or not (self.refusal or self.speech or self.calls):
            parts.append(Text(self.content or ""))
        if self.refusal:
            parts.append(Refusal(self.refusal))
        return Choice((*parts, *self.calls), FINISH_REASONS.get(self.finish))


def content_of(message: JsonValue) -> str | None:
    """Return the text in *message*; of several parts, as some vendors have, all texts joined."""
    content = member(message, "content")
    if is_list(content):
        return "".join([words(part, "text") or "" for part in content])
    return content if isinstance(content, str) else None


def thought_of(message: JsonValue) -> str | None:
    """Return the reasoning that *message*, or a delta, shows; None: it shows none."""
    for name in THOUGHTS:
        if (shown := words(message, name)) is not None:
            return shown
    details = [text for _, _, text in _details(message)]
    return "".join(details) if details else None


def _details(message: JsonValue) -> Iterator[tuple[int, str, str]]:
    """Yield the place, the member and the words of each detail of reasoning that has words."""
    for number, detail in numbered(message, DETAILS):
        for name in OF_A_DETAIL:
            if (text := words(detail, name)) is not None:
                yield number, name, text


def _speech(audio: JsonValue) -> Speech | None:
    if not is_object(audio):
        return None
    transcript = words(audio, "transcript") or ""
    return Speech(
        transcript,
        speech_s(transcript),
        "",
        words(audio, "data"),
        words(audio, "id"),
        moment(audio, "expires_at"),
    )


def _call(call: JsonValue) -> ToolCall:
    kind = kind_of(call)
    return _called(member(call, kind), NAMED[kind], words(call, "id"))


def kind_of(call: JsonValue) -> str:
    """Return the kind of *call*, whole or a piece: by what is in it."""
    return "custom" if is_object(member(call, "custom")) else "function"


def _called(made: JsonValue, named: str, identity: str | None) -> ToolCall:
    arguments = written(member(made, named))
    return ToolCall(
        words(made, "name") or "", arguments, identity or None, is_custom=named == "input"
    )


# --- A stream --------------------------------------------------------------------------------


def gather(answer: Json, chunk: Json) -> None:
    """Enter into *answer* what *chunk* says of it as a whole: the first word, and the last bill.

    The first chunk of some has what filters found alone, and empty names.
    """
    for name in ("id", "model", "created", "system_fingerprint", "provider"):
        if chunk.get(name):
            answer.setdefault(name, chunk[name])
    if chunk.get("usage"):
        answer["usage"] = chunk["usage"]


_PLAIN: Final = frozenset({"index", "delta", "logprobs", "finish_reason"})
"""The members of a choice that any chunk has."""


@lru_cache(maxsize=128)
def _text_marks(index: int) -> Marks:
    """Return the marks on a chunk that goes on with the text of the choice at *index*."""
    return Mark(FRAME, ("choices",)), Mark(CONTENT, ("choices", 0, "delta", "content"), index)


class _Stream:
    """The chunks of one answer, read one after the other."""

    def __init__(self, sent: Mapping[str, Any], events: Sequence[ServerEvent]) -> None:
        self._pieces = Pieces()
        self._messages: dict[int, _Message] = {}
        self._last: dict[int, Json] = {}
        self._calls: dict[int, list[_OpenCall]] = {}
        self._audio: dict[int, Json] = {}
        self._answer: Json = {}
        marks = [self._read(number, event) for number, event in enumerate(events)]
        self._encoding = encoding_of(words(self._answer, "model"), words(sent, "model"))
        self._events = self._pieces.counted(self._encoding, marks)

    @property
    def heard(self) -> Heard:
        """What all chunks together say."""
        answer = self._answer
        indices = sorted(self._messages)
        heard = [self._message(index) for index in indices]
        return Heard(
            id=words(answer, "id"),
            model=words(answer, "model"),
            created=moment(answer, "created"),
            choices=tuple([message.choice for message in heard]),
            finish_reasons=tuple([message.finish for message in heard]),
            usage=bill(answer.get("usage")),
            system_fingerprint=words(answer, "system_fingerprint"),
            events=self._events,
            members=members_of(answer, [self._last[index] for index in indices], heard),
        )

    def _message(self, index: int) -> _Message:
        read, pieces = self._messages[index], self._pieces
        if read.thought is not None:
            read.thought = pieces.text((index, THOUGHT))
        if read.content is not None:
            read.content = pieces.text((index, CONTENT))
        if read.refusal is not None:
            read.refusal = pieces.text((index, REFUSAL))
        if index in self._audio:
            spoken = pieces.text((index, "spoken"))
            read.speech = _speech({**self._audio[index], "transcript": spoken})
        read.calls = [call.made(pieces) for call in self._calls.get(index, ())]
        return read

    def _read(self, event: int, sent: ServerEvent) -> Marks:
        """Take event number *event*, and return the marks on it."""
        if sent.data.strip() == END:
            return END_MARKS
        chunk = sent.json
        if not is_object(chunk):
            return ()
        if (marked := self._read_text(event, chunk)) is not None:
            return marked
        gather(self._answer, chunk)
        marks: list[Mark] = [Mark(FRAME, ("choices",))] if is_list(chunk.get("choices")) else []
        for number, choice in numbered(chunk, "choices"):
            marks += self._read_choice(event, ("choices", number), choice)
        if bill(chunk.get("usage")) is not None:
            marks += USAGE_MARKS
        return tuple(marks)

    def _read_text(self, event: int, chunk: Json) -> Marks | None:
        """Take *chunk*, and return the marks on it, if it only goes on with a text.

        Nearly all do, and they are read so in a fifth of the time.
        """
        choices = chunk.get("choices")
        if not is_list(choices) or len(choices) != 1 or chunk.get("usage") is not None:
            return None
        if "id" not in self._answer:
            return None
        (choice,) = choices
        if not is_object(choice) or not choice.keys() <= _PLAIN:
            return None
        delta, index = choice.get("delta"), choice.get("index")
        if not is_object(delta) or len(delta) != 1 or type(index) is not int:
            return None
        content, message = delta.get("content"), self._messages.get(index)
        if not (isinstance(content, str) and content) or choice.get("finish_reason") is not None:
            return None
        if message is None or message.content is None:
            return None
        self._pieces.add(event, (index, CONTENT), content)
        return _text_marks(index)

    def _read_choice(self, event: int, place: Path, choice: Json) -> Iterator[Mark]:
        index = whole(choice, "index") or 0
        message = self._messages.setdefault(index, _Message())
        last = self._last.setdefault(index, {})
        last.update({key: value for key, value in choice.items() if value is not None})
        delta = member(choice, "delta")
        place_of = (*place, "delta")
        if words(delta, "role") is not None:
            yield Mark(ROLE, (*place_of, "role"), index)
        carried = [
            *self._read_thought(event, place_of, delta, index),
            *self._read_refusal(event, place_of, delta, index),
            *self._read_calls(event, place_of, delta, index),
            *self._read_audio(event, place_of, delta, index),
        ]
        finish = words(choice, "finish_reason")
        content = content_of(delta)
        if content is not None:
            message.content = content
            self._pieces.add(event, (index, CONTENT), content)
        # Some write an empty text beside whatever else there is.
        if content or (content is not None and not carried and finish is None):
            yield Mark(CONTENT, (*place_of, "content"), index)
        yield from carried
        message.annotations += items_of(delta, "annotations")
        if is_object(member(delta, PROVIDERS_OWN)):
            yield Mark(METADATA, (*place_of, PROVIDERS_OWN), index)
        if finish is not None:
            message.finish = finish
            yield Mark(FINISH, (*place, "finish_reason"), index)

    def _read_thought(self, event: int, place: Path, delta: Any, index: int) -> Iterator[Mark]:
        shown = thought_of(delta)
        if shown is None:
            return
        self._messages[index].thought = shown
        self._pieces.add(event, (index, THOUGHT), shown)
        named = next((name for name in THOUGHTS if words(delta, name) is not None), None)
        if named is not None:
            yield Mark(THOUGHT, (*place, named), index)
            return
        for number, member_of, _ in _details(delta):
            yield Mark(THOUGHT, (*place, DETAILS, number, member_of), index)

    def _read_refusal(self, event: int, place: Path, delta: Any, index: int) -> Iterator[Mark]:
        refusal = words(delta, "refusal")
        # Some write an empty one beside a text.
        if refusal is None or (not refusal and words(delta, "content")):
            return
        self._messages[index].refusal = refusal
        self._pieces.add(event, (index, REFUSAL), refusal)
        yield Mark(REFUSAL, (*place, "refusal"), index)

    def _read_calls(self, event: int, place: Path, delta: Any, index: int) -> Iterator[Mark]:
        for number, piece in numbered(delta, "tool_calls"):
            kind = kind_of(piece)
            made = member(piece, kind)
            call = self._open_call(index, piece, made)
            call.is_custom = call.is_custom or kind == "custom"
            self._pieces.add(event, (call,), written(member(made, NAMED[kind])))
            path = (*place, "tool_calls", number, kind, NAMED[kind])
            yield Mark(CALL, path, index)
        made = member(delta, "function_call")
        if is_object(made):
            call = self._open_call(index, {"index": "function_call"}, made)
            self._pieces.add(event, (call,), written(made.get("arguments")))
            yield Mark(CALL, (*place, "function_call", "arguments"), index)

    def _open_call(self, index: int, piece: Json, made: Any) -> "_OpenCall":
        """Return the call that *piece* belongs to; one with an id of its own is another."""
        calls = self._calls.setdefault(index, [])
        key, identity = piece.get("index"), words(piece, "id")
        same = [call for call in calls if call.key == key]
        if same and (not identity or same[-1].id in {None, identity}):
            call = same[-1]
        else:
            call = _OpenCall(key)
            calls.append(call)
        call.id = call.id or identity or None
        call.name = call.name or words(made, "name") or ""
        return call

    def _read_audio(self, event: int, place: Path, delta: Any, index: int) -> Iterator[Mark]:
        audio = member(delta, "audio")
        if not is_object(audio):
            return
        known = self._audio.setdefault(index, {})
        known.update({key: audio[key] for key in ("id", "expires_at") if audio.get(key)})
        if (spoken := words(audio, "transcript")) is not None:
            self._pieces.add(event, (index, "spoken"), spoken)
            yield Mark(CONTENT, (*place, "audio", "transcript"), index)
        if (data := words(audio, "data")) is not None:
            known["data"] = known.get("data", "") + data
            self._pieces.add_tokens(event, tokens.sound_tokens(seconds_of(data)))
            yield Mark(SOUND, (*place, "audio", "data"), index)


class _OpenCall:
    """A tool call of a stream whose arguments are still coming; it is its own channel."""

    def __init__(self, key: Any) -> None:
        self.key = key
        self.id: str | None = None
        self.name = ""
        self.is_custom = False

    def made(self, pieces: Pieces) -> ToolCall:
        """Return the call with all of its arguments."""
        return ToolCall(self.name, pieces.text((self,)), self.id, self.is_custom)
