"""How fast the server is, beside a bare aiohttp handler, in one run.

    python benchmarks/run.py [--seconds 3] [--rounds 5] [--json FILE] [--against CHECKOUT]

The servers are pinned to one core and wrk (Debian's package) to another. Rounds alternate
between them, so that the noise of the machine meets all; the figures are medians of the
rounds, with the spread beside them. CPU is the server's own, per request: on a busy machine it
says more than the rate. With `--against`, the server of another checkout, set up there by `make`,
takes part in each round.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from matching import scenario

HERE = Path(__file__).resolve().parent
PATH = "/v1/chat/completions"
QUESTION = {
    "model": "gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "You are helpful."},
        {"role": "user", "content": "What is the meaning of life?"},
    ],
}
CONNECTIONS = 16
RULES = 50
"""Rules of the longer scenario, of which the last one answers."""
ASKED = {"same body": 0.85, "different bodies": 0.55, "streamed": 2.2}
"""The least ratio to the bare handler that each case should reach."""


def lua(case: str) -> str:
    """Return what tells wrk to send *case*."""
    question = {**QUESTION, "stream": True} if case == "streamed" else QUESTION
    body = json.dumps(question)
    lines = [
        'wrk.method = "POST"',
        'wrk.headers["Content-Type"] = "application/json"',
        'wrk.headers["Authorization"] = "Bearer sk-bench"',
    ]
    if case == "different bodies":
        start, end = body.rsplit("?", 1)
        numbered = f"[[{start}, asked for the time ]] .. n .. [[?{end}]]"
        lines += [
            "local n = 0",
            "request = function()",
            "  n = n + 1",
            f"  return wrk.format(nil, nil, nil, {numbered})",
            "end",
        ]
    else:
        lines.append(f"wrk.body = [[{body}]]")
    return "\n".join(lines)


def cpu_s(pid: int) -> float:
    """Return the CPU time that *pid* has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Return the resident memory of *pid*."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def ask(port: int, body: dict[str, object]) -> bytes:
    """Return the body of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"content-type": "application/json", "authorization": "Bearer sk-bench"}
    connection.request("POST", PATH, json.dumps(body), headers)
    return connection.getresponse().read()


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """Return *command*, bound to *core* where that can be done."""
    return ["taskset", "-c", str(core), *command] if shutil.which("taskset") else [*command]


@contextlib.contextmanager
def ours(*arguments: str, checkout: Path | None = None) -> Iterator[tuple[int, int, float]]:
    """Start the server; give its process, its port and the seconds until it was ready.

    It is that of another *checkout* where one is given.
    """
    began = time.perf_counter()
    python = sys.executable if checkout is None else str(checkout / ".venv/bin/python")
    server = [python, "-m", "mockserver", "serve", "--port", "0", "--ready-json", *arguments]
    process = subprocess.Popen(pinned(0, server), cwd=checkout, stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(process.stdout.readline())
        yield process.pid, ready["port"], time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def bare(folder: Path) -> Iterator[tuple[int, int]]:
    """Start the bare handler; give its process and its port."""
    port = free_port()
    process = subprocess.Popen(
        pinned(0, [sys.executable, str(HERE / "bare.py"), str(port), str(folder)]),
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(10)


def load(pid: int, port: int, script: Path, seconds: int) -> tuple[float, float]:
    """Return requests per second, and microseconds of CPU per request."""
    used = cpu_s(pid)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script)]
    out = subprocess.run(
        pinned(1, [*command, f"http://127.0.0.1:{port}{PATH}"]),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in out:
        raise SystemExit(f"a server refused requests:\n{out}")
    requests = int(re.search(r"(\d+) requests in", out)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    return rate, (cpu_s(pid) - used) / requests * 1e6


def spread(values: Sequence[float]) -> str:
    """Return the median of *values* and how far they lie apart."""
    middle = statistics.median(values)
    return f"{middle:.2f} (+-{(max(values) - min(values)) / 2 / middle:.0%})"


def throughput(
    folder: Path, seconds: int, rounds: int, against: Path | None
) -> dict[str, dict[str, float]]:
    """Measure all cases; return medians of the ratios, of rates and of CPU time."""
    results = measured(folder, seconds, rounds, HERE / "answer.yaml", "one rule", against=against)
    (folder / "many.yaml").write_text(scenario("mixed", RULES))
    many = measured(
        folder, seconds, rounds, folder / "many.yaml", f"{RULES} rules", against=against
    )
    return {**results, **{f"{case}, {RULES} rules": found for case, found in many.items()}}


def measured(
    folder: Path,
    seconds: int,
    rounds: int,
    answering: Path,
    called: str,
    *,
    against: Path | None,
) -> dict[str, dict[str, float]]:
    """Measure all cases of a server that is *answering* by a scenario."""
    results: dict[str, dict[str, float]] = {}
    arguments = ("--scenario", str(answering))
    with contextlib.ExitStack() as running:
        servers = {"ours": running.enter_context(ours(*arguments))[:2]}
        if against is not None:
            servers["before"] = running.enter_context(ours(*arguments, checkout=against))[:2]
        port = servers["ours"][1]
        (folder / "body").write_bytes(ask(port, QUESTION))
        events = ask(port, {**QUESTION, "stream": True}).split(b"\n\n")
        (folder / "chunk").write_bytes(events[1] + b"\n\n")
        servers["bare"] = running.enter_context(bare(folder))
        print(f"{called:18}{'ratio, rate':>16}{'ratio, CPU':>16}   ours / bare, requests/s")
        for case, asked in ASKED.items():
            script = folder / "wrk.lua"
            script.write_text(lua(case))
            found = [
                {name: load(*server, script, seconds) for name, server in servers.items()}
                for _ in range(rounds)
            ]
            by_rate = [loads["ours"][0] / loads["bare"][0] for loads in found]
            by_cpu = [loads["bare"][1] / loads["ours"][1] for loads in found]
            our_rate = statistics.median(loads["ours"][0] for loads in found)
            our_cpu_us = statistics.median(loads["ours"][1] for loads in found)
            bare_rate = statistics.median(loads["bare"][0] for loads in found)
            print(
                f"{case:18}{spread(by_rate):>16}{spread(by_cpu):>16}"
                f"   {our_rate:.0f} / {bare_rate:.0f}   (asked: {asked})"
            )
            results[case] = {
                "ratio_rate": statistics.median(by_rate),
                "ratio_cpu": statistics.median(by_cpu),
                "ours_per_s": our_rate,
                "ours_cpu_us": our_cpu_us,
                "bare_per_s": bare_rate,
            }
            if against is not None:
                by_before = [loads["ours"][1] / loads["before"][1] for loads in found]
                before_us = statistics.median(loads["before"][1] for loads in found)
                results[case]["cpu_to_before"] = statistics.median(by_before)
                print(
                    f"{'':18}CPU to that of {against.name}: {spread(by_before)}"
                    f"   {our_cpu_us:.1f} / {before_us:.1f} us a request"
                )
    return results


def footprint(rounds: int) -> dict[str, float]:
    """Measure the start and the memory."""
    starts: list[float] = []
    for _ in range(rounds):
        with ours() as (_, _, seconds):
            starts.append(seconds)
    figures = {"start_s": statistics.median(starts)}
    for model, vocabulary in (("gpt-3.5-turbo", "cl100k"), ("gpt-4o-mini", "o200k")):
        with ours() as (pid, port, _):
            ask(port, {**QUESTION, "model": model})
            figures[f"rss_{vocabulary}_mb"] = rss_mb(pid)
    print(f"start to ready    {spread(starts)} s (asked: 0.6)")
    print(
        f"memory            {figures['rss_cl100k_mb']:.0f} MB with cl100k (asked: 100), "
        f"{figures['rss_o200k_mb']:.0f} MB with o200k (asked: 130)"
    )
    return figures


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(description="How fast the server is.")
    parser.add_argument("--seconds", type=int, default=3, help="of load in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--against", type=Path, help="another checkout, to compare CPU time with")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("benchmarks need wrk (Debian: apt-get install wrk)")
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, object] = {
            "throughput": throughput(Path(folder), options.seconds, options.rounds, options.against)
        }
    figures["footprint"] = footprint(options.rounds)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
