"""The bill for the input of a chat request: message by message, then what surrounds them.

Each rule is stated once, where it acts. The numbers of a family of models are in `layouts`,
and docs/usage.md states how many recorded bills confirm each rule.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

from mockserver.models import Family, LayoutName
from mockserver.tokens.attachments import TEXT_PARTS, count_attachments
from mockserver.tokens.bill import Count, Part
from mockserver.tokens.instructions import Instructions, instructions
from mockserver.tokens.layouts import LAYOUTS, Layout
from mockserver.tokens.schemas import as_schema
from mockserver.tokens.vocabularies import vocabulary

Message: TypeAlias = Mapping[str, Any]

SYSTEM_ROLES = frozenset({"system", "developer"})
RESULT_ROLES = frozenset({"tool", "function"})
PARALLEL = "multi_tool_use.parallel"
"""The tool through which a model makes parallel tool calls, and that their results come from."""


def chat_prompt_parts(body: Mapping[str, Any], family: Family) -> list[Part]:
    """Return what each message, the tools, the response format and the priming cost."""
    messages: Sequence[Message] = body["messages"]
    bill = _Bill(family, instructions(body, family))
    if bill.layout.contents_only:
        return [
            Part("message", bill.count(text_of(message)), place=place, role=message["role"])
            for place, message in enumerate(messages)
        ]
    parts = bill.messages(messages)
    if bill.extra:
        parts += bill.instructed(messages)
    parts.append(bill.priming(body))
    return parts


_INSTRUCT: Final = frozenset({"tools", "functions", "response_format"})
"""The members that add to the instructions, and to what a message costs."""


def plain_chat_prompt(body: Mapping[str, Any], family: Family) -> Count | None:
    """Return the bill if all messages are only a role and a text, as most are.

    None: there is more to it. Nothing is different here, but that it takes a third of the time.
    """
    if not _INSTRUCT.isdisjoint(body):
        return None
    layout, openings, count_all = _plain_rules(family.layout, family.encoding)
    if layout.contents_only:
        return None
    messages: Sequence[Message] = body["messages"]
    contents: list[Any] = [message.get("content") for message in messages]
    if {*map(type, contents)} != _TEXTS or {*map(len, messages)} != _ROLE_AND_CONTENT:
        return None
    roles = [message["role"] for message in messages]
    if not openings.keys() >= {*roles}:
        return None
    tokens = layout.priming + sum(map(openings.__getitem__, roles))
    return Count(tokens + count_all(contents), layout.certain)


_TEXTS: Final = {str}
_ROLE_AND_CONTENT: Final = {2}


@cache
def _plain_rules(
    name: LayoutName, encoding: str
) -> tuple[Layout, Mapping[str, int], Callable[[Sequence[str]], int]]:
    """Return the layout, what a plain message costs besides its text, and what counts texts.

    A message without a name and without calls costs the same for each that has its role.
    """
    layout, used = LAYOUTS[name], vocabulary(encoding)
    roles = ("system", "developer", "user", "assistant")
    return layout, {role: _opening(layout, used.count, role) for role in roles}, used.count_all


def _opening(layout: Layout, count: Callable[[str], int], role: str) -> int:
    final = layout.final_channel if role == "assistant" else 0
    return layout.message + count(role) + final


def text_of(message: Message) -> str:
    """Return the text that *message* is read as.

    Text parts are joined without anything between them (12 of the 15 distinct requests where
    that shows), and a refusal is text (one).
    """
    content = message.get("content")
    if not isinstance(content, str):
        parts: Sequence[Mapping[str, Any]] = content or ()
        content = "".join([part[part["type"]] for part in parts if part["type"] in TEXT_PARTS])
    refusal = message.get("refusal")
    return content + refusal if refusal and message["role"] == "assistant" else content


def _result_of(message: Message) -> str | None:
    """Return the id of the tool call that *message* answers; only a tool's message has one."""
    answered: str | None = message.get("tool_call_id") if message["role"] == "tool" else None
    return answered


def _has_calls(message: Message) -> bool:
    """Return whether *message*, an assistant's, has tool calls."""
    return bool(message.get("tool_calls") or message.get("function_call"))


def calls_of(message: Message) -> list[tuple[str, str, str]]:
    """Return (id, name, arguments) of the functions that *message* calls; a legacy call too."""
    calls = [
        (call.get("id") or "", call["function"]["name"], call["function"].get("arguments") or "")
        for call in message.get("tool_calls") or ()
        if call.get("type") != "custom" and "function" in call
    ]
    legacy = message.get("function_call")
    if legacy:
        calls.append(("", legacy["name"], legacy.get("arguments") or ""))
    return calls


def parallel_calls(calls: Sequence[tuple[str, str]]) -> str:
    """Return the arguments of the one call that represents several (name, arguments)."""
    try:
        return _uses([(name, _parsed(arguments)) for name, arguments in calls])
    except RecursionError:
        # Nested deeper than Python can read: they are counted as texts.
        return _uses(calls)


def _uses(calls: Sequence[tuple[str, Any]]) -> str:
    uses = [
        {"recipient_name": f"functions.{name}", "parameters": arguments}
        for name, arguments in calls
    ]
    return _compact({"tool_uses": uses})


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


class _Bill:
    """The rules of one family, applied to one request."""

    def __init__(self, family: Family, extra: Instructions) -> None:
        self.family = family
        self.layout = LAYOUTS[family.layout]
        self.count = vocabulary(family.encoding).count
        self.extra = extra
        self._names: dict[str, str] = {}
        """The names in the tool calls so far, by id."""
        self._parallel: set[str] = set()
        """The ids of parallel tool calls."""

    def messages(self, messages: Sequence[Message]) -> list[Part]:
        """Return what each message costs, in order."""
        parts: list[Part] = []
        place = 0
        while place < len(messages):
            message = messages[place]
            role: str = message["role"]
            taken = 1
            if role in RESULT_ROLES:
                together = self._results_together(messages, place)
                if together:
                    taken = len(together)
                    tokens, exact = self._parallel_results(together)
                else:
                    tokens, exact = self._result(message)
            else:
                calls = role == "assistant" and _has_calls(message)
                tokens, exact = self._message(message, role, first=place == 0, calls=calls)
                if calls:
                    call_tokens, certain = self._calls(message, role)
                    tokens += call_tokens
                    exact = exact and certain
            parts.append(Part("message", tokens, exact, place, role))
            place += taken
        return parts

    def _message(
        self, message: Message, role: str, *, first: bool, calls: bool
    ) -> tuple[int, bool]:
        """Return the cost of a message's text and attachments.

        The first message, if it is the system's, ends with the tools and formats.
        A message that only calls is no message of its own.
        """
        layout, text = self.layout, text_of(message)
        joined = first and bool(self.extra) and role in SYSTEM_ROLES
        if calls and not text:
            return 0, True
        if joined:
            text = f"{layout.instructions}{text}\n\n"
        tokens = _opening(layout, self.count, role) + self.count(text)
        name = message.get("name")
        if name:
            # The header is `role:name` (59 of 59 requests).
            tokens += self.count(f"{role}:{name}") - self.count(role) + layout.named
        content = message.get("content")
        if isinstance(content, str) or not content:
            return tokens, layout.certain
        more, exact = count_attachments(content, self.family)
        return tokens + more, exact and layout.certain

    def _calls(self, message: Message, role: str) -> tuple[int, bool]:
        """Return the cost of the tool calls in a message: one message, however many."""
        layout, calls = self.layout, calls_of(message)
        if not calls:
            return 0, False  # a call of a custom tool
        self._names |= {call: name for call, name, _ in calls}
        name = message.get("name")
        caller = f"{role}:{name}" if name else role
        if len(calls) == 1:
            _, called, arguments = calls[0]
            header, said = f"{caller} to=functions.{called}", _compacted(arguments)
            extra = 0
        else:
            # 209 of 216 requests, 18 repositories, with the results below.
            self._parallel |= {call for call, _, _ in calls}
            header = f"{caller} to={PARALLEL}"
            said = parallel_calls([(called, arguments) for _, called, arguments in calls])
            extra = 2
        tokens = layout.message + self.count(header) + self.count(said) + extra
        return tokens + layout.call_channel, layout.certain_calls and layout.certain

    def _result(self, message: Message) -> tuple[int, bool]:
        """Return the cost of the result of one tool call."""
        layout = self.layout
        name = self._names.get(_result_of(message) or "") or message.get("name") or "tool"
        tokens = layout.message + self.count("functions.") + self.count(name) + 1
        tokens += self.count(text_of(message)) + layout.result_channel
        content = message.get("content")
        plain = isinstance(content, str) or all(
            part.get("type") in TEXT_PARTS for part in content or ()
        )
        return tokens, plain and layout.certain_calls and layout.certain

    def _results_together(self, messages: Sequence[Message], place: int) -> Sequence[Message]:
        """Return the results from *place* on that answer parallel calls; none if it does not."""
        end = place
        while end < len(messages) and _result_of(messages[end]) in self._parallel:
            end += 1
        return messages[place:end]

    def _parallel_results(self, results: Sequence[Message]) -> tuple[int, bool]:
        """Return the cost of the results of parallel calls: one message with a list of texts.

        The list is JSON with a blank after each comma. Until February 2026 it was escaped to
        ASCII (22 recordings), since March 2026 it is not (10).
        """
        layout = self.layout
        said = json.dumps([text_of(result) for result in results], ensure_ascii=False)
        tokens = layout.message + self.count(PARALLEL) + self.count(said) + 1
        return tokens + layout.result_channel, layout.certain_calls and layout.certain

    def instructed(self, messages: Sequence[Message]) -> list[Part]:
        """Return what tools and response format cost, with a system message if there is none."""
        extra, parts = self.extra, list[Part]()
        own_message = 0
        if extra and not (messages and messages[0]["role"] in SYSTEM_ROLES):
            own_message = self.layout.message + self.count("system")
        if extra.tools is not None:
            parts.append(Part("tools", extra.tools + own_message, extra.exact))
            own_message = 0
        if extra.response_format is not None:
            # An assistant's text is marked as following the format, wherever it is.
            answers = [
                message
                for message in messages
                if message["role"] == "assistant" and not message.get("tool_calls")
            ]
            tokens = extra.response_format + own_message + extra.format_name * len(answers)
            parts.append(Part("response_format", tokens))
        return parts

    def priming(self, body: Mapping[str, Any]) -> Part:
        """Return the cost of the tokens that make the model answer.

        With tools it is one token shorter, since the model itself writes where its message
        goes; unless it may not call any, or is made to call a certain one.
        """
        layout, extra = self.layout, self.extra
        tokens, exact = layout.priming, layout.certain and extra.exact
        if extra.tools is None:
            if extra.response_format is not None and layout.forced_call:
                tokens += extra.format_name
            return Part("priming", tokens, exact)
        tokens -= 1
        choice = body.get("tool_choice", body.get("function_call"))
        if layout.forced_call and choice == "none":
            tokens += 1
        forced = forced_function(body) if layout.forced_call else None
        if forced is not None:
            tokens += self.count(f" to=functions.{forced}") + 4
        return Part("priming", tokens, exact)


def forced_function(body: Mapping[str, Any]) -> str | None:
    """Return the name of the function that the model must call, or None."""
    choice = as_schema(body.get("tool_choice", body.get("function_call")))
    if choice is None:
        return None
    named = as_schema(choice.get("function")) or choice
    name: str | None = named.get("name")
    return name


def _compacted(arguments: str) -> str:
    """Return *arguments* as the model reads them: as compact JSON, if they are JSON."""
    try:
        return _compact(json.loads(arguments))
    except (ValueError, RecursionError):
        return arguments
