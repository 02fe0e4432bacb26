"""`mockserver compare`: how this server's answers differ from recorded ones."""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mockserver.cli.output import complain, show
from mockserver.errors import UsageError

if TYPE_CHECKING:
    from mockserver.recordings.comparing.comparing import Comparison, Prepared

HELP: Final = "compare answers with recorded ones"
DIFFERS: Final = 1
"""The exit code if there are more differences than are allowed."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="recordings: a cassette, HAR, a cassette of VCR, JSON lines of exchanges; also .gz",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="KIND",
        help="compare in this respect only, e.g. shape, or stream for all about streams; "
        "repeatable",
    )
    parser.add_argument(
        "--provider",
        action="append",
        default=[],
        metavar="NAME",
        help="send the recordings of this provider only ('other': of unknown ones); repeatable",
    )
    parser.add_argument(
        "--limit", type=_count, metavar="N", help="read only the first N recordings of each file"
    )
    parser.add_argument(
        "--examples",
        type=_count,
        default=0,
        metavar="N",
        help="show N examples of each group of differences, and of what is left out",
    )
    parser.add_argument(
        "--rows", action="store_true", help="show the figures by what was asked, too"
    )
    parser.add_argument(
        "--json", action="store_true", help="print everything as JSON, recording by recording"
    )
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="N|KIND=N",
        help=f"exit with {DIFFERS} if there are more differences (of a kind); repeatable",
    )
    parser.add_argument(
        "--against",
        metavar="URL",
        help="send the requests to the live provider at URL (https, or on this machine) instead, "
        "to see whether it has changed since they were recorded: this may cost money",
    )
    parser.add_argument(
        "--key-env",
        metavar="NAME",
        help="with --against: the environment variable that holds the provider's key",
    )
    parser.add_argument(
        "--at-once",
        type=_count,
        metavar="N",
        help="with --against: how many requests may be under way at once (default 4)",
    )


def run(options: argparse.Namespace) -> int:
    """Send the recordings, compare, and print what differs."""
    # See mockserver.cli.
    from mockserver.plugins import Plugins  # noqa: PLC0415
    from mockserver.recordings import importers  # noqa: PLC0415
    from mockserver.recordings.comparing import comparing, reports  # noqa: PLC0415
    from mockserver.recordings.hearing import Hearing  # noqa: PLC0415

    if options.against is None and (options.key_env or options.at_once):
        raise UsageError("--key-env and --at-once have no effect without --against")
    allowed, kinds = reports.Allowed(options.allow), reports.kinds_named(options.only)
    plugins = Plugins.installed()
    hearing = Hearing(plugins)
    ready = comparing.prepared(
        [importers.read(Path(file), hearing=hearing) for file in options.files],
        hearing,
        providers=options.provider,
        limit=options.limit,
    )
    if not ready.known.threads:
        raise UsageError("\n  ".join(["there is nothing to compare", *ready.left_out[:10]]))
    if options.against is None:
        comparison = comparing.compared(ready, plugins)
    else:
        comparison = _against(options, ready)
    report = reports.Report(comparison, kinds)
    if options.json:
        show(json.dumps(report.document(), ensure_ascii=False))
    else:
        show(report.text(examples=options.examples, rows=options.rows))
    excess = allowed.excess(report.differences())
    for line in excess:
        complain(f"mockserver: {line}")
    return DIFFERS if excess else 0


def _against(options: argparse.Namespace, ready: "Prepared") -> "Comparison":
    """Return what a live provider answers today, compared."""
    # See mockserver.cli.
    from mockserver.recordings.comparing.comparing import compared_with  # noqa: PLC0415
    from mockserver.recordings.comparing.scripting import UNAUTHORIZED  # noqa: PLC0415
    from mockserver.server.asking import AT_ONCE, asked  # noqa: PLC0415
    from mockserver.server.upstream import Upstream  # noqa: PLC0415

    key = None
    if options.key_env is not None:
        key = os.environ.get(options.key_env)
        if not key:
            raise UsageError(f"--key-env: the environment variable '{options.key_env}' is not set")
    # The provider's own key is sent: a refusal of another cannot be repeated.
    threads = [
        thread
        for thread in ready.known.threads
        if all(case.answer.status != UNAUTHORIZED for case in thread)
    ]
    answers = asked(threads, Upstream(options.against, key), options.at_once or AT_ONCE)
    return compared_with(ready, answers, key)


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = -1
    if count < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 on")
    return count
