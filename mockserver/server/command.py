"""What `mockserver serve` does: a running server from the options of the command line."""

import argparse
import json
import logging
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from mockserver.control.guard import TOKEN_HEADER, refuse_token
from mockserver.engine.engine import Engine
from mockserver.environment import KEY, TOKEN_VARIABLE, URL_VARIABLE
from mockserver.errors import UsageError
from mockserver.plugins import Plugins
from mockserver.records.telling import styles_of
from mockserver.scenario.loader import load_scenario, scenario_files
from mockserver.scenario.schema import Scenario
from mockserver.server import pages, runner
from mockserver.server.certificates import self_signed
from mockserver.server.cors import Cors
from mockserver.server.forwarded import forwarded, on_command_line
from mockserver.server.listening import Address
from mockserver.server.log import JsonFormatter, Log
from mockserver.server.settings import Settings
from mockserver.server.watching import Watcher
from mockserver.sessions.options import Options
from mockserver.version import __version__

STANDARD_ERROR: Final = 2
UNWRITTEN: Final = 1
"""The exit code if something that was to be recorded is missing in the cassette."""


def run(options: argparse.Namespace) -> int:
    """Answer requests until stopped; return the exit code.

    Raises:
        MockServerError: The options ask for something impossible.

    """
    log = _log(options)
    sources: list[str] = options.scenario
    if options.watch and not sources:
        raise UsageError("--watch without --scenario: there is nothing to watch")

    def read() -> Scenario:
        return load_scenario(*sources) if sources else Scenario()

    passed_on = forwarded(
        upstream=options.upstream,
        cassette=options.cassette,
        record=options.record,
        redact=options.redact,
        key_variable=options.upstream_key_env,
        spell=on_command_line,
        complain=partial(log.say, level="error"),
    )
    engine = Engine(
        read(),
        Plugins.installed(),
        time.monotonic,
        Options(
            seed=options.seed,
            strict=options.strict,
            any_model=options.any_model,
            any_deployment=options.any_deployment,
            usage_header=not options.no_usage_header,
            time_scale=options.time_scale,
            words=not options.quiet,
            unix_start_s=time.time(),  # noqa: TID251 - from here on, the session's clock tells it
            passing=passed_on.passing,
            lowest=passed_on.lowest,
            journal_calls=options.journal_calls,
        ),
    )
    if not options.quiet:
        engine.totals.listeners.append(log.hear)
    with ExitStack() as stack:
        context, ca_file = None, None
        if options.tls:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mockserver-"))
            context, ca_file = self_signed(options.host, Path(folder))
        settings = Settings(
            control=not options.no_control,
            token=_stated_token(options),
            allow_hosts=tuple(options.allow_host),
            cors=None if options.cors_origin is None else Cors(options.cors_origin),
            tls=context,
            reload=read if sources else None,
            watcher=Watcher(read, lambda: scenario_files(*sources), log.say)
            if options.watch
            else None,
            upstream=passed_on.upstream,
            recorder=passed_on.recorder,
            log=log,
            metrics=not options.no_metrics,
        )

        def ready(address: Address) -> None:
            line = _as_json(address, ca_file, controlled=settings.control)
            welcome = _welcome(
                address,
                sources,
                ca_file,
                passed_on.words,
                controlled=settings.control,
                quiet=options.quiet,
            )
            print(line if options.ready_json else welcome, flush=True)  # noqa: T201 - the output

        runner.serve(engine, options.host, options.port, ready, settings)
    return UNWRITTEN if passed_on.recorder is not None and passed_on.recorder.unwritten else 0


def _stated_token(options: argparse.Namespace) -> str | None:
    """Return the control token of the command line, or else of the environment.

    Raises:
        UsageError: It is not a valid one. An empty one is none: it must not leave the API open.

    """
    stated: str | None = options.control_token
    named = os.environ.get(TOKEN_VARIABLE) if stated is None and not options.no_control else None
    token = named if stated is None else stated
    try:
        refuse_token(token)
    except UsageError as error:
        raise UsageError(
            f"{'--control-token' if named is None else f'${TOKEN_VARIABLE}'}: {error}"
        ) from error
    return token


def _as_json(address: Address, ca_file: Path | None, *, controlled: bool) -> str:
    line: dict[str, Any] = {
        "ready": True,
        "port": address.port,
        "base_url": f"{address.url}/v1",
        "control_url": f"{address.url}/_mock" if controlled else None,
        "control_token": address.token,
        "ca_file": str(ca_file) if ca_file else None,
    }
    return json.dumps(line)


def _welcome(
    address: Address,
    scenarios: list[str],
    ca_file: Path | None,
    passed_on: Sequence[str],
    *,
    controlled: bool,
    quiet: bool,
) -> str:
    url = address.url
    answers = f"answers from {', '.join(scenarios)}" if scenarios else "answers without a scenario"
    lines = [
        f"mockserver {__version__} listens on {url} and {answers}.",
        *passed_on,
        "Paste into a shell (or, without 'export', into .env):",
        "",
        f"  export OPENAI_BASE_URL={url}/v1",
        f"  export OPENAI_API_KEY={KEY}",
    ]
    lines += [f"  export SSL_CERT_FILE={ca_file} NODE_EXTRA_CA_CERTS={ca_file}"] if ca_file else []
    if controlled:
        # What follows a "#" stays in the browser: it is in no request, and in no log.
        token = f"#token={quote(address.token, safe='')}" if address.token else ""
        lines += ["", f"To watch: {url}{pages.INDEX}{token}"]
    if address.token:
        lines += [
            "",
            f"The control API requires '{TOKEN_HEADER}: {address.token}'.",
            "For commands that talk to this server, such as 'mockserver report':",
            "",
            f"  export {URL_VARIABLE}={url}",
            f"  export {TOKEN_VARIABLE}={shlex.quote(address.token)}",
        ]
    shown = "" if quiet else " Each call gets a line on standard error, unless --quiet."
    return "\n".join([*lines, "", f"Press Ctrl-C to stop.{shown}"])


def _log(options: argparse.Namespace) -> Log:
    """Return what is written on standard error, in the form that *options* state."""
    handler = logging.StreamHandler(sys.stderr)
    if options.log_format == "json":
        handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=options.log_level.upper(), format="%(message)s", handlers=[handler])
    # What it says of itself at `debug` is nothing of ours.
    logging.getLogger("asyncio").setLevel(logging.INFO)
    return Log(
        STANDARD_ERROR,
        options.log_format,
        styles_of(options.color, sys.stderr, os.environ),
        encoding=sys.stderr.encoding,
    )
