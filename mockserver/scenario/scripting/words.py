"""The words of the language in Python: what each key takes, and how a file writes it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypedDict, cast

from mockserver.errors import UsageError

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
        name: The tool's name.
        arguments: What it is called with; a string is sent as it is, valid or not.
        id: The call's id; drawn unless stated.
        **members: Arguments by name.

    """
    if isinstance(arguments, str):
        if members:
            raise UsageError(f"call({name!r}) takes arguments as text or by name, not both")
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
    """Return a step for `replies(…)` that is more than a reply."""
    failures = None if fail is None else _failures(fail)
    parts = {"reply": reply, "fail": failures, "latency": latency}
    return {name: value for name, value in parts.items() if value is not None}


def reply_of(reply: ReplyLike | None, keys: Mapping[str, Any]) -> Any:
    """Return what a file has under `reply` for the arguments of the method of that name."""
    rest = dict(keys)
    if isinstance(reply, Mapping):
        return {**reply, **rest}
    if "tool_calls" in rest:
        text: dict[str, Any] = {} if reply is None else {"text": reply}
        return {"kind": "tool_calls", "calls": rest.pop("tool_calls"), **text, **rest}
    if reply is None:
        return rest
    return {"kind": rest.pop("kind", "text"), "text": reply, **rest} if rest else reply


def failure_of(failure: FailureLike, options: Mapping[str, Any]) -> Any:
    """Return what a file has under `fail` for one failure and its options."""
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
    """Return what a file has under `when`: *keys* as one mapping, or a list of *conditions*."""
    if keys and conditions:
        raise UsageError("when(…) takes keys or alternative mappings, not both")
    if not conditions:
        return _condition(keys)
    listed = [_condition(condition) for condition in conditions]
    return listed[0] if len(listed) == 1 else listed


def _condition(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {"not" if name == "not_" else name: value for name, value in keys.items()}


def latency_of(preset: LatencyLike | None, keys: Mapping[str, Any]) -> Any:
    """Return what a file has under `latency`."""
    if isinstance(preset, Mapping):
        return {**preset, **keys}
    if preset is None:
        return dict(keys)
    return {"preset": preset, **keys} if keys else preset
