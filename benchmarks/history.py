"""What a request cost over the project's history: docs/speed/history.json, and a plot of it.

    python benchmarks/history.py [COMMIT …] [--again] [--draw] [--seconds 2] [--rounds 3]

Measures the commits given, or those in milestones.txt: each that is not in the file yet, by its
own server, beside the bare handler. Then it draws docs/speed/history.svg and writes the table in
docs/speed.md.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cases import BASIC, CASES
from checkouts import ROOT, checked_out, git, short
from figures import Figure, compared
from page import write
from run import measured, need_wrk

MILESTONES = ROOT / "benchmarks" / "milestones.txt"
HISTORY = ROOT / "docs" / "speed" / "history.json"
PLOT = ROOT / "docs" / "speed" / "history.svg"

Entry = Mapping[str, Any]
"""What was measured of a commit."""


def milestones() -> dict[str, str]:
    """Return the commits in milestones.txt, each with a few words on what it brought."""
    lines = MILESTONES.read_text("utf-8").splitlines()
    pairs = [line.split(maxsplit=1) for line in lines if not line.startswith("#")]
    return dict(pairs)


def known() -> list[Entry]:
    """Return what has been measured so far."""
    return json.loads(HISTORY.read_text("utf-8")) if HISTORY.exists() else []


def entries(commits: Sequence[str], seconds: int, rounds: int) -> list[Entry]:
    """Measure *commits*, given by their short names."""
    cases = [case for case in CASES if case.name in BASIC]
    found = measured(
        cases, [checked_out(commit) for commit in commits], seconds=seconds, rounds=rounds
    )
    return [
        {
            "commit": commit,
            "date": git("log", "-1", "--format=%cI", commit),
            "subject": git("log", "-1", "--format=%s", commit),
            "seconds": seconds,
            "rounds": rounds,
            "cases": {
                name: {"ratio": round(ratio.median, 3), "spread": round(ratio.spread, 3)}
                for name, by_server in found.items()
                if commit in by_server
                for ratio in [compared(by_server["bare"], by_server[commit])]
            },
        }
        for commit in commits
    ]


# --- The table -----------------------------------------------------------------------------------


def table(history: Sequence[Entry]) -> str:
    """Return the ratios of each commit in Markdown."""
    stands_for = milestones()
    rows = [
        f"| commit | {' | '.join(BASIC)} | |",
        f"|---|{'---|' * len(BASIC)}---|",
    ]
    for entry in history:
        cells = [_cell(entry["cases"].get(name)) for name in BASIC]
        what = stands_for.get(entry["commit"], entry["subject"])
        rows.append(f"| `{entry['commit']}` | {' | '.join(cells)} | {what} |")
    targets = [f"{case.target:g}" for case in CASES if case.name in BASIC]
    rows.append(f"| target | {' | '.join(targets)} | |")
    return "\n".join(rows)


def _cell(figure: Mapping[str, float] | None) -> str:
    return "" if figure is None else Figure(figure["ratio"], figure["spread"]).short


# --- The plot ------------------------------------------------------------------------------------

WIDTH, HIGH = 760, 190
LEFT, RIGHT, TOP, GAP, BOTTOM = 40, 52, 58, 62, 44
APART = 13
"""The least distance of two labels."""
TITLE = "CPU time of a request: bare aiohttp handler / server"
NOTE = "higher is faster; dashed: targets"
KEYS = (230, 470)
"""Where the names of a panel's two lines begin."""


@dataclass(frozen=True)
class Panel:
    """A plot of two cases."""

    title: str
    most: float
    step: float
    names: tuple[str, str]


PANELS = (
    Panel("In one piece", 1.0, 0.25, ("same body", "different bodies")),
    Panel(
        "Streams of sixteen tokens",
        3.0,
        1.0,
        ("same body, streamed", "different bodies, streamed"),
    ),
)
STYLE = (
    "text{font:12px sans-serif;fill:#444}.title{font-weight:bold;fill:#222}.mid{text-anchor:middle}"
    ".end{text-anchor:end}.small{font-size:11px}.paper{fill:#fff}.grid{stroke:#ddd;fill:none}"
    ".line{fill:none;stroke-width:2}.target{fill:none;stroke-dasharray:5 4}"
    ".a.line,.a.target,.a.bar{stroke:#1f5fa8}.b.line,.b.target,.b.bar{stroke:#d9541e}"
    "circle.a,text.a{fill:#1f5fa8}circle.b,text.b{fill:#d9541e}"
    "@media(prefers-color-scheme:dark){text{fill:#bbb}.title{fill:#eee}.paper{fill:#161b22}"
    ".grid{stroke:#3a424c}.a.line,.a.target,.a.bar{stroke:#6fb1f5}"
    ".b.line,.b.target,.b.bar{stroke:#ff8f5c}circle.a,text.a{fill:#6fb1f5}"
    "circle.b,text.b{fill:#ff8f5c}}"
)


def drawing(history: Sequence[Entry]) -> str:
    """Return the SVG of *history*."""
    parts = [
        f'<text class="title" x="{LEFT}" y="18">{TITLE}</text>',
        f'<text class="end small" x="{WIDTH - RIGHT}" y="18">{NOTE}</text>',
    ]
    top = TOP
    for panel in PANELS:
        parts.append(plot(panel, history, top))
        top += HIGH + GAP
    foot = top - GAP + 18
    for at, entry in enumerate(history):
        x = across(at, len(history))
        parts.append(f'<text class="mid small" x="{x:.1f}" y="{foot}">{entry["commit"]}</text>')
        day = entry["date"][5:10]
        parts.append(f'<text class="mid small" x="{x:.1f}" y="{foot + 14}">{day}</text>')
    high = top - GAP + BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" role="img">'
        "<title>CPU time of a request over the project's history, as a ratio to a bare aiohttp "
        f'handler</title><style>{STYLE}</style><rect class="paper" width="100%" height="100%"/>'
        f"{''.join(parts)}</svg>\n"
    )


def across(at: int, count: int) -> float:
    """Return where commit *at* of *count* stands."""
    return LEFT + (WIDTH - LEFT - RIGHT) * (at + 0.5) / max(count, 1)


def plot(panel: Panel, history: Sequence[Entry], top: int) -> str:
    """Return *panel*, from *top* down."""
    wide = WIDTH - LEFT - RIGHT
    shown = [entry["cases"].get(name) for entry in history for name in panel.names]
    tops = [figure["ratio"] * (1 + figure["spread"]) for figure in shown if figure]
    most = max([panel.most, *tops])

    def down(value: float) -> float:
        return top + HIGH * (1 - value / most)

    parts = [f'<text class="title" x="{LEFT}" y="{top - 12}">{panel.title}</text>']
    for number in range(int(most / panel.step) + 1):
        value = number * panel.step
        y = down(value)
        parts.append(f'<path class="grid" d="M{LEFT},{y:.1f}h{wide}"/>')
        parts.append(f'<text class="end" x="{LEFT - 6}" y="{y + 4:.1f}">{value:g}</text>')
    targets = {case.name: case.target for case in CASES}
    newest: list[tuple[float, str, float]] = []
    for kind, name, key_at in zip("ab", panel.names, KEYS, strict=True):
        target = targets[name]
        label = f"{name} (target {target:g})"
        parts.append(f'<circle class="{kind}" cx="{key_at}" cy="{top - 16}" r="4"/>')
        parts.append(f'<text class="{kind}" x="{key_at + 9}" y="{top - 12}">{label}</text>')
        parts.append(f'<path class="{kind} target" d="M{LEFT},{down(target):.1f}h{wide}"/>')
        points: list[str] = []
        for at, entry in enumerate(history):
            if name not in entry["cases"]:
                continue
            ratio, spread = entry["cases"][name]["ratio"], entry["cases"][name]["spread"]
            x, y, reach = across(at, len(history)), down(ratio), HIGH * ratio * spread / most
            points.append(f"{x:.1f},{y:.1f}")
            parts.append(
                f'<path class="{kind} bar" d="M{x:.1f},{y - reach:.1f}v{2 * reach:.1f}"/>'
                f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
            )
            last = (y, kind, ratio)
        if points:
            parts.append(f'<path class="{kind} line" d="M{"L".join(points)}"/>')
            newest.append(last)
    return "".join([*parts, *_values(newest)])


def _values(last: Sequence[tuple[float, str, float]]) -> list[str]:
    """Return the newest ratios, at the right, so far apart that both can be read."""
    labels: list[str] = []
    lowest = 0.0
    for y, kind, ratio in sorted(last):
        lowest = max(y, lowest + APART)
        x = WIDTH - RIGHT + 8
        labels.append(f'<text class="{kind}" x="{x}" y="{lowest + 4:.1f}">{ratio:.2f}</text>')
    return labels


def main() -> None:
    """Measure what is new, and draw everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commits", nargs="*", metavar="COMMIT", help="unless given: milestones.txt")
    parser.add_argument("--again", action="store_true", help="measure known ones, too")
    parser.add_argument("--draw", action="store_true", help="measure nothing: draw alone")
    parser.add_argument("--seconds", type=int, default=2, help="of load in each round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    history = {entry["commit"]: entry for entry in known()}
    listed = [*milestones(), *(history if options.again else ())]
    wanted = [] if options.draw else [short(name) for name in options.commits or listed]
    new = [commit for commit in dict.fromkeys(wanted) if options.again or commit not in history]
    if new:
        need_wrk()
        measured_now = entries(new, options.seconds, options.rounds)
        history |= {entry["commit"]: entry for entry in measured_now}
    ordered = sorted(history.values(), key=lambda entry: entry["date"])
    HISTORY.parent.mkdir(exist_ok=True)
    HISTORY.write_text(json.dumps(ordered, indent=2) + "\n", "utf-8")
    PLOT.write_text(drawing(ordered), "utf-8")
    write("history", table(ordered))
    print(f"{len(new)} commits measured, {len(ordered)} drawn", file=sys.stderr)


if __name__ == "__main__":
    main()
