"""Conversations that go on by the ids of answers: a request sends only what is new."""

from collections.abc import Iterable, Mapping

from mockserver.conversation import Text, Transcript, Turn
from mockserver.records.journal import Call


def answers_of(calls: Iterable[Call]) -> Mapping[str, Call]:
    """Return *calls* by the ids of their answers."""
    return {call.answer_id: call for call in calls if call.answer_id is not None}


def whole_transcript(call: Call, answers: Mapping[str, Call]) -> Transcript:
    """Return the conversation in *call*, after that of the *answers* that it continues by id."""
    asked = call.transcript
    turns = asked.turns
    left = dict(answers) if call.continues is not None else {}
    while call.continues is not None and (before := left.pop(call.continues, None)) is not None:
        said = () if before.text is None else (Text(before.text),)
        own = Turn("assistant", (*said, *before.tool_calls))
        turns, call = (*before.transcript.turns, own, *turns), before
    return asked._replace(turns=turns)
