"""`mockserver tokens`: how many tokens a request is billed for."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mockserver.cli.documents import requests
from mockserver.cli.output import show
from mockserver.errors import UsageError

if TYPE_CHECKING:
    from mockserver.tokens.report import TokenReport

HELP: Final = "count the tokens that a request is billed for"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    parser.add_argument(
        "file",
        metavar="FILE|-",
        help="requests, or recorded exchanges ('request' with 'response' or 'chunks'): one JSON "
        "document, or one per line; - reads standard input",
    )
    parser.add_argument("--model", help="count as this model does, whatever model the file names")
    parser.add_argument(
        "--end-of-turn",
        action="store_true",
        help="bill the token that ends each choice, as Azure does",
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON per request")


def run(options: argparse.Namespace) -> int:
    """Print the bill of each request, part by part."""
    from mockserver.tokens.report import token_report  # noqa: PLC0415 - see mockserver.cli

    for where, request in requests(options.file):
        try:
            report = token_report(request, model=options.model, end_of_turn=options.end_of_turn)
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{where}: not a valid request: {error!r}") from error
        show(_as_json(report) if options.json else _as_table(report))
    return 0


def _as_json(report: "TokenReport") -> str:
    return json.dumps(
        {
            "model": report.model.id,
            "encoding": report.model.family.encoding,
            "prompt_tokens": report.prompt.tokens,
            "prompt": _certainty(exact=report.prompt.exact),
            "completion_tokens": report.completion.tokens if report.completion else None,
            "completion": _certainty(exact=report.completion.exact) if report.completion else None,
            "recorded_prompt_tokens": report.recorded_prompt,
            "recorded_completion_tokens": report.recorded_completion,
            "parts": [
                {
                    "what": line.what,
                    "tokens": line.tokens,
                    "count": _certainty(exact=line.exact),
                    "doubts": line.doubts,
                }
                for line in report.lines
            ],
        },
        ensure_ascii=False,
    )


def _as_table(report: "TokenReport") -> str:
    rows: list[tuple[str, int, str, int | None]] = [
        (line.what, line.tokens, _doubts(line.doubts), None) for line in report.lines
    ]
    prompt, completion = report.prompt, report.completion
    guess = "" if prompt.exact else "estimated"
    sent, received = ("input", "output") if report.protocol == "responses" else _OF_A_CHAT
    rows.append((f"{sent}_tokens", prompt.tokens, guess, report.recorded_prompt))
    if completion is not None:
        recorded = report.recorded_completion
        guess = "" if completion.exact else "estimated"
        rows.append((f"{received}_tokens", completion.tokens, guess, recorded))
    width = max(len(what) for what, *_ in rows)
    lines = [f"{report.model.id} ({report.model.family.encoding})"]
    for what, tokens, guess, recorded in rows:
        notes = [guess] if guess else []
        if recorded is not None:
            notes.append("as recorded" if recorded == tokens else f"recorded: {recorded}")
        lines.append(f"  {what:{width}}  {tokens:>8}  {', '.join(notes)}".rstrip())
    return "\n".join(lines)


_OF_A_CHAT: Final = ("prompt", "completion")


def _doubts(doubts: Sequence[str]) -> str:
    return f"estimated: {'; '.join(doubts)}" if doubts else ""


def _certainty(*, exact: bool) -> str:
    return "exact" if exact else "estimated"
