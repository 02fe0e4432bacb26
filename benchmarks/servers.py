"""Servers to measure, each in a process pinned to one core: ours, another commit's, the bare one.

CPU time is that of a process with all its threads and children, from the scheduler where the
kernel keeps such figures (nanoseconds), otherwise from its ticks (10 ms).
"""

import contextlib
import functools
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cases import Case
from checkouts import python_of

HERE = Path(__file__).resolve().parent
SERVER_CORE, CLIENT_CORE = 0, 1
STARTING_S = 20
UNWATCHED = ("--quiet", "--no-metrics")
"""What makes a server log no calls and serve no metrics, for those that know it."""
WATCHED = "ours, watched"
"""This checkout's server as it is by default: with a line for each call, in a file, and metrics."""


class NotStartedError(Exception):
    """A server ended before it listened."""


class RefusedError(Exception):
    """A server refused requests of a case."""


@dataclass(frozen=True)
class Server:
    """A server that listens."""

    name: str
    pid: int
    port: int
    ready_s: float

    @property
    def cpu_s(self) -> float:
        """The CPU time that it has used so far."""
        return sum(_cpu_s(pid) for pid in _tree(self.pid))

    @property
    def resident_mb(self) -> float:
        """The memory that it holds now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def _cpu_s(pid: int) -> float:
    try:
        threads = Path(f"/proc/{pid}/task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
    except FileNotFoundError:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(FileNotFoundError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _tree(int(child))


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """Return *command*, bound to *core* where that can be done."""
    return ["taskset", "-c", str(core), *command] if shutil.which("taskset") else [*command]


@contextlib.contextmanager
def ours(
    scenario: Path, checkout: Path | None = None, *, is_watched: bool = False
) -> Iterator[Server]:
    """Start the server of this checkout, or of another one, that answers by *scenario*."""
    python = sys.executable if checkout is None else str(python_of(checkout))
    serve = [python, "-m", "mockserver", "serve"]
    known = "" if is_watched else _help(tuple(serve), checkout)
    unwatched = [option for option in UNWATCHED if option in known]
    options = [*unwatched, "--scenario", str(scenario), "--port", "0", "--ready-json"]
    began = time.perf_counter()
    with _process([*serve, *options], checkout, stdout=subprocess.PIPE) as (process, log):
        line = process.stdout.readline()
        if not line:
            raise NotStartedError(_last_line(log))
        name = WATCHED if is_watched else "ours" if checkout is None else checkout.name
        yield Server(name, process.pid, json.loads(line)["port"], time.perf_counter() - began)


@functools.cache
def _help(serve: tuple[str, ...], checkout: Path | None) -> str:
    command = [*serve, "--help"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout


@contextlib.contextmanager
def bare(paths: Iterable[str]) -> Iterator[Server]:
    """Start the bare handler, at *paths*."""
    port = free_port()
    command = [sys.executable, str(HERE / "bare.py"), str(port), *{p.split("?")[0] for p in paths}]
    with listening("bare", command, port) as server:
        yield server


@contextlib.contextmanager
def listening(name: str, command: Sequence[str], port: int) -> Iterator[Server]:
    """Start *command*, and wait until it listens on *port*."""
    began = time.perf_counter()
    with _process(command, None) as (process, log):
        while time.perf_counter() < began + STARTING_S and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        else:
            raise NotStartedError(_last_line(log))
        yield Server(name, process.pid, port, time.perf_counter() - began)


@contextlib.contextmanager
def _process(
    command: Sequence[str], folder: Path | None, stdout: int = subprocess.DEVNULL
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    with tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen(
            pinned(SERVER_CORE, command), cwd=folder, stdout=stdout, stderr=log, text=True
        )
        try:
            yield process, Path(log.name)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# --- Requests ------------------------------------------------------------------------------------

CONNECTIONS = 16


@dataclass(frozen=True)
class Load:
    """What a server did in one round."""

    per_s: float
    cpu_us: float
    """CPU time of each request."""


def ask(server: Server, case: Case, numbers: Iterable[int]) -> list[tuple[int, bytes, float]]:
    """Return status, body and milliseconds of each request, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    answers: list[tuple[int, bytes, float]] = []
    for number in numbers:
        began = time.perf_counter()
        connection.request("POST", case.path, case.bodies.text(number), case.headers)
        response = connection.getresponse()
        content = response.read()
        answers.append((response.status, content, (time.perf_counter() - began) * 1e3))
    connection.close()
    return answers


def load(server: Server, case: Case, script: Path, seconds: int, first: int) -> Load:
    """Load *server* with *case*, from body *first* on."""
    used = server.cpu_s
    url = f"http://127.0.0.1:{server.port}{case.path}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url]
    done = subprocess.run(
        pinned(CLIENT_CORE, [*command, "--", str(first)]),
        capture_output=True,
        text=True,
        check=True,
    )
    requests = int(re.search(r"(\d+) requests in", done.stdout)[1])
    if "Non-2xx" in done.stdout or not requests:
        raise RefusedError(f"{server.name} refuses requests of '{case.name}'")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
    return Load(rate, (server.cpu_s - used) / requests * 1e6)
