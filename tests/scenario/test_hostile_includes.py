"""Includes that lead astray: refused where they are written, and no other file is opened."""

from pathlib import Path

import pytest

from mockserver.errors import UsageError
from mockserver.scenario.loader import MAX_INCLUDED, check


def problems(folder: Path, included: str) -> list[str]:
    """Return what is told of a file that includes *included*, without the folder's name."""
    path = folder / "a.yaml"
    path.write_text(f"version: 1\ninclude: [{included}]\nrules: [{{reply: a}}]\n", "utf-8")
    return [str(problem).removeprefix(f"{folder}/") for problem in check([path])]


@pytest.mark.parametrize(
    ("included", "what"),
    [
        pytest.param("a.yaml", "would include this file again", id="itself"),
        pytest.param("../outside.yaml", "is outside the folder", id="outside"),
        pytest.param("sub/../../outside.yaml", "is outside the folder", id="outside by a detour"),
        pytest.param("link.yaml", "is outside the folder", id="outside by a link"),
        pytest.param("/etc/passwd", "is not a path that can be included", id="an absolute path"),
        pytest.param('"b\\0.yaml"', "is not a path that can be included", id="a NUL"),
        pytest.param("b.yml", "there is no file", id="a missing file"),
        pytest.param("sub", "there is no file", id="a folder"),
        pytest.param("https://example.org/b.yaml", "there is no file", id="an address"),
        pytest.param("b" * 5_000, "there is no file", id="a name that no file can have"),
    ],
)
def test_an_include_is_refused_where_it_is_written(
    included: str, what: str, tmp_path: Path
) -> None:
    folder = tmp_path / "scenarios"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "outside.yaml").write_text("version: 1\n", "utf-8")
    (folder / "b.yaml").write_text("version: 1\n", "utf-8")
    (folder / "link.yaml").symlink_to(tmp_path / "outside.yaml")

    (told,) = problems(folder, included)

    assert told.startswith("a.yaml:2:11: ")
    assert what in told


def test_files_that_include_each_other_are_told_of_once(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("version: 1\ninclude: [a.yaml]\n", "utf-8")

    assert problems(tmp_path, "b.yaml") == ["b.yaml:2:11: 'a.yaml' would include this file again"]


def test_a_chain_of_includes_ends_somewhere(tmp_path: Path) -> None:
    for number in range(1_500):
        text = f"version: 1\ninclude: [{number + 1}.yaml]\n"
        (tmp_path / f"{number}.yaml").write_text(text, "utf-8")

    (told,) = problems(tmp_path, "0.yaml")

    assert told == (
        f"{MAX_INCLUDED - 1}.yaml:2:11: '{MAX_INCLUDED}.yaml' is included too deeply: "
        f"at most {MAX_INCLUDED} levels"
    )


def test_files_that_include_the_next_one_twice_are_each_read_once(tmp_path: Path) -> None:
    for number in range(MAX_INCLUDED - 1):
        text = f"version: 1\ninclude: [{number + 1}.yaml, {number + 1}.yaml]\n"
        (tmp_path / f"{number}.yaml").write_text(text, "utf-8")
    (tmp_path / f"{MAX_INCLUDED - 1}.yaml").write_text("version: 1\nruels: []\n", "utf-8")

    assert len(problems(tmp_path, "0.yaml")) == 1


@pytest.mark.parametrize("name", ["a" * 5_000, f"{'a' * 5_000}.yaml", f"basics/{'a' * 5_000}"])
def test_a_name_that_no_file_can_have_is_no_scenario(name: str) -> None:
    with pytest.raises(UsageError, match=r"there is no scenario|cannot be read"):
        check([name])
