"""How evenly streams are paced, and what streams cost that stand still.

    python benchmarks/pacing.py [--streams 500] [--rate 50] [--seconds 10] [--stalled 2000]
                                [--repeat 1] [--json FILE]

The server is a process of its own and so is the client, which reads raw bytes and notes when
each piece comes. Streams begin one after the other during two seconds; what is measured are
the times between tokens of one stream, and from its first token to its last. A busy machine
makes the 99th percentile worse, not the rate: told beside them is how late a bare timer of the
client rang meanwhile.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from run import cpu_s, rss_mb

SERVER = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--ready-json"]
RAMP_S = 2.0
SCENARIO = """\
version: 1
rules:
  - {{when: {{last_user: stall}}, reply: "Never.", latency: {{ttft_ms: 600000}}}}
  - {{reply: "{words}", latency: {{ttft_ms: 200, per_token_ms: {gap_ms}}}}}
"""
ASKED = {"rate_error": 0.005, "late_p99_ms": 5.0, "cores": 1.0, "stalled_mb": 150.0}
"""What each figure should stay below."""


class Stream(asyncio.Protocol):
    """One client of one stream: notes when tokens come."""

    def __init__(self, request: bytes) -> None:
        self.came: list[float] = []
        self.began = asyncio.get_running_loop().create_future()
        self.ended = asyncio.get_running_loop().create_future()
        self._request = request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self.asked = time.perf_counter()
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note how many tokens have come."""
        if not self.began.done():
            self.began.set_result(None)
        self.came += [time.perf_counter()] * data.count(b'"content":" w')

    def connection_lost(self, error: Exception | None) -> None:
        """Note the end."""
        if not self.ended.done():
            self.ended.set_result(error)


def request(said: str) -> bytes:
    """Return the bytes of a request for a stream that closes its connection."""
    messages = [{"role": "user", "content": said}]
    body = json.dumps({"model": "gpt-4o-mini", "stream": True, "messages": messages}).encode()
    lines = (
        "POST /v1/chat/completions HTTP/1.1",
        "host: localhost",
        "authorization: Bearer sk-bench",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
        "\r\n",
    )
    return "\r\n".join(lines).encode() + body


@contextlib.contextmanager
def server(scenario: str, *options: str) -> Iterator[tuple[int, int]]:
    """Serve *scenario* with *options*; give the server's process and port."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pacing.yaml"
        path.write_text(scenario, "utf-8")
        process = subprocess.Popen(
            [*SERVER, "--scenario", str(path), *options], stdout=subprocess.PIPE, text=True
        )
        try:
            yield process.pid, json.loads(process.stdout.readline())["port"]
        finally:
            process.terminate()
            process.wait(10)


async def opened(port: int, count: int, said: str, over_s: float) -> list[Stream]:
    """Return *count* streams, begun evenly *over_s* seconds."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    streams = []
    for number in range(count):
        await asyncio.sleep(started + over_s * number / count - loop.time())
        _, stream = await loop.create_connection(lambda: Stream(request(said)), "127.0.0.1", port)
        streams.append(stream)
    return streams


async def lateness(gap_s: float, late_ms: list[float]) -> None:
    """Note how late a timer rings that is alone in its loop but for what is measured."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += gap_s
        await asyncio.sleep(due - loop.time())
        late_ms.append((loop.time() - due) * 1_000)


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def paced(pid: int, port: int, streams: int, gap_s: float) -> dict[str, float]:
    """Return the figures of *streams* whose tokens should come every *gap_s*."""
    # A server that has just begun still loads what it counts by, and keeps what comes twice.
    for stream in await opened(port, 3, "go", 0.0):
        await stream.began
        stream.transport.abort()
    late_ms: list[float] = []
    timer = asyncio.create_task(lateness(gap_s, late_ms))
    used, began = cpu_s(pid), time.perf_counter()
    running = await opened(port, streams, "go", RAMP_S)
    for stream in running:
        await stream.ended
    took = time.perf_counter() - began
    timer.cancel()
    whole = [(s.came[-1] - s.came[0]) / (gap_s * (len(s.came) - 1)) for s in running]
    gaps = [(b - a) * 1_000 for s in running for a, b in zip(s.came, s.came[1:], strict=False)]
    return {
        "streams": streams,
        "tokens": sum(len(stream.came) for stream in running),
        "rate_error": abs(1 / statistics.fmean(whole) - 1),
        "worst_stream": max(abs(1 / share - 1) for share in whole),
        "gap_p50_ms": quantile(gaps, 0.5),
        "gap_p99_ms": quantile(gaps, 0.99),
        "late_p99_ms": quantile(gaps, 0.99) - gap_s * 1_000,
        "timer_late_p99_ms": quantile(late_ms, 0.99),
        "cores": (cpu_s(pid) - used) / took,
    }


async def stalled(pid: int, port: int, count: int) -> dict[str, float]:
    """Return what *count* streams cost that have sent their headers and nothing else."""
    before = rss_mb(pid)
    streams = await opened(port, count, "stall", 0.0)
    for stream in streams:
        await stream.began
    used = cpu_s(pid)
    await asyncio.sleep(2)
    idle = (cpu_s(pid) - used) / 2
    told = {
        "stalled": count,
        "stalled_mb": rss_mb(pid),
        "stalled_before_mb": before,
        "stalled_cores": idle,
    }
    for stream in streams:
        stream.transport.abort()
    return told


def measure(options: argparse.Namespace) -> dict[str, float]:
    gap_s = 1 / options.rate
    words = " w" * (options.rate * options.seconds)
    told: dict[str, float] = {}
    if options.streams:
        with server(SCENARIO.format(words=words, gap_ms=gap_s * 1_000)) as (pid, port):
            told |= asyncio.run(paced(pid, port, options.streams, gap_s))
    if options.stalled:
        with server(SCENARIO.format(words=words, gap_ms=gap_s * 1_000)) as (pid, port):
            told |= asyncio.run(stalled(pid, port, options.stalled))
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--rate", type=int, default=50, help="tokens per second of each")
    parser.add_argument("--seconds", type=int, default=10, help="how long each lasts")
    parser.add_argument("--stalled", type=int, default=2_000, help="streams that stand still")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    options = parser.parse_args()
    rounds = [measure(options) for _ in range(options.repeat)]
    for told in rounds:
        for name, value in told.items():
            asked = ASKED.get(name)
            verdict = "" if asked is None else f"  (asked: below {asked:g})"
            print(f"{name:18} {value:10.4g}{verdict}")
        print()
    if options.json:
        options.json.write_text(json.dumps(rounds, indent=1))


if __name__ == "__main__":
    main()
