"""What follows the text in the system message: tools and the format of the answer.

Rendering them is the expensive part of a count, and clients send the same ones all day: their
costs are cached by content.
"""

import marshal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mockserver.caching import SizedCache
from mockserver.models import Family
from mockserver.tokens.evidence import NO_RULE, Rule
from mockserver.tokens.layouts import LAYOUTS
from mockserver.tokens.response_formats import render_response_format
from mockserver.tokens.schemas import as_schema, text_at
from mockserver.tokens.typescript import render_tools
from mockserver.tokens.vocabularies import vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """The tokens of tools and response format, without what joins them to a message.

    Attributes:
        tools: For the tools and what follows them; None: there are no functions.
        response_format: For the format; None: none is requested.
        format_name: For the format's name, wherever an answer is marked as following it.
        used: The rules that they were counted by.

    """

    tools: int | None = None
    response_format: int | None = None
    format_name: int = 0
    used: Rule = NO_RULE

    def __bool__(self) -> bool:
        return self.tools is not None or self.response_format is not None


NOTHING = Instructions()

_remembered: SizedCache[tuple[str, str, bytes], Instructions] = SizedCache(2_000_000)


def instructions(body: Mapping[str, Any], family: Family) -> Instructions:
    """Return what the tools and the response format of *body* cost."""
    stated: Any = (body.get("tools"), body.get("functions"), json_schema_of(body))
    if not any(stated):
        return NOTHING
    try:
        # Version 0 writes equal values alike: no references, no marks of interned strings.
        key = (family.layout, family.encoding, marshal.dumps(stated, 0))
    except ValueError:
        # A mapping that is not a dict, or nested too deeply: it is just not cached.
        return _counted(body, family)
    found = _remembered.get(key)
    if found is None:
        found = _counted(body, family)
        _remembered.put(key, found, len(key[2]))
    return found


def functions_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the functions offered, as `tools` or as `functions`: both are billed the same."""
    tools: Sequence[Mapping[str, Any]] = body.get("tools") or ()
    return [
        *(tool["function"] for tool in tools if tool["type"] == "function"),
        *(body.get("functions") or ()),
    ]


def json_schema_of(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the `json_schema` member of the response format, if one is requested."""
    response_format: Mapping[str, Any] = body.get("response_format") or {}
    return response_format.get("json_schema") if "json_schema" in response_format else None


_OTHER_TOOL: Final = 26
"""What a tool that is not a function costs beside one that is (`web_search_preview`)."""
_OTHER_TOOLS_ALONE: Final = 94
"""What surrounds such tools where there is no function: with one, 123 in all in each of two
requests (`web_search_preview`, and a custom tool without a format; gpt-5-nano)."""

_GRAMMAR: Final = 45
"""What a grammar costs besides its definition (one request, gpt-5)."""


def _grammar_of(tool: Mapping[str, Any]) -> str:
    """Return the grammar that inputs of a custom *tool* follow; empty: there is none."""
    custom = as_schema(tool.get("custom")) or {}
    form = as_schema(custom.get("format")) or {}
    grammar = as_schema(form.get("grammar")) or {}
    return text_at(grammar, "definition")


def _counted(body: Mapping[str, Any], family: Family) -> Instructions:
    layout, count = LAYOUTS[family.layout], vocabulary(family.encoding).count
    functions, schema = functions_of(body), json_schema_of(body)
    others = [tool for tool in body.get("tools") or () if tool["type"] != "function"]
    used = Rule.OTHER_TOOLS if others else NO_RULE
    if functions:
        used |= Rule.TOOLS
    # Blocks are joined by a blank line. What follows one begins with "#", which no token of a
    # blank line reaches into: so they may be counted apart.
    end, end_tokens = "", 0
    if functions and layout.tools_end is not None:
        end, end_tokens = "\n\n", layout.tools_end
    tools = response_format = None
    if functions:
        rendering = render_tools(functions, layout)
        used |= rendering.used
        tools = count(rendering.text + (end if schema is None else "\n\n")) + end_tokens
        if not any(function.get("description") for function in functions):
            tools += layout.undescribed_tools
    if others and layout.tools_end is not None:
        grammars = [_grammar_of(tool) for tool in others]
        tools = (tools or _OTHER_TOOLS_ALONE) + _OTHER_TOOL * len(others)
        tools += sum(count(grammar) + _GRAMMAR for grammar in grammars if grammar)
    if schema is not None:
        response_format = count(render_response_format(schema) + end)
    return Instructions(
        tools=tools,
        response_format=response_format,
        format_name=0 if schema is None else 2 + count(schema.get("name") or ""),
        used=used,
    )
