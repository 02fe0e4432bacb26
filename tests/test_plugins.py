import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from mockserver import plugins
from mockserver.contracts import Dialect, Endpoint, Failure, Reply
from mockserver.errors import MockServerError
from mockserver.plugins import Plugins, collect

Packages = Callable[..., str]

PLUGIN = """
from dataclasses import dataclass
from typing import ClassVar
from mockserver.contracts import Failure

@dataclass(frozen=True, slots=True, kw_only=True)
class {name}(Failure):
    kind: ClassVar[str] = "{kind}"

    def distort(self, timeline, scene):
        raise AssertionError("collecting calls nothing")
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    """Return what makes a package of modules and returns its name, another in each test."""
    monkeypatch.syspath_prepend(tmp_path)
    name = tmp_path.name

    def package(**modules: str) -> str:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        for module, code in modules.items():
            (tmp_path / name / f"{module}.py").write_text(code)
        return name

    yield package
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what sets the entry points that other distributions offer."""

    def offered(**values: str) -> None:
        def entry_points(group: str) -> list[EntryPoint]:
            return [EntryPoint(name, value, group) for name, value in values.items()]

        monkeypatch.setattr(plugins, "entry_points", entry_points)

    return offered


def test_every_concrete_class_of_a_package_is_collected_by_its_kind(package: Packages) -> None:
    name = package(
        second=PLUGIN.format(name="Second", kind="b"),
        first=PLUGIN.format(name="First", kind="a"),
    )

    found = collect(name, Failure, [name])

    assert list(found) == ["a", "b"]
    assert found["a"].__module__ == f"{name}.first"


def test_the_folders_of_a_package_are_looked_through(package: Packages, tmp_path: Path) -> None:
    name = package(one=PLUGIN.format(name="One", kind="one"))
    folder = tmp_path / name / "provider"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "own.py").write_text(PLUGIN.format(name="Two", kind="two"))

    assert list(collect(name, Failure, [name])) == ["one", "two"]


def test_plug_ins_for_one_socket_come_from_several_packages(package: Packages) -> None:
    name = package(one=PLUGIN.format(name="One", kind="one"))

    found = collect("group", Failure, [name, "mockserver.failures"])

    assert {"one", "disconnect"} <= set(found)


def test_a_class_with_slots_is_collected_once_and_as_it_is_in_its_module(package: Packages) -> None:
    name = package(one=PLUGIN.format(name="One", kind="one"))

    found = collect(name, Failure, [name])

    assert found == {"one": sys.modules[f"{name}.one"].One}


def test_imported_private_and_abstract_classes_are_no_plug_ins(package: Packages) -> None:
    name = package(
        one=PLUGIN.format(name="One", kind="one")
        + PLUGIN.format(name="_Private", kind="private")
        + "\nclass Between(Failure):\n    '''Abstract.'''\n\nclass Other:\n    kind = 'other'\n",
        two="from mockserver.contracts import Failure, Reply\n",
    )

    assert list(collect(name, Failure, [name])) == ["one"]


def test_other_distributions_add_theirs(package: Packages, offered: Callable[..., None]) -> None:
    name = package(
        one=PLUGIN.format(name="One", kind="one"),
        _elsewhere=PLUGIN.format(name="Two", kind="two").replace("class Two", "class _Two"),
    )
    offered(two=f"{name}._elsewhere:_Two", again=f"{name}.one:One")

    assert list(collect(name, Failure, [name])) == ["one", "two"]


def test_what_is_collected_is_kept(package: Packages) -> None:
    name = package(one=PLUGIN.format(name="One", kind="one"))
    first = collect(name, Failure, [name])
    first.clear()

    assert list(collect(name, Failure, [name])) == ["one"]


@pytest.mark.parametrize(
    ("modules", "points", "message"),
    [
        pytest.param(
            {
                "a": PLUGIN.format(name="One", kind="same"),
                "b": PLUGIN.format(name="Two", kind="same"),
            },
            {},
            "two plug-ins for '{package}' have the kind 'same':"
            " {package}.a.One and {package}.b.Two",
            id="two of a kind",
        ),
        pytest.param(
            {
                "a": PLUGIN.format(name="One", kind="same"),
                "b": PLUGIN.format(name="Two", kind="other").replace("Failure", "Reply"),
            },
            {"mine": "{package}.b:Two"},
            "the plug-in {package}.b:Two (entry point 'mine' in '{package}') is not a subclass of"
            " mockserver.contracts.Failure",
            id="an entry point to something else",
        ),
        pytest.param(
            {"a": PLUGIN.format(name="One", kind="one").replace("    kind:", "    kin:")},
            {},
            "the plug-in {package}.a.One has no 'kind',"
            " which mockserver.contracts.Failure requires",
            id="no kind",
        ),
        pytest.param(
            {"a": PLUGIN.format(name="One", kind="")},
            {},
            "the plug-in {package}.a.One has no 'kind',"
            " which mockserver.contracts.Failure requires",
            id="an empty kind",
        ),
        pytest.param(
            {"a": PLUGIN.format(name="One", kind="one").replace("distort", "distrot")},
            {},
            "the plug-in {package}.a.One lacks what mockserver.contracts.Failure requires: distort",
            id="a method that is missing",
        ),
        pytest.param(
            {},
            {"mine": "no_such_module:One"},
            "the plug-in no_such_module:One (entry point 'mine' in '{package}') cannot be imported:"
            " No module named 'no_such_module'",
            id="a module that is missing",
        ),
        pytest.param(
            {"a": ""},
            {"mine": "{package}.a:One"},
            "the plug-in {package}.a:One (entry point 'mine' in '{package}') cannot be imported:"
            " module '{package}.a' has no attribute 'One'",
            id="a class that is missing",
        ),
    ],
)
def test_a_broken_plug_in_is_refused_by_name(
    modules: dict[str, str],
    points: dict[str, str],
    message: str,
    package: Packages,
    offered: Callable[..., None],
) -> None:
    name = package(**modules)
    offered(**{key: value.format(package=name) for key, value in points.items()})

    with pytest.raises(MockServerError) as caught:
        collect(name, Failure, [name])

    assert str(caught.value) == message.format(package=name)


def test_the_installed_plug_ins_fit_their_sockets() -> None:
    installed = Plugins.installed()

    for collected, socket in (
        (installed.dialects, Dialect),
        (installed.endpoints, Endpoint),
        (installed.replies, Reply),
        (installed.failures, Failure),
    ):
        for kind, plugin in collected.items():
            assert plugin.kind == kind
            assert issubclass(plugin, socket)
