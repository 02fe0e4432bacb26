"""What the pytest plugin costs: its import, which every run pays, and a session for a test.

    python benchmarks/plugin.py

Medians, with the least beside them. A session costs what tests with one take longer than without.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 9
CYCLES = 1_000
IMPORT = """
import sys, time, pytest
began = time.process_time()
import pytest_mockserver.plugin
print(time.process_time() - began)
"""
TESTS = """
import pytest

@pytest.mark.parametrize("number", range({cycles}))
def test_nothing(number{fixture}):
    pass
"""


def main() -> None:
    spent = [1_000 * float(_run("-c", IMPORT)) for _ in range(ROUNDS)]
    print(f"import    {statistics.median(spent):.1f} ms (least {min(spent):.1f}; asked: 15)")
    costs = [_took(", mock_llm") - _took("") for _ in range(3)]
    print(f"sessions  {statistics.median(costs):.2f} s for {CYCLES} tests (asked: 2)")


def _took(fixture: str) -> float:
    """Return how many seconds pytest says that tests which ask for *fixture* take."""
    with tempfile.TemporaryDirectory() as folder:
        tests = TESTS.format(cycles=CYCLES, fixture=fixture)
        (Path(folder) / "test_cycles.py").write_text(tests, "utf-8")
        told = _run("-m", "pytest", "-p", "no:cacheprovider", "-q", folder)
    return float(told.rpartition(" in ")[2].partition("s")[0])


def _run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    main()
