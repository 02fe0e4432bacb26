"""The bill for the input of a Responses request: item by item, then what surrounds them.

Each rule is stated once, where it acts. The numbers of a family of models are in `item_layouts`,
and docs/usage.md states how many recorded bills confirm each rule.
"""

import marshal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from mockserver.caching import SizedCache
from mockserver.models import Family, Model, family_of
from mockserver.tokens.attachments import TYPICAL_FILE, count_audio
from mockserver.tokens.bill import Part, PartKind
from mockserver.tokens.chat_prompts import PARALLEL, compacted, parallel_calls
from mockserver.tokens.evidence import NO_RULE, Rule, doubts
from mockserver.tokens.images import count_image
from mockserver.tokens.item_layouts import item_layout
from mockserver.tokens.items import (
    Item,
    Recalled,
    forced_function,
    functions_of,
    json_schema_of,
    kind_of,
    parts_of,
    role_of,
    text_of,
    text_of_part,
    tools_of,
    turn_begins,
)
from mockserver.tokens.response_formats import render_format
from mockserver.tokens.schemas import as_schema, text_at
from mockserver.tokens.typescript import render_namespace
from mockserver.tokens.vocabularies import vocabulary

Recall: TypeAlias = Callable[[Item], Recalled | None]
"""Says what the provider knows of an output item that it stored; None: it did not store it."""


def item_prompt_parts(
    body: Mapping[str, Any], items: Sequence[Item], model: Model, recall: Recall
) -> list[Part]:
    """Return what the tools, the format, the instructions, each item and the priming cost."""
    bill = _Bill(body, model, recall)
    parts = [*bill.offered(), *bill.instructions(), *bill.items(items), bill.priming()]
    if model.known:
        return parts
    return [part._replace(doubts=part.doubts | Rule.MODEL) for part in parts]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offered:
    """The tokens of tools and of a format, with what is around them, and the rules used."""

    tools: int | None = None
    tools_by: Rule = NO_RULE
    format: int | None = None


_NOTHING: Final = _Offered()
_remembered: SizedCache[tuple[str, str, str, bytes], _Offered] = SizedCache(2_000_000)


def _offered(tools: Sequence[Item], schema: Item | None, family: Family) -> _Offered:
    """Return what *tools* and the *schema* of the answer cost; clients send the same all day."""
    if not tools and schema is None:
        return _NOTHING
    try:
        stated = marshal.dumps(cast("Any", (tools, schema)), 0)
    except ValueError:
        # A mapping that is not a dict, or nested too deeply: it is just not remembered.
        return _counted(tools, schema, family)
    key = (family.layout, family.item_layout or "", family.encoding, stated)
    found = _remembered.get(key)
    if found is None:
        found = _counted(tools, schema, family)
        _remembered.put(key, found, len(stated))
    return found


def _counted(tools: Sequence[Item], schema: Item | None, family: Family) -> _Offered:
    """Return the cost of two messages: one with the tools, one with the format.

    They begin where a chat has headings: `namespace functions {`, and `## NAME`.
    """
    layout, count = item_layout(family), vocabulary(family.encoding).count
    functions = functions_of(tools)
    customs = [tool for tool in tools if tool.get("type") == "custom"]
    tokens, used = 0, NO_RULE
    if functions or customs:
        rendering = render_namespace(
            functions,
            layout.chat,
            [_declared(tool) for tool in customs],
            bounds_by_type=True,
        )
        tokens, used = count(rendering.text) + layout.tools, rendering.used | Rule.ITEM_TOOLS
        if family.item_layout in _OF_CODEX:
            used |= Rule.CODEX_TOOLS
        if not any(text_at(tool, "description") for tool in [*functions, *customs]):
            tokens += layout.chat.undescribed_tools
    for tool in customs:
        used |= Rule.CUSTOM_TOOLS
        grammar = _grammar_of(tool)
        tokens += count(grammar) + _GRAMMAR if grammar else _FREE_TEXT
    for tool in tools:
        kind = tool.get("type")
        if kind not in _DECLARED:
            tokens += _text_of_built_in(str(kind), family)
            used |= Rule.BUILT_IN_TOOLS
    form = None if schema is None else count(_format_text(schema)) + layout.format
    return _Offered(tools=tokens if tools else None, tools_by=used, format=form)


_DECLARED: Final = frozenset({"function", "custom", "namespace"})
"""The kinds of tools that are declared in the namespace."""
_OF_CODEX: Final = frozenset({"harmony-codex", "harmony-5.1-codex"})

_FREE_TEXT: Final = 13
"""What a custom tool that takes any text costs besides its declaration (2 of 2 requests)."""
_GRAMMAR: Final = 44
"""What a grammar costs besides its definition (1 of 1)."""


def _declared(custom: Item) -> Item:
    """Return what is declared of a *custom* tool: as a function, of one text."""
    return {key: custom[key] for key in ("name", "description") if key in custom}


def _grammar_of(custom: Item) -> str:
    """Return the grammar that inputs of a *custom* tool follow; empty: there is none."""
    form = as_schema(custom.get("format")) or {}
    return text_at(form, "definition")


def _format_text(schema: Item) -> str:
    """Return what the model reads of the format *schema*."""
    return render_format(
        {
            "name": text_at(schema, "name"),
            "description": text_at(schema, "description"),
            "schema": schema.get("schema"),
        }
    )


def _text_of_built_in(kind: str, family: Family) -> int:
    """Return the estimate for the fixed text of a tool that the provider runs."""
    plain, reasoning = _BUILT_IN.get(kind, (_TYPICAL, _TYPICAL))
    return reasoning if family.reasoning else plain


_TYPICAL: Final = 300
"""The estimate for a tool whose text was never seen alone."""
_BUILT_IN: Final[Mapping[str, tuple[int, int]]] = {
    # For models without and with reasoning, seen in requests where the tool was not used:
    # 11 of 11 of five repositories; one repository (o3, o4-mini deep research).
    "web_search_preview": (294, 412),
    "web_search_preview_2025_03_11": (294, 412),
    # The same 11; half of what it costs used once, or not used (gpt-5.2, gpt-5.6).
    "web_search": (294, 4270),
    "web_search_2025_08_26": (294, 4270),
    "image_generation": (342, 342),  # gpt-5
    "apply_patch": (623, 623),  # gpt-5.1, 6 of 6
    "computer_use_preview": (485, 485),
    "code_interpreter": (180, 650),  # used once: gpt-4.1; gpt-5
    "file_search": (570, 570),  # half of what it costs used once (gpt-4o)
    "mcp": (0, 0),  # its text is the list of its tools
    "tool_search": (130, 130),  # 82 to 339 (gpt-5.4 and later)
}


class _Bill:
    """The rules of one family, applied to one request."""

    def __init__(self, body: Mapping[str, Any], model: Model, recall: Recall) -> None:
        self._body = body
        self._family = model.family
        self._layout = item_layout(model.family)
        self._count = vocabulary(model.family.encoding).count
        self._recall = recall
        self._doubts = doubts(Rule.ITEMS, model.family.layout)
        """What is doubtful about all items."""
        self._names: dict[str, str] = {}
        """The names in the tool calls so far, by id."""

    def _part(
        self,
        kind: PartKind,
        tokens: int,
        used: Rule,
        place: int | None = None,
        role: str | None = None,
    ) -> Part:
        """Return a part of the bill that was counted by the rules *used*."""
        found = self._doubts
        if used is not NO_RULE:
            found = found | doubts(used, self._family.layout)
        return Part(kind, tokens, found, place, role)

    def offered(self) -> list[Part]:
        """Return what the tools and the format cost: each a message of its own."""
        body, parts, tools = self._body, list[Part](), tools_of(self._body)
        offered = _offered(tools, json_schema_of(body), self._family)
        if offered.tools is not None:
            tokens, used = offered.tools, offered.tools_by
            if body.get("parallel_tool_calls") is False and self._layout.serial_tools:
                tokens, used = tokens + self._layout.serial_tools, used | Rule.SERIAL_TOOLS
            parts.append(self._part("tools", tokens, used))
        if offered.format is not None:
            parts.append(self._part("response_format", offered.format, Rule.ITEM_FORMATS))
        return parts

    def instructions(self) -> list[Part]:
        """Return what `instructions` cost: they are a message of the system."""
        said = self._body.get("instructions")
        if not isinstance(said, str) or not said:
            return []
        tokens = self._opening("system") + self._count(said)
        return [self._part("instructions", tokens, NO_RULE)]

    def _opening(self, role: str) -> int:
        chat = self._layout.chat
        final = chat.final_channel if role == "assistant" else 0
        return chat.message + self._count(role) + final

    def items(self, items: Sequence[Item]) -> list[Part]:
        """Return what each item costs, in order; calls that are read as one are one part."""
        parts: list[Part] = []
        begins: int | None = None
        place = 0
        while place < len(items):
            item, taken = items[place], 1
            kind = role = kind_of(item)
            match kind:
                case "message":
                    role = role_of(item)
                    tokens, used = self._message(item, role, items[place - 1 : place])
                case "function_call":
                    run = self._calls_in_a_row(items, place)
                    taken = len(run)
                    tokens, used = self._calls(run)
                case "function_call_output":
                    tokens, used = self._result(item)
                case "reasoning":
                    if begins is None:
                        begins = turn_begins(items) if self._context() == "current_turn" else 0
                    tokens, used = (0, NO_RULE) if place < begins else self._reasoning(item)
                case "compaction":
                    tokens, used = self._reasoning(item)
                case _:
                    tokens, used = self._other(item, kind)
            parts.append(self._part("item", tokens, used, place, role))
            place += taken
        return parts

    def _context(self) -> str:
        """Return which reasoning is read: what the request says, else what the model does."""
        stated = as_schema(self._body.get("reasoning")) or {}
        said = stated.get("context")
        return said if isinstance(said, str) else self._family.reasoning_context

    def _message(self, item: Item, role: str, before: Sequence[Item]) -> tuple[int, Rule]:
        """Return the cost of a message's text and attachments.

        One of the assistant that has no parts is not read (12 of 12 requests); one whose text is
        empty is (8 of 8, two repositories).
        """
        content = item.get("content")
        if isinstance(content, str) and role != "assistant":
            return self._opening(role) + self._count(content), NO_RULE
        parts = parts_of(content)
        if role == "assistant" and not parts:
            return 0, NO_RULE
        tokens = self._opening(role) + self._count(text_of(content))
        more, used = self._attachments(parts)
        after_user = bool(before) and kind_of(before[0]) == "message" and role_of(before[0]) == role
        if role == "user" and after_user and parts and parts[0].get("type") == "input_image":
            more, used = more + self._layout.opening_image, used | Rule.OPENING_IMAGES
        if role == "assistant":
            replayed, by = self._replayed(item)
            more, used = more + replayed, used | by
        return tokens + more, used

    def _replayed(self, item: Item) -> tuple[int, Rule]:
        """Return what a text of the assistant costs more or less because it is read as written."""
        layout = self._layout
        if not (layout.recalled_text or layout.recalled_schema):
            return 0, NO_RULE
        known = self._recall(item)
        if known is None:
            return 0, NO_RULE
        more = layout.recalled_text if family_of(known.model).name == self._family.name else 0
        if known.by_schema:
            more += layout.recalled_schema
        return more, Rule.RECALLED_TEXTS if more else NO_RULE

    def _attachments(self, parts: Sequence[Item]) -> tuple[int, Rule]:
        """Return the cost of the *parts* that are not text, and the rules that it is by."""
        tokens, used = 0, NO_RULE
        for part in parts:
            if text_of_part(part) is not None:
                continue
            match part.get("type"):
                case "input_image":
                    image = {"url": part.get("image_url"), "detail": part.get("detail")}
                    count, by = count_image(image, self._family)
                case "input_audio":
                    count, by = count_audio(part.get("input_audio"))
                case _:
                    count, by = TYPICAL_FILE, Rule.FILES
            tokens += count
            used |= by
        return tokens, used

    def _calls_in_a_row(self, items: Sequence[Item], place: int) -> Sequence[Item]:
        """Return the calls from *place* on that are read together."""
        end = place + 1
        if self._layout.joins_calls:
            while end < len(items) and kind_of(items[end]) == "function_call":
                end += 1
        return items[place:end]

    def _calls(self, run: Sequence[Item]) -> tuple[int, Rule]:
        """Return the cost of calls that are read as one, or of a single one."""
        layout, chat, count = self._layout, self._layout.chat, self._count
        calls = [(text_at(item, "name"), text_at(item, "arguments")) for item in run]
        for item, (name, _) in zip(run, calls, strict=True):
            self._names[text_at(item, "call_id")] = name
        around = chat.message + chat.call_channel + layout.call
        if len(calls) > 1:
            header = count(f"assistant to={PARALLEL}")
            return around + header + count(parallel_calls(calls)), Rule.ITEM_CALLS_TOGETHER
        [(name, arguments)] = calls
        said = compacted(arguments) if layout.joins_calls else arguments
        tokens, used = (
            around + count(f"assistant to=functions.{name}") + count(said),
            Rule.ITEM_CALLS,
        )
        if layout.recalled_call:
            known = self._recall(run[0])
            if known is not None and _as_written(known):
                tokens += layout.recalled_call
        return tokens, used

    def _result(self, item: Item) -> tuple[int, Rule]:
        """Return the cost of the result of a call: one message, however many there are."""
        layout, chat, count = self._layout, self._layout.chat, self._count
        name = self._names.get(text_at(item, "call_id"), "tool")
        output = item.get("output")
        tokens = chat.message + count(f"functions.{name}") + count(text_of(output))
        tokens += chat.result_channel + layout.result
        more, used = self._attachments(parts_of(output))
        if used is not NO_RULE:
            used |= Rule.ATTACHED_RESULTS
        return tokens + more, used | Rule.ITEM_CALLS

    def _reasoning(self, item: Item) -> tuple[int, Rule]:
        """Return the cost of a reasoning item that is read: its tokens, and the marks around."""
        known = self._recall(item)
        if known is not None and known.reasoning_tokens is not None:
            tokens, used = known.reasoning_tokens, Rule.REASONING_ITEMS
            if self._family.rounds_reasoning:
                used |= Rule.ROUNDED_REASONING
        else:
            tokens, used = _hidden_tokens(item), Rule.FOREIGN_ITEMS
        return (tokens + _AROUND_REASONING if tokens else 0), used

    def _other(self, item: Item, kind: str) -> tuple[int, Rule]:
        """Return the estimate for an item of another kind: what it says, as a call or a result."""
        if kind in _TOOL_LISTS:
            offered = _offered(_listed(item), None, self._family)
            return offered.tools or 0, Rule.FOREIGN_ITEMS
        said = "".join(
            [value for key, value in item.items() if key in _SAID and isinstance(value, str)]
        )
        texts = text_of(item.get("output"))
        return self._opening("assistant") + self._count(said) + self._count(
            texts
        ), Rule.FOREIGN_ITEMS

    def priming(self) -> Part:
        """Return the cost of the tokens that make the model answer, or call what it must."""
        layout, tokens, used = self._layout, self._layout.priming, NO_RULE
        if as_schema(self._body.get("prompt")) is not None:
            used = Rule.TEMPLATES
        if (as_schema(self._body.get("reasoning")) or {}).get("mode") == "pro":
            tokens, used = tokens + _PRO, used | Rule.PRO_MODE
        tools = tools_of(self._body)
        if not tools or layout.forced_call is None:
            return self._part("priming", tokens, used)
        if self._body.get("tool_choice") == "none":
            return self._part("priming", tokens + 1, used | Rule.NO_ITEM_CALLS)
        forced = forced_function(self._body)
        if forced is not None:
            tokens += self._count(f" to=functions.{forced}") + layout.forced_call
            used |= Rule.FORCED_ITEM_CALLS
        return self._part("priming", tokens, used)


_PRO: Final = 1_900
"""The estimate for what the mode `pro` reads besides (1,500 to 2,250)."""
_AROUND_REASONING: Final = 2
"""What is around the tokens of a reasoning item that is read."""
_SAID: Final = ("name", "input", "code", "query", "output", "arguments", "result_text")


def _as_written(call: Recalled) -> bool:
    """Return whether the provider reads a stored call in the very tokens that the model wrote."""
    return call.alone and not call.forced and not call.through_wrapper


def _hidden_tokens(item: Item) -> int:
    """Return the estimate for reasoning that only its ciphertext shows.

    About 950 characters are around it, and each token is six (52 answers of gpt-5.2 and later).
    """
    sealed = item.get("encrypted_content")
    if not isinstance(sealed, str):
        return 0
    return max(1, (len(sealed) - 950) // 6)


_TOOL_LISTS: Final = frozenset({"additional_tools", "tool_search_output", "mcp_list_tools"})


def _listed(item: Item) -> list[Item]:
    """Return the tools that *item* brings, as they would be offered."""
    return [
        {
            "type": "function",
            "name": text_at(tool, "name"),
            "description": text_at(tool, "description"),
            "parameters": tool.get("parameters") or tool.get("input_schema"),
        }
        for tool in tools_of(item)
    ]
