"""Fail if a figure in the table on standard input lies below its floor.

    python .ci/floors.py .ci/floors.json CHECK <TABLE

The last line of the table looks like `accepted openai 99.9 % of 812 · shape 98.7 % of 341`; CHECK
says whose floors it is held against.
"""

import json
import re
import sys
from pathlib import Path


def main() -> int:
    """Compare; tell what is too low, or missing."""
    floors: dict[str, float] = json.loads(Path(sys.argv[1]).read_text())[sys.argv[2]]
    last = (sys.stdin.read().strip().splitlines() or [""])[-1]
    found = [re.fullmatch(r"(.+) ([\d.]+) % of \d+", one.strip()) for one in last.split("·")]
    figures = {figure[1]: figure[2] for figure in found if figure}
    low = [
        f"{area} is {figures.get(area, 'missing')}, and the floor is {floor}"
        for area, floor in floors.items()
        if float(figures.get(area, -1)) < floor
    ]
    sys.stdout.writelines(f"ci: {line}\n" for line in low or ["every figure holds its floor"])
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
