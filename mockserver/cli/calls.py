"""What the commands share that show calls: which of them, and how a line looks."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mockserver.client.control import Control
    from mockserver.control.shapes import CallRecord, CallsQuery

PAGE: Final = 1_000
_STATUS: Final = re.compile(r"([1-5])(\d\d|xx)", re.IGNORECASE)


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add to *parser* which calls to show: those that all options match, for `query_of`."""
    parser.add_argument("--session", metavar="NAME", help="only calls of this session")
    parser.add_argument(
        "--when",
        metavar="JSON",
        help='only calls that fit this condition, as under \'when\' of a rule: {"last_user": "Hi"}',
    )
    parser.add_argument("--rule", metavar="NAME", help="only calls that this rule answered")
    parser.add_argument(
        "--status",
        type=_statuses,
        action="extend",
        default=[],
        metavar="STATUS",
        help="only calls with this status: 429, or 4xx; repeatable, or with commas",
    )
    parser.add_argument("--model", metavar="NAME", help="only calls that ask for this model")
    parser.add_argument(
        "--endpoint", metavar="KIND", help="only calls to this endpoint, as chat.completions"
    )
    parser.add_argument("--failed", action="store_true", help="only calls that a failure struck")
    parser.add_argument(
        "--unmatched",
        action="store_true",
        help="only calls that asked for an answer that no rule gave",
    )


def add_looks(parser: argparse.ArgumentParser) -> None:
    """Add to *parser* how calls are shown, for `line_maker`."""
    parser.add_argument("--json", action="store_true", help="JSON: an object on each line")
    parser.add_argument(
        "--color",
        choices=["auto", "always", "never"],
        default="auto",
        help="whether lines have colours (default: on a terminal, unless NO_COLOR is set)",
    )


def query_of(options: argparse.Namespace) -> "CallsQuery":
    """Return the query for the calls that *options* ask for."""
    from mockserver.control.shapes import CallsQuery  # noqa: PLC0415 - see mockserver.cli

    return CallsQuery(
        session=options.session,
        when=options.when,
        rule=options.rule,
        status=tuple(dict.fromkeys(options.status)),
        model=options.model,
        endpoint=options.endpoint,
        failed=True if options.failed else None,
        unmatched=True if options.unmatched else None,
    )


def line_maker(options: argparse.Namespace) -> "Callable[[CallRecord], str]":
    """Return what makes a line of a call, as *options* say."""
    from mockserver.records.telling import (  # noqa: PLC0415 - see mockserver.cli
        json_line_of,
        line_of,
        styles_of,
    )

    if options.json:
        return lambda call: json_line_of(call, call.came_unix_s)
    styles = styles_of(options.color, sys.stdout, os.environ)
    return lambda call: line_of(call, call.came_unix_s, styles)


def newest(control: "Control", query: "CallsQuery", most: int) -> "Sequence[CallRecord]":
    """Return the newest of the calls that match *query*, at most *most*, oldest first."""
    from msgspec.structs import replace  # noqa: PLC0415 - see mockserver.cli

    from mockserver.control import operations as ops  # noqa: PLC0415

    pages: list[Sequence[CallRecord]] = []
    before = None
    while most > 0:
        limit = min(PAGE, most)
        page = control.send(ops.calls(replace(query, before=before, limit=limit))).calls
        pages.insert(0, page)
        most -= len(page)
        if len(page) < limit:
            break
        before = page[0].serial
    return [call for page in pages for call in page]


def count(text: str) -> int:
    """Return *text* as a number of calls; an option's type."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of calls")
    return int(text)


def _statuses(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        read = _STATUS.fullmatch(part.strip())
        if read is None:
            what = f"'{part}' is not a status: write it like 429, or 4xx for all from 400 to 499"
            raise argparse.ArgumentTypeError(what)
        first = 100 * int(read[1])
        is_class = read[2].lower() == "xx"
        found += range(first, first + 100) if is_class else [first + int(read[2])]
    return found
