"""Draw what each preset of `latency` asks for, and what a running server does: docs/latency/*.svg.

    python benchmarks/latency_plots.py [--calls 200] [--tokens 24] [--slower 1] [PRESET …]

A server is started with each preset in turn, and asked over the loopback by streams that begin
one after the other. The lines are what is asked for, worked out from many plans; the dots are
what came. On a busy machine, `--slower 5` has everything happen in slow motion, by the server's
time scale, and tells times as they would have been.
"""

import argparse
import asyncio
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from pacing import Stream, opened, quantile, server

from mockserver.traffic.latency import Latency, presets

DOCS = Path(__file__).resolve().parent.parent / "docs" / "latency"
SCENARIO = """\
version: 1
rules:
  - {{reply: "{words}", latency: {preset}}}
"""
PLANS = 4_000
WIDTH, HEIGHT = 340, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 34, 40
DOTS = 40
SPREAD_S = 0.04
"""From the beginning of one call to that of the next: so few at once do not make anybody late."""


def measured(preset: str, calls: int, tokens: int, slower: float) -> list[Stream]:
    """Return *calls* streams that a server with *preset* has answered, so many times *slower*."""

    async def ask(port: int) -> list[Stream]:
        async def answered(count: int, over_s: float) -> list[Stream]:
            streams = await opened(port, count, "go", over_s)
            for stream in streams:
                await stream.ended
            return streams

        # A server that has just begun still loads what it counts by.
        await answered(3, 0.0)
        return await answered(calls, calls * SPREAD_S)

    scenario = SCENARIO.format(words=" w" * tokens, preset=preset)
    with server(scenario, "--time-scale", str(slower)) as (_, port):
        return asyncio.run(ask(port))


def ticks(most: float) -> list[float]:
    """Return about five round figures up to *most*."""
    step = next(
        (
            unit * scale
            for scale in (0.1, 1, 10, 100, 1_000, 10_000)
            for unit in (1, 2, 5)
            if most / (unit * scale) <= 5
        ),
        10_000,
    )
    return [step * number for number in range(int(most / step) + 1)]


def figure(value: float) -> str:
    """Return *value* to three digits or whole milliseconds."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def panel(title: str, asked: Sequence[float], came: Sequence[float], at: int) -> str:
    """Return a plot: the share of *asked* (line) and *came* (dots) that lies below each time."""
    most = max(quantile(list(asked), 0.995), quantile(list(came), 0.97), 1.0) * 1.05
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(value: float) -> float:
        return LEFT + wide * min(value, most) / most

    def y(share: float) -> float:
        return TOP + high * (1 - share)

    parts = [f'<g transform="translate({at},0)">']
    parts.append(f'<text class="title" x="{LEFT}" y="16">{title}</text>')
    for share in (0, 0.5, 0.95):
        parts.append(f'<path class="grid" d="M{LEFT},{y(share):.1f}h{wide}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(share) + 4:.1f}" class="end">{share:.0%}</text>')
    for value in ticks(most):
        parts.append(f'<path class="grid" d="M{x(value):.1f},{TOP}v{high}"/>')
        label = f"{value:g}"
        parts.append(f'<text class="mid" x="{x(value):.1f}" y="{TOP + high + 15}">{label}</text>')
    line = [(quantile(list(asked), k / 100), k / 100) for k in range(100)]
    path = "L".join(f"{x(value):.1f},{y(share):.1f}" for value, share in line)
    parts.append(f'<path class="asked" d="M{path}"/>')
    for number in range(DOTS):
        share = (number + 0.5) / DOTS
        value = quantile(list(came), share)
        if value <= most:
            parts.append(f'<circle cx="{x(value):.1f}" cy="{y(share):.1f}" r="2.2"/>')
    told = [
        f"p{share * 100:.0f} {figure(quantile(list(asked), share))}, "
        f"measured {figure(quantile(list(came), share))}"
        for share in (0.5, 0.95)
    ]
    note = " \N{MIDDLE DOT} ".join(["ms", *told])
    parts.append(f'<text class="note" x="{LEFT}" y="{HEIGHT - 8}">{note}</text></g>')
    return "".join(parts)


STYLE = (
    "text{font:11px sans-serif;fill:#444}.title{font-weight:bold;fill:#222}.note{font-size:9.5px}"
    ".mid{text-anchor:middle}.end{text-anchor:end}.grid{stroke:#ddd;fill:none}"
    ".asked{stroke:#1f5fa8;stroke-width:2;fill:none}circle{fill:#d9541e}"
)


def drawing(preset: str, streams: Sequence[Stream], tokens: int, slower: float) -> str:
    """Return the SVG of *preset*."""
    rng = random.Random(1)
    latency = Latency(preset=preset)
    plans = [latency.plan(tokens, 0, 1, rng) for _ in range(PLANS)]
    ttft = [plan.ttft_s * 1_000 for plan in plans]
    gaps = [gap * 1_000 for plan in plans[: PLANS // 10] for gap in plan.gaps_s]
    came_ttft = [(s.came[0] - s.asked) * 1_000 / slower for s in streams]
    came_gaps = [
        (later - earlier) * 1_000 / slower
        for s in streams
        for earlier, later in zip(s.came, s.came[1:], strict=False)
    ]
    panels = panel(f"{preset}: to the first token", ttft, came_ttft, 0)
    panels += panel("from token to token", gaps, came_gaps, WIDTH)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {HEIGHT}" role="img">'
        f"<title>{preset}: asked for (line) and measured (dots)</title><style>{STYLE}</style>"
        f'<rect width="100%" height="100%" fill="#fff"/>{panels}</svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="*", metavar="PRESET", help="all of them, unless stated")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--slower", type=float, default=1.0, help="slow motion, so many times")
    options = parser.parse_args()
    DOCS.mkdir(exist_ok=True)
    for preset in options.presets or presets():
        streams = measured(preset, options.calls, options.tokens, options.slower)
        svg = drawing(preset, streams, options.tokens, options.slower)
        (DOCS / f"{preset}.svg").write_text(svg, "utf-8")
        print(f"drew {preset}", file=sys.stderr)


if __name__ == "__main__":
    main()
