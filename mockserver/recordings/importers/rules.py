"""Rules of other tools, made rules of ours: what their formats have in common."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mockserver.errors import UsageError
from mockserver.plugins import Plugins
from mockserver.recordings.importers.documents import Json, as_number, as_object, as_text
from mockserver.recordings.importers.taken import Taken
from mockserver.scenario.loader import ScenarioText, check
from mockserver.scenario.syntax.written import as_json, plain
from mockserver.wire.jsontext import compact, is_list, is_object

LONGEST_NAME: Final = 40
AT_ONCE: Final = 50
"""So many rules are checked together, and one by one only if one of them is wrong."""
ERRORS: Final = 400
CHARACTERS_PER_TOKEN: Final = 4
"""About; other tools cut a text into pieces of so many characters."""


class InexpressibleError(ValueError):
    """Something that our language has no word for; the text says what."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one rule of another tool becomes.

    Attributes:
        place: Where it is.
        wanted: What its name is to be like.
        when: Its condition.
        step: What it answers: `reply`, `fail`, `latency`.
        index: Which of the calls for which its condition holds it answers, counting from 0; None:
            all.

    """

    place: str
    wanted: str
    when: Json
    step: Json
    index: int | None = None


class Rules:
    """The rules that a file becomes, and what of it is left out."""

    def __init__(self, shown: str, plugins: Plugins | None = None) -> None:
        """Call the file *shown*."""
        self.shown = shown
        self._plugins = plugins or Plugins.installed()
        self._rules: list[tuple[str, Json]] = []
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
        """Add a rule with a name like *wanted*; `taken` asks our own reader whether it is one."""
        named = {"name": self._named(wanted), **{k: v for k, v in rule.items() if v != {}}}
        try:
            written: Json = plain(named, "this")
        except (UsageError, RecursionError) as error:
            self.leave_out(place, f"it cannot be written as a rule: {error}")
            return
        self._names.add(named["name"])
        self._rules.append((place, written))

    def add_all(self, written: Iterable[Written]) -> None:
        """Add rules in their order; those that differ in their index alone become one.

        Its replies are given one after the other, and after the last one the next rules answer.
        Where an index is missing, there is a rule for each.
        """
        written = list(written)
        groups: dict[str, list[Written]] = {}
        for one in written:
            if one.index is not None:
                groups.setdefault(_key(one.when), []).append(one)
        for one in written:
            if one.index is None:
                self.add(one.place, one.wanted, {"when": one.when, **one.step})
            elif siblings := groups.pop(_key(one.when), None):
                self._add_sequence(sorted(siblings, key=lambda sibling: sibling.index or 0))

    def _add_sequence(self, siblings: list[Written]) -> None:
        first = siblings[0]
        if [one.index for one in siblings] == [*range(len(siblings))]:
            replies = [in_replies(one.step) for one in siblings]
            rule = {"when": first.when, "replies": replies, "then": "pass"}
            self.add(first.place, first.wanted, rule)
            return
        for before, one in enumerate(siblings):
            # A rule counts the calls that reach it: those answered by its siblings above do not.
            nth = (one.index or 0) + 1 - before
            self.add(one.place, one.wanted, {"when": one.when | {"call": nth}, **one.step})

    def _named(self, wanted: str) -> str:
        words = "-".join(re.findall(r"[a-z0-9]+", wanted.lower()))[:LONGEST_NAME].strip("-")
        name = words or f"rule-{len(self._rules) + 1}"
        number = 2
        while name in self._names:
            name, number = f"{words or 'rule'}-{number}", number + 1
        return name

    def taken(self, members: Mapping[str, Any] | None = None) -> Taken:
        """Return the scenario, with *members* before its rules, and what is left out."""
        rules: list[Json] = []
        for start in range(0, len(self._rules), AT_ONCE):
            part = self._rules[start : start + AT_ONCE]
            wrong = self._problem([rule for _, rule in part])
            for place, rule in part:
                what = wrong and self._problem([rule])
                if what:
                    self.leave_out(place, f"it makes no valid rule: {what}")
                else:
                    rules.append(rule)
        scenario: Json = {"version": 1, **(members or {}), "rules": rules} if rules else {}
        return Taken(scenario=scenario, left_out=tuple(self._left_out), notes=tuple(self._notes))

    def _problem(self, rules: list[Json]) -> str:
        """Return the first error that our own reader finds in *rules*; empty if there is none."""
        try:
            text = as_json({"version": 1, "rules": rules})
        except RecursionError:
            return "it is nested too deeply"
        problems = check([ScenarioText(text, self.shown)], self._plugins)
        return next((one.what for one in problems if one.severity == "error"), "")


def _key(when: Json) -> str:
    return json.dumps(when, sort_keys=True, default=str)


def in_replies(step: Json) -> Any:
    """Return *step* as `replies` have it: a reply that is alone in its short form."""
    return step["reply"] if step.keys() == {"reply"} else step


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
        return given if is_object(given) else compact(given)
    try:
        value = json.loads(given)
    except (ValueError, RecursionError):
        return given
    return value if is_object(value) and compact(value) == given else given


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
    if is_object(text) or is_list(text):
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
        if is_object(value) and name.endswith("_details"):
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
