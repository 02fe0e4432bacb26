"""What comparing found, for people and for programs."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from mockserver.errors import UsageError, did_you_mean
from mockserver.recordings.comparing.comparing import Compared, Comparison
from mockserver.recordings.comparing.findings import EXACTNESS, KINDS, Finding

WIDTH: Final = 40


class Figure(NamedTuple):
    """How many answers were compared in one respect, and how many agree."""

    compared: int = 0
    same: int = 0

    @property
    def percent(self) -> float:
        """How many of a hundred agree."""
        return 100 * self.same / self.compared

    def and_one(self, finding: Finding) -> "Figure":
        """Return the figure with *finding* counted."""
        return Figure(self.compared + 1, self.same + finding.is_same)


class Examples(NamedTuple):
    """Differences of one kind, at one provider, in one place: each with its source."""

    kind: str
    provider: str
    place: str
    found: list[tuple[str, str]]


def kinds_named(words: Iterable[str]) -> frozenset[str]:
    """Return the kinds that *words* name: each in full, or several by how they begin (`stream`).

    Raises:
        UsageError: One of them names none.

    """
    found: set[str] = set()
    for word in words:
        named = {kind for kind in KINDS if kind == word or kind.startswith(f"{word}-")}
        if not named:
            hint = did_you_mean(word, KINDS) or f"known: {', '.join(KINDS)}"
            raise UsageError(f"there is no kind of difference '{word}'\n  {hint}")
        found |= named
    return frozenset(found)


class Report:
    """What comparing found, of some *kinds* only."""

    def __init__(self, comparison: Comparison, kinds: Collection[str] = ()) -> None:
        self._comparison = comparison
        self._kinds = kinds or KINDS.keys()

    def _findings(self) -> Iterator[tuple[Compared, Finding]]:
        for one in self._comparison.compared:
            for finding in one.findings:
                if finding.kind in self._kinds:
                    yield one, finding

    # --- Figures -------------------------------------------------------------------------

    def figures(self, *, rows: bool = False) -> dict[tuple[str, ...], Figure]:
        """Return the figures by kind, and by kind and provider; with *rows*, by what was asked.

        They are in the order of the kinds.
        """
        found: dict[tuple[str, ...], Figure] = defaultdict(Figure)
        for one, finding in self._findings():
            full = (finding.kind, one.case.group, finding.about)
            for length in (1, 2, 3) if rows else (1, 2):
                found[full[:length]] = found[full[:length]].and_one(finding)
        order = list(KINDS)
        return {key: found[key] for key in sorted(found, key=lambda k: (order.index(k[0]), k))}

    def differences(self) -> dict[str, int]:
        """Return how many differences there are, by kind."""
        found: dict[str, int] = dict.fromkeys(
            (kind for kind in KINDS if kind in self._kinds and kind not in EXACTNESS), 0
        )
        for _, finding in self._findings():
            if finding.is_difference:
                found[finding.kind] += 1
        return found

    def examples(self) -> list[Examples]:
        """Return the differences, grouped by kind, provider and place; most frequent first."""
        found: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
        for one, finding in self._findings():
            if finding.is_difference:
                key = (finding.kind, one.case.group, finding.place)
                found[key].append((one.case.recording.source, finding.what))
        order = list(KINDS)
        groups = [Examples(*key, rows) for key, rows in found.items()]
        return sorted(groups, key=lambda g: (order.index(g.kind), g.provider, -len(g.found)))

    # --- For people ----------------------------------------------------------------------

    def text(self, *, examples: int, rows: bool) -> str:
        """Return a table, with so many *examples* of each group of differences."""
        compared, left_out = len(self._comparison.compared), self._comparison.left_out
        counted = f"{compared} recording{'' if compared == 1 else 's'} compared"
        lines = [f"{counted}, {len(left_out)} left out", ""]
        figures = self.figures(rows=rows)
        for key, figure in figures.items():
            name = "  " * (len(key) - 1) + key[-1]
            lines.append(f"{name:{WIDTH}} {figure.same:6}/{figure.compared:<6} {_percent(figure)}")
        if examples:
            lines += ["", *self._example_lines(examples)]
        lines += ["", self.line(figures)]
        return "\n".join(lines)

    def _example_lines(self, examples: int) -> Iterator[str]:
        for group in self.examples():
            yield f"{len(group.found):5} {group.kind} {group.provider}: {group.place}"
            for source, what in group.found[:examples]:
                yield f"      {source}: {what}"
        for reason in self._comparison.left_out[:examples]:
            yield f"left out: {reason}"

    def line(self, figures: Mapping[tuple[str, ...], Figure]) -> str:
        """Return *figures* by kind, and by kind and provider, in one line."""
        return " · ".join(
            f"{' '.join(key)} {_percent(figure).strip()} of {figure.compared}"
            for key, figure in figures.items()
            if len(key) <= 2  # noqa: PLR2004 - kind and provider
        )

    # --- For programs --------------------------------------------------------------------

    def document(self) -> dict[str, Any]:
        """Return everything as one JSON document."""
        return {
            "recordings": [
                _recording(one, [f for f in one.findings if f.kind in self._kinds])
                for one in self._comparison.compared
            ],
            "left_out": list(self._comparison.left_out),
            "figures": [
                {
                    **dict(zip(("kind", "provider", "about"), key, strict=False)),
                    "compared": figure.compared,
                    "same": figure.same,
                }
                for key, figure in self.figures(rows=True).items()
            ],
            "differences": self.differences(),
        }


def _percent(figure: Figure) -> str:
    return f"{figure.percent:5.1f} %"


def _recording(one: Compared, findings: Iterable[Finding]) -> dict[str, Any]:
    recording = one.case.recording
    return {
        "source": recording.source,
        "provider": one.case.group,
        "endpoint": recording.endpoint,
        "method": recording.request.method,
        "path": one.path,
        "status": recording.answer.status,
        "model": one.model or None,
        "findings": [
            {"kind": finding.kind, "about": finding.about, "same": finding.is_same}
            | ({} if finding.is_same else {"place": finding.place, "what": finding.what})
            for finding in findings
        ],
    }


class Allowed:
    """How many differences there may be: in all, and by kind."""

    def __init__(self, stated: Iterable[str]) -> None:
        """Take what was *stated*: `N`, or `KIND=N` (also for a group of kinds).

        Raises:
            UsageError: One of them is neither.

        """
        self._limits: list[tuple[str, frozenset[str], int]] = []
        for one in stated:
            name, equals, count = one.rpartition("=")
            if not count.isascii() or not count.isdigit() or (equals and not name):
                raise UsageError(f"'--allow {one}' is neither a number nor KIND=NUMBER")
            kinds = kinds_named([name]) if name else frozenset(KINDS)
            self._limits.append((name, kinds, int(count)))

    def excess(self, differences: Mapping[str, int]) -> list[str]:
        """Return in words which limits *differences* exceed."""
        found: list[str] = []
        for name, kinds, most in self._limits:
            count = sum(number for kind, number in differences.items() if kind in kinds)
            if count > most:
                of_kind = f" of kind '{name}'" if name else ""
                found.append(f"{count} differences{of_kind}, and {most} are allowed")
        return found
