"""CONTRIBUTING.md works for a stranger who follows it, step by step.

Each file of the guide is loaded as it is at each step, and its scenarios are read and answered.
Then the files lie in a copy of the sources, and in a distribution that pip installs: commands print
what the guide shows.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from support import machine
from support.guide import Block, Stage, blocks, stages
from support.inprocess import Api
from support.subprocesses import SOURCES, Subprocess, served

from mockserver.contracts import Dialect, Distorted, Endpoint, Failure, Reply, Scene, Timeline
from mockserver.conversation import ApiError
from mockserver.errors import ScenarioError
from mockserver.plugins import Plugins, collect
from mockserver.scenario.loader import ScenarioText, check

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
BLOCKS = blocks(DOCUMENT)
STAGES = list(stages(BLOCKS))
FULL_GROWN = STAGES[-1][1]
PRINTED_URL = "http://127.0.0.1:8089"
PATIENCE_S = 120

PUBLIC = frozenset(
    {
        "mockserver.contracts",
        "mockserver.conversation",
        "mockserver.protocols.openai.compatible",
    }
)
"""What plug-ins of this project import; all else of theirs is the standard library's."""
SOCKETS: Mapping[str, tuple[type[Any], tuple[str, ...]]] = {
    "failures": (Failure, ("failures",)),
    "replies": (Reply, ("replies",)),
    "dialects": (Dialect, ("providers",)),
    "endpoints": (Endpoint, ("providers", "protocols")),
}
KINDS = {
    "garble": "failures",
    "one_of": "replies",
    "globex": "dialects",
    "globex.balance": "endpoints",
    "talk": "endpoints",
    "talk.voices": "endpoints",
}
LINES = (["Hi"], ["Hi", "One two three.", "And?"])
DISTRIBUTION = "globex_mock"


def at(wanted: Callable[[Block], bool]) -> list[Any]:
    """Return the blocks that are *wanted*, with the files as they are then, as parameters."""
    return [
        pytest.param(block, stage, id=f"line {block.line}")
        for block, stage in STAGES
        if wanted(block)
    ]


def is_plug_in(block: Block) -> bool:
    return (block.file or "").startswith("mockserver/")


def is_asking(block: Block) -> bool:
    return block.language == "sh" and any(printed for _, printed in block.commands)


def is_last_asking(block: Block) -> bool:
    """Return whether *block* asks what its section has grown in the end."""
    later = [one for one in BLOCKS if is_asking(one) and one.line > block.line]
    return is_asking(block) and all(
        scenario_before(one).file != scenario_before(block).file for one in later
    )


def scenario_before(block: Block) -> Block:
    """Return the scenario that the guide's server has at *block*."""
    return [one for one in BLOCKS if one.language == "yaml" and one.line < block.line][-1]


def lay(folder: Path, files: Mapping[str, str], top: str = "mockserver") -> None:
    """Write *files* into *folder*; those of the package below *top*."""
    for name, text in files.items():
        path = folder / re.sub(r"^mockserver/", f"{top}/", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        if name.startswith("mockserver/protocols/"):
            (path.parent / "__init__.py").write_text('"""What the guide asks for."""\n', "utf-8")


# --- In this process -------------------------------------------------------------------------

Plugged = Callable[[Stage], Plugins]


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugged]:
    """Return what collects the files of the guide from a folder, beside what is installed."""
    monkeypatch.syspath_prepend(tmp_path)
    top = f"guide_{tmp_path.name}"

    def plugged(stage: Stage) -> Plugins:
        sources = {name: text for name, text in stage.files.items() if name.startswith("mocks")}
        for folder in ("failures", "replies", "providers", "protocols"):
            (tmp_path / top / folder).mkdir(parents=True)
        lay(tmp_path, sources, top)
        installed = Plugins.installed()
        return replace(
            installed,
            **{
                name: {
                    **getattr(installed, name),
                    **collect("guide", socket, [f"{top}.{folder}" for folder in folders]),
                }
                for name, (socket, folders) in SOCKETS.items()
            },
        )

    yield plugged
    for module in [module for module in sys.modules if module.split(".")[0] == top]:
        del sys.modules[module]


@pytest.mark.parametrize(("block", "stage"), at(is_plug_in))
def test_each_step_leaves_a_file_that_is_found_by_its_kind(
    block: Block, stage: Stage, plugged: Plugged
) -> None:
    plugins = plugged(stage)
    kinds = re.findall(r'^    kind = "(.+)"$', stage.files[block.file or ""], re.MULTILINE)

    assert kinds
    assert all(kind in getattr(plugins, KINDS[kind]) for kind in kinds)


@pytest.mark.parametrize(
    ("block", "stage"), at(lambda block: block.language == "yaml" and block.file is not None)
)
def test_each_scenario_is_right_and_its_rules_answer(
    block: Block, stage: Stage, plugged: Plugged
) -> None:
    plugins = plugged(stage)
    assert check([ScenarioText(block.text)], plugins) == []

    api = Api(block.text.partition("version: 1\n")[2], plugins=plugins)
    chats = [api.chat(), api.chat([{"role": "system", "content": "spam?"}]), api.chat("Now!")]
    talks = [api.post("/v1/talk", {"model": "gpt-4o", "lines": lines}) for lines in LINES]
    calls = [answered.call for answered in (*chats, *talks)]
    rules = set(re.findall(r"name: ([\w-]+)", block.text))
    assert rules - {call.rule for call in calls} == set()
    assert [call for call in calls if call.no_effect] == []


def test_what_the_guide_grows_is_what_it_promises() -> None:
    assert {word for word in KINDS if f'kind = "{word}"' not in DOCUMENT} == set()


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ("{kind: one_of}", "missing key 'texts' in reply kind 'one_of'"),
        ("{kind: one_of, texts: []}", "'texts' must hold at least one text"),
        ("{kind: one_of, texts: [a], txts: [b]}", "did you mean 'texts'?"),
    ],
)
def test_keys_of_the_guide_are_read_as_strictly_as_ours(
    reply: str, problem: str, plugged: Plugged
) -> None:
    with pytest.raises(ScenarioError) as refused:
        Api(f"rules: [{{reply: {reply}}}]", plugins=plugged(FULL_GROWN))

    assert problem in str(refused.value)


def test_a_reply_for_models_cannot_answer_a_look_up(plugged: Plugged) -> None:
    rule = "{when: {endpoint: talk.voices}, reply: {kind: one_of, texts: [a]}}"

    with pytest.raises(ScenarioError, match="the endpoint only looks things up"):
        Api(f"rules: [{rule}]", plugins=plugged(FULL_GROWN))


def test_voices_are_looked_up(plugged: Plugged) -> None:
    voices = Api(plugins=plugged(FULL_GROWN)).get("/v1/talk/voices").json["voices"]

    assert "gpt-4o" in voices


@pytest.mark.parametrize("path", ["/globex/inference/v1", "/inference/v1", "/v1"])
def test_a_provider_answers_below_its_kind_its_root_and_where_a_scenario_says_so(
    path: str, plugged: Plugged
) -> None:
    api = Api("provider: globex", plugins=plugged(FULL_GROWN))
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}

    assert api.post(f"{path}/chat/completions", body).call.provider == "globex"


def test_a_failure_before_headers_replaces_the_answer() -> None:
    (refusal,) = re.findall(r"`(Distorted\(scene\.refuse\(.*?\)\)\))`", DOCUMENT)

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Down(Failure):
        kind = "down"

        def distort(self, timeline: Timeline, scene: Scene) -> Distorted:
            assert timeline == ()
            names = {"Distorted": Distorted, "ApiError": ApiError, "scene": scene}
            distorted: Distorted = eval(refusal, names)
            return distorted

    installed = Plugins.installed()
    plugins = replace(installed, failures={**installed.failures, "down": Down})
    refused = Api("rules: [{fail: down}]", plugins=plugins).chat()

    assert (refused.status, refused.error["message"]) == (503, "Down for maintenance.")


def test_what_a_protocol_cannot_say_is_left_out_and_noted(plugged: Plugged) -> None:
    rule = "{reply: {kind: tool_calls, text: Well., calls: [{name: ring, arguments: {}}]}}"
    api = Api(f"rules: [{rule}]", plugins=plugged(FULL_GROWN))
    answered = api.post("/v1/talk", {"model": "gpt-4o", "lines": ["Hi"]})

    assert answered.json["line"] == "Well."
    assert [note for note in answered.call.notes if "'talk' cannot send" in note]


def test_files_of_the_guide_import_the_public_names_alone() -> None:
    trees = [ast.parse(block.text) for block in BLOCKS if is_plug_in(block)]
    imported = {
        node.module or ""
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }

    assert {name for name in imported if name.startswith("mockserver")} <= PUBLIC
    assert {name.split(".")[0] for name in imported} - {"mockserver"} <= sys.stdlib_module_names


def test_each_plug_in_has_an_entry_point() -> None:
    points = FULL_GROWN.files["pyproject.toml"]
    classes = {
        (Path(block.file or "").stem, name)
        for block in BLOCKS
        if is_plug_in(block)
        for name in re.findall(r"^class (\w+)\(", block.text, re.MULTILINE)
    }

    assert {pair for pair in classes if f'{DISTRIBUTION}.{":".join(pair)}"' not in points} == set()


# --- What else it says -----------------------------------------------------------------------


def test_the_targets_of_make_exist() -> None:
    made = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z-]+)", DOCUMENT)) - made == set()


def test_every_package_has_a_place_in_the_table() -> None:
    table = DOCUMENT.partition("## Where a change goes")[2].partition("\n## ")[0]
    packages = {path.parent.name for path in (ROOT / "mockserver").glob("*/__init__.py")}
    named = set(re.findall(r"`(?:mockserver/)?(\w+)`", table))

    assert packages - named == set()


def test_every_file_that_it_names_exists() -> None:
    grown = "|".join(map(re.escape, FULL_GROWN.files))
    named = set(re.findall(r"`((?:mockserver|tests|docs|scenarios)/[\w./]+)`", DOCUMENT))

    assert [name for name in named if not re.fullmatch(grown, name) and not _exists(name)] == []


def _exists(name: str) -> bool:
    return (ROOT / name).exists()


def test_every_link_leads_somewhere() -> None:
    files = re.findall(r"\]\(([^)#:]+)", DOCUMENT)
    headings = re.findall(r"^#+ (.+)$", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}

    assert [link for link in files if not _exists(link)] == []
    assert [link for link in re.findall(r"\]\(#([^)]+)", DOCUMENT) if link not in anchors] == []


def test_the_tests_that_a_new_kind_fails_are_there() -> None:
    names = re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", DOCUMENT.partition("## Before you send")[2])
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").glob("**/test_*.py"))

    assert names
    defined = set(re.findall(r"^([A-Z_]+)\b.* = \{$", tests, re.MULTILINE))
    assert set(names) - defined == set()


# --- In a copy of the sources ----------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the sources, without what is not needed to run them."""
    shutil.copytree(ROOT / "mockserver", tmp_path / "mockserver")
    shutil.copytree(ROOT / "tests" / "support", tmp_path / "tests" / "support")
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("scenarios", "fixtures", "pytest_plugin"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def variables(path: str) -> dict[str, str]:
    """Return a bare environment, in which *path* is imported from before all else."""
    return {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": path}


def run(command: list[str], path: str, folder: Path) -> str:
    ran = subprocess.run(
        command,
        cwd=folder,
        env=variables(path),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def python(path: str, folder: Path, *arguments: str) -> str:
    # Without the folder that the tests run in: it has sources, too.
    return run([sys.executable, "-P", *arguments], path, folder)


@contextmanager
def serving(scenario: Path, path: str) -> Iterator[Subprocess]:
    program = ("-P", "-m", "mockserver")
    with served(
        "--scenario", str(scenario), environment=variables(path), program=program
    ) as server:
        yield server


def assert_it_prints(block: Block, server: Subprocess, folder: Path) -> None:
    """Assert that the commands of *block* print what it says, each after the one before."""
    machine.programs("curl")
    (prelude,) = [one.text for one in BLOCKS if one.text.startswith("ask()")]
    for command, promised in block.commands:
        script = f"{prelude}{command}\n".replace(PRINTED_URL, server.url)
        printed = run(["sh", "-euc", script], "", folder).splitlines()
        assert [line for line in printed if line] == promised, command


@pytest.mark.system
@pytest.mark.parametrize(("block", "stage"), at(is_asking))
def test_commands_print_what_the_guide_shows(block: Block, stage: Stage, tree: Path) -> None:
    lay(tree, {name: text for name, text in stage.files.items() if name.endswith(".py")})
    scenario = tree / "scenario.yaml"
    scenario.write_text(scenario_before(block).text, "utf-8")

    python(str(tree), tree, "-m", "mockserver", "check", str(scenario))
    with serving(scenario, str(tree)) as server:
        assert_it_prints(block, server, tree)


@pytest.mark.system
def test_what_was_grown_passes_lint_and_its_tests(tree: Path) -> None:
    sources = {name: text for name, text in FULL_GROWN.files.items() if name.endswith(".py")}
    lay(tree, sources)
    files = sorted(sources)
    path = os.pathsep.join(map(str, (tree, tree / "tests", ROOT / "pytest_plugin")))

    python(path, tree, "-m", "ruff", "check", "--quiet", "--fix", "--select", "I", *files)
    python(path, tree, "-m", "ruff", "check", "--no-cache", *files)
    python(path, tree, "-m", "ruff", "format", "--check", *files)
    python(path, tree, "-m", "mypy", *[name for name in files if name.startswith("mockserver")])
    tests = [name for name in files if name.startswith("tests/")]
    options = ("-q", "-p", "no:cacheprovider", "-m", "not system")
    assert " passed" in python(path, tree, "-m", "pytest", *options, *tests)


@pytest.mark.system
def test_pyright_accepts_what_was_grown(tree: Path) -> None:
    folder = ROOT / ".ci" / "pyright"
    node = machine.node_project(folder)
    sources = {name: text for name, text in FULL_GROWN.files.items() if name.endswith(".py")}
    lay(tree, sources)
    files = [name for name in sources if name.startswith("mockserver/")]
    config = {"typeCheckingMode": "strict", "include": files, "extraPaths": ["pytest_plugin"]}
    (tree / "pyrightconfig.json").write_text(json.dumps(config))
    checker = [node, str(folder / "node_modules" / "pyright" / "index.js")]
    options = ["--pythonpath", sys.executable, "--project", str(tree)]

    assert "0 errors" in run([*checker, *options], "", tree)


# --- In another distribution -----------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip has installed the files of the guide, by its `pyproject.toml`."""
    sources = tmp_path_factory.mktemp("distribution")
    package = sources / DISTRIBUTION
    package.mkdir()
    (package / "__init__.py").touch()
    for name, text in FULL_GROWN.files.items():
        if name.startswith("mockserver/"):
            (package / Path(name).name).write_text(text, "utf-8")
    (sources / "pyproject.toml").write_text(FULL_GROWN.files["pyproject.toml"], "utf-8")
    folder = tmp_path_factory.mktemp("site")
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(folder)]
    pip = [sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "install"]
    run([*pip, *options, str(sources)], "", sources)
    return folder


@pytest.mark.system
@pytest.mark.parametrize(("block", "stage"), at(is_last_asking))
def test_the_distribution_does_the_same(
    block: Block, stage: Stage, site: Path, tmp_path: Path
) -> None:
    del stage
    path = f"{SOURCES}{os.pathsep}{site}"
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(scenario_before(block).text, "utf-8")

    python(path, tmp_path, "-m", "mockserver", "check", str(scenario))
    with serving(scenario, path) as server:
        assert_it_prints(block, server, tmp_path)


@pytest.mark.system
def test_the_schema_knows_the_words_of_the_distribution(site: Path, tmp_path: Path) -> None:
    schema = python(f"{SOURCES}{os.pathsep}{site}", tmp_path, "-m", "mockserver", "schema")

    assert '"The share of bytes that are damaged: 0.1 is one in ten."' in schema
    assert {kind for kind in KINDS if f'"{kind}"' not in schema} == set()
