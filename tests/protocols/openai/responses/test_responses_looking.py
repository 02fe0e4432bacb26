"""The fast look at Responses: what passes it is valid by every check, and most requests pass it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.conversation import ApiError
from mockserver.models import Catalogue
from mockserver.protocols.openai.responses.traits import traits_of
from mockserver.protocols.openai.responses.validation import check_responses
from mockserver.protocols.openai.responses.validation.looking import FastLook

CATALOGUE = Catalogue(any_model=True)
MODELS = ["gpt-3.5-turbo", "gpt-4o", "o4-mini", "o3-deep-research", "gpt-5", "gpt-5.1", "gpt-5.6"]
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 200)
    | st.floats(-1, 3)
    | st.sampled_from(["", "auto", "none", "x" * 65, "reasoning.encrypted_content", "priority"])
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant", "tool"])},
        optional={"content": VALUES, "phase": VALUES},
    ),
    max_size=2,
)
TOOL = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
MEMBERS = (
    *("instructions", "previous_response_id", "conversation", "stream", "store", "temperature"),
    *("top_p", "max_output_tokens", "max_tool_calls", "user", "safety_identifier", "reasoning"),
    *("prompt_cache_key", "truncation", "service_tier", "tool_choice", "top_logprobs", "zzz"),
)
BODIES = st.fixed_dictionaries(
    {
        "input": MESSAGES
        | st.sampled_from(["", "x", None])
        | st.just([{"role": "user", "content": "x"}])
    },
    optional={
        "tools": st.sampled_from([[], [TOOL], [{"type": "x"}], [{"type": "web_search"}]]),
        "include": st.lists(VALUES, max_size=2),
        "stream_options": st.dictionaries(st.sampled_from(["include_obfuscation", "x"]), VALUES),
        **dict.fromkeys(MEMBERS, VALUES),
    },
)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(body=BODIES, model=st.sampled_from(MODELS))
def test_what_passes_is_valid(body: dict[str, Any], model: str) -> None:
    known = CATALOGUE.resolve(model)
    body = {"model": model, **body}

    if FastLook(traits_of(known)).passes(json.dumps(body).encode()):
        check_responses(body, known)


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"input": "x"}, id="a text"),
        pytest.param({"input": [{"role": "user", "content": "x"}], "stream": True}, id="a message"),
        pytest.param({"input": "x", "instructions": "y", "temperature": 0.5}, id="instructions"),
        pytest.param({"input": "x", "previous_response_id": "resp_1"}, id="a second turn"),
    ],
)
def test_plain_requests_pass(members: dict[str, Any]) -> None:
    look = FastLook(traits_of(CATALOGUE.resolve("gpt-4o")))

    assert look.passes(json.dumps({"model": "gpt-4o", **members}).encode())


def test_tools_pass_when_they_are_known_again() -> None:
    look = FastLook(traits_of(CATALOGUE.resolve("gpt-4o")))
    sent = json.dumps({"model": "gpt-4o", "input": "x", "tools": [TOOL]}).encode()
    other = sent.replace(b'"f"', b'"g"')

    assert not look.passes(sent)
    look.learn(sent)
    assert look.passes(sent.replace(b'"x"', b'"y"'))
    assert not look.passes(other)


def test_what_a_gateway_takes_is_not_known_again_elsewhere() -> None:
    search = {"type": "file_search", "vector_store_ids": []}
    body = {"model": "gpt-4", "input": "x", "tools": [search]}
    sent = json.dumps(body).encode()
    check_responses(body, CATALOGUE.resolve("openai/gpt-4"), sent)

    with pytest.raises(ApiError, match="Hosted tool"):
        check_responses(body, CATALOGUE.resolve("gpt-4"), sent)
