"""What sessions cost: time per request with one and with many, and memory per idle session.

    python benchmarks/sessions.py [--sessions 10000] [--requests 4000] [--json FILE]

One server answers the same requests, first in one session, then with many open, in turn through
all of them. Half of the sessions begin by their URL, half are created with a scenario of their
own. CPU is the server's own, per request: on a busy machine it says more than the time.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mockserver import Control

SERVER = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--ready-json"]
BODY = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]})
HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-bench"}
SCENARIO = {
    "rules": [
        {"name": "hello", "when": {"last_user": "Hi"}, "reply": "Hello."},
        {"name": "rest", "reply": {"kind": "lorem", "tokens": 20}},
    ]
}
MOST_KB = 20.0
"""The memory that an idle session may take."""
MOST_RATIO = 1.2
"""How much more a request may cost among many sessions."""


@contextmanager
def server() -> Iterator[tuple[int, str, int]]:
    """Start a server; give its process, its URL and its port."""
    process = subprocess.Popen(SERVER, stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(process.stdout.readline())
        yield process.pid, ready["base_url"].removesuffix("/v1"), ready["port"]
    finally:
        process.terminate()
        process.wait(10)


def cpu_s(pid: int) -> float:
    """Return the CPU time that *pid* has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_kb(pid: int) -> float:
    """Return the resident memory of *pid*."""
    return float(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def load(pid: int, port: int, names: Sequence[str], requests: int) -> tuple[float, float]:
    """Send *requests* in turn through *names*; return ms per request, and the server's CPU us."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    used, began = cpu_s(pid), time.perf_counter()
    for number in range(requests):
        name = names[number % len(names)]
        connection.request("POST", f"/s/{name}/v1/chat/completions", BODY, HEADERS)
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise SystemExit(f"the server refused: {content!r}")
    took = time.perf_counter() - began
    connection.close()
    return took / requests * 1e3, (cpu_s(pid) - used) / requests * 1e6


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description="What sessions cost.")
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    with server() as (pid, url, port):
        control = Control(url)
        load(pid, port, ["warm"], options.requests)
        figures["ms_one"], figures["cpu_us_one"] = load(pid, port, ["warm"], options.requests)
        before = rss_kb(pid)
        half = options.sessions // 2
        began = time.perf_counter()
        for number in range(half):
            control.new_session(f"created-{number}", SCENARIO)
        figures["ms_to_create"] = (time.perf_counter() - began) / half * 1e3
        figures["kb_created"] = (rss_kb(pid) - before) / half
        before = rss_kb(pid)
        by_url = [f"named-{number}" for number in range(half)]
        load(pid, port, by_url, half)
        figures["kb_named_and_called_once"] = (rss_kb(pid) - before) / half
        names = [name for n in range(half) for name in (f"created-{n}", by_url[n])]
        load(pid, port, names, options.requests)
        figures["ms_many"], figures["cpu_us_many"] = load(pid, port, names, options.requests)
        figures["sessions"] = control.sessions(limit=1).total
    ratio = figures["cpu_us_many"] / figures["cpu_us_one"]
    print(f"open sessions           {figures['sessions']:.0f}")
    print(f"a request, one session  {figures['ms_one']:.2f} ms, CPU {figures['cpu_us_one']:.0f} us")
    print(
        f"a request, many         {figures['ms_many']:.2f} ms, CPU {figures['cpu_us_many']:.0f} us"
        f" ({ratio:.2f} times; asked: {MOST_RATIO})"
    )
    print(f"to create one           {figures['ms_to_create']:.2f} ms")
    print(f"memory, created, idle   {figures['kb_created']:.1f} kB (asked: {MOST_KB:.0f})")
    print(f"memory, called once     {figures['kb_named_and_called_once']:.1f} kB")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
