"""What a request costs, beside a bare aiohttp handler, other commits and other mock servers.

    python benchmarks/run.py [--base COMMIT …] [--peers FOLDER …] [--case PATTERN … | --all]
                             [--seconds 2] [--rounds 5] [--json FILE]

Servers are pinned to one core and wrk (Debian's package) to another. All servers take part in
each round, in an order that changes from round to round, so that the noise of the machine meets
all. The figures are medians of the rounds, by the CPU time of the server, with half the spread
beside them. docs/speed.md says more.
"""

import argparse
import contextlib
import itertools
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import peers
from cases import CASES, NUMBERS, SCENARIOS, Case, selected
from checkouts import checked_out
from servers import Load, NotStartedError, RefusedError, Server, ask, bare, load, ours

WARM_UP_S = 1
FOLLOWING = 10
"""Answers after the first that it is compared with."""
MOST_LATER_MS, MOST_START_S, MOST_MB = 30, 0.7, 100
"""The targets of a first answer (after the following ones), of the start and of memory."""

Rounds = Mapping[str, Mapping[str, Sequence[Load]]]
"""By case, then by server: what it did in each round."""
Checkouts = Sequence[Path | None]
"""Whose servers are measured; None is this checkout."""


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

    def __str__(self) -> str:
        return f"{self.median:.2f} (+-{self.spread:.0%})"


def compared(rounds: Sequence[Load], other: Sequence[Load]) -> Figure:
    """Return the CPU time of *rounds*, as a ratio to that of *other* in the same rounds."""
    pairs = zip(rounds, other, strict=True)
    return Figure.of([one.cpu_us / another.cpu_us for one, another in pairs])


# --- Measuring -----------------------------------------------------------------------------------


class Lineup:
    """All servers that take part: one of each checkout for each scenario, a bare one, peers."""

    def __init__(self, folder: Path, running: contextlib.ExitStack) -> None:
        self._folder = folder
        self._running = running
        self._ours: dict[str, list[Server]] = {}
        self._others: list[Server] = []
        self._peers: list[Server] = []

    def start(self, cases: Sequence[Case], checkouts: Checkouts) -> None:
        """Start what *cases* need."""
        for name in dict.fromkeys(case.scenario for case in cases):
            file = scenario_file(self._folder, name)
            self._ours[name] = []
            for checkout in checkouts:
                try:
                    server = self._running.enter_context(ours(file, checkout))
                except NotStartedError as problem:
                    if checkout is None:
                        raise SystemExit(f"the server does not start: {problem}") from None
                    note(f"{checkout.name} does not serve '{name}': {problem}")
                else:
                    self._ours[name].append(server)
        paths = dict.fromkeys(case.path for case in cases)
        self._others.append(self._running.enter_context(bare(paths)))

    def start_peers(self, folders: list[Path]) -> None:
        """Start the peers that are installed."""
        found, missing = peers.find(folders)
        if missing:
            note(f"not installed, so left out: {', '.join(missing)}")
        for peer, program in found:
            try:
                server = self._running.enter_context(peers.started(peer, program, self._folder))
            except NotStartedError as problem:
                note(f"{peer.name} does not start: {problem}")
            else:
                self._peers.append(server)

    def of(self, case: Case) -> list[Server]:
        """Return the servers that answer *case*."""
        plain = self._peers if case.plain else []
        answering: list[Server] = []
        for server in [*self._ours[case.scenario], *self._others, *plain]:
            ((status, content, _),) = ask(server, case, [0])
            if status == 200:
                answering.append(server)
            elif server.name == "ours":
                raise SystemExit(f"the server refuses '{case.name}': {content!r}")
            else:
                note(f"{server.name} refuses '{case.name}' with {status}")
        return answering


def note(text: str) -> None:
    print(text, file=sys.stderr)


def scenario_file(folder: Path, name: str) -> Path:
    """Return a file with the scenario of that *name*."""
    file = folder / f"{name.replace(' ', '-')}.yaml"
    file.write_text(SCENARIOS[name])
    return file


def measured(
    cases: Sequence[Case],
    checkouts: Checkouts,
    *,
    seconds: int,
    rounds: int,
    peers_in: list[Path] | None = None,
) -> Rounds:
    """Load all servers with all *cases*, round by round, after a round to warm up."""
    numbers = itertools.count(1)
    found: dict[str, dict[str, list[Load]]] = {}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as running:
        folder = Path(name)
        lineup = Lineup(folder, running)
        lineup.start(cases, checkouts)
        if peers_in is not None:
            lineup.start_peers(peers_in)
        taking_part = {case.name: lineup.of(case) for case in cases}
        script = folder / "wrk.lua"
        for number in range(rounds + 1):
            note(f"round {number} of {rounds}" if number else "warming up")
            for case in cases:
                script.write_text(case.script())
                for server in rotated(taking_part[case.name], number):
                    first = next(numbers) * NUMBERS
                    try:
                        taken = load(server, case, script, seconds if number else WARM_UP_S, first)
                    except RefusedError as problem:
                        if number or server.name == "ours":
                            raise SystemExit(str(problem)) from None
                        note(str(problem))
                        taking_part[case.name].remove(server)
                    else:
                        if number:
                            by_server = found.setdefault(case.name, {})
                            by_server.setdefault(server.name, []).append(taken)
    return found


def rotated(servers: Sequence[Server], number: int) -> list[Server]:
    """Return *servers*, beginning with another one each time."""
    return [servers[(at + number) % len(servers)] for at in range(len(servers))]


def footprint(checkouts: Checkouts, rounds: int) -> dict[str, dict[str, float]]:
    """Measure the start, the first answers and the memory of each server."""
    case = next(case for case in CASES if case.name == "different bodies")
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = scenario_file(Path(folder), case.scenario)
        for number in range(rounds):
            for at in range(len(checkouts)):
                with ours(file, checkouts[(at + number) % len(checkouts)]) as server:
                    first, *following = [ms for _, _, ms in ask(server, case, range(FOLLOWING + 1))]
                    row = (server.ready_s, first, statistics.median(following), server.resident_mb)
                    found.setdefault(server.name, []).append(row)
    names = ("start_s", "first_ms", "following_ms", "resident_mb")
    return {
        name: dict(zip(names, map(statistics.median, zip(*rows, strict=True)), strict=True))
        for name, rows in found.items()
    }


# --- Reporting -----------------------------------------------------------------------------------


def summary(cases: Sequence[Case], found: Rounds) -> dict[str, dict[str, object]]:
    """Return the figures of each case, as JSON."""
    figures: dict[str, dict[str, object]] = {}
    for case in cases:
        by_server = found[case.name]
        servers: dict[str, dict[str, float]] = {}
        for name, rounds in by_server.items():
            ratio = compared(by_server["bare"], rounds)
            servers[name] = {
                "cpu_us": statistics.median(each.cpu_us for each in rounds),
                "per_s": statistics.median(each.per_s for each in rounds),
                "ratio": ratio.median,
                "spread": ratio.spread,
            }
        figures[case.name] = {"target": case.target, "servers": servers}
        if case.like:
            ratio = compared(by_server["ours"], found[case.like]["ours"])
            beside = {"case": case.like, "ratio": ratio.median, "spread": ratio.spread}
            figures[case.name]["like"] = {**beside, "most": case.most}
    return figures


def report(cases: Sequence[Case], found: Rounds) -> None:
    """Print a line for each case, and for each server that ours is compared with."""
    wide = max(len(case.name) for case in cases) + 2
    print(f"{'bare / ours, by CPU':{wide}}{'ratio':>14}  {'target':>6}   us of CPU: ours, bare")
    for case in cases:
        by_server = found[case.name]
        mine, bare_one = by_server["ours"], by_server["bare"]
        target = "" if case.target is None else f"{case.target:g}"
        spent = [statistics.median(each.cpu_us for each in rounds) for rounds in (mine, bare_one)]
        print(
            f"{case.name:{wide}}{compared(bare_one, mine)!s:>14}  {target:>6}"
            f"   {spent[0]:.1f}, {spent[1]:.1f}"
        )
    print(f"\n{'CPU, as a ratio to …':{wide}}")
    for case in cases:
        mine = found[case.name]["ours"]
        if case.like:
            beside = compared(mine, found[case.like]["ours"])
            print(f"{case.name:{wide}}{beside!s:>14}   {case.like} (at most {case.most:g})")
        for name, rounds in found[case.name].items():
            if name not in {"ours", "bare"}:
                print(f"{case.name:{wide}}{compared(mine, rounds)!s:>14}   {name}")


def report_footprint(figures: Mapping[str, Mapping[str, float]]) -> None:
    print()
    for name, found in figures.items():
        print(
            f"{name}: ready after {found['start_s']:.2f} s (at most {MOST_START_S:g}), "
            f"first answer {found['first_ms']:.1f} ms, the following {found['following_ms']:.1f} "
            f"(at most {MOST_LATER_MS} less), {found['resident_mb']:.0f} MB (at most {MOST_MB})"
        )


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(
        description="What a request costs.", epilog=f"cases: {'; '.join(c.name for c in CASES)}"
    )
    parser.add_argument(
        "--base", action="extend", nargs="+", default=[], help="commits to compare with"
    )
    parser.add_argument(
        "--peers",
        action="extend",
        nargs="+",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="Node projects and environments in which other mock servers are installed",
    )
    parser.add_argument(
        "--case", action="extend", nargs="+", default=[], metavar="PATTERN", help="such as 'echo*'"
    )
    parser.add_argument("--all", action="store_true", help="measure all cases")
    parser.add_argument("--seconds", type=int, default=2, help="of load in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    need_wrk()
    cases = selected(options.case, everything=options.all)
    if not cases:
        raise SystemExit(f"no case fits {' or '.join(options.case)}; --help lists them")
    checkouts = [None, *(checked_out(commit) for commit in options.base)]
    found = measured(
        cases,
        checkouts,
        seconds=options.seconds,
        rounds=options.rounds,
        peers_in=options.peers,
    )
    report(cases, found)
    figures = footprint(checkouts, options.rounds)
    report_footprint(figures)
    if options.json:
        told = {"cases": summary(cases, found), "footprint": figures}
        options.json.write_text(json.dumps(told, indent=2) + "\n")


def need_wrk() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit("benchmarks need wrk (Debian: apt-get install wrk)")


if __name__ == "__main__":
    main()
