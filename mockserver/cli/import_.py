"""`mockserver import`: other tools' files become a cassette or a scenario."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mockserver.cli.output import complain, show
from mockserver.errors import UsageError

if TYPE_CHECKING:
    from mockserver.recordings.importing import Gathered

HELP: Final = "turn other tools' recordings and rules into a cassette or a scenario"
LEFT_OUT: Final = 1
"""The exit code of `--strict` if something is left out."""
CASSETTE: Final = "cassette"
SCENARIO: Final = "scenario"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="a file of vcrpy, Ruby's VCR, HAR, aimock, mock-llm, stubllm, fakellm, a journal,"
        " JSON lines of exchanges or a cassette, also compressed by gzip; or a folder of them",
    )
    parser.add_argument(
        "--to",
        choices=(CASSETTE, SCENARIO),
        help="what to make (recordings: a cassette, rules: a scenario)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write to FILE (standard output)"
    )
    parser.add_argument("--format", metavar="NAME", help="the files' format (recognised)")
    parser.add_argument(
        "--redact",
        action="append",
        default=[],
        metavar="REGEX",
        help="take out what this finds, besides what looks like a secret (may be repeated)",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.add_argument(
        "--strict", action="store_true", help="end with exit code 1 if something is left out"
    )


def run(options: argparse.Namespace) -> int:
    """Write what the files become; return 1 if `--strict` and something is left out."""
    from mockserver.recordings.importing import gathered  # noqa: PLC0415 - see mockserver.cli

    output: Path | None = options.output
    if output is not None and output.exists() and not options.force:
        raise UsageError(f"'{output}' exists\n  --force replaces it")
    found = gathered(options.files, options.format)
    _list("left out", found.left_out)
    _list("note", found.notes)
    text, left_out = _text(found, options.to, options.redact)
    _list("left out", left_out)
    if output is None:
        show(text.removesuffix("\n"))
    else:
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            what = f"'{output}' cannot be written: {error.strerror or error}"
            raise UsageError(what) from error
    return LEFT_OUT if options.strict and (found.left_out or left_out) else 0


def _list(title: str, groups: Mapping[str, Sequence[str]]) -> None:
    from mockserver.recordings.importing import listed  # noqa: PLC0415 - see mockserver.cli

    for line in listed(groups):
        complain(f"{title}: {line}")


def _text(
    found: "Gathered", wanted: str | None, patterns: list[str]
) -> tuple[str, Mapping[str, Sequence[str]]]:
    """Return what is to be written, and what that leaves out of what was found."""
    from mockserver.recordings import importing  # noqa: PLC0415 - see mockserver.cli

    if found.of_rules and found.of_recordings:
        one, other = found.of_rules[0], found.of_recordings[0]
        what = f"'{one}' holds rules and '{other}' exchanges: import them one by one"
        raise UsageError(what)
    if found.of_rules:
        if wanted == CASSETTE:
            what = f"'{found.of_rules[0]}' holds rules, and a cassette holds requests"
            raise UsageError(f"{what} with their answers\n  write --to {SCENARIO}")
        return importing.scenario_text(found), {}
    if not found.recordings:
        raise UsageError("there is nothing in these files that can be taken")
    recordings = importing.scrubbed(found.recordings, patterns)
    if wanted == SCENARIO:
        return importing.scenario_of_recordings(recordings)
    return importing.cassette_text(recordings), {}
