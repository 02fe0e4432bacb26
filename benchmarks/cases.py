"""What is measured: scenarios, and requests that wrk makes for them by a script in Lua.

Bodies are numbered. Those of one case that differ never come again, since no two runs of a case
share a number. `Bodies.text` and `Bodies.lua` say the same thing in two languages, which
`tests/benchmarks` checks.
"""

import fnmatch
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from matching import scenario as many_rules

ANSWER = "Hello! I am a mock model, and this short answer has sixteen tokens."
RULES = 50
"""Rules of the longest scenario, of which the last one answers."""
NUMBERS = 10_240_000
"""How many numbers a run has for itself: more than it can use, in whole conversations."""
TOOL_CALL = "{kind: tool_calls, calls: [{name: get_order, arguments: {order: A-17, lines: true}}]}"
TEMPLATE = "Hello! I am {{ request.model }}, a mock model, and this answer is call {{ call }}."


def _scenario(reply: str) -> str:
    return f"version: 1\nrules:\n  - {{name: answer, reply: {reply}}}\n"


SCENARIOS: Mapping[str, str] = {
    "fixed": _scenario(json.dumps(ANSWER)),
    "echo": _scenario("{kind: echo}"),
    "template": _scenario(f"{{kind: template, text: {json.dumps(TEMPLATE)}}}"),
    "lorem": _scenario("{kind: lorem, tokens: 16}"),
    "tool call": _scenario(TOOL_CALL),
    f"{RULES} rules": many_rules("mixed", RULES, f"{{name: last, reply: {json.dumps(ANSWER)}}}"),
}


# --- Bodies --------------------------------------------------------------------------------------


def _lua_text(text: str) -> str:
    return f"[==[{text}]==]"


class Bodies(ABC):
    """The bodies of a case, by their number."""

    differ = True

    @abstractmethod
    def text(self, number: int) -> str:
        """Return body *number*."""

    @abstractmethod
    def lua(self) -> str:
        """Return the definition of `body(n)`, which returns the same."""


@dataclass(frozen=True)
class Same(Bodies):
    """The same body each time."""

    body: str
    differ = False

    def text(self, number: int) -> str:
        """Return the body."""
        del number
        return self.body

    def lua(self) -> str:
        """Return a function that returns a constant."""
        return f"function body(n) return {_lua_text(self.body)} end"


NUMBER = "@NUMBER@"


@dataclass(frozen=True)
class Numbered(Bodies):
    """A body that differs by its number alone."""

    body: str

    def text(self, number: int) -> str:
        """Return the body with its number."""
        return self.body.replace(NUMBER, str(number))

    def lua(self) -> str:
        """Return a function that joins the parts around the number."""
        parts = " .. n .. ".join(_lua_text(part) for part in self.body.split(NUMBER))
        return f"function body(n) return {parts} end"


PROSE = (
    "Our customer in Lisbon wrote twice last week about an order of garden chairs that should "
    "have arrived before the holidays. The first parcel was damaged, two chairs were missing from "
    "the second, and the invoice lists a delivery charge that nobody had agreed to. Please read "
    "the notes below, find out what was promised, and draft an answer that is friendly, short and "
    "correct."
)
WORDS = PROSE.split()
FEWEST, MOST = 4, 400
"""Words of a prompt."""


@dataclass(frozen=True)
class Lengths(Bodies):
    """Prompts of a few to a few hundred words, evenly mixed, that begin anywhere in the prose."""

    head: str
    tail: str

    def text(self, number: int) -> str:
        """Return a body with some of the prose, after its number."""
        first = number * 7 % len(WORDS)
        count = FEWEST + number * 37 % (MOST - FEWEST)
        words = [WORDS[(first + at) % len(WORDS)] for at in range(count)]
        return f"{self.head}{number}: {' '.join(words)}{self.tail}"

    def lua(self) -> str:
        """Return a function that takes its words from a table."""
        repeated = WORDS * (MOST // len(WORDS) + 2)
        return "\n".join(
            [
                "local words = {}",
                f"for word in ([==[{' '.join(repeated)}]==]):gmatch('%S+') do",
                "  words[#words + 1] = word",
                "end",
                "function body(n)",
                f"  local first = n * 7 % {len(WORDS)} + 1",
                f"  local last = first + {FEWEST} + n * 37 % {MOST - FEWEST} - 1",
                "  local said = table.concat(words, ' ', first, last)",
                f"  return {_lua_text(self.head)} .. n .. ': ' .. said .. {_lua_text(self.tail)}",
                "end",
            ]
        )


AT_ONCE, TURNS = 16, 20


@dataclass(frozen=True)
class Growing(Bodies):
    """Sixteen conversations at once, each of which grows by a turn, up to forty messages."""

    head: str
    tail: str

    def text(self, number: int) -> str:
        """Return the next request of the conversation whose turn it is."""
        chat = number // (AT_ONCE * TURNS) * AT_ONCE + number % AT_ONCE
        turn = number // AT_ONCE % TURNS
        asked = [self._user(str(chat), str(at)) for at in range(turn + 1)]
        return self.head + self._assistant().join(asked) + self.tail

    def lua(self) -> str:
        """Return a function that joins the turns so far."""
        user = _lua_text(self._user("]==] .. chat .. [==[", "]==] .. at .. [==["))
        return "\n".join(
            [
                "function body(n)",
                f"  local round = math.floor(n / {AT_ONCE})",
                f"  local chat = math.floor(round / {TURNS}) * {AT_ONCE} + n % {AT_ONCE}",
                "  local asked = {}",
                f"  for at = 0, round % {TURNS} do",
                f"    asked[#asked + 1] = {user}",
                "  end",
                f"  local said = table.concat(asked, {_lua_text(self._assistant())})",
                f"  return {_lua_text(self.head)} .. said .. {_lua_text(self.tail)}",
                "end",
            ]
        )

    def _user(self, chat: str, at: str) -> str:
        said = f"Customer {chat} asks, for the time {at}, where the parcel of last week is."
        return json.dumps({"role": "user", "content": said})

    def _assistant(self) -> str:
        said = json.dumps({"role": "assistant", "content": ANSWER})
        return f", {said}, "


# --- Cases ---------------------------------------------------------------------------------------

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
AZURE = "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21"
OPENROUTER = "/api/v1/chat/completions"
SYSTEM = {"role": "system", "content": "You are helpful."}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of request, and the scenario that answers it."""

    name: str
    bodies: Bodies
    scenario: str = "fixed"
    path: str = CHAT
    key: str = "authorization"
    """The header that holds the key."""
    target: float | None = None
    """The least ratio to the bare handler, by CPU time."""
    like: str | None = None
    """A case that this one is compared with."""
    most: float | None = None
    """The most CPU time that it may take of that case's, as a ratio."""
    default: bool = True
    """Whether it is measured unless others are selected."""
    watched: bool = False
    """Whether it is measured, too, with a line for each call and metrics."""

    @property
    def plain(self) -> bool:
        """Whether other mock servers can be compared: OpenAI's path and a fixed text."""
        return self.path == CHAT and self.scenario == "fixed"

    @property
    def headers(self) -> dict[str, str]:
        """What each request has."""
        key = "sk-bench" if self.key == "api-key" else "Bearer sk-bench"
        return {"content-type": "application/json", self.key: key}

    def script(self) -> str:
        """Return what makes wrk send the case, from the number that it is given on."""
        lines = ['wrk.method = "POST"']
        lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in self.headers.items()]
        lines += [self.bodies.lua(), "local n = 0"]
        if self.bodies.differ:
            lines += [
                "function init(args) n = tonumber(args[1]) end",
                "function request()",
                "  n = n + 1",
                "  return wrk.format(nil, nil, nil, body(n - 1))",
                "end",
            ]
        else:
            lines.append("wrk.body = body(0)")
        return "\n".join(lines)


def _request(said: str, *, stream: bool = False, model: str = "gpt-4o-mini", **more: object) -> str:
    streamed = {"stream": True} if stream else {}
    messages = [SYSTEM, {"role": "user", "content": said}]
    return json.dumps({"model": model, "messages": messages, **more, **streamed})


def _response(said: str, *, stream: bool = False) -> str:
    streamed = {"stream": True} if stream else {}
    asked = {"instructions": SYSTEM["content"], "input": said}
    return json.dumps({"model": "gpt-4o-mini", **asked, **streamed})


QUESTION = "What is the meaning of life?"
NUMBERED = f"What is the meaning of life, asked for the time {NUMBER}?"
HOLE = "@HOLE@"
STRING = {"type": "string"}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {
                "type": "object",
                "properties": properties,
                "required": [*properties],
                "additionalProperties": False,
            },
        },
    }
    for name, description, properties in (
        (
            "get_order",
            "Look up an order by its number.",
            {"order": STRING, "lines": {"type": "boolean"}},
        ),
        (
            "refund",
            "Pay back an order, or a part of it.",
            {"order": STRING, "amount": {"type": "number"}, "reason": STRING},
        ),
        (
            "ask_a_person",
            "Hand the conversation over to somebody.",
            {"team": {"type": "string", "enum": ["sales", "support"]}, "summary": STRING},
        ),
    )
]


def _both(case: Case, model: str = "gpt-4o-mini") -> list[Case]:
    """Return *case* with bodies that differ, not streamed and streamed."""
    like = {} if case.most is None else {"like": "different bodies, streamed"}
    streamed = replace(
        case,
        name=f"{case.name}, streamed",
        bodies=Numbered(_request(NUMBERED, model=model, stream=True)),
        default=False,
        **like,
    )
    return [replace(case, bodies=Numbered(_request(NUMBERED, model=model))), streamed]


def _responses() -> list[Case]:
    """Return the cases of the Responses API, beside those of chat with the same text."""
    bodies = {
        "responses, same body": Same(_response(QUESTION)),
        "responses, different bodies": Numbered(_response(NUMBERED)),
        "responses, same body, streamed": Same(_response(QUESTION, stream=True)),
        "responses, different bodies, streamed": Numbered(_response(NUMBERED, stream=True)),
    }
    return [
        Case(
            name=name,
            bodies=sent,
            path=RESPONSES,
            like=name.removeprefix("responses, "),
            most=1.6 if name.endswith("streamed") else None,
            default=name.endswith("streamed"),
        )
        for name, sent in bodies.items()
    ]


def _cases() -> list[Case]:
    same = Same(_request(QUESTION))
    different = Numbered(_request(NUMBERED))
    head, tail = _request(HOLE).split(HOLE)
    with_tools = Numbered(_request(NUMBERED, tools=TOOLS))
    first, end = json.dumps({"model": "gpt-4o-mini", "messages": [SYSTEM, HOLE]}).split(f'"{HOLE}"')
    many = f"{RULES} rules"
    return [
        Case(name="same body", bodies=same, target=0.74),
        Case(name="different bodies", bodies=different, target=0.42, watched=True),
        Case(
            name="same body, streamed",
            bodies=Same(_request(QUESTION, stream=True)),
            target=2.6,
        ),
        Case(
            name="different bodies, streamed",
            bodies=Numbered(_request(NUMBERED, stream=True)),
            target=1.2,
            watched=True,
        ),
        Case(name="prompts of 4 to 400 words", bodies=Lengths(head, tail)),
        *_both(
            Case(name="echo", bodies=different, scenario="echo", like="different bodies", most=1.2)
        ),
        *_both(
            Case(
                name="template",
                bodies=different,
                scenario="template",
                like="different bodies",
                most=1.2,
            )
        ),
        *_both(Case(name="lorem", bodies=different, scenario="lorem")),
        Case(name="tools, answered by text", bodies=with_tools),
        Case(name="tools, answered by a tool call", bodies=with_tools, scenario="tool call"),
        Case(name="growing history", bodies=Growing(first, end)),
        *_both(Case(name="Azure", bodies=different, path=AZURE, key="api-key")),
        *_both(
            Case(name="OpenRouter", bodies=different, path=OPENROUTER), model="openai/gpt-4o-mini"
        ),
        *_responses(),
        Case(name=f"same body, {many}", bodies=same, scenario=many, like="same body", most=1.05),
        Case(
            name=f"different bodies, {many}",
            bodies=different,
            scenario=many,
            like="different bodies",
            most=1.15,
        ),
    ]


CASES: Sequence[Case] = _cases()
BASIC = [case.name for case in CASES if case.target is not None]
"""The cases with a ratio to reach, which the history shows."""


def selected(patterns: Sequence[str], *, everything: bool = False) -> list[Case]:
    """Return the cases whose names fit one of *patterns*, or that are measured by default.

    A case that another one is compared with is measured, too.
    """
    if patterns:
        chosen = [
            case
            for case in CASES
            if any(fnmatch.fnmatch(case.name.lower(), pattern.lower()) for pattern in patterns)
        ]
    else:
        chosen = [case for case in CASES if everything or case.default]
    names = {case.name for case in chosen} | {case.like for case in chosen}
    return [case for case in CASES if case.name in names]
