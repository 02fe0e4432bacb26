"""`mockserver cassette`: show, scrub, split, merge and verify what was recorded."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mockserver.cli.output import complain, show
from mockserver.errors import UsageError

if TYPE_CHECKING:
    from mockserver.cassettes.recording import Recording
    from mockserver.recordings.hearing import Hearing

HELP: Final = "show, scrub, split, merge or verify cassettes"
SPLIT_BY: Final = ("conversation", "endpoint", "model", "provider")
UNCLEAN: Final = 1
"""The exit code of `verify` if something is wrong with a file."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the commands, each with what it takes, to *parser*."""
    added = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    own = added.add_parser("show", help="list the recordings, or show one of them whole")
    own.add_argument("files", nargs="+", metavar="FILE")
    own.add_argument("--number", type=int, metavar="N", help="show the N-th recording whole")
    own.add_argument("--json", action="store_true", help="print a line of JSON per recording")
    own.set_defaults(cassette=_show)

    own = added.add_parser("scrub", help="take the secrets out of a cassette")
    own.add_argument("file", metavar="FILE")
    _add_redact(own)
    where = own.add_mutually_exclusive_group(required=True)
    where.add_argument("--in-place", action="store_true", help="replace the file")
    where.add_argument("-o", "--output", metavar="FILE", help="where to write the clean cassette")
    own.set_defaults(cassette=_scrub)

    own = added.add_parser("split", help="cut a cassette into several")
    own.add_argument("file", metavar="FILE")
    what = own.add_mutually_exclusive_group(required=True)
    what.add_argument("--by", choices=SPLIT_BY, help="a file for each of these")
    what.add_argument("--numbers", metavar="1,4-6,9-", help="these recordings alone")
    own.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FOLDER|FILE",
        help="the folder for --by, the file for --numbers",
    )
    own.set_defaults(cassette=_split)

    own = added.add_parser("merge", help="join cassettes by time; equal recordings come once")
    own.add_argument("files", nargs="+", metavar="FILE")
    own.add_argument("-o", "--output", required=True, metavar="FILE")
    own.set_defaults(cassette=_merge)

    own = added.add_parser("verify", help="exit with 1 if a line is broken or holds a secret")
    own.add_argument("files", nargs="+", metavar="FILE")
    _add_redact(own)
    own.set_defaults(cassette=_verify)


def _add_redact(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--redact",
        action="append",
        default=[],
        metavar="REGEX",
        help="what is a secret besides; of an expression with a group, the group (repeatable)",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command that was named."""
    code: int = options.cassette(options)
    return code


def _show(options: argparse.Namespace) -> int:
    from mockserver.cassettes import lines  # noqa: PLC0415 - see mockserver.cli
    from mockserver.recordings import tools  # noqa: PLC0415

    hearing = _hearing()
    for file in options.files:
        recordings = [hearing.placed(one) for one in lines.read(Path(file))]
        if options.number is not None:
            (chosen,) = tools.numbered(recordings, str(options.number))
            show(lines.to_line(chosen) if options.json else tools.exchange(chosen, hearing))
            continue
        rows = [tools.row_of(number, one, hearing) for number, one in enumerate(recordings, 1)]
        if len(options.files) > 1 and not options.json:
            show(f"# {file}")
        if rows:
            show("\n".join(row.as_json() for row in rows) if options.json else tools.table(rows))
    return 0


def _scrub(options: argparse.Namespace) -> int:
    from mockserver.cassettes import lines  # noqa: PLC0415 - see mockserver.cli
    from mockserver.cassettes.scrubbing import Scrubber  # noqa: PLC0415

    source = Path(options.file)
    scrubber = Scrubber(options.redact)
    before = lines.read(source)
    after = [scrubber.scrubbed(recording) for recording in before]
    changed = sum(old != new for old, new in zip(before, after, strict=True))
    _write(source if options.in_place else Path(options.output), after)
    show(f"{_count(len(after))} read, {changed} changed")
    return 0


def _split(options: argparse.Namespace) -> int:
    from mockserver.cassettes import lines  # noqa: PLC0415 - see mockserver.cli
    from mockserver.recordings import tools  # noqa: PLC0415

    hearing = _hearing()
    recordings = [hearing.placed(one) for one in lines.read(Path(options.file))]
    output = Path(options.output)
    if options.numbers is not None:
        _write(output, tools.numbered(recordings, options.numbers))
        return 0
    if output.suffix or output.is_file():
        raise UsageError(f"'{output}' is not a folder: --by writes several files into one")
    for name, group in tools.split(recordings, options.by, hearing).items():
        path = output / f"{name}.jsonl"
        if path.exists():
            raise UsageError(f"there is already a file '{path}': choose another folder")
        _write(path, group)
        show(f"{path}: {_count(len(group))}")
    return 0


def _merge(options: argparse.Namespace) -> int:
    from mockserver.cassettes import lines  # noqa: PLC0415 - see mockserver.cli
    from mockserver.recordings import tools  # noqa: PLC0415

    given = [lines.read(Path(file)) for file in options.files]
    merged = tools.merged(given)
    _write(Path(options.output), merged)
    twice = sum(map(len, given)) - len(merged)
    show(f"{_count(len(merged))} written" + (f", {twice} left out: they come twice" * bool(twice)))
    return 0


def _verify(options: argparse.Namespace) -> int:
    from mockserver.cassettes import lines  # noqa: PLC0415 - see mockserver.cli
    from mockserver.cassettes.scrubbing import Scrubber  # noqa: PLC0415
    from mockserver.recordings import tools  # noqa: PLC0415

    scrubber = Scrubber(options.redact)
    code = count = 0
    for file in options.files:
        verdict = tools.verified(lines.text_of(Path(file), file), file, scrubber)
        count += verdict.recordings
        for fault in verdict.faults:
            complain(fault)
            code = UNCLEAN
    if not code:
        show(f"{_count(count)} verified: no secret, no broken line")
    return code


def _hearing() -> "Hearing":
    from mockserver.plugins import Plugins  # noqa: PLC0415 - see mockserver.cli
    from mockserver.recordings.hearing import Hearing  # noqa: PLC0415

    return Hearing(Plugins.installed())


def _count(count: int) -> str:
    return f"{count} recording{'s' * (count != 1)}"


def _write(path: Path, recordings: "Sequence[Recording]") -> None:
    """Write *recordings* to *path*, whose old content stays until the new one is whole."""
    from mockserver.cassettes import lines  # noqa: PLC0415 - see mockserver.cli

    beside = path.with_name(f".{path.name}.new")
    lines.write(beside, recordings)
    beside.replace(path)
