"""What an answer puts out: messages, thoughts, calls, and whatever else a scenario writes.

Key orders are those of api.openai.com since April 2025; of members that came later, the newest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Final

from mockserver.contracts import (
    Answer,
    AnsweredCall,
    AnsweredItem,
    AnsweredPart,
    AnsweredRefusal,
    AnsweredSpeech,
    AnsweredText,
    AnsweredThought,
)
from mockserver.conversation import TokenLogprob
from mockserver.protocols.openai.responses.identity import DIGITS, prefix_of, sealed_size
from mockserver.protocols.openai.responses.request import as_response
from mockserver.protocols.openai.responses.traits import traits_of
from mockserver.wire.jsontext import WHOLE, Hole, JsonValue, TextHole, TokenText

Json = dict[str, JsonValue]

ENCRYPTED: Final = "reasoning.encrypted_content"
TIMES_SEALED: Final = ("added", "done", "completed")
"""The moments at which the ciphertext of a thought is sent, another one each time."""


@dataclass(slots=True, kw_only=True, eq=False)
class OutputItem:
    """One item of an answer.

    Attributes:
        kind: Its type.
        part: What it is made of.
        value: It as it is in the end.
        id: Its id, or the hole for it.
        sealed: The ciphertexts of a thought at the three moments at which they are sent.
        logprobs: The log-probabilities of the tokens of its text; None: none were requested.

    """

    kind: Final[str]
    part: Final[AnsweredPart]
    value: Final[Json]
    id: Final[str | Hole]
    sealed: Final[tuple[str | Hole, ...]] = ()
    logprobs: Final[Sequence[TokenLogprob] | None] = None

    @property
    def unsent_tokens(self) -> int:
        """How many tokens of it nobody sees: of a thought, those that its summary has not."""
        shown = self.part.summary if isinstance(self.part, AnsweredThought) else ()
        return max(0, self.tokens - sum([text.tokens for text in shown]))

    @property
    def tokens(self) -> int:
        """How many tokens of reasoning it is."""
        return self.part.tokens if isinstance(self.part, AnsweredThought) else 0


def output_of(answer: Answer) -> list[OutputItem]:
    """Return what *answer* puts out, its ids and ciphertexts as holes."""
    if not answer.choices:
        return []
    choice = answer.choices[0]
    parts: Sequence[AnsweredPart] = choice.parts
    if answer.reasoning and not any(isinstance(part, AnsweredThought) for part in parts):
        parts = (_aloud(answer, answer.reasoning), *parts)
    if choice.finish_reason == "length":
        parts = _as_cut(parts)
    reported = None if choice.logprobs is None else iter(choice.logprobs.text or ())
    found: list[OutputItem] = []
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        status = "completed"
        if is_last and choice.finish_reason in {"length", "content_filter"}:
            status = "incomplete"
        found.append(_item(answer, number, part, status, reported, follows=parts[number + 1 :]))
    return found


def _aloud(answer: Answer, words: TokenText) -> AnsweredThought:
    """Return the reasoning of a reply that has words for it; they are shown if a summary is."""
    stated: Json = as_response(answer.request).body.get("reasoning") or {}
    shows = stated.get("summary") or stated.get("generate_summary")
    return AnsweredThought(words, words.tokens, (words,) if shows else ())


def _as_cut(parts: Sequence[AnsweredPart]) -> Sequence[AnsweredPart]:
    """Return *parts* of an answer that a limit ended: within a thought, nothing follows it."""
    last = parts[-1] if parts else None
    is_empty = isinstance(last, AnsweredText) and not last.text
    if is_empty and any(isinstance(part, AnsweredThought) for part in parts):
        return parts[:-1]
    return parts


def _item(
    answer: Answer,
    number: int,
    part: AnsweredPart,
    status: str,
    reported: Iterator[TokenLogprob] | None,
    *,
    follows: Sequence[AnsweredPart],
) -> OutputItem:
    match part:
        case AnsweredText() | AnsweredSpeech():
            said = part if isinstance(part, AnsweredText) else AnsweredText(part.text)
            own = None if reported is None else tuple(islice(reported, said.text.tokens))
            content = text_part(said, own, in_pieces=answer.request.stream)
            value = _message(number, content, status)
            return _as_message(said, value, said.phase or _phase(answer, follows), own)
        case AnsweredRefusal(text):
            value = _message(number, {"type": "refusal", "refusal": text}, status)
            return _as_message(part, value, _phase(answer, follows), None)
        case AnsweredThought():
            return _reasoning(answer, number, part)
        case AnsweredCall():
            return _call(number, part, status)
        case AnsweredItem(value):
            kind = str(value["type"])
            identity = value.get("id")
            if not isinstance(identity, str):
                identity = _hole(number, prefix_of(kind))
            whole = {"id": identity, **{key: value[key] for key in value if key != "id"}}
            return OutputItem(kind=kind, part=part, value=whole, id=identity)


def _message(number: int, content: Json, status: str) -> Json:
    """Return a message without its last members."""
    identity = _hole(number, "msg_")
    return {"id": identity, "type": "message", "status": status, "content": [content]}


def _phase(answer: Answer, follows: Sequence[AnsweredPart]) -> str | None:
    """Return what a message is for, of models that say so.

    Before calls it is commentary (7 of 7), and what nothing follows is final (606 of 606).
    """
    if not traits_of(answer.model).phase:
        return None
    calls = any(isinstance(part, AnsweredCall) for part in follows)
    return "commentary" if calls else "final_answer"


def _as_message(
    part: AnsweredText | AnsweredRefusal,
    value: Json,
    phase: str | None,
    logprobs: Sequence[TokenLogprob] | None,
) -> OutputItem:
    named = {} if phase is None else {"phase": phase}
    value = {**value, **named, "role": "assistant"}
    return OutputItem(kind="message", part=part, value=value, id=value["id"], logprobs=logprobs)


def text_part(
    part: AnsweredText, logprobs: Sequence[TokenLogprob] | None, *, in_pieces: bool
) -> Json:
    """Return the part of a message that has a text; it may be sent *in_pieces* as well."""
    return {
        "type": "output_text",
        "annotations": list(part.annotations),
        "logprobs": [logprob_entry(one) for one in logprobs or ()],
        "text": whole_text(part.text) if in_pieces else part.text,
    }


def whole_text(text: TokenText) -> JsonValue:
    """Return *text*, or the hole for all of it where it is a hole for its pieces."""
    return WHOLE if type(text) is TextHole else text


def logprob_entry(token: TokenLogprob) -> Json:
    """Return how likely *token* was, its members in alphabetical order."""
    return {
        **_likely(token.token, token.logprob),
        "top_logprobs": [_likely(text, logprob) for text, logprob in token.alternatives],
    }


def _likely(token: bytes, logprob: float | None) -> Json:
    return {"bytes": token, "logprob": logprob, "token": token.decode("utf-8", "backslashreplace")}


def _reasoning(answer: Answer, number: int, part: AnsweredThought) -> OutputItem:
    identity = _hole(number, "rs_")
    is_shown = bool(part.sealed)
    if part.sealed is None:
        asked = ENCRYPTED in as_response(answer.request).includes
        is_shown = asked or traits_of(answer.model).always_encrypted
    texts: tuple[str | Hole, ...] = ()
    if isinstance(part.sealed, str):
        texts = (part.sealed,) * len(TIMES_SEALED)
    elif is_shown:
        size = sealed_size(part.tokens)
        texts = tuple([sealed_hole(number, moment, size) for moment in range(len(TIMES_SEALED))])
    value: Json = {"id": identity, "type": "reasoning", "content": []}
    if texts:
        value["encrypted_content"] = texts[-1]
    value["summary"] = [{"type": "summary_text", "text": text} for text in part.summary]
    return OutputItem(kind="reasoning", part=part, value=value, id=identity, sealed=texts)


def _call(number: int, part: AnsweredCall, status: str) -> OutputItem:
    if part.is_custom:
        identity = _hole(number, "ctc_")
        value: Json = {
            "id": identity,
            "type": "custom_tool_call",
            "status": status,
            "call_id": part.id,
            "input": part.arguments,
            "name": part.name,
        }
    else:
        identity = _hole(number, "fc_")
        value = {
            "id": identity,
            "type": "function_call",
            "status": status,
            "arguments": part.arguments,
            "call_id": part.id,
            "name": part.name,
        }
    return OutputItem(kind=value["type"], part=part, value=value, id=identity)


@cache
def _hole(number: int, prefix: str) -> Hole:
    """Return the hole for the id of item *number*, which begins with *prefix*."""
    return Hole(f"O{number:03d}{prefix}", len(prefix) + DIGITS)


MESSAGE: Final = _hole(0, "msg_")
"""The place of the id of a message that is all there is."""


@cache
def sealed_hole(number: int, moment: int, size: int) -> Hole:
    """Return the hole for the ciphertext of item *number* at one of the moments."""
    return Hole(f"E{number:03d}{moment}", size)
