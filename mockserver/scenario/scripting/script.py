"""Rules and scripts: mappings in the language of the files, read whenever they change."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self, Unpack, cast

from mockserver.errors import Problem, ScenarioError, UsageError, shows_mistake
from mockserver.plugins import Plugins
from mockserver.scenario.loader import (
    Loaded,
    ScenarioText,
    Source,
    load_scenario,
    load_with_documents,
)
from mockserver.scenario.schema import Scenario
from mockserver.scenario.scripting.documents import merged
from mockserver.scenario.scripting.words import (
    FailureLike,
    LatencyKeys,
    LatencyLike,
    LimitKeys,
    ReplyLike,
    WhenKeys,
    failure_of,
    latency_of,
    named_values,
    reply_of,
    steps_of,
    when_of,
    within,
)
from mockserver.scenario.syntax.written import as_json, as_yaml, paths, plain

__tracebackhide__ = shows_mistake

CALLED: Final = "<script>"
ORDER: Final = (
    *("name", "when", "times", "per", "fail", "reply", "replies", "then", "latency"),
    *("set", "capture"),
)
"""The keys of a rule, in the order in which they read best."""
EFFECTS: Final = frozenset({"reply", "replies", "fail", "latency", "set", "capture"})
"""A rule with none of these does nothing yet."""


# --- Rules -----------------------------------------------------------------------------------


class ScriptedRule:
    """One rule; each method adds a key to it, and returns it."""

    def __init__(self, script: "Script", keys: Mapping[str, Any]) -> None:
        self._script = script
        self._keys = dict(keys)

    @property
    def name(self) -> str:
        """What the journal and errors call it."""
        return cast(str, self._keys["name"])

    @property
    def keys(self) -> dict[str, Any]:
        """The keys as a file has them, in the order that reads best."""
        return {key: self._keys[key] for key in ORDER if key in self._keys}

    @property
    def says_nothing(self) -> bool:
        """Whether it does nothing yet: it is a condition and no more."""
        return not EFFECTS & self._keys.keys()

    def reply(self, reply: ReplyLike | None = None, /, **keys: Any) -> Self:
        """Answer with *reply*, each time."""
        self._refuse_second("reply")
        return self._with(reply=reply_of(reply, keys))

    def replies(self, *steps: ReplyLike, then: str | None = None) -> Self:
        """Answer with *steps*, one after the other; *then* is what follows the last."""
        self._refuse_second("replies")
        return self._with(replies=steps_of(steps), **({} if then is None else {"then": then}))

    def fail(
        self, failure: FailureLike | Sequence[FailureLike] | None = None, /, **options: Any
    ) -> Self:
        """Let *failure* strike; a second one acts on the result of the first."""
        made = failure_of(failure, options)
        before = self._keys.get("fail")
        if before is None:
            return self._with(fail=made)
        return self._with(fail=[*_listed(before), *_listed(made)])

    def latency(self, preset: LatencyLike | None = None, /, **keys: Unpack[LatencyKeys]) -> Self:
        """Take time: a preset's, or what is given."""
        return self._with(latency=latency_of(preset, keys))

    def set(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """Set the session's state once the rule has acted; None removes a name."""
        changes = named_values("set", values, named)
        return self._with(set={**self._keys.get("set", {}), **changes})

    def capture(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """Remember something of the request for the conversation, by name."""
        captures = named_values("capture", values, named)
        return self._with(capture={**self._keys.get("capture", {}), **captures})

    def times(self, times: int | None) -> Self:
        """Act at most this often; None: whenever it holds."""
        return self._with(times=times)

    def per(self, scope: str) -> Self:
        """Count for each conversation, key or model separately."""
        return self._with(per=scope)

    def named(self, name: str) -> Self:
        """Call it *name*, in kebab-case."""
        return self._with(name=name)

    def _refuse_second(self, word: str) -> None:
        taken = next((key for key in ("reply", "replies") if key in self._keys), None)
        if taken is not None:
            hint = "add another rule, or give 'replies' one step for each call"
            what = f"rule '{self.name}' already has '{taken}' and cannot take '{word}'"
            raise UsageError(f"{what}: {hint}")

    def _with(self, **keys: Any) -> Self:
        before = self._keys
        changed = {**before, **plain(keys, f"rule '{self.name}'")}
        self._keys = {key: value for key, value in changed.items() if value is not None}
        try:
            self._script.changed(self)
        except Exception:
            # What was refused is as if it had never been written.
            self._keys = before
            raise
        return self

    def __repr__(self) -> str:
        return f"<rule {as_json(self.keys)}>"


# --- Scripts ---------------------------------------------------------------------------------


def _listed(fail: Any) -> Sequence[Any]:
    return cast(Sequence[Any], fail) if isinstance(fail, list) else [fail]


class ScriptError(ScenarioError):
    """A script cannot be used: where, as a path into it, what, and the nearest word."""

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
        """Begin with nothing; *listener* is called whenever something is added."""
        self._listener = listener
        self._plugins = plugins or Plugins.installed()
        self._rules: dict[ScriptedRule, Scenario | None] = {}
        self._loaded: list[Loaded] = []
        self._count = 0
        self._stated: dict[str, Any] = {}
        self._rest = Scenario()

    # --- Words ---

    def reply(
        self, reply: ReplyLike | None = None, /, *, times: int | None = 1, **keys: Any
    ) -> ScriptedRule:
        """Answer the next call with *reply*, or the next *times* calls (None: all that follow)."""
        return self._begin("reply", times=times, reply=reply_of(reply, keys))

    def replies(self, *steps: ReplyLike, then: str = "pass") -> ScriptedRule:
        """Answer the next calls with *steps*, one for each.

        Unless *then* says otherwise, whatever is scripted later follows the last step.
        """
        return self._begin("replies", replies=steps_of(steps), then=then)

    def fail(
        self,
        failure: FailureLike | Sequence[FailureLike] | None = None,
        /,
        *,
        times: int | None = 1,
        **options: Any,
    ) -> ScriptedRule:
        """Let the next call fail, or the next *times* calls (None: all that follow)."""
        return self._begin("fail", times=times, fail=failure_of(failure, options))

    def when(self, *conditions: Mapping[str, Any], **keys: Unpack[WhenKeys]) -> ScriptedRule:
        """Begin a rule for the calls that fit; it does nothing until an effect is added."""
        condition = when_of(conditions, cast(Mapping[str, Any], keys))
        return self._begin("when", **({"when": condition} if condition else {}))

    def latency(
        self, preset: LatencyLike | None = None, /, **keys: Unpack[LatencyKeys]
    ) -> ScriptedRule:
        """Let all answers below take time: a preset's, or what is given."""
        return self._begin("latency", latency=latency_of(preset, keys))

    def outage(
        self,
        *,
        fail: FailureLike | Sequence[FailureLike] = "overloaded",
        from_s: float = 0,
        to_s: float | None = None,
        **keys: Unpack[WhenKeys],
    ) -> ScriptedRule:
        """Let all calls that fit *keys* fail between two moments of session time."""
        condition = when_of((), cast(Mapping[str, Any], keys))
        failing = within(failure_of(fail, {}), [from_s, to_s])
        return self._begin("outage", **({"when": condition} if condition else {}), fail=failing)

    def limit(self, models: str, /, **figures: Unpack[LimitKeys]) -> Self:
        """Limit each key for the *models* that fit a glob.

        Raises:
            UsageError: No figure is given.

        """
        if not figures:
            raise UsageError(f"limit({models!r}) needs a figure, such as requests_per_minute=3")
        return self._state(limits={**self._stated.get("limits", {}), models: figures})

    def model(self, name: str, /, *, like: str | None = None) -> Self:
        """Know the model *name*, which behaves like the model *like*."""
        entry = {"id": name} if like is None else {"id": name, "like": like}
        return self._state(models=[*self._stated.get("models", []), entry])

    def state(self, values: Mapping[str, Any] | None = None, /, **named: Any) -> Self:
        """Set values of the session's state, from now on."""
        changes = named_values("state", values, named)
        return self._state(state={**self._stated.get("state", {}), **changes})

    def load(
        self,
        source: Source,
        /,
        *,
        folders: Sequence[Path] | None = None,
    ) -> Self:
        """Answer from a scenario too, below everything that is scripted.

        Args:
            source: A path, a name such as `agents/refund`, or a file's content (text, mapping).
            folders: Where names are looked up; the shipped scenarios unless stated.

        """
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
        """The rules that were begun and do nothing."""
        return tuple(rule for rule in self._rules if rule.says_nothing)

    def document(self) -> dict[str, Any]:
        """Return everything as one file has it."""
        loaded = [document for one in self._loaded for document in one.documents]
        return merged(self.own_document(), *loaded)

    def own_document(self) -> dict[str, Any]:
        """Return what is scripted, without what is loaded, as a file has it."""
        rules = [rule.keys for rule in self._rules if not rule.says_nothing]
        return {"version": 1, **self._stated, **({"rules": rules} if rules else {})}

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
        # A condition alone is not a rule yet: it is read together with an effect that any call
        # may have, whatever its endpoint.
        whole = {**keys, "latency": {"ttft_ms": 0}} if rule.says_nothing else keys
        others = {other.name for other in self._rules if other is not rule}
        if rule.name in others:
            raise UsageError(f"two rules are called '{rule.name}'")
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

    def _state(self, **keys: Any) -> Self:
        (word,) = keys
        stated = {**self._stated, **plain(keys, f"{word}(…)")}
        self._rest = self._read({"version": 1, **stated}, word, "")
        self._stated = stated
        self._publish()
        return self

    def _read(self, document: Mapping[str, Any], called: str, below: str) -> Scenario:
        text = as_json(document)
        try:
            written = ScenarioText(text, CALLED, root=Path.cwd())
            return load_scenario(written, plugins=self._plugins)
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
