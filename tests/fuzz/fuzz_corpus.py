"""Valid requests of every kind, and what can be put into them that is not."""

import copy
import json
import os
from random import Random
from typing import Any, Final

TIMES: Final = int(os.environ.get("MOCKSERVER_FUZZ", "1"))
"""How many times as much is tried as in a run of all tests."""

Json = Any
Body = dict[str, Any]

PIXEL: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)
SILENCE: Final = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="

STRICT_TOOL: Final = {
    "type": "function",
    "function": {
        "name": "f",
        "description": "Do it.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {
                "a": {"type": ["string", "null"], "enum": ["x", None]},
                "b": {"type": "array", "items": {"type": "integer", "minimum": 1}},
            },
            "required": ["a", "b"],
            "additionalProperties": False,
        },
    },
}
BARE_TOOL: Final = {"type": "function", "function": {"name": "g"}}
CUSTOM_TOOL: Final = {
    "type": "custom",
    "custom": {
        "name": "c",
        "format": {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}},
    },
}

CONVERSATION: Final = [
    {"role": "system", "content": "Answer in JSON.", "name": "a"},
    {"role": "user", "content": "x"},
    {
        "role": "assistant",
        "content": None,
        "refusal": "no",
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
            {"id": "2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        ],
    },
    {"role": "tool", "tool_call_id": "1", "content": "42"},
    {"role": "tool", "tool_call_id": "2", "content": [{"type": "text", "text": "4"}]},
    {"role": "developer", "content": "x"},
]
PARTS: Final = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "x"},
            {"type": "image_url", "image_url": {"url": PIXEL, "detail": "high"}},
            {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}},
        ],
    },
    {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}], "refusal": "x"},
    {"role": "user", "content": "x"},
]
SOUNDS: Final = [
    {
        "role": "user",
        "content": [{"type": "input_audio", "input_audio": {"data": SILENCE, "format": "wav"}}],
    },
    {"role": "assistant", "audio": {"id": "x"}},
    {"role": "user", "content": "x"},
]
LEGACY_CALL: Final = [
    {"role": "user", "content": "x"},
    {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
    {"role": "function", "name": "f", "content": "42"},
]
CUSTOM_CALL: Final = [
    {"role": "user", "content": "x"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "1", "type": "custom", "custom": {"name": "c", "input": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "1", "content": "42"},
]


def chat(model: str = "gpt-4o-mini", messages: Json = None, **members: Json) -> Body:
    said = [{"role": "user", "content": "Hi"}] if messages is None else messages
    return {"model": model, "messages": said, **members}


def legacy(prompt: Json = "x", model: str = "gpt-3.5-turbo-instruct", **members: Json) -> Body:
    return {"model": model, "prompt": prompt, **members}


def schema_format(schema: Json, *, strict: bool = False) -> Body:
    return {"type": "json_schema", "json_schema": {"name": "x", "strict": strict, "schema": schema}}


CHATS: Final = [
    chat(),
    chat(messages=CONVERSATION, tools=[STRICT_TOOL, BARE_TOOL], parallel_tool_calls=True),
    chat(messages=CONVERSATION, tools=[STRICT_TOOL], stream=True),
    chat("gpt-5", CONVERSATION, tools=[STRICT_TOOL], tool_choice="auto"),
    chat(messages=PARTS),
    chat("gpt-5", PARTS),
    chat("gpt-audio", SOUNDS, modalities=["text", "audio"], audio={"voice": "alloy"}),
    chat(messages=LEGACY_CALL, functions=[STRICT_TOOL["function"]], function_call={"name": "f"}),
    chat("gpt-5", CUSTOM_CALL, tools=[CUSTOM_TOOL, STRICT_TOOL]),
    chat(
        tools=[STRICT_TOOL],
        tool_choice={
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "auto",
                "tools": [{"type": "function", "function": {"name": "f"}}],
            },
        },
    ),
    chat(tools=[STRICT_TOOL], tool_choice={"type": "function", "function": {"name": "f"}}),
    chat(
        tools=[STRICT_TOOL],
        tool_choice="required",
        stream=True,
        stream_options={"include_usage": True, "include_obfuscation": False},
    ),
    chat(response_format=schema_format(STRICT_TOOL["function"]["parameters"], strict=True)),
    chat("gpt-5", response_format=schema_format({"type": "object", "properties": {}})),
    chat(
        messages=[{"role": "user", "content": "json"}],
        response_format={"type": "json_object"},
    ),
    chat(
        temperature=1,
        top_p=1.0,
        n=2,
        stop=["x"],
        stream=True,
        logit_bias={"1": 1},
        logprobs=True,
        top_logprobs=1,
        metadata={"a": "b"},
        store=True,
        max_tokens=10,
        seed=1,
        presence_penalty=0,
        frequency_penalty=0,
        user="u",
        service_tier="auto",
        prediction={"type": "content", "content": "x"},
        prompt_cache_key="x",
        safety_identifier="y",
    ),
    chat("gpt-5", reasoning_effort="low", verbosity="medium", max_completion_tokens=100),
    chat("gpt-4o-search-preview", web_search_options={"search_context_size": "low"}),
    chat("o1-mini"),
    chat("gpt-4"),
    chat("o3-mini", tools=[STRICT_TOOL]),
    chat("gpt-5.6-terra", moderation={"model": "x"}),
]
LEGACIES: Final = [
    legacy(),
    legacy(["a", "b"], max_tokens=5, n=2, best_of=2, suffix="x", stop="x", logit_bias={"1": 1}),
    legacy([1, 2], temperature=0.5, seed=2, user="x", echo=True),
    legacy([[1, 2], [3]], stream=True, stream_options={"include_usage": True}),
    legacy([100_256], "davinci-002", logprobs=3),
    legacy("x", "babbage-002", max_tokens=0, echo=True),
]

MODELS: Final = (
    "gpt-3.5-turbo", "gpt-4o", "gpt-4.1", "gpt-4o-search-preview", "gpt-audio", "o1", "o3-mini",
    "o4-mini", "gpt-5", "gpt-5.4-mini", "gpt-5.6-terra", "gpt-3.5-turbo-instruct", "davinci-002",
    "text-embedding-3-small", "anthropic/claude", "nobody's", "x\r\ny: z", "\0", "é",
)  # fmt: skip

UNREADABLE: Final = (float("inf"), float("nan"), "\ud800", "\udfff\ud800", 10**4000)
"""Values that `to_json` writes, though they are none: they spoil the whole body."""
SCALARS: Final = (
    None, True, False, 0, 1, -1, 2, 0.5, 1e308, -0.0, 10**19, -(10**30), 10**400, "", "a", "\0",
    "\0q", "<|endoftext|>", "<|im_start|>", "x" * 70, "x" * 600, "é", "\N{FLAMINGO}", "\u202e",
    "\r\n", "function", "custom", "json_object",
    "json_schema", "tool", "user", "assistant", "system", "data:,", "data:image/png;base64,é",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgé", "f", "none", "auto", "required", "{", "[]",
    "{}", "[" * 5_000, "(a+)+$", "[1", "\\d{1000000}", "object", "array", "string",
)  # fmt: skip
VALUES: Final[tuple[Json, ...]] = (
    *SCALARS, [], {}, [[]], [{}], [None], {"a": None}, ["a"], [1], [True], [[1], ["a"]], {"": {}},
    {"type": "function"}, {"type": "custom"}, {"name": "f"}, ["string", "null"], {"$ref": "#"},
    {"$ref": "#/$defs/a"},
)  # fmt: skip
MEMBERS: Final = (
    "tool_calls", "function_call", "refusal", "content", "name", "custom", "function", "text",
    "audio", "strict", "parameters", "type", "id", "role", "n", "stream", "model", "stop", "zzz",
)  # fmt: skip

KEYWORDS: Final = (
    "type", "properties", "items", "anyOf", "oneOf", "allOf", "not", "$ref", "$defs", "enum",
    "const", "required", "additionalProperties", "minimum", "maximum", "exclusiveMinimum",
    "multipleOf", "minItems", "maxItems", "minLength", "maxLength", "pattern", "format", "title",
    "description", "default", "examples", "prefixItems", "uniqueItems", "if", "then", "else",
    "patternProperties", "definitions", "$id", "$anchor", "contains", "dependentRequired",
    "nullable", "minProperties", "unevaluatedProperties", "propertyNames",
)  # fmt: skip
TYPES: Final = (
    "object", "array", "string", "integer", "number", "boolean", "null", ["string", "null"],
    ["object", "array"], ["object", "object"], [],
)  # fmt: skip
PATTERNS: Final = (
    "(a+)+$", "[", "\\d+", "^(a|a)*$", "(?=x)y", "\\p{L}", "x{99999}", "(?<n>a)\\k<n>", "(((",
)  # fmt: skip
REFERENCES: Final = ("#", "#/$defs/a", "#/properties/a", "https://x/y", "#/definitions/b", "#a", 5)


def to_json(body: Json) -> bytes:
    """Return *body* as JSON, or as what claims to be: NaN, infinities and half characters too."""
    return json.dumps(body).encode()


class Mutator:
    """Makes hostile requests out of valid ones, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)

    def any_value(self) -> Json:
        """Return a value that is rarely the right one."""
        if self.rng.random() < 1 / 8:
            return self.schema()
        if self.rng.random() < 1 / 40:
            return self.rng.choice(UNREADABLE)
        return copy.deepcopy(self.rng.choice(VALUES))

    def mutated(self, bodies: list[Body]) -> Body:
        """Return one of *bodies* with one thing wrong, or a few, or none."""
        body = copy.deepcopy(self.rng.choice(bodies))
        if self.rng.random() < 1 / 8:
            body["model"] = self.rng.choice(MODELS)
        for _ in range(self.rng.choice([0, 1, 1, 1, 1, 1, 2, 2, 3])):
            self._mutate(body)
        return body

    def _mutate(self, body: Body) -> None:
        places = list(_places(body))
        if not places:
            return
        owner, key = self.rng.choice(places)
        match self.rng.choice(["drop", "replace", "replace", "replace", "add"]):
            case "drop":
                del owner[key]
            case "replace":
                owner[key] = self.any_value()
            case _ if isinstance(owner, list):
                owner.append(copy.deepcopy(owner[key]))
            case _:
                elsewhere, there = self.rng.choice(places)
                value = elsewhere[there] if self.rng.random() < 1 / 2 else self.any_value()
                owner[self.rng.choice(MEMBERS)] = copy.deepcopy(value)

    def with_schemas(self) -> Body:
        """Return a chat that offers a tool, or asks for a format, by a hostile schema."""
        strict = self.rng.random() < 1 / 10
        model = self.rng.choice(["gpt-4o-mini", "gpt-5", "gpt-4o", "gpt-4.1"])
        schema = self.parameters()
        if self.rng.random() < 1 / 2:
            return chat(model, response_format=schema_format(schema, strict=strict))
        function = {"name": "f", "strict": strict, "parameters": schema}
        choice = self.rng.choice(["auto", "required", "none"])
        tools = [{"type": "function", "function": function}]
        return chat(model, tools=tools, tool_choice=choice)

    def parameters(self) -> Json:
        """Return the schema of an object, with something odd in its properties."""
        names = ["a", "b", "", "é", "\0", "c" * 70]
        properties = {self.rng.choice(names): self.schema(1) for _ in range(3)}
        stated: Body = {"type": "object", "properties": properties, "required": [*properties][:1]}
        for keyword in self.rng.choice([[], [], [], self.rng.sample(KEYWORDS, 2)]):
            stated[keyword] = self._stated(keyword, 1)
        return stated

    def schema(self, depth: int = 0) -> Json:
        """Return what looks like a JSON Schema, more or less."""
        if depth > 4 or self.rng.random() < 1 / 12:
            return copy.deepcopy(self.rng.choice(VALUES))
        found: Body = {}
        if self.rng.random() < 3 / 4:
            found["type"] = self._stated("type", depth)
        for keyword in self.rng.sample(KEYWORDS, self.rng.randrange(4)):
            found[keyword] = self._stated(keyword, depth + 1)
        return found

    def _stated(self, keyword: str, depth: int) -> Json:
        if self.rng.random() < 1 / 50:
            return copy.deepcopy(self.rng.choice(VALUES))
        several = range(self.rng.randrange(4))
        match keyword:
            case "type":
                return copy.deepcopy(self.rng.choice(TYPES))
            case "properties" | "$defs" | "definitions" | "patternProperties":
                names = ["a", "b", "", "é", "^a", "(", "\0"]
                return {self.rng.choice(names): self.schema(depth) for _ in several}
            case "items" | "not" | "if" | "then" | "else" | "additionalProperties" | "contains":
                return self.schema(depth)
            case "anyOf" | "oneOf" | "allOf" | "prefixItems":
                return [self.schema(depth) for _ in several]
            case "required":
                return [self.rng.choice(["a", "b", "zzz"]) for _ in several]
            case "enum" | "examples":
                return [copy.deepcopy(self.rng.choice(VALUES)) for _ in several]
            case "$ref":
                return self.rng.choice(REFERENCES)
            case "pattern":
                return self.rng.choice(PATTERNS)
            case _:
                return copy.deepcopy(self.rng.choice(VALUES))


def _places(value: Json) -> list[tuple[Json, Any]]:
    """Return every (owner, key) in *value*."""
    found: list[tuple[Json, Any]] = []
    waiting = [value]
    while waiting:
        owner = waiting.pop()
        for key, member in list(owner.items() if isinstance(owner, dict) else enumerate(owner)):
            found.append((owner, key))
            if isinstance(member, dict | list):
                waiting.append(member)
    return found
