"""Scenarios scripted in Python, word for word the language of the files.

Each method here is a key of the language and takes what the key takes. What is scripted is a
mapping, which the reader of files reads; `Script.to_yaml` writes it as a file that does the
same. Python adds no meaning but one: what is scripted without `when` is used once, in the order
written.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any, Final, Protocol, Self, TypeAlias, TypedDict, Unpack, cast

from mockserver.errors import Problem, ScenarioError, UsageError
from mockserver.plugins import Plugins
from mockserver.scenario.loader import Loaded, ScenarioText, load_scenario, load_with_documents
from mockserver.scenario.schema import Scenario
from mockserver.scenario.syntax.written import as_json, as_yaml, paths, plain

CALLED: Final = "<script>"
ORDER: Final = (
    *("name", "when", "times", "per", "fail", "reply", "replies", "then", "latency"),
    *("set", "capture"),
)
"""The keys of a rule, in the order in which they read best."""
EFFECTS: Final = frozenset({"reply", "replies", "fail", "latency", "set", "capture"})
"""A rule without any of them does nothing yet."""

Text: TypeAlias = str | Sequence[str] | Mapping[str, Any]
"""A test of a text or a name: what it equals (or the glob it fits), a list, or a mapping."""
Number: TypeAlias = int | Sequence[int] | Mapping[str, Any]
Quantity: TypeAlias = float | Mapping[str, float]
"""A number, or a distribution such as `{"median": 200, "sigma": 0.3}`."""


class KnownFailure(Protocol):
    """One of the lists of failures that come with the package (`mockserver.SILENT_FAILURES`)."""

    @property
    def fail(self) -> Mapping[str, Any]:
        """What stands under `fail`."""
        ...


ReplyLike: TypeAlias = str | Mapping[str, Any]
FailureLike: TypeAlias = int | str | Mapping[str, Any] | KnownFailure
LatencyLike: TypeAlias = str | Mapping[str, Any]


class WhenKeys(TypedDict, total=False):
    """The keys of `when`."""

    endpoint: Text
    provider: Text
    model: Text
    key: Text
    stream: bool
    headers: Mapping[str, Text]
    system: Text
    first_user: Text
    last_user: Text
    any_message: Text
    prompt: Text
    tools: Text
    tool_choice: Text
    response_format: Text
    after_tool: Text
    turn: Number
    images: Number
    attempt: Number
    call: Number
    request: Mapping[str, Any]
    state: Mapping[str, Any]
    not_: "Mapping[str, Any] | Sequence[Mapping[str, Any]]"


class LatencyKeys(TypedDict, total=False):
    """The keys of `latency`, but for the preset."""

    ttft_ms: Quantity
    per_token_ms: Quantity
    prefill_ms_per_token: float
    burst_tokens: float
    hiccup: Mapping[str, Any]
    load: Mapping[str, Any]


class LimitKeys(TypedDict, total=False):
    """The keys of one entry of `limits`."""

    requests_per_minute: int
    tokens_per_minute: int
    requests_per_day: int
    tokens_per_day: int
    concurrency: int
    queue: int
    keys: Mapping[str, Mapping[str, int]]


# --- Values ----------------------------------------------------------------------------------


def call(
    name: str,
    arguments: Mapping[str, Any] | str | None = None,
    /,
    id: str | None = None,  # noqa: A002 - the language's word
    **members: Any,
) -> dict[str, Any]:
    """Return a tool call for `reply(tool_calls=[…])`.

    Args:
        name: The tool's.
        arguments: What it is called with; a string goes out as it is, valid or not.
        id: Stated, instead of drawn.
        **members: Arguments by name, for the shortest way.

    """
    if isinstance(arguments, str):
        if members:
            raise UsageError(f"call({name!r}): arguments are a text, or given by name, not both")
        given: Any = arguments
    else:
        given = {**(arguments or {}), **members}
    made = {"name": name, "arguments": given}
    return made if id is None else {**made, "id": id}


def step(
    reply: ReplyLike | None = None,
    *,
    fail: "FailureLike | Sequence[FailureLike] | None" = None,
    latency: LatencyLike | None = None,
) -> dict[str, Any]:
    """Return a step for `replies(…)` that has more to it than a reply."""
    failures = None if fail is None else _failures(fail)
    parts = {"reply": reply, "fail": failures, "latency": latency}
    return {name: value for name, value in parts.items() if value is not None}


def reply_of(reply: ReplyLike | None, keys: Mapping[str, Any]) -> Any:
    """Return what stands under `reply` for the arguments of a method of that name."""
    rest = dict(keys)
    if isinstance(reply, Mapping):
        return {**reply, **rest}
    if "tool_calls" in rest:
        said: dict[str, Any] = {} if reply is None else {"text": reply}
        return {"kind": "tool_calls", "calls": rest.pop("tool_calls"), **said, **rest}
    if reply is None:
        return rest
    return {"kind": rest.pop("kind", "text"), "text": reply, **rest} if rest else reply


def failure_of(failure: FailureLike, options: Mapping[str, Any]) -> Any:
    """Return what stands under `fail` for one failure and its options."""
    if isinstance(failure, Mapping):
        return {**failure, **options}
    if isinstance(failure, bool) or not isinstance(failure, int | str):
        known = getattr(failure, "fail", None)
        if not isinstance(known, Mapping):
            raise UsageError(f"a failure is a kind, a status or a mapping, not {failure!r:.60}")
        return {**cast(Mapping[str, Any], known), **options}
    if not options:
        return failure
    named = {"kind": failure} if isinstance(failure, str) else _status(failure)
    return {**named, **options}


def _status(status: int) -> dict[str, Any]:
    return {"kind": "http_error", "status": status}


def _failures(fail: "FailureLike | Sequence[FailureLike]") -> Any:
    if isinstance(fail, str) or not isinstance(fail, Sequence):
        return failure_of(fail, {})
    return [failure_of(one, {}) for one in fail]


def when_of(conditions: Sequence[Mapping[str, Any]], keys: Mapping[str, Any]) -> Any:
    """Return what stands under `when`: *keys* as one mapping, or *conditions*, any of which."""
    if keys and conditions:
        raise UsageError("when(…) takes keys, or mappings of which one is to hold, not both")
    if not conditions:
        return _condition(keys)
    listed = [_condition(condition) for condition in conditions]
    return listed[0] if len(listed) == 1 else listed


def _condition(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {"not" if name == "not_" else name: value for name, value in keys.items()}


# --- Rules -----------------------------------------------------------------------------------


class ScriptedRule:
    """One rule; each method adds a key to it, and returns it."""

    def __init__(self, script: "Script", keys: Mapping[str, Any]) -> None:
        self._script = script
        self._keys = dict(keys)

    @property
    def name(self) -> str:
        """How journal and errors call it."""
        return cast(str, self._keys["name"])

    @property
    def keys(self) -> dict[str, Any]:
        """What stands in a file, in the order in which it reads best."""
        return {key: self._keys[key] for key in ORDER if key in self._keys}

    @property
    def says_nothing(self) -> bool:
        """Whether nothing comes of it yet: a condition, and no more."""
        return not EFFECTS & self._keys.keys()

    def reply(self, reply: ReplyLike | None = None, /, **keys: Any) -> Self:
        """Answer with *reply*, each time."""
        self._refuse_second("reply")
        return self._with(reply=reply_of(reply, keys))

    def replies(self, *steps: ReplyLike, then: str | None = None) -> Self:
        """Answer with one of *steps* after the other; *then* is what follows the last."""
        self._refuse_second("replies")
        return self._with(replies=list(steps), **({} if then is None else {"then": then}))

    def fail(self, failure: FailureLike, /, **options: Any) -> Self:
        """Let *failure* strike; a second one strikes too, on the result of the first."""
        made = failure_of(failure, options)
        before = self._keys.get("fail")
        if before is None:
            return self._with(fail=made)
        return self._with(fail=[*(before if isinstance(before, list) else [before]), made])

    def latency(self, preset: LatencyLike | None = None, /, **keys: Unpack[LatencyKeys]) -> Self:
        """Take time: that of a preset, or what is stated."""
        return self._with(latency=latency_of(preset, keys))

    def set(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """Set the session's state once the rule has acted; None removes a name."""
        return self._with(set={**self._keys.get("set", {}), **(values or {}), **named})

    def capture(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """Keep something of the request for the conversation, by name."""
        return self._with(capture={**self._keys.get("capture", {}), **(values or {}), **named})

    def times(self, times: int | None) -> Self:
        """Act so often at most; None: as often as it holds."""
        return self._with(times=times)

    def per(self, scope: str) -> Self:
        """Count for each conversation, key or model apart."""
        return self._with(per=scope)

    def named(self, name: str) -> Self:
        """Call it *name*, in kebab-case."""
        return self._with(name=name)

    def _refuse_second(self, word: str) -> None:
        told = next((key for key in ("reply", "replies") if key in self._keys), None)
        if told is not None:
            hint = "script another rule, or give 'replies' one step for each call"
            raise UsageError(f"rule '{self.name}' has '{told}', so it cannot take '{word}': {hint}")

    def _with(self, **keys: Any) -> Self:
        before = self._keys
        changed = {**before, **plain(keys, f"rule '{self.name}'")}
        self._keys = {key: value for key, value in changed.items() if value is not None}
        try:
            self._script.changed(self)
        except Exception:
            # What was refused is as if it had not been said.
            self._keys = before
            raise
        return self

    def __repr__(self) -> str:
        return f"<rule {as_json(self.keys)}>"


def latency_of(preset: LatencyLike | None, keys: Mapping[str, Any]) -> Any:
    """Return what stands under `latency`."""
    if isinstance(preset, Mapping):
        return {**preset, **keys}
    if preset is None:
        return dict(keys)
    return {"preset": preset, **keys} if keys else preset


def merged(first: Mapping[str, Any], *rest: Mapping[str, Any]) -> dict[str, Any]:
    """Return files as one: their rules one after the other, of all else what is said first."""
    told = dict(first)
    names = {rule["name"] for rule in told.get("rules", []) if "name" in rule}
    for document in rest:
        for key, value in document.items():
            before = told.get(key)
            if key == "rules":
                rules: list[Mapping[str, Any]] = value or []
                told["rules"] = [*(before or []), *(_renamed(rule, names) for rule in rules)]
            elif key == "models":
                told[key] = "any" if "any" in (before, value) else [*(before or []), *value]
            elif isinstance(value, Mapping) and isinstance(before, Mapping):
                told[key] = {**value, **before}
            else:
                told.setdefault(key, value)
    # Rules stand last, since there are many.
    return {key: told[key] for key in sorted(told, key=lambda key: key == "rules")}


def _renamed(rule: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """Return *rule* with a name that no other rule of the file has."""
    name = rule.get("name")
    if name is None:
        return dict(rule)
    numbered = (f"{name}-{number}" for number in count(2))
    unique = next(one for one in chain([name], numbered) if one not in names)
    names.add(unique)
    return {**rule, "name": unique}


# --- Scripts ---------------------------------------------------------------------------------


class ScriptError(ScenarioError):
    """What was scripted cannot be used; it says where in it, as a path, what, the nearest word."""

    def __init__(self, called: str, problems: Sequence[tuple[str, Problem]]) -> None:
        super().__init__(problem for _, problem in problems)
        lines = [
            f"{called}: {f'{path}: ' if path else ''}{problem.what}"
            + (f"\n  {problem.hint}" if problem.hint else "")
            for path, problem in problems
        ]
        self.args = ("\n".join(lines),)


class Script:
    """What a test scripts: rules, state, models and limits, each read as it is written."""

    def __init__(
        self,
        listener: Callable[[], None] | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        """Begin with nothing; *listener* is told each time that something is added."""
        self._listener = listener
        self._plugins = plugins or Plugins.installed()
        self._rules: dict[ScriptedRule, Scenario | None] = {}
        self._loaded: list[Loaded] = []
        self._count = 0
        self._told: dict[str, Any] = {}
        self._rest = Scenario()

    # --- Words ---

    def reply(
        self, reply: ReplyLike | None = None, /, *, times: int | None = 1, **keys: Any
    ) -> ScriptedRule:
        """Answer the next call with *reply*, or the next *times* calls (None: all that follow)."""
        return self._begin("reply", times=times, reply=reply_of(reply, keys))

    def replies(self, *steps: ReplyLike, then: str = "pass") -> ScriptedRule:
        """Answer the next calls with *steps*, one for each.

        Unless *then* says otherwise, what is scripted later follows the last of them.
        """
        return self._begin("replies", replies=list(steps), then=then)

    def fail(
        self, failure: FailureLike, /, *, times: int | None = 1, **options: Any
    ) -> ScriptedRule:
        """Let the next call fail, or the next *times* calls (None: all that follow)."""
        return self._begin("fail", times=times, fail=failure_of(failure, options))

    def when(self, *conditions: Mapping[str, Any], **keys: Unpack[WhenKeys]) -> ScriptedRule:
        """Begin a rule for the calls that it names; it says nothing until it is told what."""
        told = when_of(conditions, cast(Mapping[str, Any], keys))
        return self._begin("when", **({"when": told} if told else {}))

    def latency(
        self, preset: LatencyLike | None = None, /, **keys: Unpack[LatencyKeys]
    ) -> ScriptedRule:
        """Let all answers below take time: that of a preset, or what is stated."""
        return self._begin("latency", latency=latency_of(preset, keys))

    def outage(
        self,
        *,
        fail: FailureLike = "overloaded",
        from_s: float = 0,
        to_s: float | None = None,
        **keys: Unpack[WhenKeys],
    ) -> ScriptedRule:
        """Let all calls that *keys* name fail from one moment of session time to another."""
        told = when_of((), cast(Mapping[str, Any], keys))
        failing = failure_of(fail, {"window_s": [from_s, to_s]})
        if isinstance(failing, str | int):
            failing = failure_of(failing, {})
        return self._begin("outage", **({"when": told} if told else {}), fail=failing)

    def limit(self, models: str, /, **figures: Unpack[LimitKeys]) -> Self:
        """Limit what each key may ask of the *models* that a glob names."""
        return self._tell(limits={**self._told.get("limits", {}), models: figures})

    def model(self, name: str, /, *, like: str | None = None) -> Self:
        """Know the model *name*, which behaves as the one that it is *like*."""
        entry = {"id": name} if like is None else {"id": name, "like": like}
        return self._tell(models=[*self._told.get("models", []), entry])

    def state(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """Set values of the session's state, from now on."""
        return self._tell(state={**self._told.get("state", {}), **(values or {}), **named})

    def load(
        self,
        source: str | Path | Mapping[str, Any],
        /,
        *,
        folders: Sequence[Path] | None = None,
    ) -> Self:
        """Answer by a scenario too, below all that is scripted.

        Args:
            source: A path, a name such as `agents/refund`, or what stands in a file.
            folders: Where names are looked up; the shipped scenarios unless stated.

        """
        if isinstance(source, Mapping):
            document = {"version": 1, **plain(source, "load(…)")}
            self._loaded.append(Loaded(self._read(document, "load(…)", ""), (document,)))
        else:
            self._loaded.append(load_with_documents(source, plugins=self._plugins, folders=folders))
        return self

    # --- What was written ---

    @property
    def loaded(self) -> tuple[Loaded, ...]:
        """What was loaded, in the order in which it is read."""
        return tuple(self._loaded)

    @property
    def rules(self) -> tuple[ScriptedRule, ...]:
        """The rules, in the order written."""
        return tuple(self._rules)

    @property
    def unsaid(self) -> tuple[ScriptedRule, ...]:
        """The rules that were begun, and say nothing."""
        return tuple(rule for rule in self._rules if rule.says_nothing)

    def document(self) -> dict[str, Any]:
        """Return all of it, as a file has it."""
        loaded = [document for one in self._loaded for document in one.documents]
        return merged(self.own_document(), *loaded)

    def own_document(self) -> dict[str, Any]:
        """Return what is scripted, without what is loaded, as a file has it."""
        rules = [rule.keys for rule in self._rules if not rule.says_nothing]
        return {"version": 1, **self._told, **({"rules": rules} if rules else {})}

    def to_yaml(self) -> str:
        """Return the text of a file that does the same."""
        return as_yaml(self.document())

    def scenario(self) -> Scenario:
        """Return what is scripted, without what is loaded, as a scenario."""
        read = [scenario for scenario in self._rules.values() if scenario is not None]
        rules = tuple(rule for scenario in read for rule in scenario.rules)
        rest = self._rest
        return Scenario(
            models=rest.models,
            any_model=rest.any_model,
            limits=rest.limits,
            state=rest.state,
            rules=rules,
        )

    def changed(self, rule: ScriptedRule) -> None:
        """Read *rule* again.

        Raises:
            ScriptError: It is wrong.

        """
        keys = rule.keys
        # A condition alone is no rule yet, and is read beside something to do.
        whole = {**keys, "reply": ""} if rule.says_nothing else keys
        others = {other.name for other in self._rules if other is not rule}
        if rule.name in others:
            raise UsageError(f"a second rule is called '{rule.name}'")
        called = f"rule '{rule.name}'"
        read = self._read({"version": 1, "rules": [whole]}, called, "rules[0].")
        self._rules[rule] = None if rule.says_nothing else read
        self._publish()

    def _begin(self, word: str, **keys: Any) -> ScriptedRule:
        name = f"{word}-{self._count + 1}"
        stated = {key: value for key, value in keys.items() if value is not None}
        rule = ScriptedRule(self, plain({"name": name, **stated}, name))
        self.changed(rule)
        self._count += 1
        return rule

    def _tell(self, **keys: Any) -> Self:
        (word,) = keys
        told = {**self._told, **plain(keys, f"{word}(…)")}
        self._rest = self._read({"version": 1, **told}, word, "")
        self._told = told
        self._publish()
        return self

    def _read(self, document: Mapping[str, Any], called: str, below: str) -> Scenario:
        text = as_json(document)
        try:
            return load_scenario(ScenarioText(text, CALLED), plugins=self._plugins)
        except ScenarioError as error:
            known = paths(text, CALLED)
            problems = [
                (known.get(problem.place, "").removeprefix(below), problem)
                for problem in error.problems
            ]
            raise ScriptError(called, problems) from None

    def _publish(self) -> None:
        if self._listener is not None:
            self._listener()
