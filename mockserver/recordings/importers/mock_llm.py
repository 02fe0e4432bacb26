"""Configurations of dwmkerr's mock-llm, in YAML or JSON: of the rules that match, the last answers.

A rule has a path (a regular expression), a condition (JMESPath over body, headers, method, path,
query) and an answer: a status and a text with templates that becomes JSON. Source: its
`src/config.ts`, `src/server.ts`, `src/template.ts` and README (0.1), read 2026-11.
"""

import json
import re
from contextlib import suppress
from typing import Any, Final

from mockserver.recordings.importers.documents import Json, as_list, as_number, as_object, as_text
from mockserver.recordings.importers.rules import (
    CHARACTERS_PER_TOKEN,
    ERRORS,
    InexpressibleError,
    Rules,
    Written,
    call_of,
    http_error,
    literal,
    reply_of,
    usage_of,
)
from mockserver.recordings.importers.taken import Taken
from mockserver.wire.jsontext import is_list, is_object

NAME: Final = "mock-llm"
DESCRIPTION: Final = "configurations of mock-llm (YAML, JSON)"

PATHS: Final = {
    "/v1/chat/completions": "chat.completions",
    "/v1/completions": "completions",
    "/v1/responses": "responses",
    "/v1/embeddings": "embeddings",
    "/v1/moderations": "moderations",
    "/v1/models": "models",
}
GENERATING: Final = frozenset({"chat.completions", "completions", "responses"})
LONGEST_PATH: Final = 200
CHUNK_SIZE: Final = 50

_TEXT: Final = r"'((?:[^'\\]|\\.)*)'"
_PATH: Final = r"((?:body|headers|query)\.[^\s'()&|=!<>,]+)"
_CONTAINS: Final = re.compile(rf"contains\(\s*{_PATH}\s*,\s*{_TEXT}\s*\)")
_STARTS: Final = re.compile(rf"starts_with\(\s*{_PATH}\s*,\s*{_TEXT}\s*\)")
_EQUALS: Final = re.compile(rf"{_PATH}\s*==\s*{_TEXT}")
_OF_BODY: Final = re.compile(r"\bbody\.")
_QUOTED: Final = re.compile(r"('(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\")")
_BOOLEAN: Final = re.compile(r"==|!=|<|>|^\s*!|^\s*(?:contains|starts_with|ends_with)\(")

_TEMPLATE: Final = re.compile(r"\{\{\s*(timestamp|jmes\s+(\w+)\s+([^}]+?))\s*\}\}")
_MARK: Final = re.compile("\ue000(\\d+)\ue001")
OURS: Final = frozenset({"id", "object", "created", "model", "choices", "usage"})


def _configuration(document: Any) -> Json:
    """Return the configuration that *document* is, or that it has as values of a Helm chart."""
    members = as_object(document)
    return members if "rules" in members else as_object(members.get("config"))


def recognises(document: Any) -> bool:
    """Return whether *document* is a configuration: its rules have paths and responses."""
    rules = [as_object(rule) for rule in as_list(_configuration(document).get("rules"))]
    return any("path" in rule and "response" in rule for rule in rules)


def read(document: Any, shown: str) -> Taken:
    """Return the scenario that the configuration *shown* is: its rules, the last one first."""
    rules = Rules(shown)
    members = _configuration(document)
    written: list[Written] = []
    for name in members:
        if name not in ("rules", "streaming"):
            rules.leave_out(f"'{name}'", "it has no counterpart")
    items = [as_object(item) for item in as_list(members.get("rules"))]
    for number in range(len(items), 0, -1):
        place = f"rule {number}"
        try:
            written.append(_rule(items[number - 1], place, rules))
        except InexpressibleError as error:
            rules.leave_out(place, str(error))
    rules.add_all(written)
    return rules.taken({"models": "any", **_defaults(as_object(members.get("streaming")))})


def _defaults(streaming: Json) -> Json:
    interval_ms = as_number(streaming.get("chunkIntervalMs"))
    if interval_ms is None:
        return {}
    size = as_number(streaming.get("chunkSize")) or CHUNK_SIZE
    per_token_ms = round(interval_ms / max(size / CHARACTERS_PER_TOKEN, 1), 3)
    return {"defaults": {"latency": {"per_token_ms": per_token_ms}}}


def _rule(rule: Json, place: str, rules: Rules) -> Written:
    endpoints = _endpoints(as_text(rule.get("path")))
    method = as_text(rule.get("method")).upper()
    if method == "GET":
        endpoints = [one for one in endpoints if one == "models"]
    elif method:
        endpoints = [one for one in endpoints if one != "models"]
    if not endpoints:
        where = f"{method} {rule.get('path')}".strip()
        raise InexpressibleError(f"no endpoint of ours answers {where}")
    response = as_object(rule.get("response"))
    filled = _Content(as_text(response.get("content")))
    status = int(as_number(response.get("status")) or 200)
    for name in rule:
        if name not in ("path", "method", "match", "sequence", "response"):
            rules.leave_out(place, f"'{name}' has no counterpart")
    if endpoints == ["models"] and status < ERRORS:
        raise InexpressibleError("the list of models is the provider's own here: see 'models'")
    when: Json = {}
    if not GENERATING.issubset(endpoints):
        when["endpoint"] = endpoints[0] if len(endpoints) == 1 else endpoints
    _add_match(when, as_text(rule.get("match")))
    sequence = as_number(rule.get("sequence"))
    if sequence is not None and when.keys() - {"endpoint"}:
        what = "'sequence' counts all calls of the path there, and those that match here"
        rules.note(place, what)
    answer = _answer(filled, status, endpoints, place, rules)
    index = None if sequence is None else int(sequence)
    return Written(place, _name(rule, status), when, answer, index)


def _name(rule: Json, status: int) -> str:
    pieces = _QUOTED.findall(as_text(rule.get("match")))
    said = " ".join([piece[1:-1] for piece in pieces if piece.startswith("'")])
    if not said and rule.get("sequence") is not None:
        return "in-order"
    return said or ("otherwise" if status < ERRORS else f"status-{status}")


def _endpoints(path: str) -> list[str]:
    if len(path) > LONGEST_PATH:
        raise InexpressibleError("its path is too long")
    try:
        pattern = re.compile(path)
    except re.error as error:
        raise InexpressibleError(f"its path is not a regular expression here: {error}") from error
    found = [kind for known, kind in PATHS.items() if pattern.search(known)]
    if path in ("/v1/completions", "v1/completions"):
        return ["completions"]
    return found


# --- Conditions ------------------------------------------------------------------------------


def _add_match(when: Json, match: str) -> None:
    """Add the condition *match*: in our own words where it is simple, as JMESPath otherwise."""
    for part in _conjuncts(match):
        if part in ("", "@"):
            continue
        if found := _CONTAINS.fullmatch(part):
            _add_test(when, found[1], {"contains": _unquoted(found[2])})
        elif found := _STARTS.fullmatch(part):
            _add_test(when, found[1], {"glob": f"{literal(_unquoted(found[2]))}*"})
        elif found := _EQUALS.fullmatch(part):
            _add_test(when, found[1], _unquoted(found[2]))
        else:
            when.setdefault("request", {})[_of_body(part)] = True


def _unquoted(text: str) -> str:
    return text.replace("\\'", "'")


def _conjuncts(match: str) -> list[str]:
    """Return the parts that `&&` joins, if nothing but that joins them."""
    pieces = _QUOTED.split(match)
    outside = "".join(pieces[::2])
    if "||" in outside or "(" in re.sub(r"\w+\([^()]*\)", "", outside):
        return [match.strip()]
    marked = "".join(
        [piece if number % 2 else piece.replace("&&", "\0") for number, piece in enumerate(pieces)]
    )
    return [part.strip() for part in marked.split("\0")]


def _add_test(when: Json, path: str, test: Any) -> None:
    root, _, below = path.partition(".")
    below_plain = below.strip('"')
    if root == "headers":
        when.setdefault("headers", {})[below_plain.lower()] = test
    elif root == "query":
        when.setdefault("query", {})[below_plain] = test
    elif below == "model" and isinstance(test, str):
        when["model"] = literal(test)
    else:
        when.setdefault("request", {})[below] = test


def _of_body(expression: str) -> str:
    """Return *expression*, over body, headers and more, as one over the body that is a boolean."""
    pieces = _QUOTED.split(expression)
    outside = "".join(pieces[::2])
    if re.search(r"(?<![\w.])(?:headers|query|method|path)\b", outside):
        raise InexpressibleError(f"its condition is not one of the body alone: {expression}")
    inner = "".join(
        [piece if number % 2 else _OF_BODY.sub("", piece) for number, piece in enumerate(pieces)]
    )
    return inner if _BOOLEAN.search(outside) else f"!(!({inner}))"


# --- Answers ---------------------------------------------------------------------------------


class _Content:
    """The JSON of an answer, with marks where templates are."""

    def __init__(self, text: str) -> None:
        self.templates: list[str] = []
        marked = _TEMPLATE.sub(self._marked, text)
        value: Any = None
        with suppress(ValueError, RecursionError):
            value = json.loads(marked)
        self.value = value

    def _marked(self, found: re.Match[str]) -> str:
        self.templates.append(found[0])
        return f"\ue000{len(self.templates) - 1}\ue001"

    def ours(self, value: Any) -> tuple[Any, bool]:
        """Return *value* with our templates in the place of theirs, and whether it has some."""
        has = False

        def written(found: re.Match[str]) -> str:
            nonlocal has
            has = True
            return _template(self.templates[int(found[1])])

        def walked(inner: Any) -> Any:
            if isinstance(inner, str):
                return _MARK.sub(written, inner)
            if is_list(inner):
                return [walked(one) for one in as_list(inner)]
            if is_object(inner):
                return {key: walked(one) for key, one in as_object(inner).items()}
            return inner

        return walked(value), has


def _template(theirs: str) -> str:
    found = _TEMPLATE.fullmatch(theirs)
    path = found[3] if found and found[2] == "request" else ""
    if path == "body":
        return "{{ request }}"
    if path.startswith("body."):
        return "{{ request." + path.removeprefix("body.") + " }}"
    raise InexpressibleError(f"its template '{theirs}' has no counterpart")


def _answer(filled: _Content, status: int, endpoints: list[str], place: str, rules: Rules) -> Json:
    if filled.value is None:
        raise InexpressibleError("its content is not JSON, or has a template in the place of JSON")
    body = as_object(filled.value)
    if status >= ERRORS:
        value, has_templates = filled.ours(filled.value)
        if has_templates:
            raise InexpressibleError("templates have no place in an error")
        error = as_object(body.get("error"))
        if error and body.keys() == {"error"} and isinstance(error.get("message"), str):
            return {"fail": http_error(status, error)}
        return {"fail": {"kind": "http_error", "status": status, "body": value}}
    reply: Any = None
    if endpoints in (["chat.completions"], ["completions"]) or GENERATING.issuperset(endpoints):
        reply = _reply(body, place, rules)
    if reply is None:
        raw = {"kind": "raw", "body": filled.value}
        reply = raw if status == 200 else raw | {"status": status}  # noqa: PLR2004 - OK
    reply, has_templates = filled.ours(reply)
    if has_templates:
        reply = {"kind": "text", "text": reply} if isinstance(reply, str) else reply
        reply["template"] = True
    return {"reply": reply}


def _reply(body: Json, place: str, rules: Rules) -> Any:
    """Return what a chat or a legacy completion says; None if *body* is neither."""
    choices = [as_object(one) for one in as_list(body.get("choices"))]
    if not choices:
        return None
    said = [_choice(choice) for choice in choices]
    if None in said:
        return None
    keys: Json = {}
    for name in ("id", "created", "model"):
        value = body.get(name)
        if value is not None and not _MARK.search(str(value)):
            keys[name] = value
    usage, unplaced = usage_of(body.get("usage"))
    if usage:
        keys["usage"] = usage
    unplaced = [f"usage.{name}" for name in unplaced] + [n for n in body if n not in OURS]
    for name in unplaced:
        rules.leave_out(place, f"'{name}' of its content has no counterpart")
    if len(said) == 1:
        text, calls, finish_reason = said[0] or ("", [], None)
        natural = "tool_calls" if calls else "stop"
        if finish_reason not in (None, natural):
            keys["finish_reason"] = finish_reason
        return reply_of(text, calls, keys)
    listed = [reply_of(one[0], one[1], {}) for one in said if one]
    return {"kind": "choices", "choices": listed, **keys}


def _choice(choice: Json) -> tuple[Any, list[Json], Any] | None:
    message = as_object(choice.get("message"))
    text = message.get("content", choice.get("text"))
    calls: list[Json] = []
    for item in as_list(message.get("tool_calls")):
        call = as_object(item)
        function = as_object(call.get("function"))
        calls.append(call_of(function.get("name"), function.get("arguments"), call.get("id")))
    if not calls and not isinstance(text, str):
        return None
    return text, calls, choice.get("finish_reason")
