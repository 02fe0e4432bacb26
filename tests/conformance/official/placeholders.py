"""What the official tests take from OpenAI's mock, and the provider does not have.

A plug-in of pytest, loaded into the official tests by `run.py`; it knows nothing of the server.
The tests were generated from OpenAI's API description, and were written to be run against a mock
of it that accepts whatever the description allows. Two things follow:

- They ask for a stored completion called "completion_id". `run.py` writes `kept_id()` in its
  place, which stores a completion and returns the id that it got.
- Some cannot pass where the provider answers: `CONTRADICTED` lists them. They are run all the
  same and must fail as it says, so that a row which is no longer true is noticed.
"""

import os

import openai
import pytest

NOT_ONLY_THE_ASSISTANT = (
    (AssertionError, openai.APIResponseValidationError),
    "the description allows only the role 'assistant' here; its own example and recordings: 'user'",
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
}
"""File and test -> how it must fail, and whose rule it is."""


def kept_id() -> str:
    """Store a completion, and return its id."""
    with openai.OpenAI(base_url=os.environ["TEST_API_BASE_URL"], api_key="My API Key") as client:
        return client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}], store=True
        ).id


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Expect of each test in `CONTRADICTED` that it fails; a row that fits no test is an error."""
    unused = set(CONTRADICTED)
    for item in items:
        file = item.nodeid.partition("::")[0].removeprefix("tests/api_resources/")
        row = f"{file} {item.originalname}"
        if row in CONTRADICTED:
            error, why = CONTRADICTED[row]
            item.add_marker(pytest.mark.xfail(raises=error, reason=why, strict=True))
            unused.discard(row)
    if unused:
        raise pytest.UsageError(
            f"rows of CONTRADICTED that fit no test: {', '.join(sorted(unused))}"
        )
