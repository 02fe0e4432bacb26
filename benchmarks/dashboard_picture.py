"""The picture of the example dashboard: docs/watching/grafana.svg, from what a real server counted.

    python benchmarks/dashboard_picture.py [--seconds 45]

A server is loaded with mixed requests and scraped once a second. Then the expressions of the
dashboard's panels are computed from the scrapes, as far as it uses PromQL: rates, sums by a label,
quantiles of histograms. Colours and layout are like Grafana's; nothing of Grafana runs.
"""

import argparse
import contextlib
import html
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "watching"
DASHBOARD, PICTURE = FOLDER / "grafana-dashboard.json", FOLDER / "grafana.svg"
WINDOW = 8
"""Scrapes that a rate is taken over."""
WARM_UP_S = 8
"""What is loaded when it is first asked for would stand out for as long."""
CLIENTS = 12

SCENARIO = {
    "version": 1,
    "limits": {"gpt-4.1": {"requests_per_minute": 24}},
    "rules": [
        {
            "name": "overloaded",
            "when": {"last_user": {"contains": "busy"}},
            "fail": {"kind": "rate_limit", "retry_after_s": 1},
        },
        {
            "name": "cut",
            "when": {"last_user": {"contains": "long"}},
            "reply": {"kind": "lorem", "tokens": 30},
            "fail": {"kind": "disconnect", "after_tokens": 12},
        },
        {
            "name": "answered",
            "reply": {"kind": "lorem", "tokens": 24},
            "latency": {
                "ttft_ms": {"median": 180, "sigma": 0.5},
                "per_token_ms": {"median": 18, "sigma": 0.4},
            },
        },
    ],
}

Scrape = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def loaded(seconds: int) -> list[Scrape]:
    """Return what a server that is under load shows, once a second."""
    scrapes: list[Scrape] = []
    with served() as url:
        ended = threading.Event()
        clients = [
            threading.Thread(target=ask, args=(url, number, ended)) for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        time.sleep(WARM_UP_S)
        with httpx.Client() as scraper:
            for _ in range(seconds):
                text = scraper.get(f"{url}/metrics").text
                scrapes.append(read(text))
                time.sleep(1)
        ended.set()
        for client in clients:
            client.join()
    return scrapes


@contextlib.contextmanager
def served() -> Iterator[str]:
    """Serve the scenario in a process of its own, and yield its address."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mixed.yaml"
        file.write_text(json.dumps(SCENARIO))
        command = [sys.executable, "-m", "mockserver", "serve", "--scenario", str(file)]
        command += ["--seed", "7", "--port", "0", "--ready-json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
            try:
                assert server.stdout is not None
                yield f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}"
            finally:
                server.terminate()


def ask(url: str, number: int, ended: threading.Event) -> None:
    """Ask one thing after the other until *ended*."""
    rng = random.Random(number)
    with httpx.Client(timeout=30, headers={"authorization": "Bearer sk-picture"}) as client:
        while not ended.wait(rng.expovariate(3)):
            said = rng.choices(["hello", "busy", "a long story"], [85, 8, 7])[0]
            body = {
                "model": rng.choice(["gpt-4o-mini", "gpt-4o-mini", "gpt-4.1"]),
                "stream": rng.random() < 0.8,
                "messages": [{"role": "user", "content": f"{said} {rng.random()}"}],
            }
            session = rng.choice(["", "/s/checkout", "/s/search"])
            with contextlib.suppress(httpx.TransportError):  # as a failure of the scenario has it
                client.post(f"{url}{session}/v1/chat/completions", json=body)


def read(text: str) -> Scrape:
    """Return the samples of an exposition."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


# --- The PromQL that the dashboard uses ----------------------------------------------------------

SELECTOR = r"(?P<metric>\w+)(?:\{(?P<selector>[^}]*)\})?"
RATE = rf"rate\({SELECTOR}\[\$__rate_interval\]\)"
SUM = re.compile(rf"sum by \((?P<by>\w*)\) \((?:{RATE}|{SELECTOR.replace('<', '<plain_')})\)")
QUANTILE = re.compile(rf"histogram_quantile\((?P<q>[\d.]+), sum by \(le\) \({RATE}\)\)")

Lines = Mapping[str, Sequence[float | None]]


def lines_of(expr: str, legend: str, scrapes: Sequence[Scrape]) -> Lines:
    """Return the lines that *expr* draws, by their legends."""
    if found := QUANTILE.fullmatch(expr):
        summed = by_label(scrapes, found["metric"], found["selector"], "le", is_rate=True)
        count = len(scrapes)
        return {legend: [quantile(float(found["q"]), summed, at) for at in range(count)]}
    found = SUM.fullmatch(expr)
    if found is None:
        raise SystemExit(f"the picture cannot compute {expr}")
    metric, selector = found["metric"], found["selector"]
    is_rate = metric is not None
    if not is_rate:
        metric, selector = found["plain_metric"], found["plain_selector"]
    summed = by_label(scrapes, metric, selector, found["by"], is_rate=is_rate)
    named = re.compile(r"\{\{\w+\}\}")
    return {named.sub(label or "(none)", legend): line for label, line in sorted(summed.items())}


def by_label(
    scrapes: Sequence[Scrape], metric: str, selector: str | None, by: str, *, is_rate: bool
) -> dict[str, list[float]]:
    """Return the sum of *metric* for each value of the label *by*, at each scrape."""
    wanted = set(re.findall(r'(\w+)="([^"]*)"', selector or ""))
    keys = [key for key in scrapes[-1] if key[0] == metric and wanted <= key[1]]
    found: dict[str, list[float]] = {}
    for key in keys:
        line = found.setdefault(dict(key[1]).get(by, ""), [0.0] * len(scrapes))
        for at, scrape in enumerate(scrapes):
            value = scrape.get(key, 0.0)
            if is_rate:
                first = max(0, at - WINDOW)
                value = (value - scrapes[first].get(key, 0.0)) / max(1, at - first)
            line[at] += value
    return found


def quantile(q: float, summed: Mapping[str, Sequence[float]], at: int) -> float | None:
    """Return the quantile as Prometheus computes it: linear within a bucket."""
    buckets = sorted((float(le), line[at]) for le, line in summed.items())
    if not buckets or not buckets[-1][1]:
        return None
    rank, below, passed = q * buckets[-1][1], 0.0, 0.0
    for bound, count in buckets:
        if count >= rank and count > passed:
            return (
                below
                if bound == float("inf")
                else (below + (bound - below) * (rank - passed) / (count - passed))
            )
        below, passed = bound, count
    return below


# --- Drawing -------------------------------------------------------------------------------------

COLOURS = ("#73BF69", "#F2CC0C", "#8AB8FF", "#FF780A", "#F2495C", "#5794F2", "#B877D9", "#705DA0")
UNIT, ROW, TOP = 50, 30, 64
"""Pixels of a column and a row of Grafana's grid, and of the head."""


def drawn(dashboard: Mapping[str, object], scrapes: Sequence[Scrape]) -> str:
    """Return the picture of *dashboard*."""
    panels = dashboard["panels"]
    height = TOP + max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in panels) * ROW + 10
    width = 24 * UNIT + 20
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="Inter, Helvetica, Arial, sans-serif" font-size="12">'
        ),
        f'<rect width="{width}" height="{height}" fill="#111217"/>',
        text(18, 36, str(dashboard["title"]), "#D8D9DA", 18),
    ]
    left = 190.0
    for name in ("Data source: Prometheus", "Model: All", "Endpoint: All"):
        size = 16 + 6.7 * len(name)
        parts.append(f'<rect x="{left}" y="18" width="{size}" height="26" rx="3" fill="#22252B"/>')
        parts.append(text(left + 8, 35, name, "#9DA5B8"))
        left += size + 10
    parts += [panel_drawn(panel, scrapes) for panel in panels]
    return "\n".join([*parts, "</svg>\n"])


def text(x: float, y: float, said: str, colour: str = "#9DA5B8", size: int = 12) -> str:
    """Return *said* at a place."""
    place = f'x="{x:.1f}" y="{y:.1f}"'
    return f'<text {place} fill="{colour}" font-size="{size}">{html.escape(said)}</text>'


def panel_drawn(panel: Mapping[str, object], scrapes: Sequence[Scrape]) -> str:
    """Return one panel."""
    grid = panel["gridPos"]
    x, y = 10 + grid["x"] * UNIT, TOP + grid["y"] * ROW
    width, height = grid["w"] * UNIT - 8, grid["h"] * ROW - 8
    lines: dict[str, Sequence[float | None]] = {}
    for target in panel["targets"]:
        lines |= lines_of(target["expr"], target["legendFormat"], scrapes)
    unit = panel["fieldConfig"]["defaults"]["unit"]
    highest = max([v for line in lines.values() for v in line if v is not None], default=0) or 1
    step = nice(highest / 4)
    top = step * max(1, -(-highest // step))
    parts = [
        (
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill="#181B1F" '
            f'stroke="#25282E"/>'
        ),
        text(x + 10, y + 20, str(panel["title"]), "#D8D9DA", 13),
    ]
    rows = legend_rows(lines, width - 20)
    x0, y0 = x + 66, y + 34
    w, h = width - 80, height - 34 - 20 - 16 * len(rows)
    for number in range(round(top / step) + 1):
        level = y0 + h - h * number * step / top
        parts.append(f'<path d="M{x0} {level:.1f}h{w}" stroke="#2C3036"/>')
        parts.append(text(x + 8, level + 4, measure(number * step, unit), size=11))
    for number, line in enumerate(lines.values()):
        points = [
            f"{x0 + w * at / (len(line) - 1):.1f} {y0 + h - h * value / top:.1f}"
            for at, value in enumerate(line)
            if value is not None and at > 1
        ]
        if points:
            colour = COLOURS[number % len(COLOURS)]
            path = f"M{'L'.join(points)}"
            parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
    for at in (0, len(scrapes) // 2, len(scrapes) - 1):
        place = x0 + w * at / (len(scrapes) - 1) - (24 if at else 0)
        parts.append(text(place, y0 + h + 14, f"{at} s", size=10))
    number = 0
    for row, names in enumerate(rows):
        left = x + 12.0
        for name in names:
            level = y0 + h + 32 + 16 * row
            colour = COLOURS[number % len(COLOURS)]
            parts.append(f'<path d="M{left} {level - 4}h12" stroke="{colour}" stroke-width="3"/>')
            parts.append(text(left + 17, level, name, size=11))
            left += 28 + 6.2 * len(name)
            number += 1
    return "\n".join(parts)


def legend_rows(names: Mapping[str, object], width: float) -> list[list[str]]:
    """Return *names* in rows that are no wider than *width*."""
    rows: list[list[str]] = [[]]
    left = 0.0
    for name in names:
        needed = 28 + 6.2 * len(name)
        if left + needed > width and rows[-1]:
            rows.append([])
            left = 0.0
        rows[-1].append(name)
        left += needed
    return rows


def nice(step: float) -> float:
    """Return the next of 1, 2, 5, 10, … times a power of ten."""
    power = 10.0 ** (len(str(int(step))) - 1 if step >= 1 else -8)
    while power * 10 <= step:
        power *= 10
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step)


def measure(value: float, unit: str) -> str:
    """Return *value* with its unit, as Grafana writes it."""
    if unit == "s":
        return f"{value:g} s" if value >= 1 or not value else f"{value * 1_000:.4g} ms"
    if unit == "percentunit":
        return f"{value * 100:.4g}%"
    suffix = {"reqps": " req/s", "ops": " ops/s"}.get(unit, "")
    return f"{value:.4g}{suffix}"


def main() -> None:
    """Load a server, scrape it, draw what it showed."""
    parser = argparse.ArgumentParser(description="Draw the picture of the example dashboard.")
    parser.add_argument("--seconds", type=int, default=45, help="of load")
    options = parser.parse_args()
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    PICTURE.write_text(drawn(dashboard, loaded(options.seconds)), "utf-8")


if __name__ == "__main__":
    main()
