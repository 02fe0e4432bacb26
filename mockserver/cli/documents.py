"""JSON that commands read: a file with one document, or one per line; `-` is standard input."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from mockserver.errors import UsageError


def requests(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the requests in the file *name*, each with its place.

    Raises:
        UsageError: The file cannot be read, or something in it is not a JSON object.

    """
    for where, document in _documents(name):
        if not isinstance(document, dict):
            raise UsageError(f"{where}: a request must be a JSON object")
        yield where, cast(dict[str, Any], document)


def _documents(name: str) -> Iterator[tuple[str, Any]]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{name}: cannot be read: {error}") from error
    try:
        yield name, json.loads(text)
    except json.JSONDecodeError as whole:
        lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) < 2 or not lines[0][1].rstrip().endswith("}"):  # noqa: PLR2004 - not one a line
            where = f"{name}:{whole.lineno}:{whole.colno}"
            raise UsageError(f"{where}: not JSON: {whole.msg}") from whole
        for number, line in lines:
            try:
                yield f"{name}:{number}", json.loads(line)
            except json.JSONDecodeError as error:
                where = f"{name}:{number}:{error.colno}"
                raise UsageError(f"{where}: not JSON: {error.msg}") from error
