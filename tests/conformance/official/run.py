"""Run the tests that the openai Python package is released with against this server.

    make conformance

The package and what its tests need are in `.venv-official/`, from its lock file; its source
distribution is fetched there. They are not part of this repository, and `make clean` removes them.
The tests are run as released but for what `placeholders.py` changes. Exits with 1 if one does not
do as it must.
"""

import collections
import os
import subprocess
import sys
import tarfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT)]

from mockserver import MockServer  # noqa: E402 - a plain checkout is run too

HOME = ROOT / ".venv-official"
PYTHON = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PIP = (str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet")
TESTS = (
    "tests/api_resources/chat/test_completions.py",
    "tests/api_resources/chat/completions/test_messages.py",
    "tests/api_resources/test_completions.py",
    "tests/api_resources/test_models.py",
    "tests/api_resources/test_responses.py",
    "tests/api_resources/responses/test_input_items.py",
    "tests/api_resources/responses/test_input_tokens.py",
    "tests/api_resources/test_conversations.py",
    "tests/api_resources/conversations/test_items.py",
    "tests/api_resources/test_embeddings.py",
    "tests/api_resources/test_moderations.py",
)

KEPT = {
    "completion_id": "kept_id",
    "response_id": "kept_response",
    "resp_123": "kept_response",
    "resp_677efb5139a88190b512bc3fef8e535d": "kept_response",
    "conv_123": "kept_conversation",
    "msg_abc": "kept_item",
}
"""What the tests ask for -> what returns the id of one that is there."""


def installed() -> str:
    """Return the version of the package."""
    tell = "import importlib.metadata as m; print(m.version('openai'))"
    return subprocess.check_output([PYTHON, "-c", tell], text=True).strip()


def unpacked(version: str) -> Path:
    """Fetch the source distribution unless it is here; return the folder of its tests, fresh."""
    archive = HOME / "sdist" / f"openai-{version}.tar.gz"
    if not archive.exists():
        source = ("--no-deps", "--no-binary", "openai", "--dest", str(archive.parent))
        subprocess.run([*PIP, "download", *source, f"openai=={version}"], check=True)
    folder = archive.parent / f"openai-{version}"
    with tarfile.open(archive) as packed:
        wanted = (f"{folder.name}/tests/", f"{folder.name}/pyproject.toml")
        members = [member for member in packed if member.name.startswith(wanted)]
        packed.extractall(archive.parent, members, filter="data")
    for test in TESTS:
        path = folder / test
        path.write_text(with_kept_ids(path.read_text("utf-8")), "utf-8")
    return folder


def with_kept_ids(source: str) -> str:
    """Return a test's *source* with the ids of what is kept where it has ids of nothing."""
    replaced = source
    for named, kept in KEPT.items():
        replaced = replaced.replace(f'"{named}"', f"{kept}()")
    if replaced == source:
        return source
    future = "from __future__ import annotations\n"
    names = ", ".join(sorted(set(KEPT.values())))
    return replaced.replace(future, f"{future}from placeholders import {names}\n", 1)


def results(report: Path) -> collections.Counter[str]:
    """Count the outcomes in pytest's *report*: what failed as it must is `contradicted`."""
    counted: collections.Counter[str] = collections.Counter()
    for case in ET.parse(report).iter("testcase"):
        outcome = next(
            (child for child in case if child.tag in ("failure", "error", "skipped")), None
        )
        if outcome is None:
            counted["passed"] += 1
        elif outcome.get("type") == "pytest.xfail":
            counted["contradicted"] += 1
        else:
            counted["skipped" if outcome.tag == "skipped" else "failed"] += 1
    return counted


def main() -> int:
    """Fetch, serve, run, and tell."""
    version = installed()
    folder = unpacked(version)
    report = HOME / "report.xml"
    report.unlink(missing_ok=True)
    command = [PYTHON, "-m", "pytest", "-p", "placeholders", "-o", "addopts=", "--tb=short"]
    began = time.perf_counter()
    # A fine-tune is deleted, which exists for whoever knows every model.
    with MockServer(any_model=True) as server:
        proxies = {"http_proxy", "https_proxy", "all_proxy", "pythonhome"}
        environment = {k: v for k, v in os.environ.items() if k.lower() not in proxies} | {
            "TEST_API_BASE_URL": server.base_url,
            "PYTHONPATH": str(HERE),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        ended = subprocess.run(
            [*command, "-q", "-rfE", "-p", "no:cacheprovider", f"--junitxml={report}", *TESTS],
            cwd=folder,
            env=environment,
            check=False,
        ).returncode
    counted = results(report) if report.exists() else collections.Counter[str]()
    sys.stdout.write(
        f"openai {version}: {counted['passed']} passed, {counted['contradicted']} failed as they"
        f" must, {counted['skipped']} skipped, {counted['failed']} failed"
        f" ({time.perf_counter() - began:.1f} s)\n"
    )
    return 0 if ended == 0 and counted["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
