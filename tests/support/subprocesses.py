"""Servers in processes of their own, started as people start them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mockserver

SOURCES = Path(mockserver.__file__).resolve().parent.parent


@dataclass(frozen=True)
class Subprocess:
    """A server that listens in another process."""

    url: str
    ready: Mapping[str, Any]
    """What it said once it listened."""


@contextmanager
def served(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    program: tuple[str, ...] = ("-m", "mockserver"),
) -> Iterator[Subprocess]:
    """Run `mockserver serve` with *arguments*, and with *environment* added to a bare one.

    *program* is what Python is to run instead of the package.
    """
    command = [sys.executable, *program, "serve", "--port", "0", "--ready-json", *arguments]
    # Without the variables that coverage, proxies and package managers leave around.
    bare = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(SOURCES)}
    process = subprocess.Popen(
        command,
        env={**bare, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"the server did not start: {process.communicate()[1]}")
        ready = json.loads(line)
        yield Subprocess(ready["base_url"].removesuffix("/v1"), ready)
    finally:
        process.terminate()
        process.communicate(timeout=10)
