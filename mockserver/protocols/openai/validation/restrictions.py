"""What a model refuses, as data: rows of `fixtures/restrictions.yaml`, and which row is whose."""

from dataclasses import dataclass, fields, replace
from functools import cache, lru_cache
from typing import Any, Literal

import yaml

from mockserver import bundled
from mockserver.models import MOST_CALL_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Restrictions:
    """What the models of one row refuse on the chat endpoint, beyond what every model refuses.

    Attributes:
        lenient: Unknown members are accepted: a gateway may know them.
        open_kinds: Kinds of tools, parts and formats are accepted that a gateway may know.
        suggests: The refusal of an unknown parameter names those spelt alike.
        lacks: Parameters that the validator does not know for these models.
        unsupported: Parameters that are refused whatever their value.
        while_reasoning: Parameters that are refused unless they have their default value, or
            the reasoning effort is `none`.
        fixed: Parameters that are refused unless they have their default value.
        incompatible: Parameters that a search model refuses, all in one sentence.
        efforts: The values of `reasoning_effort`; empty: any.
        default_effort: The effort of a request that states none.
        null_effort: `reasoning_effort` may be null.
        tools: Whether tools may be offered.
        built_in_tools: Kinds of tools that the provider runs itself, and that the model takes.
        tools_while_reasoning: What to do instead, if function tools and reasoning exclude each
            other.
        verbosities: The values of `verbosity` that the model takes.
        refused_roles: Roles that a message may not have.
        images: Messages may have images.
        images_by: The roles whose messages may have them; empty: any.
        audio: Whether a message may, or must, have audio.
        web_search: `web_search_options` are accepted.
        json_object: The response format of that name is supported.
        json_schema: The response format of that name is supported.
        metadata_needs_store: `metadata` is accepted only together with `store`.
        short_cache_retention: `prompt_cache_retention` may be `in_memory`.
        most_choices: The greatest `n`.
        most_top_logprobs: The greatest `top_logprobs`.
        most_call_id: The greatest length of a tool call's id.
        most_input: The most tokens of input, where that is less than the context window.

    """

    name: str
    prefixes: tuple[str, ...]
    lenient: bool = False
    open_kinds: bool = False
    suggests: bool = False
    lacks: frozenset[str] = frozenset()
    unsupported: frozenset[str] = frozenset()
    while_reasoning: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    incompatible: tuple[str, ...] = ()
    efforts: tuple[str, ...] = ()
    default_effort: str = "medium"
    null_effort: bool = True
    tools: bool = True
    built_in_tools: tuple[str, ...] = ()
    tools_while_reasoning: str | None = None
    verbosities: tuple[str, ...] = ("low", "medium", "high")
    refused_roles: frozenset[str] = frozenset()
    images: bool = True
    images_by: frozenset[str] = frozenset()
    audio: Literal["refused", "allowed", "required"] = "refused"
    web_search: bool = False
    json_object: bool = True
    json_schema: bool = True
    metadata_needs_store: bool = False
    short_cache_retention: bool = True
    most_choices: int = 128
    most_top_logprobs: int = 20
    most_call_id: int = MOST_CALL_ID
    most_input: int | None = None

    @property
    def in_range_late(self) -> tuple[str, ...]:
        """The members whose range is checked only after all other members.

        So it is on models that keep to a temperature: of a request with an unsupported
        parameter, too, that one is reported (recorded of gpt-5).
        """
        return tuple(
            key for key in ("temperature", "top_p") if key in (*self.fixed, *self.while_reasoning)
        )


@lru_cache(maxsize=1024)
def restrictions_of(name: str) -> Restrictions:
    """Return what the model called *name* refuses; see `mockserver.models.Model.behaves_as`.

    A gateway's name for a model (`openai/gpt-4o`) is not looked into: gateways have parameters
    of their own, and take away what a model would refuse.
    """
    rows = _rows()
    if "/" in name:
        return rows[-1]
    bare = name.lower().removeprefix("ft:")
    return next((row for row in rows if bare.startswith(row.prefixes)), rows[-1])


@lru_cache(maxsize=1024)
def forwarded(name: str, most_call_id: int) -> Restrictions:
    """Return by what the provider of the model called *name* judges what a gateway forwards.

    The gateway fits parameters and roles to the model; what is in messages, tools and schemas
    passes as it is. The API that it asks takes ids of calls of at most *most_call_id* characters.
    """
    return replace(
        restrictions_of(name),
        refused_roles=frozenset(),
        open_kinds=True,
        most_call_id=most_call_id,
    )


@cache
def _rows() -> tuple[Restrictions, ...]:
    text = (bundled.folder("fixtures") / "restrictions.yaml").read_text("utf-8")
    return tuple(_row(row) for row in yaml.safe_load(text)["models"])


def _row(row: dict[str, Any]) -> Restrictions:
    """Return *row* with its lists as the tuples and sets of the fields."""
    kinds = {field.name: str(field.type) for field in fields(Restrictions)}
    values: dict[str, Any] = {}
    for key, value in row.items():
        if kinds[key].startswith("frozenset"):
            values[key] = frozenset(value)
        elif kinds[key].startswith("tuple"):
            values[key] = tuple(value)
        else:
            values[key] = value
    return Restrictions(**values)
