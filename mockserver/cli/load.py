"""What `mockserver report --load` prints: how fast a server answered, beside what was planned."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from mockserver.control.shapes import Bar, Load, Spread, Timing

BLOCKS: Final = " ▏▎▍▌▋▊▉█"
"""What eighths of a character look like."""
WIDTH: Final = 40
"""Characters of the longest bar."""
MOST_BARS: Final = 16
"""So many bounds are shown; what is below is put together."""
NONE: Final = "-"


def lines_of(load: Load, *, is_plain: bool) -> Iterator[str]:
    """Yield the lines about *load*; with ASCII alone where *is_plain*."""
    yield _rate(load)
    yield f"being answered now: {load.running}, of which {load.queued} wait for their turn"
    yield ""
    yield from _table(_rows(load))
    yield ""
    yield _tokens(load)
    yield f"statuses ({_counts(load.statuses)}), outcomes ({_counts(load.outcomes)})"
    yield f"refused for limits ({_counts(load.refusals)}), failures ({_counts(load.failures)})"
    if load.unmatched:
        yield f"answered by no rule: {load.unmatched}"
    for name, spread in (
        ("time to first token", load.first_token.measured),
        ("between tokens", load.between_tokens.measured),
        ("whole answer", load.duration.measured),
    ):
        if spread.count:
            yield ""
            yield f"{name}, as measured"
            yield from _bars(spread.bars, is_plain=is_plain)


def _rate(load: Load) -> str:
    counted = f"{load.calls:,} {'call' if load.calls == 1 else 'calls'}"
    if load.per_s is None:
        return f"{counted}: too few to tell a rate"
    recent = "" if load.recent_per_s is None else f", {load.recent_per_s:,.1f} in the last minute"
    rate = f"{load.per_s:,.1f} a second (at most {load.busiest_per_s:,} in one second{recent})"
    return f"{counted} in {_span(load.span_s)}: {rate}"


def _span(seconds: float) -> str:
    return f"{seconds:,.1f} s"


def _tokens(load: Load) -> str:
    rate = f", {load.completion_tokens / load.span_s:,.0f} a second" if load.span_s else ""
    cached, reasoning = load.cached_tokens, load.reasoning_tokens
    return (
        f"tokens: input {load.prompt_tokens:,} ({cached:,} cached), "
        f"output {load.completion_tokens:,} ({reasoning:,} reasoning){rate}"
    )


def _counts(counts: Mapping[str, int]) -> str:
    found = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join([f"{name}: {count:,}" for name, count in found]) or "none"


# --- The table -----------------------------------------------------------------------------------

HEAD: Final = ("", "", "count", "mean", "p50", "p90", "p99", "max")


def _rows(load: Load) -> Iterator[Sequence[str]]:
    yield HEAD
    yield from _both("time to first token", load.first_token)
    yield from _both("between tokens", load.between_tokens)
    yield from _both("whole answer", load.duration)
    yield ("server late", "first token", *_figures(load.late_first_token))
    yield ("", "last byte", *_figures(load.late_last_byte))


def _both(name: str, timing: Timing) -> Iterator[Sequence[str]]:
    yield (name, "measured", *_figures(timing.measured))
    yield ("", "planned", *_figures(timing.planned))


def _figures(spread: Spread) -> Iterator[str]:
    yield f"{spread.count:,}"
    for found in (spread.mean_ms, spread.p50_ms, spread.p90_ms, spread.p99_ms, spread.max_ms):
        yield NONE if found is None else _time(found)


def _time(ms: float) -> str:
    """Return *ms* with three digits that say something, in ms or s."""
    if ms >= 1_000:  # noqa: PLR2004 - a second
        return f"{ms / 1_000:.3g} s" if ms < 1e6 else f"{ms / 1_000:,.0f} s"  # noqa: PLR2004
    return f"{ms:.3g} ms" if ms >= 0.001 else "0 ms"  # noqa: PLR2004 - a microsecond


def _table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    found = list(rows)
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    for row in found:
        names = [cell.ljust(width) for cell, width in zip(row[:2], widths, strict=False)]
        figures = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        yield "  ".join([*names, *figures]).rstrip()


# --- Histograms ----------------------------------------------------------------------------------


def _bars(bars: Sequence[Bar], *, is_plain: bool) -> Iterator[str]:
    shown = list(bars)
    if len(shown) > MOST_BARS:
        below, shown = shown[: 1 - MOST_BARS], shown[1 - MOST_BARS :]
        count = sum(bar.count for bar in below)
        shown.insert(0, Bar(upto_ms=below[-1].upto_ms, count=count))
    highest = max(bar.count for bar in shown)
    labels = [f"up to {_time(bar.upto_ms)}" for bar in shown]
    widest = max(map(len, labels))
    for label, bar in zip(labels, shown, strict=True):
        drawn = _bar(bar.count / highest, is_plain=is_plain)
        yield f"  {label.rjust(widest)}  {drawn}{' ' if drawn else ''}{bar.count:,}"


def _bar(share: float, *, is_plain: bool) -> str:
    if is_plain:
        return "#" * max(round(share * WIDTH), share > 0)
    eighths = max(round(share * WIDTH * 8), share > 0)
    whole, rest = divmod(eighths, 8)
    return BLOCKS[-1] * whole + (BLOCKS[rest] if rest else "")
