"""Recordings as a scenario that a person would have written: one rule for each intent.

Each answer is rehearsed first, with a rule of its own: so it is known what this server makes of the
request, what conditions see of it, and which keys the reply needs. What cannot be expressed is
listed with its place and the reason.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from mockserver.cassettes.recording import RecordedAnswer, Recording
from mockserver.contracts import Heard
from mockserver.errors import ScenarioError
from mockserver.models import Catalogue
from mockserver.recordings.hearing import DEFAULT_PROVIDER, Hearing
from mockserver.recordings.refusals import breaking_of, failure_of
from mockserver.recordings.rehearsal import NUMBER, Rehearsal, Rehearsed, says_the_same
from mockserver.recordings.replies import reply_of
from mockserver.recordings.telling import COMMON, SHORTEST, Seen, condition
from mockserver.records.steady import steady
from mockserver.scenario.lints import counts_across
from mockserver.scenario.syntax.written import as_yaml
from mockserver.wire.jsontext import JsonValue, is_list, is_object

Json = dict[str, JsonValue]

MOST_SOURCES: Final = 5
"""Files that are named in the first lines of a scenario."""
MOST_WORDS: Final = 4
LONGEST_NAME: Final = 40
"""How long names of rules are made, in words and in characters."""


class Written(NamedTuple):
    """A scenario as text, and what it leaves out: each with its source and the reason."""

    text: str
    left_out: tuple[str, ...]


def scenario_of(recordings: Sequence[Recording], hearing: Hearing) -> Written:
    """Return the scenario that answers the requests of *recordings* as they were answered."""
    return _Writing(recordings, hearing).written()


def scenario_of_one(recording: Recording, hearing: Hearing) -> str | None:
    """Return a scenario of one rule that answers as *recording* does; None: none can."""
    document = _Writing([recording], hearing).document()
    if not document["rules"]:
        return None
    del document["description"]
    return as_yaml(document)


@dataclass(eq=False)
class _Taken:
    """One recording on its way into the scenario: what it becomes there."""

    number: int
    recording: Recording
    heard: Heard
    step: Json
    seen: Seen | None = None

    @property
    def fails(self) -> bool:
        return "reply" not in self.step


@dataclass(eq=False)
class _Intent:
    """Recordings of one request, or of several that nothing tells apart: a rule.

    It may be of several *parts* that need not be told apart.
    """

    taken: list[_Taken] = field(default_factory=list[_Taken])
    parts: "Sequence[_Intent]" = ()

    @property
    def seen(self) -> list[Seen]:
        return [one.seen for one in self.taken if one.seen is not None]


class _Writing:
    """The making of one scenario."""

    def __init__(self, recordings: Sequence[Recording], hearing: Hearing) -> None:
        self._hearing = hearing
        self._recordings = [hearing.placed(one) for one in recordings]
        self._left_out: list[str] = []
        self._provider = self._main_provider()

    def written(self) -> Written:
        """Return the scenario."""
        taken = self._answerable()
        document = self._document(self._rules(self._intents(taken)), taken)
        self._replay(document, taken)
        text = "".join([f"# {line}\n" for line in self._about(taken)]) + as_yaml(document)
        return Written(text, tuple(self._left_out))

    def document(self) -> Json:
        """Return the scenario as values."""
        taken = self._answerable()
        return self._document(self._rules(self._intents(taken)), taken)

    def _answerable(self) -> list[_Taken]:
        return self._rehearsed(self._writable(list(self._taken())))

    def _leave_out(self, recording: Recording, why: str) -> None:
        self._left_out.append(f"{recording.source or recording.request.path}: {why}")

    def _main_provider(self) -> str:
        """Return whose paths those without a prefix are: most of the recordings' that have such."""
        own = [
            one.provider
            for one in self._recordings
            if one.request.path.startswith("/v1/") and one.provider in self._hearing.kinds
        ]
        return max(dict.fromkeys(own), key=own.count, default=DEFAULT_PROVIDER)

    # --- What recordings become ---

    def _taken(self) -> Iterator[_Taken]:
        for number, recording in enumerate(self._recordings):
            route = self._hearing.route(recording)
            asked = f"{recording.request.method} {recording.request.path}"
            if route.endpoint is None:
                self._leave_out(recording, route.missing or f"{asked} is no endpoint known here")
                continue
            if route.asks is None:
                self._leave_out(recording, f"{asked} is answered here without a rule")
                continue
            recording = self._alone(recording)  # noqa: PLW2901 - the same one, as far as rules see
            if recording.answer.is_refusal:
                fails: Json = {"fail": failure_of(recording.answer)}
                yield _Taken(number, recording, Heard(), fails)
                continue
            heard = self._hearing.heard(recording)
            reply = reply_of(heard, route.asks.kind) or _raw(recording, heard)
            if reply is None:
                self._leave_out(recording, "nothing can be read of its answer")
                continue
            step: Json = {"reply": self._loosened(reply, heard)}
            broken = breaking_of(recording.answer, heard)
            if broken is not None:
                step["fail"] = broken
            elif recording.answer.is_cut:
                self._leave_out(recording, "its answer was cut off before the first token")
                continue
            yield _Taken(number, recording, heard, step)

    def _alone(self, recording: Recording) -> Recording:
        """Return *recording* without what only other requests make possible.

        That is the conversation that an earlier one created; and a response that was made in the
        background is answered at once, with what a later request has fetched.
        """
        request, sent = recording.request, recording.request.sent
        drops: set[str] = set()
        if sent.get("conversation") and not recording.answer.is_refusal:
            drops.add("conversation")
        made = self._fetched(recording) if sent.get("background") else None
        if made is not None:
            drops.add("background")
        if not drops:
            return recording
        left = {name: value for name, value in sent.items() if name not in drops}
        content = json.dumps(left, ensure_ascii=False).encode("utf-8", "surrogatepass")
        answer = recording.answer if made is None else made
        return replace(recording, request=replace(request, body=content), answer=answer)

    def _fetched(self, recording: Recording) -> RecordedAnswer | None:
        """Return the last answer that holds the response which *recording* began; None: none."""
        begun = recording.answer.json
        identity = begun.get("id") if is_object(begun) else None
        if not identity:
            return None
        path = f"{recording.request.path}/{identity}"
        return next(
            (
                one.answer
                for one in reversed(self._recordings)
                if one.request.method == "GET"
                and one.request.path == path
                and not one.answer.is_refusal
                and is_object(one.answer.json)
            ),
            None,
        )

    def _writable(self, taken: Sequence[_Taken]) -> list[_Taken]:
        """Return those of *taken* whose values the language has; the others are left out."""
        error = self._error(taken)
        if error is None:
            return list(taken)
        kept: list[_Taken] = []
        for one in taken:
            error = self._error([one])
            if error is None:
                kept.append(one)
            else:
                self._leave_out(one.recording, error)
        return kept

    def _error(self, taken: Sequence[_Taken]) -> str | None:
        """Return what the language says against *taken*; None: nothing."""
        rules = [{"name": f"case-{one.number}", **one.step} for one in taken]
        try:
            Rehearsal({"version": 1, "rules": rules}, self._hearing)
        except ScenarioError as error:
            return error.problems[0].what
        return None

    def _loosened(self, reply: Json, heard: Heard) -> Json:
        """Return *reply* without ids, except those that later requests refer to on the server."""
        later = [
            one.request.body.decode("utf-8", "replace")
            for one in self._recordings
            if one.request.sent.get("previous_response_id")
        ]

        def is_loose(identity: str) -> bool:
            return not any(identity in text for text in later)

        loose = _without_ids(reply, is_loose)
        refers = heard.id is not None and any(heard.id in text for text in later)
        return {**loose, "id": heard.id} if refers else loose

    def _rehearsed(self, taken: Sequence[_Taken]) -> list[_Taken]:
        """Return those of *taken* that this server answers as recorded, with what that needs."""
        plain = {one.number: _without_model(one.step) for one in taken}
        first = self._rehearse(taken, plain)
        again: dict[int, Json] = {}
        for one in taken:
            found = first.get(one.number)
            again[one.number] = _with_needs(one, plain[one.number], found)
        second = self._rehearse(taken, again)
        kept: list[_Taken] = []
        for one in taken:
            found = second.get(one.number)
            if found is None:
                continue
            why = _refused(one, found)
            if why is not None:
                self._leave_out(one.recording, why)
                continue
            if found.rule is None:
                # A rule would never be asked, and its failure would wait for another request.
                self._leave_out(one.recording, "it is refused alike here without a rule")
                continue
            one.step = again[one.number]
            one.seen = Seen(found.subject, one.recording.request.sent, found.conversation)
            kept.append(one)
        return kept

    def _rehearse(self, taken: Sequence[_Taken], steps: Mapping[int, Json]) -> dict[int, Rehearsed]:
        rules = [
            {"name": f"case-{number}", "when": {"headers": {NUMBER: str(number)}}, **step}
            for number, step in steps.items()
        ]
        head: Json = {"version": 1, "provider": self._provider, "models": "any"}
        rehearsal = Rehearsal({**head, "rules": rules}, self._hearing)
        found = {one.number: rehearsal.ask(one.recording, one.number) for one in taken}
        return {number: one for number, one in found.items() if one is not None}

    # --- Rules ---

    def _intents(self, taken: Sequence[_Taken]) -> list[_Intent]:
        """Return *taken* by what was asked, in the order in which that was asked first."""
        found: dict[str, _Intent] = {}
        for one in taken:
            found.setdefault(self._asked(one.recording), _Intent()).taken.append(one)
        together: dict[str, list[_Intent]] = {}
        for asked, intent in found.items():
            together.setdefault(_said(intent) or asked, []).append(intent)
        return [_of_parts(alike) for alike in together.values()]

    def _asked(self, recording: Recording) -> str:
        """Return what *recording* asks, without what differs each time."""
        request, route = recording.request, self._hearing.route(recording)
        headers = [value for name, value in request.headers if name.lower() in route.asked_in]
        body = json.dumps(request.json, sort_keys=True) if request.sent else repr(request.body)
        return steady(json.dumps([route.dialect.kind, request.path, headers, body]))

    def _rules(self, intents: list[_Intent]) -> list[Json]:
        """Return a rule for each of *intents*; those that nothing tells apart become one."""
        found: dict[int, tuple[_Intent, Json]] = {}
        pending: list[_Intent] = list(intents)
        all_: list[_Intent] = list(intents)
        while pending:
            intent = pending.pop(0)
            others = [seen for other in all_ if other is not intent for seen in other.seen]
            when, same = condition(intent.seen, others)
            if not same:
                found[intent.taken[0].number] = (intent, when)
                continue
            strange = [o for o in all_ if o is intent or any(one in o.seen for one in same)]
            if any(one.parts for one in strange):
                # By their parts, they may be told apart.
                apart = [part for one in strange for part in one.parts or (one,)]
                all_ = [*(one for one in all_ if one not in strange), *apart]
                pending = [*(one for one in pending if one not in strange), *apart]
                for one in strange:
                    found.pop(one.taken[0].number, None)
                continue
            together = _together(strange)
            all_ = [*(one for one in all_ if one not in strange), together]
            pending = [*(one for one in pending if one not in strange), together]
            for one in strange:
                found.pop(one.taken[0].number, None)
        names = _Names()
        return [
            _rule(names.of(intent), when, intent) for _, (intent, when) in sorted(found.items())
        ]

    def _document(self, rules: list[Json], taken: Sequence[_Taken]) -> Json:
        unknown = dict.fromkeys(
            name for one in taken if (name := self._unknown_model(one)) is not None
        )
        provider = {"provider": self._provider} if self._provider != DEFAULT_PROVIDER else {}
        models = {"models": [{"id": name} for name in unknown]} if unknown else {}
        count = len(taken)
        what = f"{count} recorded exchange{'' if count == 1 else 's'}, to be answered offline."
        return {"version": 1, "description": what, **provider, **models, "rules": rules}

    def _unknown_model(self, taken: _Taken) -> str | None:
        if taken.seen is None:
            return None
        name = taken.seen.subject.model
        route = self._hearing.route(taken.recording)
        if not name or route.dialect.catalogue(Catalogue()).get(name) is not None:
            return None
        return name

    def _about(self, taken: Sequence[_Taken]) -> Iterator[str]:
        files = list(
            dict.fromkeys(_file_of(one.recording.source) for one in taken if one.recording.source)
        )
        shown = ", ".join(files[:MOST_SOURCES]) or "recordings"
        more = f" and {len(files) - MOST_SOURCES} more" if len(files) > MOST_SOURCES else ""
        yield f"Made from {shown}{more}."
        if self._left_out:
            yield f"Left out: {len(self._left_out)}"
        for line in self._left_out:
            yield "  " + " ".join(line.split())

    def _replay(self, document: Json, taken: Sequence[_Taken]) -> None:
        """List what the finished scenario answers otherwise than recorded."""
        rehearsal = Rehearsal(document, self._hearing)
        for one in taken:
            found = rehearsal.ask(one.recording)
            if found is None:
                continue
            why = _refused(one, found)
            if why is not None:
                self._leave_out(one.recording, f"in its order, {why}")


def _said(intent: _Intent) -> str | None:
    """Return what was said and what was answered to it, whatever else was asked; None: too much.

    What is said alike and answered alike is one intent, whole or streamed, at any endpoint.
    """
    steps = {json.dumps(one.step, sort_keys=True) for one in intent.taken}
    seen = intent.seen
    if len(steps) > 1 or "reply" not in intent.taken[0].step or "fail" in intent.taken[0].step:
        return None
    if not seen or not (seen[0].subject.texts or seen[0].subject.prompts):
        return None
    subject = seen[0].subject
    results = [(result.name, result.result) for result in subject.tool_results]
    return steady(json.dumps([subject.texts, subject.prompts, results, *steps]))


def _without_model(step: Json) -> Json:
    if "reply" not in step:
        return step
    reply = {key: value for key, value in step["reply"].items() if key != "model"}
    return {**step, "reply": reply}


def _with_needs(one: _Taken, plain: Json, found: Rehearsed | None) -> Json:
    """Return the step *plain* with the keys that its reply needs to say what was recorded."""
    if one.fails or found is None or found.answer.is_refusal:
        return plain
    stated = one.step["reply"]
    reply: Json = {**plain["reply"]}
    if "model" in stated and found.heard.model != one.heard.model:
        reply["model"] = stated["model"]
    if not says_the_same(found.heard, one.heard):
        reply["exact"] = True
    return {**plain, "reply": reply}


def _refused(one: _Taken, found: Rehearsed) -> str | None:
    """Return why *found* is not what was recorded; None: it is."""
    wanted, got = one.recording.answer.status, found.answer.status
    if one.recording.answer.is_refusal:
        if found.answer.is_refusal and (wanted == got or one.step["fail"]["kind"] != "http_error"):
            return None
        return f"it was refused with {wanted}, and gets {got} here"
    if found.answer.is_refusal:
        error = found.answer.json
        told = error.get("error") if is_object(error) else None
        message = told.get("message") if is_object(told) else None
        return f"this server refuses the request with {got}: {message or found.error or ''}"
    if not says_the_same(found.heard, one.heard):
        return "it is answered otherwise here"
    return None


def _raw(recording: Recording, heard: Heard) -> Json | None:
    """Return the whole answer as it was, if it has several results; None: there are none."""
    body = recording.answer.json
    return {"kind": "raw", "body": body} if heard.results and is_object(body) else None


def _without_ids(value: JsonValue, drops: Callable[[str], bool]) -> Any:
    """Return *value*, a reply, without the ids of calls that *drops* says can be made anew."""
    if is_list(value):
        return [_without_ids(one, drops) for one in value]
    if not is_object(value):
        return value
    kept: Json = {}
    for key, member in value.items():
        if key in _KEPT_AS_THEY_ARE:
            kept[key] = member
        elif key == "id" and "name" in value and isinstance(member, str) and drops(member):
            continue
        else:
            kept[key] = _without_ids(member, drops)
    return kept


_KEPT_AS_THEY_ARE: Final = frozenset({"arguments", "value", "raw", "body", "extra_message"})
"""Keys of replies that hold other people's JSON."""


def _together(intents: Sequence[_Intent]) -> _Intent:
    """Return *intents* as one, its recordings in their order."""
    taken = [one for intent in intents for one in intent.taken]
    return _Intent(sorted(taken, key=lambda one: one.number))


def _of_parts(parts: Sequence[_Intent]) -> _Intent:
    """Return the intent that has these *parts*."""
    return parts[0] if len(parts) == 1 else _Intent(_together(parts).taken, parts)


# --- One rule --------------------------------------------------------------------------------


def _rule(name: str, when: Json, intent: _Intent) -> Json:
    """Return the rule of *intent*: what went wrong first, then its one reply, or all in order."""
    steps = [one.step for one in intent.taken]
    head: Json = {"name": name, **({"when": when} if when else {})}
    refusals = 0
    while refusals < len(steps) and "reply" not in steps[refusals]:
        refusals += 1
    before, after = steps[:refusals], steps[refusals:]
    if not after and all(step == before[0] for step in before):
        return {**head, **_short(before[0])}
    plain = all(set(step) == {"reply"} for step in after) and bool(after)
    if not plain or any(step != before[0] for step in before):
        if len(steps) == 1:
            return {**head, **_short(steps[0])}
        replies = [_as_step(step) for step in steps]
        return {**head, "replies": replies, **_per(when, intent)}
    fail = {"fail": {**before[0]["fail"], "times": len(before)}} if before else {}
    if all(step == after[0] for step in after):
        return {**head, **fail, **_short(after[0])}
    replies = [_as_step(step) for step in after]
    return {**head, **fail, "replies": replies, **_per(when, intent)}


def _per(when: Json, intent: _Intent) -> Json:
    """Return what a rule with `replies` counts for, where agents that talk at once could meet."""
    talk = {seen.conversation for seen in intent.seen}
    return {"per": "conversation"} if counts_across(when) and len(talk) == 1 else {}


def _as_step(step: Json) -> JsonValue:
    short = _short(step)
    return short["reply"] if set(short) == {"reply"} else short


def _short(step: Json) -> Json:
    """Return *step* in the shortest form: a plain text, a failure by its name or status."""
    found = {**step}
    reply = found.get("reply")
    if reply is not None and set(reply) == {"kind", "text"} and reply["kind"] == "text":
        found["reply"] = reply["text"]
    failure = found.get("fail")
    if failure is not None and set(failure) == {"kind"}:
        found["fail"] = failure["kind"]
    if failure is not None and set(failure) == {"kind", "status"}:
        found["fail"] = failure["status"] if failure["kind"] == "http_error" else failure
    return found


class _Names:
    """Names of rules: of what was asked, each given once."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def of(self, intent: _Intent) -> str:
        """Return a name for the rule of *intent*."""
        name = _name(intent)
        count = self._given[name] = self._given.get(name, 0) + 1
        while count > 1 and f"{name}-{count}" in self._given:
            count += 1
        if count > 1:
            name = f"{name}-{count}"
            self._given[name] = 1
        return name


def _name(intent: _Intent) -> str:
    subject = intent.seen[0].subject
    tools = [name for name in dict.fromkeys(subject.answered_tools) if name]
    if not subject.last_user and tools:
        return f"after-{'-'.join(_words(' '.join(tools[:2]))) or 'tool'}"[:LONGEST_NAME].strip("-")
    texts = (*subject.prompts, *subject.embedding_inputs, *subject.moderation_inputs)
    topic = subject.last_user or (texts[0] if texts else subject.first_user or "")
    return _slug(topic) or _slug(subject.endpoint) or "recorded"


def _slug(text: str) -> str:
    """Return the first telling words of *text* in kebab-case; of all words if none tells."""
    words = _words(re.sub(r"<[a-z-]+>", " ", steady(text)))
    telling = [word for word in words if len(word) >= SHORTEST and word not in COMMON]
    short = (telling if any(map(str.isalpha, telling)) else words)[:MOST_WORDS]
    while len(short) > 1 and len("-".join(short)) > LONGEST_NAME:
        short.pop()
    return "-".join(short)[:LONGEST_NAME]


def _words(text: str) -> list[str]:
    """Return the words of *text* that names may have: what is not of ASCII is left out."""
    return re.findall(r"[a-z0-9]+", text.lower().replace("'", ""))


def _file_of(source: str) -> str:
    return re.sub(r":\d+$|, [^,]*$", "", source)
