"""What models take on the Responses API, and which of them answer there."""

from typing import Any

import pytest

from mockserver.conversation import ApiError
from mockserver.models import Catalogue
from mockserver.protocols.openai import validation
from mockserver.protocols.openai.responses.traits import traits_of
from mockserver.protocols.openai.responses.validation import (
    check_context,
    check_responses,
    find_model,
)

LOGPROBS = {"include": ["message.output_text.logprobs"]}
ENCRYPTED = {"include": ["reasoning.encrypted_content"]}
NO_LOGPROBS = "logprobs are not supported with reasoning models."
SCHEMA = {"text": {"format": {"type": "json_schema", "name": "n", "strict": False, "schema": {}}}}
SEARCH = {"type": "web_search"}
FILES = {"type": "file_search", "vector_store_ids": ["vs_1"]}
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}


def unsupported(key: str, code: str | None = None) -> tuple[str, str | None, str]:
    return key, code, f"Unsupported parameter: '{key}' is not supported with this model."


def only(key: str, value: str, model: str, supported: str) -> tuple[str, str, str]:
    message = f"Unsupported value: '{value}' is not supported with the '{model}' model."
    return key, "unsupported_value", f"{message} Supported values are: {supported}."


@pytest.mark.parametrize(
    ("model", "members", "expected"),
    [
        pytest.param("gpt-5", {"temperature": 0.5}, unsupported("temperature"), id="it thinks"),
        pytest.param("gpt-5", {"temperature": 1}, None, id="the default"),
        pytest.param("gpt-5", {"top_p": 0.5}, unsupported("top_p"), id="top_p"),
        pytest.param("gpt-5.1", {"temperature": 0.5}, None, id="it does not think unasked"),
        pytest.param(
            "gpt-5.1",
            {"temperature": 0.5, "reasoning": {"effort": "low"}},
            unsupported("temperature"),
            id="it was asked to",
        ),
        pytest.param(
            "gpt-5.6-sol",
            {"temperature": 0.5, "reasoning": {"effort": "none"}},
            None,
            id="it was asked not to",
        ),
        pytest.param(
            "gpt-4o", {"temperature": 0.5, "top_logprobs": 3, **LOGPROBS}, None, id="free"
        ),
        pytest.param(
            "o4-mini",
            {"top_logprobs": 3},
            ("top_logprobs", "unsupported_parameter", NO_LOGPROBS),
            id="log-probabilities",
        ),
        pytest.param(
            "o4-mini",
            LOGPROBS,
            ("include", "unsupported_parameter", NO_LOGPROBS),
            id="log-probabilities by the other door",
        ),
        pytest.param("gpt-5.4", LOGPROBS, None, id="log-probabilities without thoughts"),
        pytest.param(
            "o4-mini",
            {"reasoning": {"effort": "minimal"}},
            only("reasoning.effort", "minimal", "o4-mini", "'low', 'medium', and 'high'"),
            id="an effort of other models",
        ),
        pytest.param(
            "gpt-5-chat-latest",
            {"reasoning": {"effort": "low"}},
            unsupported("reasoning.effort", "unsupported_parameter"),
            id="no thoughts at all",
        ),
        pytest.param(
            "gpt-4o",
            {"reasoning": {"summary": "auto"}},
            unsupported("reasoning.summary", "unsupported_parameter"),
            id="nor summaries",
        ),
        pytest.param("gpt-4o", {"reasoning": {"effort": None}}, None, id="nothing asked"),
        pytest.param(
            "gpt-4.1",
            ENCRYPTED,
            ("include", None, "Encrypted content is not supported with this model."),
            id="no thoughts to encrypt",
        ),
        pytest.param("gpt-5.4", ENCRYPTED, None, id="thoughts that may be"),
        pytest.param(
            "gpt-4o",
            {"text": {"verbosity": "low"}},
            only("text.verbosity", "low", "gpt-4o", "'medium'"),
            id="verbosity",
        ),
        pytest.param(
            "gpt-4",
            SCHEMA,
            (
                "text.format",
                None,
                (
                    "Invalid parameter: 'text.format' of type 'json_schema' is not supported with "
                    "model version `gpt-4-0613`."
                ),
            ),
            id="schemas",
        ),
        pytest.param(
            "gpt-5.6-terra",
            {"prompt_cache_retention": "in_memory"},
            (
                "prompt_cache_retention",
                "invalid_parameter",
                "This model is compatible only with 24h extended prompt caching",
            ),
            id="caching",
        ),
        pytest.param(
            "gpt-4",
            {"tools": [FILES]},
            ("tools", None, "Hosted tool 'file_search' is not supported with gpt-4."),
            id="hosted tools",
        ),
        pytest.param(
            "gpt-5",
            {"tools": [SEARCH], "reasoning": {"effort": "minimal"}},
            (
                "tools",
                None,
                "The following tools cannot be used with reasoning.effort 'minimal': web_search.",
            ),
            id="searching without thinking",
        ),
        pytest.param(
            "o3-deep-research",
            {"tools": [FUNCTION]},
            (
                "tools",
                None,
                (
                    "Deep research models only support the 'web_search_preview', "
                    "'code_interpreter', 'mcp', and 'file_search' tools."
                ),
            ),
            id="research with functions",
        ),
        pytest.param(
            "o3-deep-research",
            {},
            (
                "tools",
                None,
                (
                    "Deep research models require at least one of 'web_search_preview', 'mcp', or "
                    "'file_search' tools."
                ),
            ),
            id="research without a source",
        ),
        pytest.param("o3-deep-research", {"tools": [FILES]}, None, id="research"),
    ],
)
def test_a_model_refuses_what_it_cannot_do(
    fault: Any, model: str, members: Any, expected: Any
) -> None:
    assert fault(model, **members) == expected


def test_of_an_unknown_model_nothing_is_refused_that_some_model_takes() -> None:
    stranger = Catalogue(any_model=True).get("my-model")
    assert stranger is not None
    body = {
        "model": "my-model",
        "input": "json",
        "temperature": 0.5,
        "reasoning": {"effort": "minimal", "summary": "auto"},
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
        "tools": [SEARCH],
        "text": {"format": {"type": "json_object"}, "verbosity": "low"},
    }

    check_responses(body, stranger)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        pytest.param("gpt-9", "The requested model 'gpt-9' does not exist.", id="unknown"),
        pytest.param(
            "o1-mini",
            "The requested model 'o1-mini' is not supported with the Responses API.",
            id="of chat alone",
        ),
        pytest.param(
            "gpt-3.5-turbo-instruct",
            "The requested model 'gpt-3.5-turbo-instruct' is not supported with the Responses API.",
            id="of completions",
        ),
        pytest.param(
            "text-embedding-3-small",
            "The requested model 'text-embedding-3-small' is not supported with the Responses API.",
            id="of neither",
        ),
    ],
)
def test_a_model_that_does_not_answer_here_is_refused(fault: Any, model: str, message: str) -> None:
    assert fault(model) == ("model", "model_not_found", message)


@pytest.mark.parametrize(
    "model",
    [
        "gpt-5-pro",
        "gpt-5-codex",
        "o1-pro",
        "o3-deep-research",
        "codex-mini-latest",
        "computer-use-preview",
    ],
)
def test_what_only_responses_serves_is_refused_on_chat(model: str) -> None:
    with pytest.raises(ApiError) as caught:
        validation.find_model({"model": model}, Catalogue(), "chat")

    assert (caught.value.status, caught.value.param) == (404, "model")
    assert caught.value.message == (
        "This model is only supported in v1/responses and not in v1/chat/completions."
    )
    assert find_model({"model": model, "input": "x"}, Catalogue()).id == model


def test_a_stored_prompt_needs_no_model() -> None:
    assert find_model({"prompt": {"id": "pmpt_1"}}, Catalogue()).id == "gpt-4o-mini"


@pytest.mark.parametrize(
    ("members", "is_refused"),
    [
        pytest.param({}, True, id="too long"),
        pytest.param({"truncation": "auto"}, False, id="shortened"),
    ],
)
def test_an_input_beyond_the_context_window_is_refused(members: Any, is_refused: bool) -> None:  # noqa: FBT001 - a parameter
    model = Catalogue().resolve("gpt-4o")
    assert model.context_window is not None
    tokens = model.context_window + 1
    if not is_refused:
        check_context({"input": "x", **members}, model, tokens)
        return
    with pytest.raises(ApiError) as caught:
        check_context({"input": "x", **members}, model, tokens)

    error = caught.value
    assert (error.param, error.code, error.layer) == (
        "input",
        "context_length_exceeded",
        "responses",
    )


@pytest.mark.parametrize(
    ("model", "effort", "phase"),
    [
        pytest.param("gpt-4o", None, False, id="no thoughts"),
        pytest.param("gpt-5-mini", "medium", False, id="thoughts"),
        pytest.param("gpt-5.4-nano", "none", True, id="thoughts on demand"),
        pytest.param("openai/gpt-5.6-sol", "medium", True, id="a gateway's name"),
        pytest.param("ft:gpt-4o:org::1", None, False, id="a fine-tune"),
        pytest.param("gpt-5-pro-2025-10-06", "high", False, id="a pro model"),
    ],
)
def test_traits_belong_to_the_name(model: str, effort: str | None, phase: bool) -> None:  # noqa: FBT001 - a parameter
    traits = traits_of(Catalogue().resolve(model))

    assert (traits.effort, traits.phase) == (effort, phase)
