"""Rules of other tools, made rules of ours: what their formats have in common."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from mockserver.errors import UsageError
from mockserver.plugins import Plugins
from mockserver.recordings.importers.documents import Json, as_number, as_object, as_text
from mockserver.recordings.importers.taken import Taken
from mockserver.scenario.loader import ScenarioText, check
from mockserver.scenario.syntax.written import as_json, plain
from mockserver.wire.jsontext import compact

LONGEST_NAME: Final = 40
ERRORS: Final = 400
CHARACTERS_PER_TOKEN: Final = 4
"""About; other tools cut a text into pieces of so many characters."""


class InexpressibleError(ValueError):
    """Something that our language has no word for; the text says what."""


class Rules:
    """The rules that a file becomes, and what of it is left out."""

    def __init__(self, shown: str, plugins: Plugins | None = None) -> None:
        """Call the file *shown*."""
        self.shown = shown
        self._plugins = plugins or Plugins.installed()
        self._rules: list[Json] = []
        self._names: set[str] = set()
        self._left_out: list[str] = []
        self._notes: list[str] = []

    def leave_out(self, place: str, what: str) -> None:
        """Note that what is at *place* is not taken, and why."""
        self._left_out.append(f"{self.shown}, {place}: {what}")

    def note(self, place: str, what: str) -> None:
        """Note that what is at *place* is taken in another sense."""
        self._notes.append(f"{self.shown}, {place}: {what}")

    def add(self, place: str, wanted: str, rule: Mapping[str, Any]) -> None:
        """Add a rule with a name like *wanted*, if our own reader takes it."""
        named = {"name": self._named(wanted), **{k: v for k, v in rule.items() if v != {}}}
        try:
            text = as_json(plain({"version": 1, "rules": [named]}, "this"))
        except (UsageError, RecursionError) as error:
            self.leave_out(place, f"it cannot be written as a rule: {error}")
            return
        for problem in check([ScenarioText(text, self.shown)], self._plugins):
            if problem.severity == "error":
                self.leave_out(place, f"it makes no valid rule: {problem.what}")
                return
        self._names.add(named["name"])
        self._rules.append(named)

    def _named(self, wanted: str) -> str:
        words = "-".join(re.findall(r"[a-z0-9]+", wanted.lower()))[:LONGEST_NAME].strip("-")
        name = words or f"rule-{len(self._rules) + 1}"
        number = 2
        while name in self._names:
            name, number = f"{words or 'rule'}-{number}", number + 1
        return name

    def taken(self, members: Mapping[str, Any] | None = None) -> Taken:
        """Return the scenario, with *members* before its rules, and what is left out."""
        scenario: Json = {}
        if self._rules:
            scenario = {"version": 1, **(members or {}), "rules": self._rules}
        return Taken(scenario=scenario, left_out=tuple(self._left_out), notes=tuple(self._notes))


# --- Conditions ------------------------------------------------------------------------------


def literal(name: str) -> str:
    """Return the glob that only *name* fits."""
    return re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", name)


def ignoring_case(text: str) -> Json:
    """Return the test of a text that has *text* somewhere, in capitals or not."""
    if text.lower() == text.upper():
        return {"contains": text}
    return {"regex": "(?i)" + re.sub(r"[\\.^$*+?{}\[\]|()]", lambda found: f"\\{found[0]}", text)}


# --- Replies ---------------------------------------------------------------------------------


def arguments_of(given: Any) -> Any:
    """Return the arguments of a tool call: as an object, if that is sent as the same text."""
    if not isinstance(given, str):
        return given if isinstance(given, dict) else compact(given)
    try:
        value = json.loads(given)
    except (ValueError, RecursionError):
        return given
    return value if isinstance(value, dict) and compact(value) == given else given


def call_of(name: Any, arguments: Any, call_id: Any) -> Json:
    """Return a tool call as a reply states it."""
    call: Json = {"name": as_text(name), "arguments": arguments_of(arguments or {})}
    if isinstance(call_id, str) and call_id:
        call["id"] = call_id
    return call


def reply_of(text: Any, calls: list[Json], keys: Mapping[str, Any]) -> Any:
    """Return a reply with *text*, *calls* and other *keys*, in its shortest form."""
    if calls:
        said = {"text": text} if text else {}
        return {"kind": "tool_calls", "calls": calls, **said, **keys}
    if isinstance(text, dict | list):
        return {"kind": "json", "value": text, **keys}
    return {"kind": "text", "text": as_text(text), **keys} if keys else as_text(text)


COUNTS: Final = {
    "prompt_tokens": "prompt_tokens",
    "input_tokens": "prompt_tokens",
    "completion_tokens": "completion_tokens",
    "output_tokens": "completion_tokens",
    "total_tokens": "total_tokens",
    "cost": "cost",
}
DETAILS: Final = frozenset(
    {
        *("cached_tokens", "cache_write_tokens", "reasoning_tokens", "audio_tokens"),
        *("accepted_prediction_tokens", "rejected_prediction_tokens"),
    }
)


def usage_of(given: Any) -> tuple[Json, list[str]]:
    """Return the bill *given* by OpenAI's names as a reply states it, and what has no place."""
    usage: Json = {}
    unplaced: list[str] = []
    for name, value in as_object(given).items():
        if isinstance(value, dict) and name.endswith("_details"):
            for detail, count in as_object(value).items():
                if detail in DETAILS:
                    usage.setdefault(detail, count)
                else:
                    unplaced.append(f"{name}.{detail}")
        elif name in COUNTS and as_number(value) is not None:
            usage[COUNTS[name]] = value
        else:
            unplaced.append(name)
    total = usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0)
    if usage.get("total_tokens") == total:
        del usage["total_tokens"]
    return usage, unplaced


def http_error(status: int, error: Any, **keys: Any) -> Any:
    """Return the failure that answers with *status* and the provider's own form of *error*."""
    members = as_object(error)
    stated = {
        name: members[name]
        for name in ("message", "type", "code", "param", "metadata")
        if members.get(name) is not None
    }
    made = {"kind": "http_error", "status": status, **stated, **keys}
    return status if made.keys() == {"kind", "status"} else made
