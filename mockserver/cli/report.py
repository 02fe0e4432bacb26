"""`mockserver report`: what an application did wrong, and how fast a server answered it."""

import argparse
import json
import re
import sys
from typing import TYPE_CHECKING, Final

from mockserver.cli import remote
from mockserver.cli.output import complain, show
from mockserver.errors import UsageError

if TYPE_CHECKING:
    from mockserver.client.control import Control
    from mockserver.control.shapes import VerdictsQuery

HELP: Final = "report what an application did wrong (exit code 1 if anything), or the load"
UNITS_S: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
SINCE: Final = (
    "write the number of a call (12), how long ago (90s, 10m, 2h, 1d), or a time with its zone "
    "(2026-12-01T09:30:00Z)"
)
MOST_NUMBER: Final = 2**63


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    remote.add_server_options(parser)
    parser.add_argument("--session", help="the session to judge (default: default)")
    parser.add_argument(
        "--since",
        metavar="WHEN",
        help="judge only calls from then on: the number of a call, how long ago (10m), or a time "
        "(2026-12-01T09:30:00Z), by the session's clock",
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="VERDICT",
        help="a verdict to ignore; repeatable",
    )
    parser.add_argument(
        "--fallback",
        action="store_true",
        help="the application has another provider, model or key to fall back to",
    )
    parser.add_argument(
        "--load",
        action="store_true",
        help="report how fast all calls since the server started were answered, beside what was "
        "planned",
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(options: argparse.Namespace) -> int:
    """Print each verdict, and return 1 if there are any; or print the load.

    Raises:
        MockServerError: The options do not go together, or the server refuses.

    """
    if options.load:
        _refuse_choice(options)
        return _report_load(remote.control_of(options), as_json=options.json)
    query = _query(options.since, fallback=options.fallback)
    return _report_verdicts(remote.control_of(options), options, query)


def _report_verdicts(
    control: "Control", options: argparse.Namespace, query: "VerdictsQuery"
) -> int:
    from mockserver.control import operations  # noqa: PLC0415 - see mockserver.cli
    from mockserver.records.verdicts import Verdict, without  # noqa: PLC0415

    session = "default" if options.session is None else options.session
    judged = control.send(operations.verdicts(session, query))
    found = without(
        [Verdict(one.kind, one.calls, one.what, one.advice) for one in judged.verdicts],
        options.allow,
    )
    if options.json:
        verdicts = [
            {"kind": one.kind, "calls": one.calls, "what": one.what, "advice": one.advice}
            for one in found
        ]
        show(json.dumps({"calls": judged.calls, "verdicts": verdicts}, indent=2))
    else:
        for verdict in found:
            show(verdict)
        complain(f"{_counted(judged.calls, 'call')}, {_counted(len(found), 'verdict')}")
    return 1 if found else 0


def _report_load(control: "Control", *, as_json: bool) -> int:
    from mockserver.cli.load import BLOCKS, lines_of  # noqa: PLC0415 - see mockserver.cli
    from mockserver.control.jsonform import to_json  # noqa: PLC0415

    load = control.load()
    if as_json:
        show(json.dumps(to_json(load), indent=2))
        return 0
    try:
        BLOCKS.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        is_plain = True
    else:
        is_plain = False
    for line in lines_of(load, is_plain=is_plain):
        show(line)
    return 0


def _refuse_choice(options: argparse.Namespace) -> None:
    given = {
        "--session": options.session is not None,
        "--since": options.since is not None,
        "--allow": bool(options.allow),
        "--fallback": options.fallback,
    }
    for name in [name for name, is_given in given.items() if is_given]:
        hint = "scrape /metrics to see a part of the time" if name == "--since" else "leave it out"
        raise UsageError(
            f"--load counts all calls of all sessions, so {name} means nothing: {hint}"
        )


def _query(since: str | None, *, fallback: bool) -> "VerdictsQuery":
    """Return what to judge, from then on that *since* states."""
    from mockserver.control.shapes import VerdictsQuery  # noqa: PLC0415 - see mockserver.cli

    if since is None:
        return VerdictsQuery(fallback=fallback)
    if since.isascii() and since.isdigit():
        if not 1 <= int(since[:20]) < MOST_NUMBER:
            raise UsageError(f"--since {since}: calls are counted from 1\n  {SINCE}")
        return VerdictsQuery(fallback=fallback, after=int(since) - 1)
    if found := re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)", since):
        return VerdictsQuery(fallback=fallback, within_s=float(found[1]) * UNITS_S[found[2]])
    return VerdictsQuery(fallback=fallback, since_unix_s=_unix_s(since))


def _unix_s(since: str) -> float:
    from datetime import datetime  # noqa: PLC0415 - see mockserver.cli

    try:
        at = datetime.fromisoformat(since)
    except ValueError as error:
        raise UsageError(f"--since '{since}' is not a time\n  {SINCE}") from error
    if at.tzinfo is None:
        nearest = f"'{since}Z' is UTC" if "T" in since or " " in since else SINCE
        raise UsageError(f"--since '{since}' has no time zone\n  {nearest}")
    return max(0.0, at.timestamp())


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
