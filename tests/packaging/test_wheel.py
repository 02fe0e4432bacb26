"""What is built is complete: installed beside its declared dependencies alone, it does its work.

Each environment here is fresh. Into it go the wheel (or an editable install) by pip, and, linked
from this environment instead of downloaded, what its metadata asks for and nothing else.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterable, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement
from support import machine

from mockserver import __version__

ROOT = Path(__file__).resolve().parents[2]
NAME = "llm-mockserver"
PATIENCE_S = 120
"""How long a command may take before a test gives up; most take a second."""

CONSUMER = """\
from mockserver import Control, MockServer, __version__

def of_session(control: Control) -> list[tuple[int, str | None]]:
    with control.new_session("a", {"rules": []}, strict=True, seed=1) as session:
        session.wait_for(2, {"last_user": "x"}, timeout_s=1, unfinished=True)
        session.assert_called({"model": "gpt-4*"}, at_least=1)
        return [(call.number, call.text) for call in session.calls(rule="x", status=(200,))]

def first_calls(server: MockServer) -> list[int | None]:
    return [call.status for call in server.session().journal]

with MockServer(seed=7, strict=False) as server:
    address: str = server.base_url
    version: str = __version__
    statuses = first_calls(server)
"""
PLUGIN_CONSUMER = """\
from mockserver import MockServer
from pytest_mockserver import Session

def test_plugin(mock_llm: Session, mock_llm_server: MockServer) -> None:
    assert mock_llm.base_url.startswith(mock_llm_server.url)
    assert [call.number for call in mock_llm.calls] == []
"""
HOW_TOS = [
    "test_agent.py",
    "test_fallback.py",
    "test_node_app.py",
    "test_retrying.py",
    "test_streaming.py",
    "test_structured_output.py",
]
"""Of tests/examples: what people copy has types that both checkers accept."""


# --- Building and installing -----------------------------------------------------------------


@dataclass(frozen=True)
class Built:
    wheel: Path
    sdist: Path

    def wheel_names(self) -> set[str]:
        """Return the files of the wheel, apart from its metadata."""
        with zipfile.ZipFile(self.wheel) as archive:
            return {name for name in archive.namelist() if ".dist-info/" not in name}

    def read_metadata(self, name: str) -> str:
        """Return the text of a file in the wheel's `.dist-info`."""
        with zipfile.ZipFile(self.wheel) as archive:
            return archive.read(f"llm_mockserver-{__version__}.dist-info/{name}").decode()

    def sdist_names(self) -> set[str]:
        """Return the files of the source distribution, below its one folder."""
        with tarfile.open(self.sdist) as archive:
            return {name.partition("/")[2] for name in archive.getnames()}


@dataclass(frozen=True)
class Environment:
    """A fresh environment, and a folder outside the sources to run its programs in."""

    folder: Path
    elsewhere: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def mockserver(self) -> Path:
        return self.folder / "bin" / "mockserver"

    @property
    def site_packages(self) -> Path:
        major, minor = sys.version_info[:2]
        return self.folder / "lib" / f"python{major}.{minor}" / "site-packages"

    def run(self, *command: str | Path, path: Path | None = None) -> str:
        """Return what *command* prints; *path* is imported from besides the environment."""
        return _run(*command, cwd=self.elsewhere, path=path)

    def pip(self, *arguments: str | Path, path: Path | None = None) -> str:
        """Let pip do something in this environment, without an index."""
        return self.run(
            *(sys.executable, "-m", "pip", "--python", self.python, *arguments), path=path
        )


def _run(*command: str | Path, cwd: Path, path: Path | None = None) -> str:
    ran = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=_environment(path),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, f"{' '.join(map(str, command))}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def _pyright() -> tuple[str, ...]:
    folder = ROOT / ".ci" / "pyright"
    return machine.node_project(folder), str(folder / "node_modules" / "pyright" / "index.js")


def _environment(path: Path | None = None) -> Mapping[str, str]:
    """Return the variables of this run without what would show the sources to another."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {**kept, "PIP_NO_INDEX": "1"} | ({"PYTHONPATH": str(path)} if path else {})


def _link(requirements: Iterable[str], folder: Path) -> None:
    """Link what *requirements* ask for, and what that asks for in turn, into *folder*."""
    wanted = list(map(Requirement, requirements))
    linked: set[str] = set()
    while wanted:
        requirement = wanted.pop()
        extras = requirement.extras or {""}
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in extras):
            continue
        found = metadata.distribution(requirement.name)
        if found.name in linked:
            continue
        linked.add(found.name)
        for part in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (folder / part).exists():
                (folder / part).symlink_to(str(found.locate_file(part)))
        wanted += map(Requirement, found.requires or ())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The source distribution, and the wheel that is built from it, with nothing downloaded."""
    folder = tmp_path_factory.mktemp("built")
    build = (sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    _run(*build, cwd=folder)
    return Built(next(folder.glob("*.whl")), next(folder.glob("*.tar.gz")))


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installed(
    request: pytest.FixtureRequest, built: Built, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """A fresh environment with the package and its dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    environment = Environment(folder, tmp_path_factory.mktemp("elsewhere"))
    if request.param == "wheel":
        environment.pip("install", "--no-deps", built.wheel)
    else:
        backend = tmp_path_factory.mktemp("backend")
        _link(["hatchling"], backend)
        options = ("--no-deps", "--no-build-isolation", "--editable")
        environment.pip("install", *options, ROOT, path=backend)
    (found,) = metadata.distributions(name=NAME, path=[str(environment.site_packages)])
    needed = [line for line in found.requires or () if "extra ==" not in line]
    _link(needed, environment.site_packages)
    return environment


# --- What is in it ---------------------------------------------------------------------------


def _files(folder: str, inside: str) -> set[str]:
    """Return the files below *folder* of the sources, as they are named below *inside*."""
    return {
        f"{inside}/{path.relative_to(ROOT / folder).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_packages_and_the_bundled_data_and_nothing_else(built: Built) -> None:
    wanted = (
        _files("mockserver", "mockserver")
        | _files("pytest_plugin/pytest_mockserver", "pytest_mockserver")
        | _files("scenarios", "mockserver/_bundled/scenarios")
        | _files("fixtures", "mockserver/_bundled/fixtures")
    ) - {"mockserver/_bundled/fixtures/vocabularies/build.py"}

    assert built.wheel_names() == wanted


@pytest.mark.parametrize("package", ["mockserver", "pytest_mockserver"])
def test_the_wheel_tells_that_its_packages_are_typed(built: Built, package: str) -> None:
    assert f"{package}/py.typed" in built.wheel_names()


def test_the_wheel_holds_the_licence(built: Built) -> None:
    """F19: its own, and the notice of the vocabularies that it holds."""
    for path in ("LICENSE", "fixtures/vocabularies/LICENSE"):
        assert built.read_metadata(f"licenses/{path}") == (ROOT / path).read_text()
    assert "Copyright (c) 2022 OpenAI" in built.read_metadata(
        "licenses/fixtures/vocabularies/LICENSE"
    )
    assert "mockserver/_bundled/fixtures/vocabularies/LICENSE" in built.wheel_names()


def test_the_wheel_offers_the_command_and_the_pytest_plugin(built: Built) -> None:
    points = ConfigParser()
    points.read_string(built.read_metadata("entry_points.txt"))

    assert {name: dict(points[name]) for name in points.sections()} == {
        "console_scripts": {"mockserver": "pytest_mockserver.namesake:main"},
        "pytest11": {"llm_mockserver": "pytest_mockserver"},  # T6
    }


@pytest.mark.parametrize(
    "name",
    [
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "docs/architecture.md",
        "fixtures/models.yaml",
        "mockserver/py.typed",
        "pyproject.toml",
        "pytest_plugin/pytest_mockserver/py.typed",
        "scenarios/README.md",
        "tests/packaging/test_wheel.py",
    ],
)
def test_the_source_distribution_holds_what_one_works_with(built: Built, name: str) -> None:
    assert name in built.sdist_names()


def test_the_source_distribution_holds_nothing_that_was_made(built: Built) -> None:
    made = (".pyc", ".so", ".egg-info", ".coverage")

    assert [name for name in built.sdist_names() if name.endswith(made)] == []
    assert [name for name in built.sdist_names() if "node_modules/" in name] == []


# --- It runs ---------------------------------------------------------------------------------


def test_what_it_needs_is_declared_and_there(installed: Environment) -> None:
    assert "No broken requirements found." in installed.pip("check")


def test_the_installed_command_tells_the_version(installed: Environment) -> None:
    assert installed.run(installed.mockserver, "--version") == f"mockserver {__version__}\n"


def test_the_metadata_and_the_package_agree_on_the_version(installed: Environment) -> None:
    (found,) = metadata.distributions(name=NAME, path=[str(installed.site_packages)])

    assert found.version == __version__


def test_the_installed_command_lists_the_same_scenarios_as_the_sources(
    installed: Environment,
) -> None:
    here = _run(sys.executable, "-m", "mockserver", "scenarios", cwd=ROOT)

    assert installed.run(installed.mockserver, "scenarios") == here


def test_the_installed_server_answers_counts_and_ends(installed: Environment) -> None:
    command = (installed.mockserver, "serve", "--port", "0", "--ready-json")
    with subprocess.Popen(
        list(map(str, command)),
        cwd=installed.elsewhere,
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout
            base_url = json.loads(server.stdout.readline())["base_url"]
            answer = httpx.post(
                f"{base_url}/chat/completions",
                json={"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]},
                headers={"authorization": "Bearer sk-test"},
                timeout=PATIENCE_S,
            )
            server.terminate()
            code = server.wait(PATIENCE_S)
        finally:
            server.kill()

    assert answer.json()["choices"][0]["message"]["content"] == "A mock answer to: Hi"
    assert answer.json()["usage"]["prompt_tokens"] == 8
    assert code == 0


def test_pytest_finds_the_installed_plugin_by_itself(
    installed: Environment, tmp_path: Path
) -> None:
    _link(["pytest"], tmp_path)
    (installed.elsewhere / "test_plugin.py").write_text(PLUGIN_CONSUMER)
    out = installed.run(installed.python, "-m", "pytest", "-q", "test_plugin.py", path=tmp_path)

    assert "1 passed" in out


# --- It is typed -----------------------------------------------------------------------------


@pytest.fixture
def consumer(installed: Environment) -> Path:
    """A program that uses the package and says of each thing what it is."""
    path = installed.elsewhere / "consumer.py"
    path.write_text(CONSUMER)
    return path


@pytest.fixture
def how_tos(installed: Environment) -> list[Path]:
    """The how-tos, beside what they import."""
    _link(["openai", "pytest"], installed.site_packages)
    folder = installed.elsewhere / "how_tos"
    folder.mkdir(exist_ok=True)
    for name in HOW_TOS:
        shutil.copy(ROOT / "tests" / "examples" / name, folder)
    return [folder / name for name in HOW_TOS]


def test_mypy_accepts_the_how_tos(installed: Environment, how_tos: list[Path]) -> None:
    checker = (sys.executable, "-m", "mypy", "--strict", "--python-executable", installed.python)

    assert "no issues found" in installed.run(*checker, *how_tos)


def test_pyright_accepts_the_how_tos(installed: Environment, how_tos: list[Path]) -> None:
    config = how_tos[0].with_name("pyrightconfig.json")
    config.write_text('{"typeCheckingMode": "strict"}')
    checker = (*_pyright(), "--pythonpath", installed.python)

    assert "0 errors" in installed.run(*checker, "--project", config)


def test_mypy_knows_the_types_of_what_is_installed(installed: Environment, consumer: Path) -> None:
    checker = (sys.executable, "-m", "mypy", "--strict", "--python-executable", installed.python)

    assert "no issues found" in installed.run(*checker, consumer)


def test_pyright_knows_the_types_of_what_is_installed(
    installed: Environment, consumer: Path
) -> None:
    config = consumer.with_name("pyrightconfig.json")
    config.write_text('{"typeCheckingMode": "strict", "include": ["consumer.py"]}')
    checker = (*_pyright(), "--pythonpath", installed.python)

    assert "0 errors" in installed.run(*checker, "--project", config)
