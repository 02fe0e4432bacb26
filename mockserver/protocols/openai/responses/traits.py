"""How models answer on the Responses API, and what they refuse there: `fixtures/responses.yaml`."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, cast

import yaml

from mockserver import bundled
from mockserver.models import Model

NO_EFFORT: Final = "none"
"""The effort of a model that could reason, and does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What the models of one row have in common on the Responses API.

    Attributes:
        temperature: The temperature that an answer states where none was requested.
        top_p: The share of probability that an answer states where none was requested.
        effort: The reasoning effort where none was requested; None: the model does not reason.
        efforts: The efforts that the model takes; empty: any.
        context: Which thoughts are read again where the request does not say.
        generates_summary: The old name of `reasoning.summary` is known.
        retention: For how long prompts are cached where the request does not say; None: null.
        short_retention: `prompt_cache_retention` may be `in_memory`.
        phase: Messages state whether they are commentary or the final answer.
        always_encrypted: Thoughts carry their encrypted content even where nobody asked for it.
        verbosities: The values of `text.verbosity` that the model takes.
        json_schema: The format of that name is supported.
        hosted_tools: The tools that the provider runs itself are supported.
        max_tool_calls: How many calls of hosted tools a response may make, where the request does
            not say; None: null.
        adds_functions: Functions that an input adds are repeated beside the others, and not in
            namespaces of their own.
        research: It is a model for deep research, which needs a tool to search with.

    """

    name: str
    prefixes: tuple[str, ...]
    temperature: float = 1.0
    top_p: float = 1.0
    effort: str | None = None
    efforts: tuple[str, ...] = ()
    context: str | None = None
    generates_summary: bool = True
    retention: str | None = "in_memory"
    short_retention: bool = True
    phase: bool = False
    always_encrypted: bool = False
    verbosities: tuple[str, ...] = ()
    json_schema: bool = True
    hosted_tools: bool = True
    max_tool_calls: int | None = None
    adds_functions: bool = False
    research: bool = False

    @property
    def reasons(self) -> bool:
        """Whether the model can reason."""
        return self.effort is not None


def traits_of(model: Model) -> Traits:
    """Return how *model* answers. Of a gateway's name, `openai/gpt-4o`, the last part counts."""
    return _traits(model.behaves_as)


@lru_cache(maxsize=1024)
def _traits(name: str) -> Traits:
    bare = name.lower().rsplit("/", 1)[-1].removeprefix("ft:")
    rows = _rows()
    return next((row for row in rows if bare.startswith(row.prefixes)), rows[-1])


@cache
def _rows() -> tuple[Traits, ...]:
    text = (bundled.folder("fixtures") / "responses.yaml").read_text("utf-8")
    rows: list[dict[str, Any]] = yaml.safe_load(text)["models"]
    return tuple(_row(row) for row in rows)


def _row(row: dict[str, Any]) -> Traits:
    """Return *row* with its lists as tuples."""
    values: dict[str, Any] = {
        key: tuple(cast(list[str], value)) if isinstance(value, list) else value
        for key, value in row.items()
    }
    return Traits(**values)
