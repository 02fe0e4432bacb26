"""What a response repeats of its request: defaults by model, tools as completed, formats."""

from typing import Any

import pytest

from mockserver.models import Catalogue
from mockserver.protocols.openai.responses.echo import echoed, tier_in_progress
from mockserver.protocols.openai.responses.strictness import made_strict

STRING = {"type": "string"}


def echo(model: str = "gpt-4o", **members: Any) -> dict[str, Any]:
    return echoed({"model": model, "input": "x", **members}, Catalogue().resolve(model))


def tool(**members: Any) -> dict[str, Any]:
    (repeated,) = echo(tools=[members])["tools"]
    assert next(iter(repeated)) == "type"
    return repeated


def test_what_is_not_stated_has_its_default() -> None:
    assert echo() == {
        "background": False,
        "frequency_penalty": 0.0,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "moderation": None,
        "parallel_tool_calls": True,
        "presence_penalty": 0.0,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "prompt_cache_retention": "in_memory",
        "reasoning": {"context": None, "effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "user": None,
        "metadata": {},
    }


@pytest.mark.parametrize(
    ("model", "top_p", "retention", "reasoning"),
    [
        pytest.param(
            "gpt-3.5-turbo", 1.0, None, {"context": None, "effort": None, "summary": None}, id="3.5"
        ),
        pytest.param(
            "gpt-5-nano", 1.0, "in_memory",
            {"context": "current_turn", "effort": "medium", "mode": "standard", "summary": None},
            id="gpt-5",
        ),
        pytest.param(
            "gpt-5.4-mini", 0.98, "24h",
            {"context": "current_turn", "effort": "none", "mode": "standard", "summary": None},
            id="gpt-5.4",
        ),
        pytest.param(
            "gpt-5.6-luna", 0.98, "24h",
            {"context": "all_turns", "effort": "medium", "mode": "standard", "summary": None},
            id="gpt-5.6",
        ),
    ],
)  # fmt: skip
def test_defaults_differ_by_model(
    model: str, top_p: float, retention: str | None, reasoning: Any
) -> None:
    repeated = echo(model)

    assert repeated["top_p"] == top_p
    assert repeated["prompt_cache_retention"] == retention
    assert repeated["reasoning"] == reasoning


def test_options_of_the_cache_are_repeated_beside_its_key_if_there_are_any() -> None:
    asked = {"mode": "explicit", "ttl": "30m"}

    repeated = echo("gpt-5.6-terra", prompt_cache_options=asked)

    at = [*repeated].index("prompt_cache_options")
    assert [*repeated][at - 1 : at + 2] == [
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
    ]
    assert repeated["prompt_cache_options"] == asked
    assert "prompt_cache_options" not in echo("gpt-5.6-terra")


def test_numbers_are_decimal() -> None:
    repeated = echo(temperature=0, top_p=1, presence_penalty=2)

    assert [type(repeated[key]) for key in ("temperature", "top_p", "presence_penalty")] == [
        float,
        float,
        float,
    ]


def test_a_summary_by_the_models_choice_is_a_detailed_one() -> None:
    asked = {"effort": "low", "summary": "auto", "context": "auto"}

    assert echo("gpt-5", reasoning=asked)["reasoning"] == {
        "context": "current_turn",
        "effort": "low",
        "mode": "standard",
        "summary": "detailed",
    }


@pytest.mark.parametrize(
    ("asked", "final", "at_first"),
    [
        pytest.param(None, "default", "auto", id="none"),
        pytest.param("auto", "default", "auto", id="auto"),
        pytest.param("default", "default", "default", id="default"),
        pytest.param("fast", "priority", "priority", id="fast"),
        pytest.param("flex", "flex", "flex", id="flex"),
    ],
)
def test_a_tier_is_settled_in_the_end(asked: str | None, final: str, at_first: str) -> None:
    assert echo(service_tier=asked)["service_tier"] == final
    assert tier_in_progress({"service_tier": asked}) == at_first


def test_what_was_asked_for_alone_is_repeated_alone() -> None:
    prompt = {"id": "pmpt_1", "variables": {"city": "Rome", "picture": {"type": "input_image"}}}

    repeated = echo(conversation="conv_1", prompt=prompt)

    assert repeated["conversation"] == {"id": "conv_1"}
    assert repeated["prompt"] == {
        "id": "pmpt_1",
        "variables": {
            "city": {"type": "input_text", "text": "Rome"},
            "picture": {"type": "input_image"},
        },
        "version": "1",
    }


def test_a_format_is_strict_unless_it_says_otherwise() -> None:
    schema = {"$schema": "x", "type": "object"}
    stated = {"type": "json_schema", "schema": schema, "name": "n"}

    repeated = echo(text={"format": stated})["text"]["format"]

    assert list(repeated.items()) == [
        ("type", "json_schema"),
        ("description", None),
        ("name", "n"),
        ("schema", {"type": "object"}),
        ("strict", True),
    ]
    assert not echo(text={"format": {**stated, "strict": False}})["text"]["format"]["strict"]


# --- functions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "made", "is_strict"),
    [
        pytest.param(
            None,
            {"additionalProperties": False, "type": "object", "properties": {}, "required": []},
            True,
            id="no parameters",
        ),
        pytest.param(
            {"type": "object", "properties": {"a": STRING, "b": STRING}, "required": ["a"]},
            {
                "type": "object",
                "properties": {"a": STRING, "b": STRING},
                "required": ["a", "b"],
                "additionalProperties": False,
            },
            True,
            id="what was optional is required",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {
                    "a": {"type": "array", "items": {"type": "object", "properties": {"b": STRING}}}
                },
            },
            {
                "type": "object",
                "properties": {
                    "a": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"b": STRING},
                            "additionalProperties": False,
                            "required": ["b"],
                        },
                    }
                },
                "additionalProperties": False,
                "required": ["a"],
            },
            True,
            id="at any depth",
        ),
        pytest.param(
            {"type": "object", "properties": {"a": {"type": "object"}}},
            {"type": "object", "properties": {"a": {"type": "object"}}},
            False,
            id="an object that names no members",
        ),
        pytest.param(
            {"type": "object", "properties": {}, "additionalProperties": STRING},
            {"type": "object", "properties": {}, "additionalProperties": STRING},
            False,
            id="an object with any members",
        ),
    ],
)
def test_a_schema_is_made_strict_where_that_can_be(
    given: Any,
    made: Any,
    is_strict: bool,  # noqa: FBT001 - a parameter
) -> None:
    assert made_strict(given) == (made, is_strict)
    if is_strict:
        schema, _ = made_strict(given)
        assert list(schema) == list(made)


def test_a_function_says_itself_how_strict_it_is() -> None:
    loose = {"type": "function", "name": "f", "parameters": {"$schema": "x", "type": "object"}}

    assert tool(**loose, strict=None) == {
        "type": "function",
        "description": None,
        "name": "f",
        "output_schema": None,
        "parameters": {"type": "object"},
        "strict": False,
    }
    assert tool(type="function", name="f", parameters={}, strict=False, description="") == {
        "type": "function",
        "description": None,
        "name": "f",
        "output_schema": None,
        "parameters": {"type": "object", "properties": {}},
        "strict": False,
    }


# --- other tools -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "repeated"),
    [
        pytest.param(
            {"type": "web_search", "external_web_access": True},
            {
                "type": "web_search",
                "return_token_budget": "default",
                "search_content_types": ["text"],
                "search_context_size": "medium",
                "user_location": {
                    "type": "approximate",
                    "city": None,
                    "country": "US",
                    "region": None,
                    "timezone": None,
                },
            },
            id="web search",
        ),
        pytest.param(
            {"type": "web_search_preview", "user_location": {"type": "approximate", "city": "A"}},
            {
                "type": "web_search_preview",
                "search_context_size": "medium",
                "user_location": {
                    "type": "approximate",
                    "city": "A",
                    "country": None,
                    "region": None,
                    "timezone": None,
                },
            },
            id="a place of its own",
        ),
        pytest.param(
            {"type": "file_search", "vector_store_ids": ["vs_1"]},
            {
                "type": "file_search",
                "filters": None,
                "max_num_results": 20,
                "ranking_options": {"ranker": "auto", "score_threshold": 0.0},
                "vector_store_ids": ["vs_1"],
            },
            id="file search",
        ),
        pytest.param(
            {"type": "code_interpreter", "container": {"type": "auto"}},
            {"type": "code_interpreter", "container": {"type": "auto"}},
            id="code interpreter",
        ),
        pytest.param(
            {"type": "image_generation", "size": "auto", "partial_images": 2, "quality": "low"},
            {
                "type": "image_generation",
                "background": "auto",
                "model": "gpt-image-1",
                "moderation": "auto",
                "n": 1,
                "output_compression": 100,
                "output_format": "png",
                "quality": "low",
                "size": "auto",
            },
            id="images",
        ),
        pytest.param(
            {
                "type": "mcp",
                "server_label": "s",
                "server_url": "https://a.example/mcp",
                "authorization": "x",
                "headers": {"h": "x"},
                "require_approval": {"never": {"tool_names": ["t"]}},
            },
            {
                "type": "mcp",
                "allowed_tools": None,
                "authorization": "<redacted>",
                "headers": {"h": "<redacted>"},
                "require_approval": {
                    "always": None,
                    "never": {"read_only": None, "tool_names": ["t"]},
                },
                "server_description": None,
                "server_label": "s",
                "server_url": "https://a.example/mcp",
            },
            id="a server's tools",
        ),
        pytest.param(
            {"type": "custom", "name": "c"},
            {"type": "custom", "description": None, "format": {"type": "text"}, "name": "c"},
            id="custom",
        ),
        pytest.param(
            {"type": "tool_search"},
            {"type": "tool_search", "description": None, "parameters": None},
            id="tool search",
        ),
        pytest.param({"type": "apply_patch"}, {"type": "apply_patch"}, id="patches"),
    ],
)
def test_a_tool_is_repeated_in_full_and_in_order(given: Any, repeated: Any) -> None:
    got = tool(**given)

    assert got == repeated
    assert list(got) == list(repeated)


def kinds(model: str, tools: Any, items: Any = ()) -> list[str]:
    repeated = echo(model, tools=tools, input=[{"role": "user", "content": "x"}, *items])["tools"]
    return [one["type"] + ("?" if one.get("defer_loading") else "") for one in repeated]


LATER = {"type": "function", "name": "later", "strict": True, "defer_loading": True}
NOW = {"type": "function", "name": "now", "strict": True}
IMAGES = {"type": "image_generation"}
SEARCH = {"type": "tool_search"}
FOUND = {"type": "tool_search_output", "tools": [LATER]}
ADDED = {"type": "additional_tools", "role": "developer", "tools": [LATER]}


@pytest.mark.parametrize(
    ("model", "tools", "items", "expected"),
    [
        pytest.param("gpt-5", [IMAGES, NOW], [], ["function", "image_generation"], id="functions"),
        pytest.param(
            "gpt-5.4", [SEARCH, LATER, NOW], [], ["function?", "function", "tool_search"],
            id="the search comes last",
        ),
        pytest.param(
            "gpt-5.4", [SEARCH, LATER], [FOUND], ["tool_search", "namespace"],
            id="what was found has a namespace",
        ),
        pytest.param(
            "gpt-5.6-sol", [SEARCH, LATER], [FOUND], ["function", "tool_search"],
            id="not on newer models",
        ),
        pytest.param("gpt-5", [], [ADDED], ["namespace"], id="what was added, too"),
        pytest.param("gpt-5.6-sol", [], [ADDED], ["function?"], id="nor there on newer models"),
    ],
)  # fmt: skip
def test_tools_that_come_later_are_repeated(
    model: str, tools: Any, items: Any, expected: list[str]
) -> None:
    assert kinds(model, tools, items) == [kind.rstrip("?") if items else kind for kind in expected]
