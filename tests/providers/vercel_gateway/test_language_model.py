"""What the `ai` package is told: in one piece and in streams, in each specification."""

from typing import Any

import pytest
from support.gateway import (
    INSTRUCT,
    SMALL,
    ask,
    assistant,
    call,
    function,
    headers_of,
    said,
    system,
    user,
)
from support.inprocess import Answered, Api

from mockserver.wire.timeline import Pause

SPECIFICATIONS = [2, 3, 4]
HELLO = "rules: [{name: hello, reply: Hello there.}]"


def parts(answered: Answered, *kinds: str) -> list[Any]:
    """Return the parts of a stream, or those of some kinds."""
    return [part for part in answered.chunks if not kinds or part["type"] in kinds]


def finish(answered: Answered) -> Any:
    return parts(answered)[-1]


@pytest.mark.parametrize("specification", SPECIFICATIONS)
def test_a_stream_says_what_an_answer_in_one_piece_says(specification: int) -> None:
    api = Api(HELLO)

    whole = ask(api, specification=specification).json
    streamed = ask(api, specification=specification, stream=True)

    deltas = [part["delta"] for part in parts(streamed, "text-delta")]
    assert deltas == ["Hello", " there", "."]
    assert whole["content"] == [{"type": "text", "text": "".join(deltas)}]
    assert finish(streamed)["finishReason"] == whole["finishReason"]
    assert finish(streamed)["usage"] == whole["usage"]


def test_the_parts_of_a_stream_come_in_order() -> None:
    api = Api(
        """
        rules:
          - name: all
            reply:
              kind: tool_calls
              text: "I look."
              reasoning: "Hm."
              calls: [{name: get_weather, arguments: {}}]
        """
    )

    streamed = ask(api, tools=[function()], stream=True)

    kinds = [part["type"] for part in parts(streamed)]
    assert list(dict.fromkeys(kinds)) == [
        *("stream-start", "response-metadata"),
        *("reasoning-start", "reasoning-delta", "reasoning-end"),
        *("text-start", "text-delta", "text-end"),
        *("tool-input-start", "tool-input-delta", "tool-input-end", "tool-call"),
        "finish",
    ]
    (called,) = parts(streamed, "tool-call")
    assert "".join(part["delta"] for part in parts(streamed, "tool-input-delta")) == called["input"]
    assert {part["id"] for part in parts(streamed, "tool-input-start")} == {called["toolCallId"]}


# --- the bill --------------------------------------------------------------------------------

BILL = """
    rules:
      - name: billed
        reply:
          kind: text
          text: Hello.
          usage:
            {prompt_tokens: 100, completion_tokens: 50, cached_tokens: 30, reasoning_tokens: 20}
"""


def test_a_bill_is_told_in_the_words_of_the_second_specification() -> None:
    assert ask(Api(BILL), specification=2).json["usage"] == {
        "inputTokens": 100,
        "outputTokens": 50,
        "totalTokens": 150,
        "reasoningTokens": 20,
        "cachedInputTokens": 30,
    }


@pytest.mark.parametrize("specification", [3, 4])
def test_a_bill_is_told_in_the_words_of_later_specifications(specification: int) -> None:
    usage = ask(Api(BILL), specification=specification).json["usage"]

    assert usage["inputTokens"] == {"total": 100, "noCache": 70, "cacheRead": 30}
    assert usage["outputTokens"] == {"total": 50, "text": 30, "reasoning": 20}
    assert usage["raw"]["output_tokens_details"] == {"reasoning_tokens": 20}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("specification", "left"),
    [(2, None), (3, {"total": None, "text": 30, "reasoning": 20})],
)
def test_the_output_may_be_missing_from_the_bill(
    specification: int, left: object, *, stream: bool
) -> None:
    api = Api(BILL + "        fail: {kind: omit, parts: [completion_tokens]}")
    answered = ask(api, specification=specification, stream=stream)

    bill = (finish(answered) if stream else answered.json)["usage"]
    assert bill["outputTokens"] == left
    assert bill["inputTokens"] in (100, {"total": 100, "noCache": 70, "cacheRead": 30})
    assert answered.call.failures == ("omit",)


@pytest.mark.parametrize(
    ("specification", "empty"),
    [(2, {}), (3, {"inputTokens": {}, "outputTokens": {}})],
)
def test_a_bill_may_be_missing(specification: int, empty: Any) -> None:
    api = Api("rules: [{name: free, reply: {kind: text, text: Hi, usage: null}}]")

    answered = ask(api, specification=specification).json

    assert answered["usage"] == empty
    assert answered["providerMetadata"]["gateway"]["cost"] == "0"


def test_a_prompt_is_billed_as_the_chat_that_it_is() -> None:
    api = Api(HELLO)
    schema = {"type": "object", "properties": {}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    messages = [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": "Hi"},
    ]
    chat = api.chat(messages, tools=tools).usage["prompt_tokens"]

    answered = ask(
        api, system("Be terse."), "Hi", tools=[function("f", properties={})], specification=2
    )

    assert answered.json["usage"]["inputTokens"] == chat
    assert answered.headers["x-mockserver-usage"] == "exact"


def test_a_tool_of_the_providers_own_makes_the_bill_a_guess() -> None:
    search = {"type": "provider", "id": "openai.web_search", "name": "web_search", "args": {}}

    answered = ask(Api(HELLO), tools=[search])

    assert answered.headers["x-mockserver-usage"] == "estimated"


def test_a_model_that_reasons_is_billed_less_for_tools_than_in_a_chat() -> None:
    # A recorded bill of the gateway's, 2026-02: 63 tokens.
    location = {"type": "string", "description": "the city"}
    tool = {
        **function("weather", properties={"location": location}, required=["location"]),
        "description": "Get weather information for a location",
        "strict": False,
    }
    asked = [system("You are a helpful assistant"), "What's the weather in Florence,Italy?"]

    answered = ask(Api(HELLO), *asked, model="openai/gpt-5", tools=[tool], specification=2)

    assert answered.json["usage"]["inputTokens"] == 63
    assert answered.headers["x-mockserver-usage"] == "estimated"


# --- models that only complete texts ---------------------------------------------------------


def test_a_model_that_completes_texts_is_given_one_with_its_speakers() -> None:
    api = Api(HELLO)
    text = "Be terse.\n\nuser:\nHi\n\nassistant:\nHello.\n\nuser:\nWhy?\n\nassistant:\n"
    billed = api.complete(text).usage["prompt_tokens"]

    asked = [system("Be terse."), "Hi", assistant("Hello."), "Why?"]
    usage = ask(api, *asked, model=INSTRUCT).json["usage"]

    assert usage["inputTokens"] == {"total": billed, "noCache": billed}
    assert usage["raw"]["prompt_tokens"] == billed


def test_a_model_that_completes_texts_stops_before_the_user_speaks() -> None:
    api = Api('rules: [{name: more, reply: "It is.\\nuser:\\nAnd then?"}]')

    answered = ask(api, model=INSTRUCT)

    assert said(answered) == "It is."
    assert answered.json["finishReason"] == {"unified": "stop", "raw": "stop"}


def test_a_model_that_completes_texts_takes_no_tools() -> None:
    answered = ask(
        Api(HELLO),
        model=INSTRUCT,
        tools=[function()],
        toolChoice={"type": "auto"},
        responseFormat={"type": "json"},
    )

    assert [warning["feature"] for warning in answered.json["warnings"]] == [
        *("tools", "toolChoice", "responseFormat")
    ]


def test_a_model_that_completes_texts_is_handed_no_calls() -> None:
    refused = ask(Api(HELLO), "Hi", assistant(call("f", {})), model=INSTRUCT)

    assert refused.error["message"] == "'tool-call messages' functionality not supported."


# --- why it ended ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        pytest.param("Hello.", {"unified": "stop"}, id="by itself"),
        pytest.param(
            "{kind: text, text: Hi, finish_reason: length}",
            {"unified": "length", "raw": "max_output_tokens"},
            id="by a limit",
        ),
        pytest.param(
            "{kind: text, text: Hi, finish_reason: content_filter}",
            {"unified": "content-filter", "raw": "content_filter"},
            id="by a filter",
        ),
        pytest.param("{kind: refusal, text: No.}", {"unified": "content-filter"}, id="by refusing"),
        pytest.param(
            "{kind: tool_calls, calls: [{name: get_weather, arguments: {}}]}",
            {"unified": "tool-calls"},
            id="for a call",
        ),
    ],
)
def test_why_an_answer_ended(reply: str, reason: Any) -> None:
    api = Api(f"rules: [{{name: one, reply: {reply}}}]")

    assert ask(api, tools=[function()]).json["finishReason"] == reason
    assert ask(api, tools=[function()], specification=2).json["finishReason"] == reason["unified"]


def test_other_makers_say_why_in_their_own_words() -> None:
    api = Api("rules: [{name: hi, when: {model: anthropic/claude-x}, reply: Hi}]")

    answered = ask(api, model="anthropic/claude-x")

    assert answered.json["finishReason"] == {"unified": "stop", "raw": "stop"}


def test_a_limit_cuts_texts_and_thoughts() -> None:
    thinking = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    api = Api(
        f"rules: [{{name: one, reply: {{kind: text, text: Hi, reasoning: {thinking} x y z}}}}]"
    )

    content = ask(api, maxOutputTokens=16).json

    (thought,) = [part["text"] for part in content["content"] if part["type"] == "reasoning"]
    assert thought.startswith("one two")
    assert not thought.endswith("z")
    assert content["usage"]["outputTokens"]["total"] == 16
    assert content["finishReason"]["unified"] == "length"


# --- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "warnings"),
    [
        pytest.param({"topK": 3}, ["topK"], id="what the interface lacks"),
        pytest.param({"seed": 1, "stopSequences": ["a"]}, ["seed", "stopSequences"], id="two"),
        pytest.param({"temperature": 0}, [], id="what it has"),
    ],
)
def test_a_setting_that_does_not_reach_the_model_is_warned_of(
    options: Any, warnings: list[str]
) -> None:
    answered = ask(Api(HELLO), **options)

    assert answered.json["warnings"] == [
        {"type": "unsupported", "feature": feature} for feature in warnings
    ]


def test_models_that_reason_have_no_temperature() -> None:
    answered = ask(Api(HELLO), model="openai/gpt-5", temperature=0, stream=True)

    (start,) = parts(answered, "stream-start")
    assert start["warnings"] == [
        {
            "type": "unsupported",
            "feature": "temperature",
            "details": "temperature is not supported for reasoning models",
        }
    ]


def test_other_makers_models_stop_where_they_are_told() -> None:
    api = Api("rules: [{name: hi, when: {model: anthropic/claude-x}, reply: One. Two.}]")

    answered = ask(api, model="anthropic/claude-x", stopSequences=[" Two"])

    assert said(answered) == "One."
    assert answered.json["warnings"] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"maxOutputTokens": 7},
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, "
            "but got 7 instead.",
            id="a limit that is too low",
        ),
        pytest.param(
            {"temperature": 3},
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 "
            "instead.",
            id="too hot",
        ),
        pytest.param(
            {"tools": [function()], "toolChoice": {"type": "tool", "toolName": "g"}},
            "Tool choice 'g' not found in 'tools' parameter.",
            id="a tool that is not there",
        ),
    ],
)
def test_what_the_provider_refuses_is_told_on(options: Any, message: str) -> None:
    error = ask(Api(HELLO), **options).error

    assert (error["type"], error["message"]) == ("AI_APICallError", message)
    assert error["param"]["statusCode"] == 400
    assert error["param"]["isRetryable"] is False


def test_a_prompt_that_is_too_long_is_told_on() -> None:
    error = ask(Api(HELLO), "word " * 5_000, model=INSTRUCT).error

    assert error["type"] == "AI_APICallError"
    assert error["message"].startswith("This model's maximum context length is 4097 tokens")


@pytest.mark.parametrize("model", ["gpt-9", "gpt-4o-mini", "openai/text-embedding-3-small"])
def test_a_model_that_the_gateway_does_not_have_is_not_found(model: str) -> None:
    refused = ask(Api(HELLO), model=model)

    assert refused.status == 404
    assert refused.error == {
        "message": f"Model '{model}' not found",
        "type": "model_not_found",
        "param": {"modelId": model},
    }


# --- what tells requests apart ---------------------------------------------------------------


def test_headers_tell_requests_apart_that_have_the_same_body() -> None:
    api = Api(HELLO)
    asked: list[dict[str, Any]] = [
        {"model": SMALL},
        {"model": "openai/gpt-4o"},
        {"model": SMALL, "stream": True},
        {"model": SMALL, "specification": 3},
    ]

    # Each comes three times: what came twice is remembered.
    rounds = [[ask(api, **one).body for one in asked] for _ in range(3)]

    whole, other, streamed, third = (answers[2] for answers in zip(*rounds, strict=True))
    assert streamed.startswith(b"data: ")
    assert b'"originalModelId":"openai/gpt-4o"' in other
    assert b'"originalModelId":"openai/gpt-4o-mini"' in whole
    assert len({whole, other, streamed, third}) == 4


def test_the_same_scenario_gives_the_same_bytes() -> None:
    first, second = (ask(Api(HELLO), stream=True).body for _ in range(2))

    assert first == second


def test_a_generation_has_an_id_of_its_own_each_time() -> None:
    api = Api(HELLO)

    ids = [ask(api).json["providerMetadata"]["gateway"]["generationId"] for _ in range(3)]

    assert len(set(ids)) == 3
    assert {len(identity) for identity in ids} == {30}


# --- failures --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "sent"),
    [
        pytest.param(True, b'"delta":" there"}\n\n', id="a stream"),
        pytest.param(False, b'"text":"Hello there', id="one piece"),
    ],
)
def test_a_failure_strikes_after_so_many_tokens(*, stream: bool, sent: bytes) -> None:
    api = Api(
        "rules: [{name: cut, reply: Hello there., fail: {kind: disconnect, after_tokens: 2}}]"
    )

    answered = ask(api, stream=stream)

    assert answered.body.endswith(sent)
    assert answered.call.failures == ("disconnect",)


def test_thoughts_count_as_tokens_that_are_sent() -> None:
    reply = "{kind: text, text: Four., reasoning: Two and two.}"
    fail = "{kind: disconnect, after_tokens: 5}"
    api = Api(f"rules: [{{name: cut, reply: {reply}, fail: {fail}}}]")

    answered = ask(api, stream=True)

    assert answered.body.endswith(b'{"type":"text-delta","id":"txt-0","delta":"Four"}\n\n')


def test_tokens_take_their_time() -> None:
    latency = "{ttft_ms: 100, per_token_ms: 10}"
    api = Api(f"rules: [{{name: slow, reply: Hello there., latency: {latency}}}]")

    timeline = ask(api, stream=True).timeline

    pauses = [event.seconds for event in timeline if isinstance(event, Pause)]
    assert pauses == pytest.approx([0.1, 0.01, 0.01])


def test_an_error_in_the_stream_is_one_of_its_parts_even_before_the_first_token() -> None:
    fail = "{kind: inject, what: error_event, at: after_headers, message: It broke.}"
    api = Api(f"rules: [{{name: broken, reply: Hello., fail: {fail}}}]")

    body = ask(api, stream=True).body

    assert body == (
        b'data: {"type":"error","error":{"message":"It broke.","type":"internal_server_error"}}\n\n'
    )


def test_a_part_of_a_stream_may_break_off() -> None:
    fail = "{kind: inject, what: bad_json, after_tokens: 1}"
    api = Api(f"rules: [{{name: broken, reply: Hello there., fail: {fail}}}]")

    events = ask(api, stream=True).body.split(b"\n\n")

    assert b'data: {"type":"text-delta","id":"txt-0","delta":" there"}' in events
    assert events[4] == b'data: {"type":"text-delta","i'


def test_a_reply_of_several_choices_gives_the_first() -> None:
    api = Api("rules: [{name: vote, reply: {kind: choices, exact: true, choices: [Yes., No.]}}]")

    assert said(ask(api)) == "Yes."


def test_the_automatic_answer_keeps_to_what_is_asked() -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    api = Api()

    forced = ask(api, tools=[function(**schema)], toolChoice={"type": "required"})
    formatted = ask(api, responseFormat={"type": "json", "name": "place", "schema": schema})

    assert [part["type"] for part in forced.json["content"]] == ["tool-call"]
    assert said(formatted).startswith('{"city":')


def test_an_unscripted_server_answers_the_sdk_in_any_session() -> None:
    answered = Api().post(
        "/s/mine/v4/ai/language-model", {"prompt": [user("Hi")]}, headers=headers_of(4)
    )

    assert said(answered) == "A mock answer to: Hi"
