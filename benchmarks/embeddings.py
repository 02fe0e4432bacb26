"""What vectors cost: the server's CPU time for texts of 100 tokens, one by one and in batches.

    python benchmarks/embeddings.py [--texts 1000] [--json FILE]

Texts are prose, of which words come again, and differ from each other. They are asked for over
HTTP and in base64, as the clients of OpenAI do. What is told is the server's own CPU time for a
thousand of them, so that other programs disturb it little.
"""

import argparse
import http.client
import json
import random
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from sessions import HEADERS, cpu_s, server

from mockserver import tokens
from mockserver.sampling import prose

MODEL = "text-embedding-3-small"
TOKENS = 100
BATCH = 100
MOST_S = 1.0
"""The most that a thousand texts may take."""


def texts(count: int, seed: int) -> list[str]:
    """Return so many texts of prose, each another."""
    rng = random.Random(seed)
    return [prose(rng, TOKENS, partial(tokens.count, encoding="cl100k_base")) for _ in range(count)]


def batches(all_texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for begin in range(0, len(all_texts), size):
        yield all_texts[begin : begin + size]


def measured(pid: int, port: int, all_texts: Sequence[str], size: int) -> dict[str, float]:
    """Return CPU time and time for a thousand texts, *size* in a request, and tokens of each."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    billed = 0
    began, used = time.perf_counter(), cpu_s(pid)
    for batch in batches(all_texts, size):
        body = {"model": MODEL, "input": list(batch), "encoding_format": "base64"}
        connection.request("POST", "/v1/embeddings", json.dumps(body), HEADERS)
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise SystemExit(f"the server refuses them: {content!r}")
        billed += json.loads(content)["usage"]["prompt_tokens"]
    share = 1_000 / len(all_texts)
    found = {
        "cpu_s": (cpu_s(pid) - used) * share,
        "seconds": (time.perf_counter() - began) * share,
        "tokens": billed / len(all_texts),
    }
    connection.close()
    return found


def main() -> None:
    """Measure, print, and write what was found; exit with 1 if it takes too long."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=1_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    with server() as (pid, _, port):
        measured(pid, port, texts(BATCH, 0), 1)  # a vocabulary is read, and words come to be known
        for seed, (name, size) in enumerate({"one by one": 1, "in batches": BATCH}.items(), 1):
            found[name] = measured(pid, port, texts(options.texts, seed), size)
            cpu, seconds, long = found[name].values()
            print(f"1,000 texts of {long:.0f} tokens, {name}: {cpu:.2f} s of CPU, {seconds:.2f} s")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))
    if max(each["cpu_s"] for each in found.values()) > MOST_S:
        raise SystemExit(f"more than {MOST_S} s of CPU for 1,000 texts")


if __name__ == "__main__":
    main()
