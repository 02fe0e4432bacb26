"""Whether anything is left of a hundred thousand requests that fail in every way.

    python benchmarks/soak.py [--requests 100000] [--at-once 32]

The server runs in this process, its clients in another, on loopback. A twentieth of the requests
meets each kind of failure; those that never end are left after a moment. Behind a warm-up, and
at the end, the server's memory, descriptors and tasks are counted; the exit code is 1 if more is
left than may be.
"""

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from mockserver import MockServer, load_scenario
from mockserver.scenario.loader import ScenarioText

WARM_UP = 0.2
"""The part of the requests after which memory is first looked at."""
BODIES = 1_000
"""Bodies that differ; the same come again."""
PATIENCE_S = 0.5
"""So long a client waits for the end of an answer before it leaves."""
ENDING_S = 30
"""So long what the last clients left may take to end."""
MOST_GROWTH_MB = 20
MOST_LEFT = 2
CHANCE = "probability: 0.05"
SCENARIO = f"""
version: 1
rules:
  - {{name: http-error, fail: {{kind: http_error, status: 500, {CHANCE}}}}}
  - {{name: rate-limit, fail: {{kind: rate_limit, {CHANCE}}}}}
  - {{name: page, fail: {{kind: gateway_page, {CHANCE}}}}}
  - {{name: reset, fail: {{kind: disconnect, {CHANCE}}}}}
  - {{name: cut, fail: {{kind: disconnect, how: fin, after_tokens: 3, {CHANCE}}}}}
  - {{name: garbage, fail: {{kind: bad_status_line, {CHANCE}}}}}
  - {{name: silent, fail: {{kind: stall, {CHANCE}}}}}
  - {{name: held, fail: {{kind: stall, after_tokens: 3, until: released, {CHANCE}}}}}
  - {{name: comments, fail: {{kind: stall, at: end, comments_every_s: 0.01, {CHANCE}}}}}
  - {{name: short, fail: {{kind: short_body, {CHANCE}}}}}
  - {{name: chunk, fail: {{kind: bad_chunk, {CHANCE}}}}}
  - {{name: stale, fail: {{kind: stale_connection, {CHANCE}}}}}
  - {{name: drip, fail: {{kind: drip, bytes: 64, every_ms: 0.5, {CHANCE}}}}}
  - {{name: truncate, fail: {{kind: truncate, after_tokens: 3, {CHANCE}}}}}
  - {{name: omit, fail: {{kind: omit, parts: [done, usage, finish_reason], {CHANCE}}}}}
  - {{name: inject, fail: {{kind: inject, what: error_event, {CHANCE}}}}}
  - {{name: reframe, fail: {{kind: reframe, split: 7, newline: crlf, {CHANCE}}}}}
  - {{name: encode, fail: {{kind: encode, how: corrupt, {CHANCE}}}}}
  - {{name: wrong-type, fail: {{kind: wrong_type, send: json, {CHANCE}}}}}
  - {{name: empty, fail: {{kind: empty, {CHANCE}}}}}
  - {{name: answer, reply: "One two three four five six seven eight nine ten."}}
"""


# --- The clients -----------------------------------------------------------------------------


def body(number: int) -> bytes:
    said = {"role": "user", "content": f"request {number % BODIES}"}
    asked = {"model": "gpt-4o-mini", "messages": [said], "stream": number % 2 == 0}
    return json.dumps(asked).encode()


def request(number: int) -> bytes:
    content = body(number)
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk-soak\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + content


async def ask(url: str, number: int) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(request(number))
        async with asyncio.timeout(PATIENCE_S):
            await reader.read(-1)
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.transport.abort()


async def storm(url: str, first: int, count: int, at_once: int) -> None:
    numbers = iter(range(first, first + count))

    async def worker() -> None:
        for number in numbers:
            await ask(url, number)

    await asyncio.gather(*(worker() for _ in range(at_once)))


def send(url: str, first: int, count: int, at_once: int) -> None:
    """Send *count* requests from another process."""
    numbers = [str(first), str(count), str(at_once)]
    subprocess.run([sys.executable, __file__, "--client", url, *numbers], check=True)


# --- The server ------------------------------------------------------------------------------


def memory_mb() -> float:
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def tasks(server: MockServer) -> int:
    loop = server._loop  # noqa: SLF001 - there is no other way to look into its thread
    assert loop is not None
    return len(asyncio.all_tasks(loop))


def counted(server: MockServer) -> tuple[float, int, int]:
    """Return memory, descriptors and tasks once what is ending has ended."""
    until = time.monotonic() + ENDING_S
    while tasks(server) > 1 and time.monotonic() < until:
        time.sleep(0.1)
    gc.collect()
    return memory_mb(), descriptors(), tasks(server)


def soak(requests: int, at_once: int) -> int:
    warm_up = int(requests * WARM_UP)
    with MockServer(load_scenario(ScenarioText(SCENARIO))) as server:
        send(server.url, 0, at_once, at_once)
        _, first_fds, first_tasks = counted(server)
        began = time.monotonic()
        send(server.url, 0, warm_up, at_once)
        warm_mb, _, _ = counted(server)
        send(server.url, warm_up, requests - warm_up, at_once)
        took_s = time.monotonic() - began
        last_mb, last_fds, last_tasks = counted(server)
        journal = list(server.session().journal)
    figures = (
        ("memory, MB", warm_mb, last_mb, MOST_GROWTH_MB),
        ("descriptors", first_fds, last_fds, MOST_LEFT),
        ("tasks", first_tasks, last_tasks, MOST_LEFT),
    )
    whole = sum(call.outcome == "sent" for call in journal) / len(journal)
    print(
        f"{requests} requests in {took_s:.0f} s, {at_once} at once; {whole:.0%} were answered whole"
    )
    for name, before, after, most in figures:
        print(f"{name:12} {before:8.1f} -> {after:8.1f}  (at most {most} more)")
    return int(any(after - before > most for _, before, after, most in figures))


def main() -> int:
    if sys.argv[1:2] == ["--client"]:
        url, *numbers = sys.argv[2:]
        asyncio.run(storm(url, *map(int, numbers)))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--at-once", type=int, default=32)
    options = parser.parse_args()
    return soak(options.requests, options.at_once)


if __name__ == "__main__":
    sys.exit(main())
