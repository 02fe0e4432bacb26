"""The heart has no protocol in it: it imports none, and names no member of any body."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import mockserver

ROOT: Final = Path(mockserver.__file__).parent
HEART: Final = (
    "cassettes",
    "engine",
    "sessions",
    "scenario",
    "contracts",
    "failures",
    "replies",
    "shaping",
    "records",
    "traffic",
)
PROTOCOLS: Final = ("mockserver.protocols", "mockserver.providers")

MEMBERS: Final = frozenset(
    {
        "messages",
        "role",
        "content",
        "delta",
        "choices",
        "finish_reason",
        "tool_calls",
        "tool_call_id",
        "function",
        "functions",
        "function_call",
        "tool_choice",
        "parallel_tool_calls",
        "response_format",
        "stream_options",
        "include_usage",
        "usage",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "input",
        "output",
        "output_text",
        "instructions",
        "previous_response_id",
        "annotations",
        "system_fingerprint",
        "top_logprobs",
        "image_url",
        "reasoning_content",
        "object",
        "embedding",
        "embeddings",
        "prompt",
        "tools",
        "refusal",
        "chat.completion",
        "chat.completion.chunk",
        "text_completion",
    }
)
"""Members of requests and answers, and what names them, in the protocols that there are or will
be. Words that every language has (`id`, `name`, `type`, `model`, `stream`) are not among them."""

LANGUAGE: Final = "a word of the scenario language"
CONVENIENCE: Final = "what users of the plug-in ask of a call of the commonest protocol, as sent"
SAID: Final = {
    "contracts/reply.py": (LANGUAGE, {"usage", "finish_reason"}),
    "failures/omit.py": (
        LANGUAGE,
        {"choices", "finish_reason", "role", "usage", "completion_tokens"},
    ),
    "failures/inject.py": (LANGUAGE, {"object", "finish_reason"}),
    "failures/bad_arguments.py": (
        "why an answer ends, in our words",
        {"tool_calls", "finish_reason"},
    ),
    "records/journal.py": (CONVENIENCE, {"messages", "tools", "prompt"}),
    "records/telling.py": ("what we call the bill", {"prompt_tokens", "completion_tokens"}),
    "replies/choices.py": (LANGUAGE, {"choices", "finish_reason"}),
    "replies/items.py": (LANGUAGE, {"annotations", "refusal"}),
    "replies/embedding.py": (LANGUAGE, {"embedding", "embeddings"}),
    "replies/json_schema.py": ("a word of JSON Schema", {"object"}),
    "replies/raw.py": (LANGUAGE, {"usage"}),
    "replies/refusal.py": (LANGUAGE, {"refusal"}),
    "replies/tool_calls.py": (LANGUAGE, {"tool_calls"}),
    "scenario/actions.py": (LANGUAGE, {"prompt"}),
    "scenario/conditions/sieve.py": (LANGUAGE, {"prompt", "tools", "response_format"}),
    "scenario/conditions/subject.py": (
        "which endpoints a word of the language is about",
        {"embedding", "embeddings"},
    ),
    "scenario/conditions/when.py": (
        LANGUAGE,
        {"prompt", "tools", "tool_choice", "response_format", "embedding"},
    ),
    "scenario/failure_lists.py": (
        LANGUAGE,
        {"choices", "finish_reason", "usage", "completion_tokens", "tool_calls"},
    ),
    "scenario/lints.py": (LANGUAGE, {"tools", "prompt"}),
    "scenario/schema_writer.py": ("a word of JSON Schema", {"object"}),
    "scenario/scripting/words.py": (LANGUAGE, {"tool_calls"}),
}
"""What is said all the same, by file: why, and which words."""


def modules() -> list[Path]:
    return [path for package in HEART for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def literals(tree: ast.AST) -> Iterator[str]:
    """Yield the texts in *tree* but for docstrings."""
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in documentation:
            yield node.value


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_of_the_heart_knows_no_protocol(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))

    assert [name for name in imported(tree) if name.startswith(PROTOCOLS)] == []
    _, allowed = SAID.get(name_of(path), ("", set()))
    assert MEMBERS.intersection(literals(tree)) == allowed


def test_each_exception_is_for_a_module_that_there_is() -> None:
    assert SAID.keys() <= {name_of(path) for path in modules()}
