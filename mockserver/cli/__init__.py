"""The command line: `mockserver serve`, `check`, `env`, `explain`, `scenarios`, `schema`, `tokens`.

What people made wrong is told in one clear message, with exit code 2. Modules that take long
to load are imported by the commands that need them.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from mockserver import environment
from mockserver.errors import MockServerError, UsageError
from mockserver.version import __version__

if TYPE_CHECKING:
    from mockserver.tokens.report import TokenReport

DEFAULT_PORT: Final = 8089
MISUSE: Final = 2
"""The exit code of everything that the caller can put right."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    code = 0
    try:
        code = options.run(options)
        sys.stdout.flush()
    except MockServerError as error:
        _tell(f"mockserver: {error}" if "\n" not in str(error) else str(error))
        return MISUSE
    except BrokenPipeError:
        # Whoever reads has enough (`| head`); what is left must not be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line, without the usage in front of it."""

    def __init__(self, **options: Any) -> None:
        # An abbreviation that works today means something else once another option is added.
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(MISUSE, f"mockserver: {message} (see '{self.prog} --help')\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mockserver",
        description="A local stand-in for LLM providers, for tests.",
    )
    parser.add_argument("--version", action="version", version=f"mockserver {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    _add_serve(commands.add_parser("serve", help="answer requests until Ctrl-C"))

    check = commands.add_parser("check", help="tell what is wrong with scenario files")
    check.set_defaults(run=_check)
    check.add_argument("files", nargs="+", metavar="FILE", help="a scenario, by path or name")

    _add_env(commands.add_parser("env", help="print the variables by which clients find a server"))
    _add_explain(
        commands.add_parser("explain", help="tell, rule by rule, how a scenario reads a request")
    )
    _add_report(
        commands.add_parser("report", help="tell what an application did wrong; exit code 1 if any")
    )
    _add_tokens(commands.add_parser("tokens", help="tell what a request is billed as"))

    scenarios = commands.add_parser(
        "scenarios", help="list the scenarios that ship with the server"
    )
    scenarios.set_defaults(run=_scenarios)

    schema = commands.add_parser(
        "schema", help="print the JSON Schema of scenario files, plug-ins included, for editors"
    )
    schema.set_defaults(run=_schema)
    return parser


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.set_defaults(run=_serve)
    serve.add_argument(
        "--scenario",
        action="append",
        default=[],
        metavar="NAME|PATH",
        help="a scenario to answer by; repeated, the first that says something wins",
    )
    serve.add_argument("--host", default="127.0.0.1", help="127.0.0.1 (default), ::1, or beyond")
    serve.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help=f"the port to listen on (default {DEFAULT_PORT}; 0: any that is free)",
    )
    serve.add_argument("--seed", type=int, help="of everything drawn (default: the scenario's)")
    serve.add_argument(
        "--watch", action="store_true", help="read the scenario again whenever its files change"
    )
    serve.add_argument("--strict", action="store_true", help="refuse what no rule answers")
    serve.add_argument("--any-model", action="store_true", help="know every model's name")
    serve.add_argument(
        "--no-usage-header",
        action="store_true",
        help="do not say in x-mockserver-usage whether a bill is exact or estimated",
    )
    serve.add_argument(
        "--time-scale",
        type=_time_scale,
        default=1.0,
        metavar="SCALE",
        help="how long a second takes: 1 (default) as in reality, 0.01 a hundredth, 0 no time",
    )
    serve.add_argument(
        "--ready-json",
        action="store_true",
        help="print one line of JSON once it listens, and nothing else, on standard output",
    )
    serve.add_argument(
        "--log-level",
        choices=["debug", "info", "warning", "error"],
        default="warning",
        help="how much to tell on standard error (default warning)",
    )
    serve.add_argument(
        "--control-token",
        metavar="TOKEN",
        help="what the control API wants to be sent (or set MOCKSERVER_CONTROL_TOKEN); beyond "
        "loopback one is drawn unless stated",
    )
    serve.add_argument("--no-control", action="store_true", help="have no control API")
    serve.add_argument(
        "--cors-origin",
        metavar="ORIGIN",
        help="let pages of this origin call the API, though not the control API; * for all",
    )
    serve.add_argument(
        "--tls",
        action="store_true",
        help="encrypt, by a certificate that is made on the spot (needs the extra 'tls')",
    )


def _add_env(env: argparse.ArgumentParser) -> None:
    env.set_defaults(run=_env)
    env.add_argument(
        "--url",
        default=f"http://127.0.0.1:{DEFAULT_PORT}",
        help=f"the root of the server's paths (default http://127.0.0.1:{DEFAULT_PORT})",
    )
    env.add_argument("--session", default="default", metavar="NAME", help="whose URLs they are")
    env.add_argument("--ca-file", metavar="FILE", help="what 'serve --tls' printed")
    env.add_argument(
        "--format",
        choices=["shell", "dotenv", "github"],
        default="shell",
        help="for a shell to evaluate (default), for .env, or for $GITHUB_ENV",
    )


def _add_explain(explain: argparse.ArgumentParser) -> None:
    explain.set_defaults(run=_explain)
    explain.add_argument(
        "file", metavar="FILE|-", help="the request's JSON; - reads standard input"
    )
    explain.add_argument(
        "--scenario", action="append", required=True, metavar="NAME|PATH", help="repeatable"
    )
    explain.add_argument(
        "--path",
        default="/v1/chat/completions",
        help="where it is sent (default /v1/chat/completions)",
    )


def _add_tokens(tokens: argparse.ArgumentParser) -> None:
    tokens.set_defaults(run=_tokens)
    tokens.add_argument(
        "file",
        metavar="FILE|-",
        help="requests, or recorded exchanges ('request' with 'response' or 'chunks'): a JSON "
        "document or one a line; - reads standard input",
    )
    tokens.add_argument("--model", help="count as this model does, whatever the file says")
    tokens.add_argument(
        "--end-of-turn",
        action="store_true",
        help="bill the token that ends each choice, as Azure does",
    )
    tokens.add_argument("--json", action="store_true", help="print a line of JSON for each")


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= 65_535:  # noqa: PLR2004 - TCP's ports
        raise argparse.ArgumentTypeError(f"'{text}' is no port: give a number from 0 to 65535")
    return port


def _time_scale(text: str) -> float:
    from mockserver.traffic.clock import refuse_time_scale  # noqa: PLC0415 - see the docstring

    try:
        scale = float(text)
        refuse_time_scale(scale)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no number") from error
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return scale


def _serve(options: argparse.Namespace) -> int:
    from mockserver.server import command  # noqa: PLC0415 - see the docstring

    return command.run(options)


def _env(options: argparse.Namespace) -> int:
    found = environment.variables(
        options.url,
        session=options.session,
        ca_file=options.ca_file,
        no_proxy=os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or "",
    )
    print(environment.written(found, options.format))  # noqa: T201 - this is the output
    return 0


def _explain(options: argparse.Namespace) -> int:
    from mockserver.engine.explaining import explained  # noqa: PLC0415 - see the docstring

    for where, document in _documents(options.file):
        if not isinstance(document, dict):
            raise UsageError(f"{where}: a request is a JSON object")
        request = cast(dict[str, Any], document)
        print(explained(request, options.scenario, path=options.path))  # noqa: T201 - the output
    return 0


def _add_report(report: argparse.ArgumentParser) -> None:
    report.set_defaults(run=_report)
    report.add_argument("--url", default=f"http://127.0.0.1:{DEFAULT_PORT}", help="the server")
    report.add_argument("--token", help="what its control API wants")
    report.add_argument("--session", default="default", help="whose calls (default: default)")
    report.add_argument(
        "--allow", action="append", default=[], metavar="VERDICT", help="what is no fault here"
    )
    report.add_argument(
        "--fallback", action="store_true", help="it has another provider, model or key to turn to"
    )


def _report(options: argparse.Namespace) -> int:
    from mockserver.client.control import Control  # noqa: PLC0415 - see the docstring
    from mockserver.records.verdicts import Verdict, without  # noqa: PLC0415

    session = Control(options.url, token=options.token).session(options.session)
    told = session.verdicts(fallback=options.fallback)
    found = without(
        [Verdict(one.kind, one.calls, one.what, one.advice) for one in told], options.allow
    )
    for verdict in found:
        print(verdict)  # noqa: T201 - the output
    calls = session.read().calls
    label = "verdict" if len(found) == 1 else "verdicts"
    _tell(f"{calls} calls, {len(found)} {label}")
    return 1 if found else 0


def _check(options: argparse.Namespace) -> int:
    from mockserver.scenario.loader import check  # noqa: PLC0415 - see the docstring

    problems = check(options.files)
    for problem in problems:
        _tell(str(problem))
    errors = sum(problem.severity == "error" for problem in problems)
    if errors:
        return MISUSE
    count = len(options.files)
    print(f"{count} scenario{'s' if count > 1 else ''} checked: no errors")  # noqa: T201
    return 0


def _tokens(options: argparse.Namespace) -> int:
    from mockserver.tokens.report import token_report  # noqa: PLC0415 - see the docstring

    for where, document in _documents(options.file):
        if not isinstance(document, dict):
            raise UsageError(f"{where}: a request is a JSON object")
        try:
            report = token_report(
                cast(dict[str, Any], document),
                model=options.model,
                end_of_turn=options.end_of_turn,
            )
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{where}: no valid request: {error!r}") from error
        print(_as_json(report) if options.json else _as_table(report))  # noqa: T201 - the output
    return 0


def _documents(name: str) -> Iterator[tuple[str, Any]]:
    """Yield the documents of a file, one or one a line, each with where it stands."""
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
            raise UsageError(f"{where}: no JSON: {whole.msg}") from whole
        for number, line in lines:
            try:
                yield f"{name}:{number}", json.loads(line)
            except json.JSONDecodeError as error:
                where = f"{name}:{number}:{error.colno}"
                raise UsageError(f"{where}: no JSON: {error.msg}") from error


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
                {"what": line.what, "tokens": line.tokens, "count": _certainty(exact=line.exact)}
                for line in report.lines
            ],
        },
        ensure_ascii=False,
    )


def _as_table(report: "TokenReport") -> str:
    rows: list[tuple[str, int, bool, int | None]] = [
        (line.what, line.tokens, line.exact, None) for line in report.lines
    ]
    prompt, completion = report.prompt, report.completion
    rows.append(("prompt_tokens", prompt.tokens, prompt.exact, report.recorded_prompt))
    if completion is not None:
        recorded = report.recorded_completion
        rows.append(("completion_tokens", completion.tokens, completion.exact, recorded))
    width = max(len(what) for what, *_ in rows)
    told = [f"{report.model.id} ({report.model.family.encoding})"]
    for what, tokens, exact, recorded in rows:
        notes = [] if exact else ["estimated"]
        if recorded is not None:
            notes.append("as recorded" if recorded == tokens else f"recorded: {recorded}")
        told.append(f"  {what:{width}}  {tokens:>8}  {', '.join(notes)}".rstrip())
    return "\n".join(told)


def _certainty(*, exact: bool) -> str:
    return "exact" if exact else "estimated"


def _scenarios(options: argparse.Namespace) -> int:  # noqa: ARG001 - it has no options
    from mockserver.scenario.loader import bundled_scenarios  # noqa: PLC0415 - see the docstring

    listed = bundled_scenarios()
    width = max((len(name) for name, _ in listed), default=0)
    for name, description in listed:
        print(f"{name:{width}}  {description}")  # noqa: T201 - this is the output
    return 0


def _schema(options: argparse.Namespace) -> int:  # noqa: ARG001 - it has no options
    from mockserver.plugins import Plugins  # noqa: PLC0415 - see the docstring
    from mockserver.scenario.json_schema import json_schema  # noqa: PLC0415

    schema = json_schema(Plugins.installed())
    print(json.dumps(schema, indent=2, ensure_ascii=False))  # noqa: T201 - this is the output
    return 0


def _tell(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201 - for people
