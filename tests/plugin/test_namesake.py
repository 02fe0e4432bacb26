"""PyPI's `mockserver-client` has a package and a plugin called `mockserver` too (T6)."""

import subprocess
import sys
from pathlib import Path

import pytest
from plugin_runs import IMPORTABLE, Runs
from support.distributions import install

pytestmark = pytest.mark.system

TEST = "def test_it(mock_llm):\n    pass\n"
THEIRS = "that of PyPI's 'mockserver-client' 1.0"
CLIENT = "from mockserver.client import MockServerClient\n"
PLUGIN = "import pytest\n\n@pytest.fixture\ndef mockserver():\n    return 'theirs'\n"


def other(folder: Path, package: str) -> Path:
    """Write the other distribution, whose package begins with *package*."""
    (folder / "mockserver").mkdir(parents=True)
    (folder / "mockserver" / "__init__.py").write_text(package)
    (folder / "mockserver" / "pytest_plugin.py").write_text(PLUGIN)
    install(folder, "mockserver-client", "[pytest11]\nmockserver = mockserver.pytest_plugin")
    return folder


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)


def ran(runs: Runs, *arguments: str) -> pytest.RunResult:
    runs.pytester.makepyfile(TEST)
    runs.pytester.makeini("[pytest]\n")
    return runs.pytester.runpytest_subprocess(*arguments)


@pytest.fixture
def shadowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the other package in front of ours."""
    folder = other(tmp_path / "theirs", "class MockServerClient: ...\n")
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{IMPORTABLE}")
    return folder


def test_a_package_in_the_place_of_ours_is_named_where_a_fixture_needs_it(
    runs: Runs, shadowed: Path
) -> None:
    result = ran(runs, "-p", "pytest_mockserver")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [f"the package 'mockserver' in *theirs* is *{THEIRS}", "  install the two in separate *"]
    )


@pytest.mark.parametrize(
    "plugin",
    [
        pytest.param("mockserver", id="both plugins"),
        pytest.param("no:mockserver", id="theirs is turned off"),
    ],
)
def test_the_head_of_the_run_names_it_too(runs: Runs, shadowed: Path, plugin: str) -> None:
    result = ran(runs, "-p", "pytest_mockserver", "-p", plugin)

    result.stdout.fnmatch_lines([f"llm-mockserver: the package 'mockserver' in * is {THEIRS}"])


def test_clients_that_are_made_on_import_get_a_usage_error(runs: Runs, shadowed: Path) -> None:
    result = ran(runs, "-p", "pytest_mockserver", "--mock-llm-env=session")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: the package 'mockserver' in * is {THEIRS}"])


def test_turning_off_the_other_plugin_leaves_ours_on_and_says_so(runs: Runs) -> None:
    result = runs.of(TEST, "-p", "no:mockserver", in_process=False, passed=1)

    result.stdout.fnmatch_lines(["llm-mockserver: '-p no:llm_mockserver' turns it off, not *"])


def test_the_command_names_it(shadowed: Path) -> None:
    code = "import sys; from pytest_mockserver.namesake import main; sys.exit(main())"

    done = run(sys.executable, "-P", "-c", code, "--version")

    assert done.returncode == 2
    assert THEIRS in done.stderr


def test_the_command_is_otherwise_what_it_was() -> None:
    code = "import sys; from pytest_mockserver.namesake import main; sys.exit(main())"

    assert run(sys.executable, "-c", code, "--version").stdout.startswith("mockserver ")


def test_mixed_files_are_named_where_theirs_look_for_their_client() -> None:
    done = run(sys.executable, "-c", CLIENT)

    assert (
        "the files of PyPI's 'mockserver-client' and of 'llm-mockserver' are mixed" in done.stderr
    )
