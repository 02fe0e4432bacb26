"""`mockserver compare`: how this server's answers differ from recorded ones."""

import argparse
import json
from pathlib import Path
from typing import Final

from mockserver.cli.output import complain, show
from mockserver.errors import UsageError

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


def run(options: argparse.Namespace) -> int:
    """Send the recordings, compare, and print what differs."""
    # See mockserver.cli.
    from mockserver.plugins import Plugins  # noqa: PLC0415
    from mockserver.recordings import importers  # noqa: PLC0415
    from mockserver.recordings.comparing import comparing, reports  # noqa: PLC0415
    from mockserver.recordings.hearing import Hearing  # noqa: PLC0415

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
    comparison = comparing.compared(ready, plugins)
    report = reports.Report(comparison, kinds)
    if options.json:
        show(json.dumps(report.document(), ensure_ascii=False))
    else:
        show(report.text(examples=options.examples, rows=options.rows))
    excess = allowed.excess(report.differences())
    for line in excess:
        complain(f"mockserver: {line}")
    return DIFFERS if excess else 0


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = -1
    if count < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 on")
    return count
