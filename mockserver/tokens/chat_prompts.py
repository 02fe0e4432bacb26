"""The bill for the input of a chat request: message by message, then what surrounds them.

Each rule is stated once, where it acts. The numbers of a family of models are in `layouts`,
and docs/usage.md states how many recorded bills confirm each rule.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, Final, TypeAlias

from mockserver.models import Family, LayoutName
from mockserver.tokens.attachments import TEXT_PARTS, count_attachments
from mockserver.tokens.bill import Count, Part, PartKind
from mockserver.tokens.evidence import NO_RULE, Rule, doubts
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
        return bill.contents(messages)
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
    layout, openings, count_all, exact = _plain_rules(family.layout, family.encoding)
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
    return Count(tokens + count_all(contents), exact)


_TEXTS: Final = {str}
_ROLE_AND_CONTENT: Final = {2}


@cache
def _plain_rules(
    name: LayoutName, encoding: str
) -> tuple[Layout, Mapping[str, int], Callable[[Sequence[str]], int], bool]:
    """Return a layout, what plain messages cost besides texts, what counts these, and certainty.

    A message without a name and without calls costs the same for each that has its role.
    """
    layout, used = LAYOUTS[name], vocabulary(encoding)
    roles = ("system", "developer", "user", "assistant")
    openings = {role: _opening(layout, used.count, role) for role in roles}
    return layout, openings, used.count_all, not doubts(Rule.MESSAGES, name)


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


def _runs_of(message: Message) -> list[str]:
    """Return the text of *message*, split where no token reaches across: at cache breakpoints.

    Two requests of one repository cost one token more than their joined texts.
    """
    content = message.get("content")
    if isinstance(content, str) or not content:
        return [text_of(message)]
    ends = [n for n, part in enumerate(content, 1) if part.get("prompt_cache_breakpoint")]
    if not ends:
        return [text_of(message)]
    *runs, last = [content[start:end] for start, end in pairwise([0, *ends, len(content)])]
    texts = [text_of({"role": message["role"], "content": run}) for run in runs]
    rest = text_of({**message, "content": last})
    return [*texts, rest] if rest else texts


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
_spaced = json.JSONEncoder(ensure_ascii=False).encode


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
        self._doubts = doubts(Rule.MESSAGES, family.layout)
        """What is doubtful about all messages."""
        self._names: dict[str, str] = {}
        """The names in the tool calls so far, by id."""
        self._parallel: set[str] = set()
        """The ids of parallel tool calls."""

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
            more = doubts(used, self.family.layout)
            found = found | more if found else more
        return Part(kind, tokens, found, place, role)

    def contents(self, messages: Sequence[Message]) -> list[Part]:
        """Return the parts where only texts are billed: what else there is has not been seen."""
        used = self.extra.used
        if self.extra:
            used |= Rule.OTHER_TOOLS
        parts: list[Part] = []
        for place, message in enumerate(messages):
            calls = Rule.CALLS if _has_calls(message) or message["role"] in RESULT_ROLES else used
            tokens = self.count(text_of(message))
            parts.append(self._part("message", tokens, used | calls, place, message["role"]))
        return parts

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
                    tokens, used = self._parallel_results(together)
                else:
                    tokens, used = self._result(message)
            else:
                calls = role == "assistant" and _has_calls(message)
                tokens, used = self._message(message, role, first=place == 0, calls=calls)
                if calls:
                    call_tokens, by = self._calls(message, role)
                    used = used | by | Rule.TEXT_BESIDE_CALLS if tokens else by
                    tokens += call_tokens
            parts.append(self._part("message", tokens, used, place, role))
            place += taken
        return parts

    def _message(
        self, message: Message, role: str, *, first: bool, calls: bool
    ) -> tuple[int, Rule]:
        """Return the cost of a message's text and attachments.

        The first message, if it is the system's, ends with the tools and formats.
        A message that only calls is no message of its own.
        """
        layout, runs, used = self.layout, _runs_of(message), NO_RULE
        if calls and not any(runs):
            return 0, used
        if len(runs) > 1:
            used |= Rule.CACHE_BREAKPOINTS
        elif role == "assistant" and self.extra.response_format is not None:
            # JSON in an answer that follows a format is read compact (one request).
            compact = compacted(runs[0])
            if compact != runs[0]:
                runs, used = [compact], used | Rule.JSON_IN_HISTORY
        if first and self.extra and role in SYSTEM_ROLES:
            runs[0] = f"{layout.instructions}{runs[0]}"
            runs[-1] += "\n\n"
        tokens = _opening(layout, self.count, role) + sum(map(self.count, runs))
        name = message.get("name")
        if name:
            # The header is `role:name` (59 of 59 requests).
            tokens += self.count(f"{role}:{name}") - self.count(role) + layout.named
        content = message.get("content")
        if isinstance(content, str) or not content:
            return tokens, used
        more, by = count_attachments(content, self.family)
        if by & Rule.PATCHES and self.family.reasoning and self.extra.tools is not None:
            more += 1  # 5 of 5 requests, of one repository
        return tokens + more, used | by

    def _calls(self, message: Message, role: str) -> tuple[int, Rule]:
        """Return the cost of the tool calls in a message: one message, however many."""
        layout, calls = self.layout, calls_of(message)
        if not calls:
            return 0, Rule.CUSTOM_CALLS
        self._names |= {call: name for call, name, _ in calls}
        if not layout.channelled_calls:
            return self._bare_calls(calls)
        name = message.get("name")
        caller = f"{role}:{name}" if name else role
        if len(calls) == 1:
            _, called, arguments = calls[0]
            header, said = f"{caller} to=functions.{called}", compacted(arguments)
            extra, used = 0, Rule.CALLS
        else:
            # 209 of 216 requests, 18 repositories, with the results below.
            self._parallel |= {call for call, _, _ in calls}
            header = f"{caller} to={PARALLEL}"
            said = parallel_calls([(called, arguments) for _, called, arguments in calls])
            extra, used = 2, Rule.PARALLEL_CALLS
        if len(calls) < len(message.get("tool_calls") or ()):
            used |= Rule.CUSTOM_CALLS
        tokens = layout.message + self.count(header) + self.count(said) + extra
        return tokens + layout.call_channel, used

    def _bare_calls(self, calls: Sequence[tuple[str, str, str]]) -> tuple[int, Rule]:
        """Return the cost of calls as the first models with functions read them.

        A call is headed by its function's name, and its arguments are read as they are written
        (13 of 13 published bills). Of parallel ones, only that they cost 22 more in sum is known.
        """
        tokens = sum(7 + self.count(name) + self.count(said) for _, name, said in calls)
        if len(calls) == 1:
            return tokens, Rule.CALLS
        return tokens + 22, Rule.PARALLEL_CALLS

    def _result(self, message: Message) -> tuple[int, Rule]:
        """Return the cost of the result of one tool call."""
        layout, count = self.layout, self.count
        name = self._names.get(_result_of(message) or "") or message.get("name") or "tool"
        tokens = layout.message + count(name) + count(text_of(message))
        if layout.channelled_calls:
            tokens += count("functions.") + 1 + layout.result_channel
        content = message.get("content")
        plain = isinstance(content, str) or all(
            part.get("type") in TEXT_PARTS for part in content or ()
        )
        return tokens, Rule.CALLS if plain else Rule.CALLS | Rule.ATTACHED_RESULTS

    def _results_together(self, messages: Sequence[Message], place: int) -> Sequence[Message]:
        """Return the results from *place* on that answer parallel calls; none if it does not."""
        end = place
        while end < len(messages) and _result_of(messages[end]) in self._parallel:
            end += 1
        return messages[place:end]

    def _parallel_results(self, results: Sequence[Message]) -> tuple[int, Rule]:
        """Return the cost of the results of parallel calls: one message with a list.

        A result that is JSON is in the list as that JSON, another one as a text (20 requests,
        2 repositories). The list is JSON with a blank after each comma and colon. Until February
        2026 it was escaped to ASCII (22 recordings), since March 2026 it is not (10).
        """
        layout, texts = self.layout, [text_of(result) for result in results]
        try:
            said = _spaced([_parsed(text) for text in texts])
        except RecursionError:
            said = _spaced(texts)
        tokens = layout.message + self.count(PARALLEL) + self.count(said) + 1
        used = Rule.PARALLEL_CALLS
        return (
            tokens + layout.result_channel,
            used if said.isascii() else used | Rule.RESULTS_BEYOND_ASCII,
        )

    def instructed(self, messages: Sequence[Message]) -> list[Part]:
        """Return what tools and response format cost, with a system message if there is none."""
        extra, parts = self.extra, list[Part]()
        own_message = 0
        if not (messages and messages[0]["role"] in SYSTEM_ROLES):
            own_message = self.layout.message + self.count("system")
        if extra.tools is not None:
            tokens, used = extra.tools + own_message, extra.used
            if self.family.modality_tokens:
                # Two requests, which cost 3 and 4 more.
                tokens, used = tokens + 3, used | Rule.TOOLS_BY_EAR
            parts.append(self._part("tools", tokens, used))
            own_message = 0
        if extra.response_format is not None:
            # An assistant's text is marked as following the format, wherever it is.
            answers = [
                message
                for message in messages
                if message["role"] == "assistant" and not message.get("tool_calls")
            ]
            tokens = extra.response_format + own_message + extra.format_name * len(answers)
            parts.append(self._part("response_format", tokens, NO_RULE))
        return parts

    def priming(self, body: Mapping[str, Any]) -> Part:
        """Return the cost of the tokens that make the model answer.

        With tools it is one token shorter, since the model itself writes where its message
        goes; unless it may not call any, or is made to call a certain one.
        """
        layout, extra = self.layout, self.extra
        tokens, used = layout.priming, extra.used
        calls_itself = layout.forced_call is None
        if extra.tools is None:
            if extra.response_format is not None and not calls_itself:
                tokens += extra.format_name
            return self._part("priming", tokens, used)
        tokens -= 1
        choice = body.get("tool_choice", body.get("function_call"))
        if choice == "none" and not calls_itself:
            tokens, used = tokens + 1, used | Rule.NO_CALLS
        forced = forced_function(body)
        if forced is not None and layout.forced_call is not None:
            tokens += self.count(f" to=functions.{forced}") + layout.forced_call
        return self._part("priming", tokens, used)


def forced_function(body: Mapping[str, Any]) -> str | None:
    """Return the name of the function that the model must call, or None."""
    choice = as_schema(body.get("tool_choice", body.get("function_call")))
    if choice is None:
        return None
    named = as_schema(choice.get("function")) or choice
    name: str | None = named.get("name")
    return name


def compacted(arguments: str) -> str:
    """Return *arguments* as the model reads them: as compact JSON, if they are JSON."""
    try:
        return _compact(json.loads(arguments))
    except (ValueError, RecursionError):
        return arguments
