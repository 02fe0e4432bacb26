"""`mockserver schema`: the JSON Schema of scenario files."""

import argparse
import json
from typing import Final

from mockserver.cli.output import show

HELP: Final = "print the JSON Schema of scenario files, plug-ins included, for editors"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add nothing to *parser*: the command takes no options."""


def run(options: argparse.Namespace) -> int:  # noqa: ARG001 - it takes none
    """Print the schema."""
    from mockserver.plugins import Plugins  # noqa: PLC0415 - see mockserver.cli
    from mockserver.scenario.json_schema import json_schema  # noqa: PLC0415

    show(json.dumps(json_schema(Plugins.installed()), indent=2, ensure_ascii=False))
    return 0
