"""What the official tests take from OpenAI's mock, and the provider does not have.

A plug-in of pytest, loaded into the official tests by `run.py`; it knows nothing of the server.
The tests were generated from OpenAI's API description, and were written to be run against a mock
of it that accepts whatever the description allows. Two things follow:

- They ask for things that are not there, such as a stored completion called "completion_id".
  `run.py` writes calls such as `kept_id()` in their places, which store one and return its id.
- Some cannot pass where the provider answers: `CONTRADICTED` lists them. They are run all the
  same and must fail as it says, so that a row which is no longer true is noticed.
"""

import functools
import os

import openai
import pytest

NOT_ONLY_THE_ASSISTANT = (
    (AssertionError, openai.APIResponseValidationError),
    "the description allows only the role 'assistant' here; its own example and recordings: 'user'",
)

NO_MODEL = (openai.BadRequestError, "no model is named (measured by others, 2026-08)")
BOTH_HISTORIES = (
    openai.BadRequestError,
    "a previous response and a conversation at once (recorded: agent-framework), and more",
)
USER_WITH_PHASE = (
    openai.BadRequestError,
    "a message of the user has a phase, which is the assistant's alone (measured by others)",
)

CONTRADICTED = {
    "chat/test_completions.py test_method_create_with_all_params_overload_1": (
        openai.BadRequestError,
        "both limits at once (langgraph#5943), both below 1 (recorded: rig, envoy), and more",
    ),
    "chat/test_completions.py test_method_create_with_all_params_overload_2": (
        openai.BadRequestError,
        "the same request, streamed",
    ),
    "chat/test_completions.py test_method_list_with_all_params": (
        openai.NotFoundError,
        "after='after' names no stored completion (a guess by analogy: docs/fidelity.md)",
    ),
    "chat/completions/test_messages.py test_method_list": NOT_ONLY_THE_ASSISTANT,
    "chat/completions/test_messages.py test_raw_response_list": NOT_ONLY_THE_ASSISTANT,
    "chat/completions/test_messages.py test_streaming_response_list": NOT_ONLY_THE_ASSISTANT,
    "chat/completions/test_messages.py test_method_list_with_all_params": (
        openai.NotFoundError,
        "after='after' names no message of the completion (a guess, as for completions)",
    ),
    "test_completions.py test_method_create_with_all_params_overload_1": (
        openai.BadRequestError,
        "a key of logit_bias is 'foo', which is no token's number (OpenAI-API-dotnet#163)",
    ),
    "test_completions.py test_method_create_with_all_params_overload_2": (
        openai.BadRequestError,
        "the same request, streamed",
    ),
    "responses/test_input_items.py test_method_list_with_all_params": (
        openai.NotFoundError,
        "after='after' names no item of the input",
    ),
    "responses/test_input_tokens.py test_method_count": NO_MODEL,
    "responses/test_input_tokens.py test_raw_response_count": NO_MODEL,
    "responses/test_input_tokens.py test_streaming_response_count": NO_MODEL,
    "responses/test_input_tokens.py test_method_count_with_all_params": BOTH_HISTORIES,
    **{
        f"test_responses.py test_{how}_create_{which}": NO_MODEL
        for how in ("method", "raw_response", "streaming_response")
        for which in ("overload_1", "overload_2")
    },
    "test_responses.py test_method_create_with_all_params_overload_1": BOTH_HISTORIES,
    "test_responses.py test_method_create_with_all_params_overload_2": BOTH_HISTORIES,
    **{
        f"test_responses.py test_{how}_compact": (
            openai.BadRequestError,
            "nothing to compact (by analogy: of a response without input it is measured)",
        )
        for how in ("method", "raw_response", "streaming_response")
    },
    "test_responses.py test_method_compact_with_all_params": (
        openai.BadRequestError,
        "gpt-6 keeps prompts for 24 hours only (measured by others, of gpt-5.6)",
    ),
    "test_conversations.py test_method_create_with_all_params": USER_WITH_PHASE,
    "conversations/test_items.py test_method_create_with_all_params": USER_WITH_PHASE,
    **{
        f"test_embeddings.py test_{how}_create[{client}]": (
            openai.APIResponseValidationError,
            "the package asks for base64, and this client validates that as numbers",
        )
        for how in ("method", "raw_response", "streaming_response")
        for client in ("strict", "aiohttp")
    },
    "conversations/test_items.py test_method_list_with_all_params": (
        openai.NotFoundError,
        "after='after' names no item of the conversation",
    ),
}
"""File and test, for one client or all -> how it must fail, and whose rule it is."""


def kept_id() -> str:
    """Store a completion, and return its id."""
    with openai.OpenAI(base_url=os.environ["TEST_API_BASE_URL"], api_key="My API Key") as client:
        return client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}], store=True
        ).id


def kept_response() -> str:
    """Keep a response that the running test can ask for what it asks, and return its id."""
    test = os.environ["PYTEST_CURRENT_TEST"]
    streams = "_retrieve_" in test and "overload_2" in test
    with openai.OpenAI(base_url=os.environ["TEST_API_BASE_URL"], api_key="My API Key") as client:
        if streams:
            with client.responses.create(
                model="gpt-4o-mini", input="Hi", background=True, stream=True
            ) as events:
                return [event.response.id for event in events if hasattr(event, "response")][-1]
        background = "_cancel" in test
        return client.responses.create(model="gpt-4o-mini", input="Hi", background=background).id


@functools.cache
def _conversation(test: str) -> tuple[str, str]:
    """Keep a conversation for *test*; return its id, and that of the item in it."""
    del test
    item = {"type": "message", "role": "user", "content": "Hi"}
    with openai.OpenAI(base_url=os.environ["TEST_API_BASE_URL"], api_key="My API Key") as client:
        kept = client.conversations.create(items=[item]).id  # type: ignore[list-item]
        return kept, client.conversations.items.list(kept).data[0].id  # type: ignore[return-value]


def kept_conversation() -> str:
    """Keep a conversation for the running test, unless it has one, and return its id."""
    return _conversation(os.environ["PYTEST_CURRENT_TEST"])[0]


def kept_item() -> str:
    """Return the id of the item in that conversation."""
    return _conversation(os.environ["PYTEST_CURRENT_TEST"])[1]


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Expect of each test in `CONTRADICTED` that it fails; a row that fits no test is an error."""
    unused = set(CONTRADICTED)
    for item in items:
        file = item.nodeid.partition("::")[0].removeprefix("tests/api_resources/")
        for row in (f"{file} {item.originalname}", f"{file} {item.name}"):
            if row in CONTRADICTED:
                error, why = CONTRADICTED[row]
                item.add_marker(pytest.mark.xfail(raises=error, reason=why, strict=True))
                unused.discard(row)
    if unused:
        raise pytest.UsageError(
            f"rows of CONTRADICTED that fit no test: {', '.join(sorted(unused))}"
        )
