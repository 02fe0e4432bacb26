"""How api.openai.com spells what the golden bytes do not show case by case."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inprocess import Answered, Api

from mockserver.wire.timeline import data_events

ECHO = Api("rules: [{name: echo, reply: {kind: echo}}]")


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.text(max_size=40), st.booleans())
def test_every_chunk_is_padded_to_the_same_remainder(said: str, include_usage: bool) -> None:  # noqa: FBT001 - drawn
    options = {"include_usage": include_usage}
    body = ECHO.chat(said, stream=True, stream_options=options).body.decode()
    payloads = [event.removeprefix("data: ") for event in body.split("\n\n")[:-2]]

    # In characters, not bytes; the member's own 17 characters are one over the block of 16.
    assert {len(payload) % 16 for payload in payloads} == {1}
    assert all(list(json.loads(payload))[-1] == "obfuscation" for payload in payloads)


def test_no_chunk_is_padded_where_the_request_says_so() -> None:
    answered = ECHO.chat(stream=True, stream_options={"include_obfuscation": False})

    assert not any("obfuscation" in chunk for chunk in answered.chunks)


def test_legacy_chunks_are_never_padded() -> None:
    assert not any("obfuscation" in chunk for chunk in ECHO.complete(stream=True).chunks)


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_the_chunks_of_a_stream_add_up_to_the_text(said: str) -> None:
    pieces = [
        choice["delta"].get("content", "")
        for chunk in ECHO.chat(said, stream=True).chunks
        for choice in chunk["choices"]
    ]

    assert "".join(pieces) == said == ECHO.chat(said).text


CALLS = Api("""
    rules:
      - name: calls
        reply:
          kind: tool_calls
          calls:
            - {name: first, arguments: {city: "Besançon", note: "line\\nbreak"}}
            - {name: second}
            - {name: third, arguments: "{'as': 'written"}
""")


def test_the_chunks_of_several_calls_add_up_to_their_arguments() -> None:
    streamed: dict[int, str] = {}
    for chunk in CALLS.chat(stream=True).chunks:
        for call in chunk["choices"][0]["delta"].get("tool_calls", ()):
            index, piece = call["index"], call["function"]["arguments"]
            streamed[index] = streamed.get(index, "") + piece
    whole = CALLS.chat().choice["message"]["tool_calls"]

    assert list(streamed.values()) == [call["function"]["arguments"] for call in whole]


def test_the_arguments_of_several_calls_come_in_pieces_of_four_five_and_six() -> None:
    pieces = [
        call["function"]["arguments"]
        for chunk in CALLS.chat(stream=True).chunks
        for call in chunk["choices"][0]["delta"].get("tool_calls", ())
        if call["index"] == 0
    ]

    assert [len(piece) for piece in pieces] == [0, 4, 5, 6, 4, 5, 6, 4, 5, 4]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param("{a: 1, b: [2, é]}", '{"a": 1, "b": [2, "é"]}', id="of several, with spaces"),
        pytest.param("'{\"a\":1}'", '{"a":1}', id="as written"),
    ],
)
def test_how_the_arguments_of_several_calls_are_written(arguments: str, text: str) -> None:
    api = Api(f"""
        rules:
          - name: calls
            reply: {{kind: tool_calls, calls: [{{name: a, arguments: {arguments}}}, {{name: b}}]}}
    """)
    first, second = api.chat().choice["message"]["tool_calls"]

    assert (first["function"]["arguments"], second["function"]["arguments"]) == (text, "{}")


def test_tokens_of_several_calls_are_all_counted_on_their_way() -> None:
    api = Api("""
        rules:
          - name: calls
            fail: {kind: disconnect, after_tokens: 99}
            reply: {kind: tool_calls, calls: [{name: a, arguments: {city: "Paris"}}, {name: b}]}
    """)
    streamed = api.chat(stream=True)
    whole = api.chat()

    assert tokens_in(streamed) == tokens_in(whole) > 0


def tokens_in(answered: Answered) -> int:
    return sum(event.tokens for event in data_events(answered.timeline))


@pytest.mark.parametrize("endpoint", ["chat/completions", "completions"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("gpt-3.5 turbo", id="E1 a blank within"),
        pytest.param(" gpt-4o", id="E1 a blank in front"),
        pytest.param("gpt-4o\n", id="E1 a line end"),
        pytest.param("GPT 4", id="E1 the name that people use"),
    ],
)
def test_no_model_has_a_blank_in_its_name(name: str, endpoint: str) -> None:
    refused = ECHO.post(f"/v1/{endpoint}", {"model": name, "messages": [], "prompt": "Hi"})

    assert (refused.status, refused.error) == (
        400,
        {
            "message": "invalid model ID",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        },
    )


def test_a_scenario_may_name_a_model_with_a_blank_e1() -> None:
    api = Api("models: [{id: my model, like: gpt-4o}]")

    assert api.chat(model="my model").status == 200
