"""Hold the server's answers against the schemas of OpenAI's own description of its API.

    python tests/conformance/spec/check.py --spec PATH/openapi.yaml

The description (openai/openai-openapi) is not part of this repository. Every JSON body, and every
event of every stream, is validated with its objects closed. Where real answers differ from the
description the server follows the answers: `KNOWN` lists where, and whose word that is. Exits
with 1 if anything else differs, or a row of `KNOWN` is no longer needed.
"""

import argparse
import contextlib
import http.client
import itertools
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[2])]

from matrix import (  # noqa: E402 - a plain checkout is run too
    Asked,
    chats,
    legacies,
    models,
    of_stored,
    refusals,
    to_store,
)
from schemas import Schemas  # noqa: E402 - the same

from mockserver import MockServer  # noqa: E402 - the same

CHATS = "CreateChatCompletion(Stream)?Response"
LEGACY = "CreateCompletionResponse"
STORED = "CreateChatCompletionResponse|ChatCompletionList"
MESSAGES = "ChatCompletionMessageList"
KNOWN = {
    (f"{CHATS}|ChatCompletionList", r".*system_fingerprint: None is not of type 'string'"): (
        "null for models without one (recorded: 721 of 1,418 answers, 5,357 of 9,616 chunks)"
    ),
    ("CreateChatCompletionResponse", r"choices\[\]: 'logprobs' is a required property"): (
        "left out by reasoning, search and audio models (recorded: 696 of 1,418 answers)"
    ),
    (LEGACY, r"choices\[\]\.finish_reason: None is not .*"): (
        "null until a choice ends: the schema is shared with streams (recorded: 477 of 488 chunks)"
    ),
    (LEGACY, "usage: None is not of type 'object'"): (
        "null in a stream's chunks but the last, if usage is asked for (recorded: 10 of 10)"
    ),
    (LEGACY, "usage: 'completion_tokens' is a required property"): (
        "left out where nothing was generated (recorded: 2)"
    ),
    (STORED, r".*\('frequency_penalty', 'input_user', .* 'top_p' were unexpected\)"): (
        "what is stored shows its request's parameters (recorded; the description's own example)"
    ),
    (STORED, r".*message: 'refusal' is a required property"): (
        "a stored message has none (recorded; the description's own example)"
    ),
    (STORED, r".*message\.(function_call|tool_calls): None is not of type '(object|array)'"): (
        "null in a stored message without calls (recorded; the description's own example)"
    ),
    ("ChatCompletionList", "(first|last)_id: None is not of type 'string'"): (
        "null in an empty list (recorded)"
    ),
    (MESSAGES, r"data\[\](: 'refusal' is a required property|\.role: 'user' is not one of .*)"): (
        "a message that was sent, not an answer (recorded; the description's own example)"
    ),
    (MESSAGES, r"data\[\]: .*\('content', 'name', 'role' were unexpected\)"): (
        "has a name (recorded; the example), and fits no part, as the row above says"
    ),
}
"""Schema and fault (regular expressions for the whole of them) -> why the server is right.

The figures are of recorded answers of api.openai.com: chat since September 2025, legacy of all
years.
"""


class Check:
    """What was checked so far."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self.checked: Counter[str] = Counter()
        self.valid: Counter[str] = Counter()
        self.known: Counter[tuple[str, str]] = Counter()
        self.faults: Counter[tuple[str, str]] = Counter()
        self.as_known: Counter[str] = Counter()

    def ask(self, connection: http.client.HTTPConnection, asked: Asked) -> list[Any]:
        """Ask, and check what comes; a refusal is held against the schema of refusals."""
        headers = {"content-type": "application/json"}
        if asked.key is not None:
            headers["authorization"] = f"Bearer {asked.key}"
        body = None if asked.body is None else json.dumps(asked.body)
        connection.request(asked.method, asked.path, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        streamed = "event-stream" in response.headers["content-type"]
        said = list(_events(text)) if streamed else [json.loads(text)]
        schema = asked.schema if response.status == 200 else "ErrorResponse"
        for each in said:
            self._check(schema, each)
        return said

    def _check(self, schema: str, value: Any) -> None:
        self.checked[schema] += 1
        faults = list(self._schemas.faults(schema, value))
        rows = [_known(schema, fault) for fault in faults]
        self.valid[schema] += not faults
        self.as_known[schema] += bool(faults) and None not in rows
        for fault, row in zip(faults, rows, strict=True):
            if row is None:
                self.faults[schema, fault] += 1
            else:
                self.known[row] += 1


def _known(schema: str, fault: str) -> tuple[str, str] | None:
    """Return the row of `KNOWN` that *fault* fits."""
    rows = (row for row in KNOWN if re.fullmatch(row[0], schema) and re.fullmatch(row[1], fault))
    return next(rows, None)


def _events(text: str) -> Iterator[Any]:
    """Return the JSON of the events of a stream."""
    for event in text.split("\n\n"):
        data = event.removeprefix("data: ")
        if data not in ("", "[DONE]"):
            yield json.loads(data)


def run(check: Check) -> None:
    """Ask everything."""
    answers = HERE / "answers.yaml"
    with MockServer(answers) as server, connected(server) as connection:
        for asked in itertools.chain(chats(), legacies(), refusals()):
            check.ask(connection, asked)
        for kept in to_store():
            (answer,) = check.ask(connection, kept)
            for asked in of_stored(answer["id"]):
                check.ask(connection, asked)
    # A fine-tune exists for whoever knows every model.
    with MockServer(answers, any_model=True) as server, connected(server) as connection:
        for asked in models():
            check.ask(connection, asked)


def connected(server: MockServer) -> contextlib.closing[http.client.HTTPConnection]:
    """Return a connection to *server* that is closed at the end of a `with`."""
    return contextlib.closing(http.client.HTTPConnection(urlsplit(server.url).netloc))


def main() -> int:
    """Check, and tell."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--spec", type=Path, required=True, help="openapi.yaml of OpenAI's API")
    path = parser.parse_args().spec
    began = time.perf_counter()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    schemas = Schemas(yaml.load(path.read_text("utf-8"), Loader=loader))
    check = Check(schemas)
    run(check)
    tell(check)
    sys.stdout.write(f"spec: {time.perf_counter() - began:.1f} s\n")
    return 1 if check.faults or len(check.known) < len(KNOWN) else 0


def tell(check: Check) -> None:
    """Print the table, what is known, and what is not."""
    out = sys.stdout.write
    out(f"{'schema':40} {'checked':>8} {'valid':>8} {'known':>8}\n")
    for schema, count in sorted(check.checked.items()):
        out(f"{schema:40} {count:8} {check.valid[schema]:8} {check.as_known[schema]:8}\n")
    out(
        f"{'all':40} {check.checked.total():8} {check.valid.total():8} {check.as_known.total():8}\n"
    )
    for row, why in KNOWN.items():
        out(f"known, {check.known[row]} times: {' '.join(row)}\n    {why}\n")
    for (schema, fault), count in check.faults.most_common():
        out(f"WRONG, {count} times: {schema} {fault[:300]}\n")
    for row in KNOWN:
        if not check.known[row]:
            out(f"no longer needed: {' '.join(row)}\n")


if __name__ == "__main__":
    sys.exit(main())
