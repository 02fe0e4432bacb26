"""The fast look: what passes it is valid by every check, and what most requests have passes it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.conversation import ApiError
from mockserver.models import Catalogue, Model
from mockserver.protocols.openai.validation import check_chat, read_body
from mockserver.protocols.openai.validation.looking import FastLook
from mockserver.protocols.openai.validation.restrictions import restrictions_of
from mockserver.wire.http_request import HttpRequest

MODELS = [
    *("gpt-4o-mini", "gpt-3.5-turbo", "o1", "o1-mini", "o3", "gpt-5", "gpt-5-chat-latest"),
    *("gpt-5.6", "gpt-4o-search-preview", "gpt-4o-audio-preview", "openai/gpt-4o", "aiml/gpt-4o"),
]
SCALARS = st.none() | st.booleans() | st.integers(-3, 200) | st.floats(-3, 3) | st.text(max_size=3)
NUMBERS = ["1", "1.0", "1e0", "2.0000000000000001", "1e400", "NaN", "-0", "9" * 25, "true", '"1"']
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant", "developer", "tool", "x"])},
        optional={"content": SCALARS, "name": SCALARS},
    ),
    max_size=3,
)
PLAIN = (
    *("temperature", "top_p", "presence_penalty", "frequency_penalty", "max_tokens", "n"),
    *("max_completion_tokens", "stream", "store", "user", "seed", "zzz", "tools"),
)
MEMBERS = st.fixed_dictionaries(
    {"messages": MESSAGES},
    optional=dict.fromkeys(PLAIN, SCALARS)
    | {
        "stop": SCALARS | st.lists(SCALARS, max_size=5),
        "stream_options": SCALARS | st.dictionaries(st.just("include_usage"), SCALARS),
    },
)


def model_called(name: str) -> Model:
    model = Catalogue(any_model=True).get(name)
    assert model is not None
    return model


def fault(body: dict[str, Any], model: Model, sent: bytes | None = None) -> tuple[Any, ...]:
    try:
        check_chat(body, model, sent)
    except ApiError as error:
        return error.status, error.message, error.param, error.code
    return ()


@settings(derandomize=True, max_examples=600)
@given(MEMBERS, st.sampled_from(MODELS))
def test_a_look_changes_no_judgement(members: dict[str, Any], name: str) -> None:
    body, model = {"model": name, **members}, model_called(name)

    assert fault(body, model, json.dumps(body).encode()) == fault(body, model)


@pytest.mark.parametrize("name", ["temperature", "n", "max_tokens", "seed", "stop", "stream"])
@pytest.mark.parametrize("written", NUMBERS)
def test_a_number_is_judged_as_it_is_written(name: str, written: str) -> None:
    text = f'{{"model": "gpt-4o", "messages": [{{"role": "user", "content": ""}}], "{name}": '
    http = HttpRequest("POST", "/v1/chat/completions", {}, f"{text}{written}}}".encode(), "")
    model = model_called("gpt-4o")
    try:
        body = read_body(http)
    except ApiError:
        assert not FastLook(restrictions_of("gpt-4o")).passes(http.body, {})
        return

    assert fault(body, model, http.body) == fault(body, model)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({}, id="messages alone"),
        pytest.param({"temperature": 0, "top_p": 1, "seed": 7, "n": 2}, id="numbers"),
        pytest.param({"max_tokens": 16, "stop": ["\n"], "user": "u"}, id="limits"),
        pytest.param({"stream": True, "stream_options": {"include_usage": True}}, id="streams"),
    ],
)
def test_what_most_requests_have_is_not_walked(members: dict[str, Any]) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    body = {"model": "gpt-4o", "messages": messages, **members}

    assert FastLook(restrictions_of("gpt-4o")).passes(json.dumps(body).encode(), body)


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    ("members", "is_known_again"),
    [
        pytest.param({"tools": [TOOL]}, True, id="the same tools"),
        pytest.param({"tools": [TOOL], "tool_choice": "auto"}, True, id="and a choice of them"),
        pytest.param({"tools": [TOOL, TOOL]}, False, id="other tools"),
        pytest.param({"tools": [{**TOOL, "type": "x"}]}, False, id="tools that are refused"),
        pytest.param({"tool_choice": "auto"}, False, id="a choice without tools"),
        pytest.param({"tools": [TOOL], "tool_choice": {"type": "x"}}, False, id="a chosen one"),
    ],
)
def test_tools_that_were_valid_once_are_not_walked_again(
    members: dict[str, Any], *, is_known_again: bool
) -> None:
    look, messages = FastLook(restrictions_of("gpt-4o")), [{"role": "user", "content": "Hi"}]
    first = {"model": "gpt-4o", "messages": messages, "tools": [TOOL]}
    body = {"model": "gpt-4o", "messages": [*messages, *messages], **members}

    assert not look.passes(json.dumps(first).encode(), first)
    look.learn(json.dumps(first).encode(), first)

    assert look.passes(json.dumps(body).encode(), body) == is_known_again
