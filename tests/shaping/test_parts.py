"""A choice is an ordered tuple of parts; limits and stops act on them in their order."""

import pytest

from mockserver.contracts import (
    AnsweredCall,
    AnsweredChoice,
    AnsweredRefusal,
    AnsweredText,
    AnsweredThought,
)
from mockserver.conversation import (
    AnswerPart,
    Choice,
    Refusal,
    Text,
    Thought,
    ToolCall,
    Turn,
)
from mockserver.models import Catalogue
from mockserver.protocols.openai.chat_completions import ChatCompletions
from mockserver.protocols.openai.chat_requests import tools_of
from mockserver.protocols.openai.requests import OpenAIRequest
from mockserver.replies.text import Text as TextReply
from mockserver.shaping.billing import count_generated, cut, shape
from mockserver.shaping.billing import limit as limit_of
from mockserver.shaping.cutting import Shaped
from mockserver.shaping.terms import Terms

MODEL = Catalogue().resolve("gpt-4o")
REPLY = TextReply(text="")
BODY = {
    "messages": [{"role": "user", "content": "Hi"}],
    "tools": [{"type": "function", "function": {"name": "look_up"}}],
}
INTERLEAVED: tuple[AnswerPart, ...] = (
    Thought("Six by nine."),
    Text("One two three."),
    ToolCall("look_up", "{}", "call_1"),
    Text(" Four five six."),
)


def shaped(*parts: AnswerPart, limit: int | None = None, stop: tuple[str, ...] = ()) -> Shaped:
    request = OpenAIRequest(
        sent=BODY,
        body=BODY,
        model=MODEL.id,
        family=MODEL.family,
        turns=(Turn("user", (Text("Hi"),)),),
        tools=tools_of(BODY),
        max_tokens=limit,
        stop=stop,
    )
    terms = Terms(ChatCompletions(), request, REPLY, MODEL)
    whole = shape(terms, [Choice(parts)])
    most = limit_of(terms, count_generated(terms, whole))
    return whole if most is None else cut(terms, whole, most)


def kinds(choice: AnsweredChoice) -> list[tuple[type, str]]:
    return [
        (type(part), str(part.arguments if isinstance(part, AnsweredCall) else part.text))
        for part in choice.parts
    ]


def test_parts_keep_their_order() -> None:
    (choice,) = shaped(*INTERLEAVED).choices

    assert kinds(choice) == [
        (AnsweredThought, "Six by nine."),
        (AnsweredText, "One two three."),
        (AnsweredCall, "{}"),
        (AnsweredText, " Four five six."),
    ]
    assert choice.finish_reason == "tool_calls"


def test_a_protocol_with_one_place_for_texts_gets_them_joined() -> None:
    (choice,) = shaped(*INTERLEAVED).choices

    assert choice.text == "One two three. Four five six."
    assert [call.name for call in choice.tool_calls] == ["look_up"]


def test_thoughts_are_billed_as_reasoning() -> None:
    assert shaped(*INTERLEAVED).reasoning_tokens == 4


@pytest.mark.parametrize(
    ("limit", "last"),
    [
        pytest.param(2, (AnsweredText, ""), id="in the thought: an empty text"),
        pytest.param(7, (AnsweredText, "One two"), id="in the first text"),
        pytest.param(18, (AnsweredCall, "{}"), id="where a part would begin: none does"),
        pytest.param(20, (AnsweredText, " Four five"), id="in the last text"),
    ],
)
def test_a_limit_ends_the_part_that_it_strikes(limit: int, last: tuple[type, str]) -> None:
    (choice,) = shaped(*INTERLEAVED, limit=limit).choices

    assert kinds(choice)[-1] == last
    assert choice.finish_reason == "length"


def test_a_stop_sequence_ends_all_that_follows_it() -> None:
    (choice,) = shaped(*INTERLEAVED, stop=(" three",)).choices

    assert kinds(choice) == [(AnsweredThought, "Six by nine."), (AnsweredText, "One two")]
    assert choice.finish_reason == "stop"


def test_a_refusal_may_follow_a_text() -> None:
    (choice,) = shaped(Text("Well: "), Refusal("no.")).choices

    assert kinds(choice) == [(AnsweredText, "Well: "), (AnsweredRefusal, "no.")]
