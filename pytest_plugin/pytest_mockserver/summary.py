"""What all tests used, at the end of a run: calls, tokens, costs, verdicts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import pytest

from mockserver.errors import UsageError
from pytest_mockserver.session import Session, cost_of, total

PROPERTY: Final = "mock_llm"
"""The report property that carries a test's totals, even between processes."""


def totals(sessions: Iterable[Session]) -> dict[str, Any]:
    """Return what the *sessions* of one test used, by model."""
    models: dict[str, dict[str, Any]] = {}
    verdicts: list[str] = []
    for session in sessions:
        verdicts += [found.kind for found in session.verdicts]
        for call in session.calls:
            entry = models.setdefault(
                call.model or "-", {"calls": 0, "in": 0, "out": 0, "usd": 0.0}
            )
            entry["calls"] += 1
            used = total([call])
            entry["in"] += used.prompt_tokens
            entry["out"] += used.completion_tokens
            try:
                spent = cost_of([call])
            except UsageError:
                entry["usd"] = None
            else:
                entry["usd"] = None if entry["usd"] is None else entry["usd"] + spent
    return {"models": models, "verdicts": verdicts}


def summary(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Yield the lines of the summary."""
    told = [
        (report.nodeid, cast(Mapping[str, Any], value))
        for report in reports
        if report.when == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if not told:
        yield "no test used mock_llm"
        return
    models: dict[str, _Spent] = {}
    everything = _Spent()
    for _, found in told:
        for model, entry in found["models"].items():
            models.setdefault(model, _Spent()).add(entry)
            everything.add(entry)
    yield f"{'model':32} {'calls':>7} {'prompt':>10} {'completion':>10} {'US dollars':>12}"
    for model, spent in sorted(models.items()):
        yield spent.row(model)
    yield everything.row(f"{len(told)} tests")
    for test, found in told:
        if found["verdicts"]:
            yield f"verdicts: {test}: {', '.join(dict.fromkeys(found['verdicts']))}"


@dataclass(slots=True)
class _Spent:
    """What several tests used."""

    calls: int = 0
    prompt: int = 0
    completion: int = 0
    usd: float = 0.0
    is_unpriced: bool = False

    def add(self, entry: Mapping[str, Any]) -> None:
        self.calls += entry["calls"]
        self.prompt += entry["in"]
        self.completion += entry["out"]
        self.usd += entry["usd"] or 0.0
        self.is_unpriced |= entry["usd"] is None

    def row(self, name: str) -> str:
        spent = f"{'>' if self.is_unpriced else ''}{self.usd:.6f}"
        return f"{name:32} {self.calls:7} {self.prompt:10} {self.completion:10} {spent:>12}"
