"""What a request costs, beside a bare aiohttp handler, other commits and other mock servers.

    python benchmarks/run.py [--base COMMIT …] [--peers FOLDER …] [--case PATTERN … | --all]
                             [--seconds 2] [--rounds 5] [--json FILE] [--page]

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
from collections.abc import Sequence
from pathlib import Path

import peers
from cases import CASES, NUMBERS, SCENARIOS, Case, selected
from checkouts import checked_out
from figures import OURS, Rounds, print_cases, print_comparisons, print_footprint, summary, tables
from page import write
from servers import Load, NotStartedError, RefusedError, Server, ask, bare, load, ours

WARM_UP_S = 1
FOLLOWING = 10
"""Answers after the first that it is compared with."""

Checkouts = Sequence[Path | None]
"""Whose servers are measured; None is this checkout."""


# --- Measuring -----------------------------------------------------------------------------------


class Lineup:
    """All servers that take part: one of each checkout for each scenario, a bare one, peers."""

    def __init__(self, folder: Path, running: contextlib.ExitStack) -> None:
        self._folder = folder
        self._running = running
        self._ours: dict[str, list[Server]] = {}
        self._watched: dict[str, Server] = {}
        self._bare: list[Server] = []
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
        for name in dict.fromkeys(case.scenario for case in cases if case.watched):
            file = scenario_file(self._folder, name)
            self._watched[name] = self._running.enter_context(ours(file, is_watched=True))
        paths = dict.fromkeys(case.path for case in cases)
        self._bare.append(self._running.enter_context(bare(paths)))

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
        watched = [self._watched[case.scenario]] if case.watched else []
        for server in [*self._ours[case.scenario], *watched, *self._bare, *plain]:
            ((status, content, _),) = ask(server, case, [0])
            if status == 200:
                answering.append(server)
            elif server.name == OURS:
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
                        if server.name == OURS:
                            raise SystemExit(str(problem)) from None
                        note(str(problem))
                        taking_part[case.name].remove(server)
                        found.get(case.name, {}).pop(server.name, None)
                        continue
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
    parser.add_argument("--page", action="store_true", help="write the tables of docs/speed.md")
    options = parser.parse_args()
    need_wrk()
    cases = selected(options.case, everything=options.all)
    if not cases:
        raise SystemExit(f"no case fits {' or '.join(options.case)}; --help lists them")
    checkouts = [None, *dict.fromkeys(checked_out(commit) for commit in options.base)]
    found = measured(
        cases,
        checkouts,
        seconds=options.seconds,
        rounds=options.rounds,
        peers_in=options.peers,
    )
    print_cases(cases, found)
    print_comparisons(cases, found)
    small = footprint(checkouts, options.rounds)
    print_footprint(small)
    if options.json:
        figures = {"cases": summary(cases, found), "footprint": small}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.page:
        how = f"{options.rounds} rounds of {options.seconds} s"
        write("cases", tables(cases, found, small[OURS], how))


def need_wrk() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit("benchmarks need wrk (Debian: apt-get install wrk)")


if __name__ == "__main__":
    main()
