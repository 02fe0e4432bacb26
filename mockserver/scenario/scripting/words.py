"""The words of the language in Python: what each key takes, and how a file writes it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, TypeAlias, TypedDict, cast

from mockserver.errors import UsageError, shows_mistake

__tracebackhide__ = shows_mistake

Text: TypeAlias = str | Sequence[str] | Mapping[str, Any]
"""A test of a text or a name: the text (or a glob), a list, or a mapping."""
Number: TypeAlias = int | Sequence[int] | Mapping[str, Any]
Quantity: TypeAlias = float | Mapping[str, float]
"""A number, or a distribution such as `{"median": 200, "sigma": 0.3}`."""


class KnownFailure(Protocol):
    """One of the lists of failures that come with the package (`mockserver.SILENT_FAILURES`)."""

    @property
    def fail(self) -> Mapping[str, Any]:
        """What a file has under `fail`."""
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
    method: Text
    path: Text
    query: Mapping[str, Text]
    headers: Mapping[str, Text]
    system: Text
    first_user: Text
    last_user: Text
    latest_user: Text
    any_message: Text
    prompt: Text
    embedding_input: Text
    moderation_input: Text
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
    name: str | None = None,
    /,
    arguments: Mapping[str, Any] | str | None = None,
    id: str | None = None,  # noqa: A002 - the language's word
    **members: Any,
) -> dict[str, Any]:
    """Return a tool call for `reply(tool_calls=[…])`.

    Args:
        name: The tool's name.
        arguments: What it is called with; a string is sent as it is, valid or not.
        id: The call's id; drawn unless stated.
        **members: Arguments by name. An argument that is itself called `arguments` or `id` has
            to stand in *arguments*.

    Raises:
        UsageError: There is no name, or the arguments are of another form.

    """
    called = members.pop("name", None) if name is None else name
    if called is None:
        raise UsageError("call(…) needs the tool's name: call('get_weather', city='Paris')")
    if isinstance(arguments, str):
        if members:
            raise UsageError(f"call({called!r}) takes arguments as text or by name, not both")
        given: Any = arguments
    elif arguments is None or isinstance(arguments, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - a caller may not check types
        given = {**(arguments or {}), **members}
    else:
        what = "arguments are a mapping, a text or named"
        raise UsageError(f"call({called!r}): {what}, not {arguments!r:.60}")
    made = {"name": called, "arguments": given}
    return made if id is None else {**made, "id": id}


def step(
    reply: ReplyLike | None = None,
    *,
    fail: "FailureLike | Sequence[FailureLike] | None" = None,
    latency: LatencyLike | None = None,
    **keys: Any,
) -> dict[str, Any]:
    """Return a step for `replies(…)` that is more than a reply; *keys* are the reply's."""
    failures = None if fail is None else failure_of(fail, {})
    answer = reply_of(reply, keys) if keys else reply
    parts = {"reply": answer, "fail": failures, "latency": latency}
    return {name: value for name, value in parts.items() if value is not None}


def steps_of(steps: Sequence[Any]) -> list[Any]:
    """Return what a file has under `replies`: *steps*, or those of a single list."""
    if len(steps) == 1 and isinstance(steps[0], list | tuple):
        (steps,) = cast(Sequence[Sequence[Any]], steps)
    return list(steps)


OF_RULES: Final = ("fail", "latency", "when", "per", "set", "capture")
"""Keys of a rule that are methods of it, and no part of its reply."""


def reply_of(reply: ReplyLike | None, keys: Mapping[str, Any]) -> Any:
    """Return what a file has under `reply` for the arguments of the method of that name.

    Raises:
        UsageError: One of them belongs to the rule, or is given twice.

    """
    rest = dict(keys)
    misplaced = next((word for word in OF_RULES if word in rest), None)
    if misplaced is not None:
        right = "when(…).reply(…)" if misplaced == "when" else f"reply(…).{misplaced}(…)"
        raise UsageError(f"'{misplaced}' is a key of the rule, not of its reply: write {right}")
    if isinstance(reply, Mapping):
        return {**reply, **rest}
    if reply is not None and "text" in rest:
        raise UsageError(f"the text is given twice: {reply!r:.40} and text={rest['text']!r:.40}")
    if reply is None and "text" in rest and not {"kind", "tool_calls"} & rest.keys():
        reply = rest.pop("text")
    if "tool_calls" in rest:
        text: dict[str, Any] = {} if reply is None else {"text": reply}
        return {"kind": "tool_calls", "calls": rest.pop("tool_calls"), **text, **rest}
    if reply is None:
        return rest
    return {"kind": rest.pop("kind", "text"), "text": reply, **rest} if rest else reply


def failure_of(
    failure: "FailureLike | Sequence[FailureLike] | None", options: Mapping[str, Any]
) -> Any:
    """Return what a file has under `fail` for a failure, or several, and the options of one.

    Raises:
        UsageError: It is nothing that can go wrong.

    """
    if failure is None and ("kind" in options or "status" in options):
        return {**({} if "kind" in options else {"kind": "http_error"}), **options}
    if isinstance(failure, Mapping):
        return _with_options(failure, options)
    if isinstance(failure, list | tuple):
        several = [failure_of(one, {}) for one in cast(Sequence[FailureLike], failure)]
        if not options:
            return several
        raise UsageError(
            f"several failures take no common options: state {', '.join(options)} for each of them"
        )
    if isinstance(failure, str) and failure.isdecimal():
        raise UsageError(f"the status '{failure}' is a text: write {int(failure)}")
    if isinstance(failure, bool) or not isinstance(failure, int | str):
        known = getattr(failure, "fail", None)
        if not isinstance(known, Mapping):
            what = "a failure is a kind, a status or a mapping"
            raise UsageError(f"{what}, not {failure!r:.60}: write fail('rate_limit') or fail(503)")
        return _with_options(cast(Mapping[str, Any], known), options)
    if not options:
        return failure
    return _with_options(
        {"kind": failure} if isinstance(failure, str) else _status(failure), options
    )


def _with_options(failure: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    if "kind" in failure and options.get("kind", failure["kind"]) != failure["kind"]:
        raise UsageError(
            f"a failure has one kind: '{failure['kind']}' or '{options['kind']}', not both"
        )
    return {**failure, **options}


def _status(status: int) -> dict[str, Any]:
    return {"kind": "http_error", "status": status}


def within(fail: Any, window_s: Sequence[float | None]) -> Any:
    """Return what a file has under `fail`, made by `failure_of`, within a window of time."""
    if isinstance(fail, list):
        return [within(one, window_s) for one in cast(Sequence[Any], fail)]
    return failure_of(fail, {"window_s": window_s})


def when_of(conditions: Sequence[Mapping[str, Any]], keys: Mapping[str, Any]) -> Any:
    """Return what a file has under `when`: *keys* as one mapping, or a list of *conditions*."""
    if keys and conditions:
        raise UsageError("when(…) takes keys or alternative mappings, not both")
    if not conditions:
        return _condition(keys)
    if len(conditions) == 1 and isinstance(conditions[0], list | tuple):
        (conditions,) = cast(Sequence[Sequence[Mapping[str, Any]]], conditions)
    listed = [_condition(condition) for condition in conditions]
    return listed[0] if len(listed) == 1 else listed


def _condition(keys: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(keys, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - a caller may not check types
        what = f"a condition is keys or a mapping, not {keys!r:.60}"
        raise UsageError(f"{what}: write when(last_user={{'contains': '…'}})")
    return {"not" if name == "not_" else name: value for name, value in keys.items()}


def named_values(
    method: str, values: Mapping[str, Any] | None, named: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values that *method* was given as a mapping, by name, or both.

    Raises:
        UsageError: They are something else.

    """
    if values is not None and not isinstance(values, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - as above
        what = f"{method}(…) takes a mapping, or values by name, not {values!r:.60}"
        raise UsageError(f"{what}: write {method}(name='value')")
    return {**(values or {}), **named}


def latency_of(preset: LatencyLike | None, keys: Mapping[str, Any]) -> Any:
    """Return what a file has under `latency`.

    Raises:
        UsageError: It is neither a preset nor a mapping.

    """
    if isinstance(preset, Mapping):
        return {**preset, **keys}
    if preset is not None and not isinstance(preset, str):  # pyright: ignore[reportUnnecessaryIsInstance] - as above
        what = f"a latency is a preset's name or keys, not {preset!r:.60}"
        raise UsageError(f"{what}: write latency(ttft_ms=200)")
    if preset is not None and "preset" in keys:
        raise UsageError(f"the preset is given twice: {preset!r:.40} and {keys['preset']!r:.40}")
    if preset is None:
        return dict(keys)
    return {"preset": preset, **keys} if keys else preset
