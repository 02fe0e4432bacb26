"""What passing requests on costs, with and without a cassette to keep the exchanges in.

    python benchmarks/proxying.py [--calls 300] [--at-once 50] [--seconds 3] [--rounds 3]

Another server of ours is the upstream, on the client's core; the proxy has a core for itself. The
bodies differ each time. What counts is the CPU time of the proxy's process for each call, with
many at once, and how much later an answer comes than from the upstream directly, one at a time. A
busy machine makes all of this worse: what the upstream needs for the same answers is beside it.
"""

import argparse
import contextlib
import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from servers import CLIENT_CORE, SERVER_CORE, Server, pinned

ASKED_CPU_US = 400
ASKED_LATER_MS = 1.0
ANSWER = "Hello! I am a mock model, and this short answer has sixteen tokens."
SCENARIO = f"version: 1\nrules:\n  - {{name: answer, reply: {json.dumps(ANSWER)}}}\n"
HEADERS = {
    "authorization": "Bearer sk-benchmark-0123456789abcdef0123456789abcdef",
    "content-type": "application/json",
    "accept": "application/json",
    "user-agent": "OpenAI/Python 3.52.0",
    "x-stainless-lang": "python",
    "x-stainless-package-version": "3.52.0",
    "x-stainless-os": "Linux",
    "x-stainless-arch": "x64",
    "x-stainless-runtime": "CPython",
    "x-stainless-runtime-version": "3.12.3",
    "x-stainless-async": "false",
    "x-stainless-retry-count": "0",
}


def body(number: int, *, stream: bool) -> str:
    asked = [{"role": "user", "content": f"Say hello to guest {number} of our garden party."}]
    return json.dumps({"model": "gpt-4o-mini", "messages": asked, "stream": stream})


def script(*, stream: bool) -> str:
    before, after = body(-1, stream=stream).split("-1")
    headers = "".join(f'wrk.headers["{name}"] = "{value}"\n' for name, value in HEADERS.items())
    return (
        f'wrk.method = "POST"\n{headers}local n = 0\n'
        "function request()\n  n = n + 1\n"
        f"  return wrk.format(nil, nil, nil, [==[{before}]==] .. n .. first .. [==[{after}]==])\n"
        "end\nfunction init(args) first = args[1] end\n"
    )


@contextlib.contextmanager
def started(core: int, *options: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--ready-json"]
    with subprocess.Popen(
        pinned(core, [*command, *options]), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            port = json.loads(process.stdout.readline())["port"]
            yield Server(" ".join(options), process.pid, port, 0)
        finally:
            process.terminate()


def cpu_us(server: Server, at_once: int, seconds: int, lua: Path, number: int) -> float:
    """Return the CPU time of a call, with so many *at_once*."""
    url = f"http://127.0.0.1:{server.port}/v1/chat/completions"
    command = ["wrk", "-t1", f"-c{at_once}", f"-d{seconds}s", "-s", str(lua), url, "--"]
    used = server.cpu_s
    done = subprocess.run(
        pinned(CLIENT_CORE, [*command, str(number)]), capture_output=True, text=True, check=True
    )
    found = re.search(r"(\d+) requests in", done.stdout)
    if "Non-2xx" in done.stdout or found is None or found[1] == "0":
        raise SystemExit(f"calls failed:\n{done.stdout}")
    time.sleep(0.5)  # what is still to be written counts too
    return (server.cpu_s - used) / int(found[1]) * 1e6


def times_ms(server: Server, numbers: range, *, stream: bool) -> list[float]:
    """Return how long each call takes, one after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    taken: list[float] = []
    for number in numbers:
        began = time.perf_counter()
        connection.request("POST", "/v1/chat/completions", body(number, stream=stream), HEADERS)
        connection.getresponse().read()
        taken.append((time.perf_counter() - began) * 1e3)
    connection.close()
    return taken


def measured(
    folder: Path, options: Sequence[str], *, stream: bool, args: argparse.Namespace
) -> str:
    scenario, lua = folder / "answer.yaml", folder / "wrk.lua"
    scenario.write_text(SCENARIO)
    lua.write_text(script(stream=stream))
    with (
        started(CLIENT_CORE, "--scenario", str(scenario)) as upstream,
        started(SERVER_CORE, "--upstream", f"http://127.0.0.1:{upstream.port}", *options) as proxy,
    ):
        cpu_us(proxy, args.at_once, 1, lua, 0)
        cpus: list[float] = []
        plain: list[float] = []
        for number in range(args.rounds):
            cpus.append(cpu_us(proxy, args.at_once, args.seconds, lua, 1 + number))
            plain.append(cpu_us(upstream, args.at_once, args.seconds, lua, 10**7 + number))
        direct: list[float] = []
        through: list[float] = []
        for number in range(args.rounds):
            calls = range(10**9 + number * args.calls, 10**9 + (number + 1) * args.calls)
            direct += times_ms(upstream, calls, stream=stream)
            through += times_ms(proxy, calls, stream=stream)
    later = statistics.median(through) - statistics.median(direct)
    return (
        f"{min(cpus):4.0f} µs of CPU a call with {args.at_once} at once (at most {ASKED_CPU_US},"
        f" and {min(plain):.0f} where it is answered);"
        f" {later:.2f} ms later at p50 (at most {ASKED_LATER_MS})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for stream in (False, True):
            for kept in (False, True):
                cassette = ["--cassette", str(folder / f"{stream}.jsonl")] if kept else []
                what = f"{'streamed' if stream else 'JSON'}, {'recorded' if kept else 'not kept'}"
                found = measured(folder, cassette, stream=stream, args=args)
                print(f"{what:20} {found}", flush=True)


if __name__ == "__main__":
    main()
