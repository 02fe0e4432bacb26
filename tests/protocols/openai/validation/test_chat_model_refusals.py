"""What some models refuse and others take: param, code and message."""

from typing import Any

import pytest

from mockserver.conversation import ApiError
from mockserver.models import Catalogue
from mockserver.protocols.openai.validation import check_chat
from mockserver.protocols.openai.validation.restrictions import restrictions_of

TERRA = "gpt-5.6-terra"
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
FIXED = " Only the default (1) value is supported."


def unsupported(param: str, hint: str = "") -> tuple[str, str, str]:
    message = f"Unsupported parameter: '{param}' is not supported with this model.{hint}"
    return param, "unsupported_parameter", message


def unsupported_value(param: str, value: str, hint: str = "") -> tuple[str, str, str]:
    message = f"Unsupported value: '{param}' does not support {value} with this model.{hint}"
    return param, "unsupported_value", message


def unknown(param: str, hint: str = "") -> tuple[str, str, str]:
    return param, "unknown_parameter", f"Unknown parameter: '{param}'.{hint}"


def unrecognized(words: str) -> tuple[None, None, str]:
    return None, None, f"Unrecognized request {words}"


# --- Members that nobody knows ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "members", "fault"),
    [
        pytest.param(
            "gpt-4o-mini",
            {"reasoning_effort": "low"},
            unrecognized("argument supplied: reasoning_effort"),
            id="a member that other models know",
        ),
        pytest.param(
            "gpt-4.1",
            {"reasoning_effort": "low", "chat_template_kwargs": {}},
            unrecognized("arguments supplied: chat_template_kwargs, reasoning_effort"),
            id="two of them, by the alphabet",
        ),
        pytest.param(
            "gpt-3.5-turbo", {"top_k": 4}, unrecognized("argument supplied: top_k"), id="classic"
        ),
        pytest.param(
            "gpt-5-chat-latest",
            {"top_k": 4},
            unrecognized("argument supplied: top_k"),
            id="the one gpt-5 that does not reason",
        ),
        pytest.param("o3-mini", {"zzz_unknown": 1}, unknown("zzz_unknown"), id="strict, o-series"),
        pytest.param("gpt-5", {"top_k": 1}, unknown("top_k"), id="strict, no help with spelling"),
        pytest.param(TERRA, {"zzz_unknown": 1}, unknown("zzz_unknown"), id="nothing is alike"),
        pytest.param(TERRA, {"zzz": None}, unknown("zzz"), id="null is no excuse"),
        pytest.param(TERRA, {"audio": {}}, unknown("audio"), id="audio"),
        pytest.param(TERRA, {"modalities": ["text"]}, unknown("modalities"), id="modalities"),
        pytest.param(TERRA, {"web_search_options": {}}, unknown("web_search_options"), id="search"),
        pytest.param(TERRA, {"reasoning": {"effort": "low"}}, unknown("reasoning"), id="reasoning"),
        pytest.param(TERRA, {"text": {"verbosity": "low"}}, unknown("text"), id="text"),
        pytest.param(
            TERRA, {"top_k": 1}, unknown("top_k", " Did you mean 'top_p'?"), id="one is alike"
        ),
        pytest.param(
            TERRA,
            {"temperatur": 1},
            unknown("temperatur", " Did you mean 'temperature'?"),
            id="a letter is missing",
        ),
        pytest.param(
            TERRA,
            {"stor": 1},
            unknown("stor", " Did you mean 'stop' or 'store'?"),
            id="two are alike",
        ),
        pytest.param(
            TERRA, {"messagess": 1}, unknown("messagess"), id="what is alike is in the body"
        ),
    ],
)
def test_a_member_that_the_validator_does_not_know_is_refused(
    chat_fault: Any, model: str, members: dict[str, Any], fault: object
) -> None:
    assert chat_fault(model, **members) == fault


def test_null_is_as_good_as_absent_for_what_other_models_know(chat_fault: Any) -> None:
    assert chat_fault("gpt-4o-mini", reasoning_effort=None) is None


# --- Reasoning -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["gpt-5", "gpt-5-nano", "gpt-5.4-mini", TERRA, "gpt-6-sol"])
@pytest.mark.parametrize(
    ("members", "fault"),
    [
        pytest.param({"stop": ["ZZ"]}, unsupported("stop"), id="stop"),
        pytest.param({"logit_bias": {"1": 1}}, unsupported("logit_bias"), id="biases"),
        pytest.param(
            {"prediction": {"type": "content", "content": "p"}},
            unsupported("prediction"),
            id="a prediction",
        ),
        pytest.param(
            {"max_tokens": 32},
            unsupported("max_tokens", " Use 'max_completion_tokens' instead."),
            id="max_tokens",
        ),
    ],
)
def test_gpt_5_does_not_take_some_parameters(
    chat_fault: Any, model: str, members: dict[str, Any], fault: object
) -> None:
    assert chat_fault(model, **members) == fault


@pytest.mark.parametrize("model", ["gpt-5-mini", "gpt-5.5", TERRA])
@pytest.mark.parametrize(
    ("members", "fault"),
    [
        pytest.param({"top_p": 0.5}, unsupported("top_p"), id="top_p"),
        pytest.param({"presence_penalty": 0.5}, unsupported("presence_penalty"), id="presence"),
        pytest.param({"frequency_penalty": 0.5}, unsupported("frequency_penalty"), id="frequency"),
        pytest.param({"logprobs": True}, unsupported("logprobs"), id="logprobs"),
        pytest.param(
            {"temperature": 0}, unsupported_value("temperature", "0", FIXED), id="temperature 0"
        ),
        pytest.param(
            {"temperature": 0.0},
            unsupported_value("temperature", "0.0", FIXED),
            id="temperature 0.0",
        ),
    ],
)
def test_sampling_is_fixed_while_a_model_reasons(
    chat_fault: Any, model: str, members: dict[str, Any], fault: object
) -> None:
    assert chat_fault(model, **members) == fault


SAMPLING = {
    "temperature": 0.5,
    "top_p": 0.5,
    "presence_penalty": 0.5,
    "frequency_penalty": 0.5,
    "logprobs": True,
    "top_logprobs": 5,
}


def test_sampling_is_free_once_a_model_stops_reasoning(chat_fault: Any) -> None:
    assert chat_fault("gpt-5.5", reasoning_effort="none", **SAMPLING) is None


@pytest.mark.parametrize("model", ["gpt-5.6", TERRA, "gpt-5.6-luna"])
def test_gpt_5_6_samples_in_one_way_even_without_reasoning_e9(chat_fault: Any, model: str) -> None:
    rest = {key: value for key, value in SAMPLING.items() if key not in {"temperature", "top_p"}}

    assert chat_fault(model, reasoning_effort="none", **rest) is None
    assert chat_fault(model, reasoning_effort="none", temperature=0.5) == unsupported_value(
        "temperature", "0.5", FIXED
    )
    assert chat_fault(model, reasoning_effort="none", top_p=0.5) == unsupported("top_p")
    assert chat_fault(model, reasoning_effort="none", temperature=1, top_p=1.0) is None


@pytest.mark.parametrize(
    ("model", "members", "param"),
    [
        pytest.param("gpt-5", {"temperature": 3, "max_tokens": 5}, "max_tokens", id="E6 gpt-5"),
        pytest.param("gpt-5-nano", {"top_p": 2, "max_tokens": 5}, "max_tokens", id="E6 top_p"),
        pytest.param("o4-mini", {"temperature": 3, "stop": "x"}, "stop", id="E6 o4-mini"),
        pytest.param(TERRA, {"temperature": -1, "prediction": {}}, "prediction", id="E6 gpt-5.6"),
        pytest.param("gpt-5", {"temperature": "x", "max_tokens": 5}, "temperature", id="a type"),
        pytest.param("gpt-4o", {"temperature": 3, "max_tokens": 0}, "temperature", id="gpt-4o"),
    ],
)
def test_what_is_unsupported_comes_before_ranges(
    chat_fault: Any, model: str, members: dict[str, Any], param: str
) -> None:
    assert chat_fault(model, **members)[0] == param


@pytest.mark.parametrize("model", ["gpt-5", TERRA, "o3"])
def test_a_range_is_checked_all_the_same_e6(chat_fault: Any, model: str) -> None:
    assert chat_fault(model, temperature=3)[1] == "decimal_above_max_value"


NO_TOOLS = (
    "tools is not supported in this model. For a list of supported models, refer to "
    "https://platform.openai.com/docs/guides/function-calling#models-supporting-function-calling."
)


@pytest.mark.parametrize("model", ["o1-mini", "gpt-5-chat-latest", "chatgpt-4o-latest"])
def test_some_models_take_no_tools(model: str) -> None:
    known = Catalogue(any_model=True).get(model)
    assert known is not None
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "tools": TOOLS}

    with pytest.raises(ApiError) as refused:
        check_chat(body, known)

    assert (refused.value.status, refused.value.message) == (404, NO_TOOLS)
    assert (refused.value.param, refused.value.code) == (None, None)


@pytest.mark.parametrize("kind", ["web_search_preview", "web_search"])
@pytest.mark.parametrize("model", ["gpt-5-nano", "gpt-5", "gpt-5.1"])
def test_gpt_5_takes_built_in_tools_a3(chat_fault: Any, model: str, kind: str) -> None:
    assert chat_fault(model, tools=[{"type": kind, "search_context_size": "low"}]) is None


@pytest.mark.parametrize("model", ["gpt-4o", "o3", TERRA])
def test_other_models_do_not_a3(chat_fault: Any, model: str) -> None:
    assert chat_fault(model, tools=[{"type": "web_search_preview"}]) == (
        "tools[0].type",
        "invalid_value",
        "Invalid value: 'web_search_preview'. Supported values are: 'function' and 'custom'.",
    )


def test_gpt_5_1_takes_no_effort_that_is_null_e9(chat_fault: Any) -> None:
    hint = " Supported values are: 'none', 'low', 'medium', and 'high'."

    assert chat_fault("gpt-5.1", reasoning_effort=None) == unsupported_value(
        "reasoning_effort", "null", hint
    )
    assert chat_fault("gpt-5", reasoning_effort=None) is None


def test_a_chat_alias_thinks_in_one_way(chat_fault: Any) -> None:
    hint = " Supported values are: 'medium'."

    assert chat_fault("gpt-5.2-chat-latest", reasoning_effort="high") == unsupported_value(
        "reasoning_effort", "'high'", hint
    )


@pytest.mark.parametrize("model", ["gpt-5.1", "gpt-5.2", "gpt-5.4-mini"])
def test_sampling_is_free_on_models_that_do_not_reason_by_themselves(
    chat_fault: Any, model: str
) -> None:
    assert chat_fault(model, **SAMPLING) is None


def test_defaults_may_be_stated_while_a_model_reasons(chat_fault: Any) -> None:
    stated = {"temperature": 1.0, "top_p": 1, "presence_penalty": 0, "logprobs": False}

    assert chat_fault("gpt-5", **stated) is None


@pytest.mark.parametrize(
    ("model", "members", "fault"),
    [
        pytest.param(
            "o3-mini", {"temperature": 0.5}, unsupported("temperature"), id="o3-mini: temperature"
        ),
        pytest.param(
            "o4-mini",
            {"temperature": 0.1},
            unsupported_value("temperature", "0.1", FIXED),
            id="o4-mini: temperature",
        ),
        pytest.param("o3", {"stop": "x"}, unsupported("stop"), id="o3: stop"),
        pytest.param("o1", {"top_p": 0.5}, unsupported("top_p"), id="o1: top_p"),
        pytest.param(
            "o4-mini",
            {"parallel_tool_calls": False, "tools": TOOLS},
            unsupported("parallel_tool_calls"),
            id="o4-mini: parallel calls",
        ),
        pytest.param(
            "o1",
            {"max_tokens": 5},
            unsupported("max_tokens", " Use 'max_completion_tokens' instead."),
            id="o1: max_tokens",
        ),
    ],
)
def test_the_o_series_does_not_take_some_parameters(
    chat_fault: Any, model: str, members: dict[str, Any], fault: object
) -> None:
    assert chat_fault(model, **members) == fault


@pytest.mark.parametrize(
    ("model", "effort", "shown", "supported"),
    [
        pytest.param(
            TERRA, "max", "'max'", "'none', 'low', 'medium', 'high', and 'xhigh'", id="too much"
        ),
        pytest.param(
            TERRA,
            "minimal",
            "'minimal'",
            "'none', 'low', 'medium', 'high', and 'xhigh'",
            id="an older word",
        ),
        pytest.param(
            TERRA,
            {"k": "a'b"},
            "{'k': \"a'b\"}",
            "'none', 'low', 'medium', 'high', and 'xhigh'",
            id="an object, as Python prints it",
        ),
        pytest.param("gpt-5", "none", "'none'", "'minimal', 'low', 'medium', and 'high'", id="5"),
        pytest.param(
            "gpt-5.1", "xhigh", "'xhigh'", "'none', 'low', 'medium', and 'high'", id="5.1"
        ),
        pytest.param("o3", "minimal", "'minimal'", "'low', 'medium', and 'high'", id="o3"),
    ],
)
def test_a_model_thinks_only_as_hard_as_it_can(
    chat_fault: Any, model: str, effort: object, shown: str, supported: str
) -> None:
    hint = f" Supported values are: {supported}."

    assert chat_fault(model, reasoning_effort=effort) == unsupported_value(
        "reasoning_effort", shown, hint
    )


OLD_WORDS = "Please use /v1/responses instead."
NEW_WORDS = "To use function tools, use /v1/responses or set reasoning_effort to 'none'."


@pytest.mark.parametrize(
    ("model", "effort", "words"),
    [
        pytest.param("gpt-5.4-mini", "low", OLD_WORDS, id="an effort on gpt-5.4-mini"),
        pytest.param("gpt-5.4", "medium", OLD_WORDS, id="an effort on gpt-5.4"),
        pytest.param(TERRA, "low", NEW_WORDS, id="an effort on gpt-5.6"),
        pytest.param(TERRA, None, NEW_WORDS, id="no effort stated on gpt-5.6, which reasons"),
        pytest.param("gpt-6-astra", "high", NEW_WORDS, id="an effort on gpt-6"),
    ],
)
def test_some_models_do_not_call_functions_while_they_reason(
    chat_fault: Any, model: str, effort: str | None, words: str
) -> None:
    assert chat_fault(model, tools=TOOLS, reasoning_effort=effort) == (
        "reasoning_effort",
        None,
        (
            f"Function tools with reasoning_effort are not supported for {model} in "
            f"/v1/chat/completions. {words}"
        ),
    )


@pytest.mark.parametrize(
    ("model", "effort"),
    [
        pytest.param(TERRA, "none", id="gpt-5.6 without thinking"),
        pytest.param("gpt-5.4-mini", None, id="gpt-5.4-mini by itself"),
        pytest.param("gpt-5.5", "high", id="gpt-5.5"),
        pytest.param("gpt-5-nano", "medium", id="gpt-5-nano"),
    ],
)
def test_other_models_call_functions(chat_fault: Any, model: str, effort: str | None) -> None:
    assert chat_fault(model, tools=TOOLS, reasoning_effort=effort) is None


# --- Roles, ranges, formats ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "role"),
    [("o1-mini", "system"), ("o1-mini", "developer"), (TERRA, "function")],
)
def test_a_role_that_a_model_does_not_take_is_refused(
    chat_fault: Any, model: str, role: str
) -> None:
    messages = [{"role": role, "name": "f", "content": "x"}, {"role": "user", "content": "x"}]

    assert chat_fault(model, messages=messages) == unsupported_value(
        "messages[0].role", f"'{role}'"
    )


def test_a_plain_message_of_such_a_role_is_refused_too(chat_fault: Any) -> None:
    messages = [{"role": "system", "content": "x"}, {"role": "user", "content": "x"}]

    assert chat_fault("o1-mini", messages=messages) == unsupported_value(
        "messages[0].role", "'system'"
    )


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        pytest.param(
            {"n": 64},
            (
                "n",
                "integer_above_max_value",
                (
                    "Invalid 'n': integer above maximum value. "
                    "Expected a value <= 8, but got 64 instead."
                ),
            ),
            id="more than eight choices",
        ),
        pytest.param(
            {"top_logprobs": 21, "logprobs": True, "reasoning_effort": "none"},
            (
                "top_logprobs",
                None,
                "Invalid value for 'top_logprobs': must be less than or equal to 5.",
            ),
            id="more than five top_logprobs",
        ),
        pytest.param(
            {"prompt_cache_retention": "in_memory"},
            (
                "prompt_cache_retention",
                None,
                "This model is compatible only with 24h extended prompt caching",
            ),
            id="a cache in memory",
        ),
    ],
)
def test_gpt_5_6_has_narrower_bounds(
    chat_fault: Any, members: dict[str, Any], fault: object
) -> None:
    assert chat_fault(TERRA, **members) == fault


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1-nano"])
def test_older_models_are_verbose_in_one_way(chat_fault: Any, model: str) -> None:
    hint = " Supported values are: 'medium'."

    assert chat_fault(model, verbosity="low") == unsupported_value("verbosity", "'low'", hint)


def test_older_models_keep_metadata_only_of_what_is_stored(chat_fault: Any) -> None:
    assert chat_fault("gpt-4o", metadata={"a": "b"}) == (
        "metadata",
        None,
        "The 'metadata' parameter is only allowed when 'store' is enabled.",
    )


@pytest.mark.parametrize(
    ("model", "members"),
    [
        pytest.param("gpt-4o", {"metadata": {"a": "b"}, "store": True}, id="stored"),
        pytest.param(TERRA, {"metadata": {"a": "b"}}, id="on a newer model"),
    ],
)
def test_metadata_is_taken(chat_fault: Any, model: str, members: dict[str, Any]) -> None:
    assert chat_fault(model, **members) is None


SCHEMA = {"type": "json_schema", "json_schema": {"name": "x"}}


@pytest.mark.parametrize("model", ["gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4o-2024-05-13"])
def test_older_models_know_no_schemas(chat_fault: Any, model: str) -> None:
    assert chat_fault(model, response_format=SCHEMA) == (
        "response_format",
        None,
        (
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this "
            "model. Learn more about supported models at the Structured Outputs guide: "
            "https://platform.openai.com/docs/guides/structured-outputs"
        ),
    )


@pytest.mark.parametrize("model", ["gpt-4", "gpt-4-0613"])
def test_the_oldest_models_know_no_json_mode(chat_fault: Any, model: str) -> None:
    assert chat_fault(model, response_format={"type": "json_object"}) == (
        "response_format",
        None,
        (
            "Invalid parameter: 'response_format' of type 'json_object' is not supported with this "
            "model."
        ),
    )


# --- Searching and listening -----------------------------------------------------------------


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-audio", "gpt-5"])
def test_only_search_models_search(chat_fault: Any, model: str) -> None:
    assert chat_fault(model, web_search_options={"search_context_size": "low"}) == (
        "web_search_options",
        None,
        "Web search options not supported with this model.",
    )


def test_a_search_model_searches(chat_fault: Any) -> None:
    assert chat_fault("gpt-4o-search-preview", web_search_options={}) is None


@pytest.mark.parametrize(
    ("members", "words"),
    [
        pytest.param({"temperature": 0.7}, "argument supplied: temperature", id="one"),
        pytest.param(
            {"top_p": 1, "temperature": 0, "presence_penalty": 0, "frequency_penalty": 0},
            "arguments supplied: frequency_penalty, presence_penalty, temperature, top_p",
            id="several, by the alphabet",
        ),
    ],
)
def test_a_search_model_does_not_sample(
    chat_fault: Any, members: dict[str, Any], words: str
) -> None:
    fault = chat_fault("gpt-4o-mini-search-preview", **members)

    assert fault == (None, None, f"Model incompatible request {words}")


def test_an_audio_model_wants_audio(chat_fault: Any) -> None:
    assert chat_fault("gpt-4o-audio-preview") == (
        "model",
        "invalid_value",
        "This model requires that either input content or output modality contain audio.",
    )


AUDIO = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"messages": [{"role": "user", "content": [AUDIO]}]}, id="audio comes in"),
        pytest.param(
            {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
            id="audio goes out",
        ),
    ],
)
def test_an_audio_model_takes_audio(chat_fault: Any, members: dict[str, Any]) -> None:
    assert chat_fault("gpt-audio", **members) is None


# --- Names -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["anthropic/claude-sonnet-4", "openai/gpt-5", "llama-3.3-70b"])
@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"provider": {"sort": "price"}, "usage": {"include": True}}, id="members"),
        pytest.param({"max_tokens": 5, "temperature": 0, "stop": "x"}, id="sampling"),
        pytest.param({"tools": [{"type": "openrouter:web_search"}]}, id="a kind of tool"),
        pytest.param(
            {"messages": [{"role": "user", "content": [{"type": "video_url"}]}]}, id="a part"
        ),
        pytest.param({"response_format": {"type": "grammar"}}, id="a format"),
    ],
)
def test_a_gateway_may_know_more(chat_fault: Any, model: str, members: dict[str, Any]) -> None:
    assert chat_fault(model, **members) is None


@pytest.mark.parametrize("model", ["ft:gpt-4o-mini:org::id", "GPT-4o-mini"])
def test_a_fine_tune_refuses_what_its_model_does(chat_fault: Any, model: str) -> None:
    assert chat_fault(model, top_k=1) == unrecognized("argument supplied: top_k")


def test_a_model_like_another_refuses_what_that_one_does() -> None:
    model = Catalogue({"mine": "o1-mini"}).get("mine")

    assert model is not None
    assert restrictions_of(model.behaves_as).name == "o1-mini"


@pytest.mark.parametrize(
    "model", [model.id for model in Catalogue().listed() if model.mode == "chat"]
)
def test_every_chat_model_of_the_catalogue_has_a_row(model: str) -> None:
    assert not restrictions_of(model).lenient
