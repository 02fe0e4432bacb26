"""What many rules cost a request, in CPU time: the reading alone, and the engine with and without.

    python benchmarks/matching.py [--rules 1000] [--rounds 7] [--json FILE]

The last rule is the one that matches: all others are tried. What is told is the median of the
rounds, in microseconds of the process's own time, so that other programs disturb it little.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from mockserver.engine.engine import Engine
from mockserver.plugins import Plugins
from mockserver.scenario.loader import ScenarioText, load_scenario
from mockserver.seeding import Draw
from mockserver.wire.http_request import HttpRequest

ASKED_US = 300.0
"""The most that a thousand rules may cost a request."""
TURNS = 6
"""Messages of the conversation that is asked about."""

MIXES: dict[str, Callable[[int], str]] = {
    "model": lambda n: f'{{model: "model-{n}*"}}',
    "last_user contains": lambda n: f'{{last_user: {{contains: "order {n}."}}}}',
    "last_user equals": lambda n: f'{{last_user: "What about order {n}?"}}',
    "last_user regex": lambda n: f'{{last_user: {{regex: "order {n}[.?]$"}}}}',
    "tools": lambda n: f"{{tools: tool_{n}}}",
    "state": lambda n: f"{{state: {{step: step-{n}}}}}",
    "request": lambda n: f"{{request: {{user: user-{n}}}}}",
    "system and model": lambda n: f'{{system: {{contains: "agent {n}"}}, model: "gpt-*"}}',
    "after_tool": lambda n: f"{{after_tool: tool_{n}}}",
    "turn and last_user": lambda n: (
        f'{{turn: {{at_least: 2}}, last_user: {{contains: "order {n}."}}}}'
    ),
    "last_user and not": lambda n: (
        f'{{last_user: {{contains: "order {n}."}}, not: {{model: ["o3*", "o4*"]}}}}'
    ),
}
"""A condition of each kind that the request does not fit, by the rule's number."""
MIXED = [*MIXES]

MESSAGES = [
    {"role": "system", "content": "You are the agent of a shop. Be brief."},
    {"role": "user", "content": "Where is my parcel?"},
    *[
        {"role": role, "content": f"Something that was said before, at some length, {n}."}
        for n in range(TURNS)
        for role in ("assistant", "user")
    ],
    {"role": "user", "content": "What about the order of last week, which I paid for twice?"},
]
PARAMETERS = {"type": "object", "properties": {"order": {"type": "string"}}}
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": PARAMETERS}}
    for name in ("get_order", "refund", "ask_a_person")
]
HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-bench"}


def body(number: int) -> bytes:
    """Return a request that differs from all others by its *number*."""
    asked = {"model": "gpt-4o-mini", "messages": MESSAGES, "tools": TOOLS, "user": f"u-{number}"}
    return json.dumps(asked).encode()


def scenario(kind: str, rules: int, last: str = "{reply: At last.}") -> str:
    """Return a file of *rules* of *kind*, none of which fits but the *last*."""
    lines = [
        f"- {{when: {MIXES[MIXED[n % len(MIXED)] if kind == 'mixed' else kind](n)}, reply: no-{n}}}"
        for n in range(rules - 1)
    ]
    return "\n".join(["version: 1", "state: {step: begin}", "rules:", *lines, f"- {last}", ""])


def engine(kind: str, rules: int, last: str = "{reply: At last.}") -> Engine:
    """Return an engine that answers by such a file."""
    text = ScenarioText(scenario(kind, rules, last))
    return Engine(load_scenario(text), Plugins.installed(), time.monotonic)


def reading_us(built: Engine, calls: int) -> float:
    """Return what it costs to read the rules for a call that has not been seen before."""
    session = built.session("default")
    prepared = []
    for number in range(calls):
        http = HttpRequest("POST", "/v1/chat/completions", HEADERS, body(number), "")
        visit = built._resolve(http)  # noqa: SLF001 - the step before the one that is measured
        incoming, _ = built._parse(visit, None)  # noqa: SLF001
        prepared.append((incoming, visit.call, Draw(0, str(number).encode())))
    began = time.process_time()
    for incoming, call, draw in prepared:
        session.next_step(incoming, call, draw)
    return (time.process_time() - began) / calls * 1e6


def answering_us(built: Engine, calls: int, first: int) -> float:
    """Return what a whole answer costs, of requests that have not been seen before."""
    asked = [
        HttpRequest("POST", "/v1/chat/completions", HEADERS, body(first + number), "")
        for number in range(calls)
    ]
    began = time.process_time()
    for http in asked:
        built.close(built.answer(http), "sent")
    return (time.process_time() - began) / calls * 1e6


def main() -> None:
    """Measure all mixes."""
    parser = argparse.ArgumentParser(description="What many rules cost a request.")
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=300, help="in each round")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()

    figures: dict[str, float] = {}
    print(f"{'reading ' + str(options.rules) + ' rules':28}{'us a request':>14}")
    for kind in [*MIXES, "mixed"]:
        built = engine(kind, options.rules)
        rounds = [reading_us(built, options.calls) for _ in range(options.rounds)]
        figures[kind] = statistics.median(rounds)
        told = "" if figures[kind] <= ASKED_US else f"   above {ASKED_US:.0f}"
        print(f"{kind:28}{figures[kind]:14.1f}{told}")
    print("\nthe whole answer, different bodies")
    built = engine("mixed", options.rules, last="{when: {model: o3}, reply: never}")
    figures["unmatched"] = statistics.median(
        answering_us(built, options.calls, n * options.calls) for n in range(options.rounds)
    )
    print(f"{'where no rule answers':28}{figures['unmatched']:14.1f}")
    for rules in (1, 50, options.rules):
        built = engine("mixed", rules)
        rounds = [
            answering_us(built, options.calls, n * options.calls) for n in range(options.rounds)
        ]
        figures[f"answer with {rules}"] = statistics.median(rounds)
        print(f"{f'with {rules} rules, mixed':28}{figures[f'answer with {rules}']:14.1f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
