"""Figures of what was measured: medians of rounds, printed, as JSON, and as tables of the page."""

import statistics
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cases import Case
from checkouts import git
from servers import Load

MOST_LATER_MS, MOST_START_S, MOST_MB = 30, 0.7, 100
"""The targets of a first answer (after the following ones), of the start and of memory."""
OURS, BARE = "ours", "bare"

Rounds = Mapping[str, Mapping[str, Sequence[Load]]]
"""By case, then by server: what it did in each round."""


@dataclass(frozen=True)
class Figure:
    """A median, and half of what the rounds lie apart, as a share of it."""

    median: float
    spread: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        """Return the figure of *values*."""
        middle = statistics.median(values)
        return cls(middle, (max(values) - min(values)) / 2 / middle)

    @property
    def short(self) -> str:
        """The figure as in the tables of the page."""
        return f"{self.median:.2f} ±{self.spread:.0%}"

    def __str__(self) -> str:
        return f"{self.median:.2f} (+-{self.spread:.0%})"


def compared(rounds: Sequence[Load], other: Sequence[Load]) -> Figure:
    """Return the CPU time of *rounds*, as a ratio to that of *other* in the same rounds."""
    pairs = zip(rounds, other, strict=True)
    return Figure.of([one.cpu_us / another.cpu_us for one, another in pairs])


def cpu_us(rounds: Sequence[Load]) -> float:
    """Return the median CPU time of a request."""
    return statistics.median(each.cpu_us for each in rounds)


def summary(cases: Sequence[Case], found: Rounds) -> dict[str, dict[str, object]]:
    """Return the figures of each case, as JSON."""
    figures: dict[str, dict[str, object]] = {}
    for case in cases:
        by_server = found[case.name]
        servers: dict[str, dict[str, float]] = {}
        for name, rounds in by_server.items():
            ratio = compared(by_server[BARE], rounds)
            servers[name] = {
                "cpu_us": cpu_us(rounds),
                "per_s": statistics.median(each.per_s for each in rounds),
                "ratio": ratio.median,
                "spread": ratio.spread,
            }
        figures[case.name] = {"target": case.target, "servers": servers}
        if case.like:
            ratio = compared(by_server[OURS], found[case.like][OURS])
            beside = {"case": case.like, "ratio": ratio.median, "spread": ratio.spread}
            figures[case.name]["like"] = {**beside, "most": case.most}
    return figures


def _target(case: Case) -> str:
    return "" if case.target is None else f"{case.target:g}"


def print_cases(cases: Sequence[Case], found: Rounds) -> None:
    """Print the ratio of each case to the bare handler."""
    wide = max(len(case.name) for case in cases) + 2
    print(f"{'bare / ours, by CPU':{wide}}{'ratio':>14}  {'target':>6}   us of CPU: ours, bare")
    for case in cases:
        mine, bare = found[case.name][OURS], found[case.name][BARE]
        print(
            f"{case.name:{wide}}{compared(bare, mine)!s:>14}  {_target(case):>6}"
            f"   {cpu_us(mine):.1f}, {cpu_us(bare):.1f}"
        )


def print_comparisons(cases: Sequence[Case], found: Rounds) -> None:
    """Print what each case takes of other cases, and of the same case of other servers."""
    wide = max(len(case.name) for case in cases) + 2
    print(f"\n{'ours / other, by CPU':{wide}}{'ratio':>14}   other")
    for case in cases:
        mine = found[case.name][OURS]
        if case.like:
            ratio = compared(mine, found[case.like][OURS])
            print(f"{case.name:{wide}}{ratio!s:>14}   {case.like} (at most {case.most:g})")
        for name, rounds in found[case.name].items():
            if name not in {OURS, BARE}:
                print(f"{case.name:{wide}}{compared(mine, rounds)!s:>14}   {name}")


def print_footprint(figures: Mapping[str, Mapping[str, float]]) -> None:
    """Print start, first answers and memory of each server."""
    print()
    for name, found in figures.items():
        print(f"{name}: {_footprint(found)}")


def _footprint(found: Mapping[str, float]) -> str:
    later_ms = found["first_ms"] - found["following_ms"]
    return (
        f"ready after {found['start_s']:.2f} s (at most {MOST_START_S:g}), first answer "
        f"{later_ms:.1f} ms slower than the following (at most {MOST_LATER_MS}), "
        f"{found['resident_mb']:.0f} MB (at most {MOST_MB})"
    )


# --- In Markdown ---------------------------------------------------------------------------------


def tables(cases: Sequence[Case], found: Rounds, small: Mapping[str, float], how: str) -> str:
    """Return what docs/speed.md shows of this checkout, measured *how*."""
    changed = " with changes" if git("status", "--porcelain", "--", "mockserver") else ""
    rows = ["| case | bare / ours | target | µs of CPU |", "|---|---|---|---|"]
    for case in cases:
        by_server = found[case.name]
        ratio = compared(by_server[BARE], by_server[OURS])
        target = _target(case)
        if case.like:
            beside = compared(by_server[OURS], found[case.like][OURS])
            target = f"{beside.median:.2f} times *{case.like}*, at most {case.most:g}"
        rows.append(f"| {case.name} | {ratio.short} | {target} | {cpu_us(by_server[OURS]):.0f} |")
    # The last commit of the server itself: later ones of docs or tests have its speed.
    commit, day = git("log", "-1", "--abbrev=7", "--format=%h %cs", "--", "mockserver").split()
    head = f"Commit `{commit}` of {day}{changed}, {how}: {_footprint(small)}."
    text = textwrap.fill(head, 120, break_on_hyphens=False)
    return "\n\n".join([text, "\n".join(rows), *_beside_others(cases, found)])


def _beside_others(cases: Sequence[Case], found: Rounds) -> list[str]:
    """Return a table of other servers' CPU times, if any was measured."""
    names = [name for case in cases for name in found[case.name] if name not in {OURS, BARE}]
    others = [*dict.fromkeys(names)]
    if not others:
        return []
    rows = [f"| µs of CPU | ours | {' | '.join(others)} |", f"|---|---|{'---|' * len(others)}"]
    for case in cases:
        by_server = found[case.name]
        if by_server.keys() & set(others):
            spent = [
                f"{cpu_us(by_server[name]):.0f}" if name in by_server else ""
                for name in (OURS, *others)
            ]
            rows.append(f"| {case.name} | {' | '.join(spent)} |")
    return ["\n".join(rows)]
