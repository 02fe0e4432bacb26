"""`mockserver journal`: the calls of a running server, one of them whole, or an archive of them."""

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mockserver.cli import calls, remote
from mockserver.cli.output import complain, show
from mockserver.errors import UsageError, printable

if TYPE_CHECKING:
    from mockserver.client.control import Control
    from mockserver.control.shapes import CallContent, CallDetail, CallRecord, Content

HELP: Final = "list the calls of a running server, show one whole, or export them as HAR"
LISTED: Final = 20
ALL: Final = 100_000
STDOUT: Final = "-"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes to *parser*."""
    parser.add_argument(
        "number",
        nargs="?",
        type=calls.count,
        metavar="NUMBER",
        help="the number of a call in its session, to show it whole",
    )
    remote.add_server_options(parser)
    calls.add_filters(parser)
    parser.add_argument(
        "-n",
        "--newest",
        type=calls.count,
        metavar="N",
        help=f"how many calls, the newest ones (default {LISTED}; all, with --har)",
    )
    parser.add_argument(
        "--har",
        metavar="FILE",
        help="write an HTTP archive (HAR) of the calls to FILE, or to standard output ('-')",
    )
    calls.add_looks(parser)


def run(options: argparse.Namespace) -> int:
    """Show what is asked for; return the exit code."""
    control = remote.control_of(options)
    if options.har is not None:
        if options.json:
            raise UsageError("--json and --har: an archive is JSON already")
        _export(control, options)
    elif options.number is not None:
        _show_one(control, options)
    else:
        _list(control, options)
    return 0


def _list(control: "Control", options: argparse.Namespace) -> None:
    """Show the newest calls in a line each, with the number that shows one of them whole."""
    found, line = _found(control, options, LISTED), calls.line_maker(options)
    width = max((len(str(call.number)) for call in found), default=0)
    for call in found:
        show(line(call) if options.json else f"{call.number:>{width}}  {line(call)}")
    if not found:
        complain("no such call is kept")


def _found(control: "Control", options: argparse.Namespace, most: int) -> "Sequence[CallRecord]":
    wanted = most if options.newest is None else options.newest
    return calls.newest(control, calls.query_of(options), wanted)


def _export(control: "Control", options: argparse.Namespace) -> None:
    """Write an archive of the calls that are asked for."""
    from mockserver.client.control import ControlError  # noqa: PLC0415 - see mockserver.cli
    from mockserver.recordings.exporting import archive, entry  # noqa: PLC0415

    if options.number is not None:
        found: Sequence[CallRecord] = [_session(control, options).call(options.number)]
    else:
        found = _found(control, options, ALL)
    entries: list[Any] = []
    gone = 0
    for call in found:
        try:
            content = control.session(call.session).content(call.number)
        except ControlError as error:
            if error.problem.status != 404:  # noqa: PLR2004 - dropped since it was listed
                raise
            gone += 1
            continue
        entries.append(entry(control.url, call, content))
    # Standard output may be a terminal.
    text = json.dumps(archive(entries), indent=1, ensure_ascii=options.har == STDOUT)
    if options.har == STDOUT:
        show(text)
    else:
        try:
            Path(options.har).write_bytes(f"{text}\n".encode("utf-8", "backslashreplace"))
        except OSError as error:
            what = f"'{options.har}' cannot be written: {error.strerror or error}"
            raise UsageError(what) from error
    left_out = f"; {gone} are not kept any more" if gone else ""
    complain(f"{len(entries)} call{'s' * (len(entries) != 1)} exported{left_out}")


def _session(control: "Control", options: argparse.Namespace) -> Any:
    return control.session(options.session or "default")


def _show_one(control: "Control", options: argparse.Namespace) -> None:
    session = _session(control, options)
    detail, content = session.detail(options.number), session.content(options.number)
    if options.json:
        from mockserver.control.jsonform import to_json  # noqa: PLC0415 - see mockserver.cli

        members = {**to_json(detail), "content": to_json(content)}
        show(json.dumps(members, indent=2))
        return
    for line in _whole(detail, content, calls.line_maker(options)(detail.call)):
        show(line)


# --- One call, for people ---------------------------------------------------------------------


def _whole(detail: "CallDetail", content: "CallContent", line: str) -> Iterator[str]:
    """Yield the lines that show a call whole; *line* shows it in short."""
    call = detail.call
    came = datetime.fromtimestamp(call.came_unix_s, UTC).isoformat(timespec="milliseconds")
    yield line
    yield from _title("Request")
    query = f"?{call.query}" if call.query else ""
    yield printable(f"{call.method} {call.path}{query}")
    yield printable(
        f"session {call.session or 'default'}, call {call.number} ({call.serial} of the server),"
        f" {call.provider} {call.endpoint or 'no endpoint'}, {came}"
    )
    yield from (printable(f"{name}: {value}") for name, value in call.headers.items())
    yield ""
    yield from _body(content.request, call.body_bytes)
    if detail.rules:
        yield from _title("Rules")
        for rule in detail.rules:
            why = f": {'; '.join(rule.why)}" if rule.why else ""
            yield printable(f"{rule.outcome.replace('_', ' '):9} {rule.name}{why}")
    elif call.near_misses:
        yield from _title("Near misses")
        yield from map(printable, call.near_misses)
    yield from _title("Answer")
    yield f"{call.status or 'no status'}, {call.outcome.replace('_', ' ')}"
    yield from (printable(f"{one.name}: {one.value}") for one in content.headers)
    yield ""
    if content.body is not None:
        yield from _body(content.body, len(content.body.text))
    elif call.text is not None:
        yield from map(printable, call.text.split("\n"))
    yield from _remarks(detail)


def _title(title: str) -> Iterator[str]:
    yield ""
    yield f"--- {title}"


def _body(content: "Content | None", size: int) -> Iterator[str]:
    if content is None:
        yield f"({size} bytes, too large to keep)"
    elif content.encoding is not None:
        yield f"({size} bytes that are no text; --json has them in base64)"
    elif content.text:
        try:
            text = json.dumps(json.loads(content.text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            text = content.text
        yield from map(printable, text.splitlines())


def _remarks(detail: "CallDetail") -> Iterator[str]:
    """Yield what else there is to know about a call."""
    call, measured = detail.call, detail.call.measured
    said: list[tuple[str, object]] = []
    if call.usage is not None:
        about = "" if call.usage.exact else " (estimated)"
        tokens = f"{call.usage.prompt_tokens} prompt, {call.usage.completion_tokens} completion"
        said.append(("tokens", tokens + about))
    said += [
        ("billed", f"{part.what}: {part.tokens}{'' if part.exact else ' (estimated)'}")
        for part in detail.bill
    ]
    if detail.cost_usd is not None:
        said.append(("cost", f"${detail.cost_usd:.6f}"))
    if measured is not None:
        first = measured.first_token_ms
        token = "" if first is None else f", first token {first:.1f}"
        times = f"first byte {measured.first_byte_ms:.1f}{token}"
        said.append(("times", f"{times}, last byte {measured.last_byte_ms:.1f} ms"))
    if call.planned_ms is not None:
        said.append(("planned", f"{call.planned_ms:.1f} ms of session time"))
    if len(detail.attempts) > 1:
        numbers = ", ".join(str(attempt.number) for attempt in detail.attempts)
        said.append(("attempts", f"calls {numbers}"))
    for title, found in (
        ("failure", call.failures),
        ("no effect", call.no_effect),
        ("pre-empted", call.pre_empted),
        ("unoffered", call.unoffered),
        ("off schema", call.off_schema),
        ("verdict", tuple(verdict.what for verdict in detail.verdicts)),
        ("note", tuple(note for note in call.notes if note != call.hint)),
        ("hint", () if call.hint is None else (call.hint,)),
    ):
        said += [(title, one) for one in found]
    if said:
        yield from _title("Remarks")
        yield from (printable(f"{title}: {value}") for title, value in said)
