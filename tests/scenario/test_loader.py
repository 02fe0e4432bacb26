from collections.abc import Callable
from pathlib import Path

import pytest
from scenario_fakes import TextReply

from mockserver.contracts import UNSTATED
from mockserver.errors import MockServerError, Place, ScenarioError, UsageError
from mockserver.plugins import Plugins
from mockserver.scenario import loader
from mockserver.scenario.loader import ScenarioText, bundled_scenarios, check, load_scenario
from mockserver.scenario.schema import Scenario
from mockserver.scenario.syntax import reader

Load = Callable[..., Scenario]

HELLO = "version: 1\ndescription: Says hello.\nrules:\n  - reply: Hello.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of scenarios, with something secret beside it."""
    scenarios = tmp_path / "scenarios"
    (scenarios / "failures").mkdir(parents=True)
    (scenarios / "hello.yaml").write_text(HELLO)
    (scenarios / "failures" / "rate-limited-once.yaml").write_text(
        "version: 1\ndescription: Once.\n"
    )
    (tmp_path / "secret.yaml").write_text(HELLO)
    return scenarios


# --- Where scenarios come from ---------------------------------------------------------------


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_read(kind: Callable[[Path], str | Path], folder: Path, plugins: Plugins) -> None:
    path = folder / "hello.yaml"

    scenario = load_scenario(kind(path), plugins=plugins)

    assert scenario.rules[0].reply == TextReply(text="Hello.")
    assert scenario.rules[0].place == Place(str(path), 4, 5)


def test_a_name_is_looked_up_in_the_folders_in_their_order(
    folder: Path, tmp_path: Path, plugins: Plugins
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "hello.yaml").write_text("{version: 1, description: Mine.}")

    first = load_scenario("hello", plugins=plugins, folders=[mine, folder])
    second = load_scenario("failures/rate-limited-once", plugins=plugins, folders=[mine, folder])

    assert (first.description, second.description) == ("Mine.", "Once.")


def test_a_named_scenario_is_called_by_its_name_in_its_folder(
    folder: Path, plugins: Plugins
) -> None:
    (folder / "failures" / "bad.yaml").write_text("version: 2")

    with pytest.raises(ScenarioError, match=r"^scenarios/failures/bad\.yaml:1:10: "):
        load_scenario("failures/bad", plugins=plugins, folders=[folder])


def test_shipped_scenarios_are_found_by_name(
    folder: Path, plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader.bundled, "folder", {"scenarios": folder}.__getitem__)

    assert load_scenario("hello", plugins=plugins).description == "Says hello."
    assert bundled_scenarios() == [
        ("failures/rate-limited-once", "Once."),
        ("hello", "Says hello."),
    ]


def test_an_installation_without_scenarios_says_so(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Path:
        raise FileNotFoundError(f"the bundled folder '{name}' is missing")

    monkeypatch.setattr(loader.bundled, "folder", missing)

    with pytest.raises(MockServerError, match="the bundled folder 'scenarios' is missing"):
        load_scenario("hello", plugins=plugins)


def test_a_scenario_without_a_description_is_listed_all_the_same(folder: Path) -> None:
    (folder / "plain.yaml").write_text("version: 1")
    (folder / "broken.yaml").write_text("{")

    assert bundled_scenarios(folder) == [
        ("broken", ""),
        ("failures/rate-limited-once", "Once."),
        ("hello", "Says hello."),
        ("plain", ""),
    ]


def test_no_source_is_the_empty_scenario(plugins: Plugins) -> None:
    assert load_scenario(plugins=plugins) == Scenario()


def test_a_byte_order_mark_is_no_part_of_a_file(folder: Path, plugins: Plugins) -> None:
    (folder / "bom.yaml").write_bytes(b"\xef\xbb\xbf" + HELLO.encode())

    assert load_scenario(folder / "bom.yaml", plugins=plugins).description == "Says hello."


# --- What is not found, or must not be -------------------------------------------------------


def test_a_misspelt_name_is_answered_by_the_nearest(folder: Path, plugins: Plugins) -> None:
    with pytest.raises(UsageError) as caught:
        load_scenario("failures/rate-limited-onse", plugins=plugins, folders=[folder])

    assert str(caught.value) == (
        "there is no scenario 'failures/rate-limited-onse'\n"
        "  did you mean 'failures/rate-limited-once'?"
    )


def test_a_path_without_its_ending_is_told_what_to_write(
    folder: Path, plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)

    with pytest.raises(UsageError, match=r"did you mean the file 'hello\.yaml'\?"):
        load_scenario("hello", plugins=plugins, folders=[])


@pytest.mark.parametrize("source", ["none.yaml", Path("none"), Path("none.yml")])
def test_a_file_that_is_not_there(source: str | Path, plugins: Plugins) -> None:
    with pytest.raises(UsageError, match=rf"^there is no scenario '{source}'$"):
        load_scenario(source, plugins=plugins)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("../secret", id="out of the folder"),
        pytest.param("failures/../../secret", id="in and out again"),
        pytest.param("/etc/passwd", id="an absolute path"),
        pytest.param("failures//hello", id="a name with a hole"),
        pytest.param("./hello", id="a dot"),
        pytest.param("..\\secret", id="another system's path"),
        pytest.param("hello\0", id="a NUL"),
    ],
)
def test_a_name_leads_to_no_file_outside_its_folder(
    name: str, folder: Path, plugins: Plugins
) -> None:
    with pytest.raises(UsageError, match="is not a valid scenario name"):
        load_scenario(name, plugins=plugins, folders=[folder])


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, plugins: Plugins) -> None:
    (folder / "link.yaml").symlink_to(folder.parent / "secret.yaml")
    (folder / "away").symlink_to(folder.parent)

    for name in ("link", "away/secret"):
        with pytest.raises(UsageError, match=f"^the scenario '{name}' is outside its folder$"):
            load_scenario(name, plugins=plugins, folders=[folder])


def test_a_link_within_the_folder_is_followed(folder: Path, plugins: Plugins) -> None:
    (folder / "link.yaml").symlink_to(folder / "hello.yaml")

    scenario = load_scenario("link", plugins=plugins, folders=[folder])

    assert scenario.description == "Says hello."


@pytest.mark.parametrize("source", ["a\0b.yaml", Path("a\0b")])
def test_a_path_with_a_nul_is_refused(source: str | Path, plugins: Plugins) -> None:
    with pytest.raises(UsageError, match="there is no scenario 'a"):
        load_scenario(source, plugins=plugins)


def test_what_is_no_file_is_not_opened(plugins: Plugins) -> None:
    with pytest.raises(UsageError, match="there is no scenario '/dev/zero'"):
        load_scenario(Path("/dev/zero"), plugins=plugins)


def test_a_file_that_is_not_utf_8_tells_where(folder: Path, plugins: Plugins) -> None:
    path = folder / "latin.yaml"
    path.write_bytes("# é\n# ü".encode() + b" \xe9\n")

    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, plugins=plugins)

    assert str(caught.value) == (
        f"{path}:2:5: the byte 0xE9 is not UTF-8\n  save the file as UTF-8"
    )


def test_a_file_above_16_mib_is_not_read(folder: Path, plugins: Plugins) -> None:
    path = folder / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(reader.MAX_BYTES * 2)

    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, plugins=plugins)

    assert str(caught.value) == (
        f"{path}:1:1: the file is too large: 32.0 MiB, and the limit is 16 MiB"
    )


# --- Several as one --------------------------------------------------------------------------


def test_rules_of_several_files_follow_each_other(load: Load) -> None:
    scenario = load(
        "{version: 1, rules: [{name: a}, {name: b}]}", "{version: 1, rules: [{name: a}, {}]}"
    )

    assert [(rule.name, str(rule.place)) for rule in scenario.rules] == [
        ("a", "1.yaml:1:22"),
        ("b", "1.yaml:1:33"),
        ("a", "2.yaml:1:22"),
        ("rule-2", "2.yaml:1:33"),
    ]


def test_of_single_values_the_first_stated_counts(load: Load) -> None:
    scenario = load(
        "{version: 1, description: A.}",
        "{version: 1, description: B., seed: 2, defaults: {system_fingerprint: null}}",
        "{version: 1, seed: 3, provider: azure, defaults: {system_fingerprint: fp}}",
    )

    assert scenario == Scenario(
        description="A.",
        seed=2,
        provider="azure",
        defaults=scenario.defaults,
    )
    assert scenario.defaults.system_fingerprint is None


def test_models_and_headers_are_merged_and_the_first_of_a_name_counts(load: Load) -> None:
    scenario = load(
        "{version: 1, models: [{id: a, like: gpt-4o}], defaults: {headers: {X-A: '1'}}}",
        "{version: 1, models: [{id: a}, {id: b}], defaults: {headers: {x-a: '2', x-b: '3'}}}",
        "{version: 1, models: any}",
    )

    assert scenario.models == {"a": "gpt-4o", "b": None}
    assert scenario.any_model
    assert scenario.defaults.headers == {"X-A": "1", "x-b": "3"}
    assert scenario.defaults.system_fingerprint is UNSTATED


def test_the_problems_of_all_files_are_told_at_once(load: Load) -> None:
    with pytest.raises(ScenarioError) as caught:
        load("version: 2", HELLO, "{version: 1, seed: x}", "{\n")

    assert [str(problem.place) for problem in caught.value.problems] == [
        "1.yaml:1:10",
        "3.yaml:1:20",
        "4.yaml:2:1",
    ]


# --- Checking --------------------------------------------------------------------------------


def test_check_tells_errors_and_warnings_of_each_source_in_turn(plugins: Plugins) -> None:
    problems = check(
        [
            ScenarioText("{version: 1, rules: [{name: idle}]}", "b.yaml"),
            ScenarioText("{version: 1, seed: x, rulez: []}", "a.yaml"),
        ],
        plugins=plugins,
    )

    assert [str(problem).splitlines()[0] for problem in problems] == [
        "b.yaml:1:22: warning: rule 'idle' has no effect: it has no reply and no failure",
        "a.yaml:1:20: expected a whole number, got the text 'x'",
        "a.yaml:1:23: unknown key 'rulez' in a scenario",
    ]


def test_check_reads_all_scenarios_of_a_folder(folder: Path, plugins: Plugins) -> None:
    (folder / "failures" / "bad.yaml").write_text("version: 2")

    problems = check([str(folder)], plugins=plugins)

    assert [problem.place.file for problem in problems] == [str(folder / "failures/bad.yaml")]


@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_is_its_files_in_the_order_of_their_paths(
    kind: Callable[[Path], str | Path], tmp_path: Path, plugins: Plugins
) -> None:
    root = tmp_path / "shop"
    for name in ("b.yaml", "a/z.yml", "a.yaml", "c/a/b.yaml"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{{version: 1, description: {name}, rules: [{{reply: {name}}}]}}")
    (root / "data.json").write_text("[]")
    (root / "a" / "z.yml").write_text(
        "{version: 1, include: [../c/a/b.yaml], rules: [{reply: a/z.yml}]}"
    )

    scenario = load_scenario(kind(root), plugins=plugins)
    named = load_scenario("shop", plugins=plugins, folders=[tmp_path])

    # What is included comes after the file that includes it, and once.
    assert [rule.reply for rule in scenario.rules] == [
        TextReply(text=name) for name in ("a.yaml", "a/z.yml", "c/a/b.yaml", "b.yaml")
    ]
    assert scenario.description == "a.yaml"
    assert scenario.rules[0].place == Place(f"{root}/a.yaml", 1, 43)
    assert [rule.reply for rule in named.rules] == [rule.reply for rule in scenario.rules]
    assert {path.name for path in loader.scenario_files(root)} >= {"a.yaml", "shop", "a", "b.yaml"}


def test_a_file_of_a_name_is_meant_before_a_folder(folder: Path, plugins: Plugins) -> None:
    (folder / "hello").mkdir()
    (folder / "hello" / "other.yaml").write_text("{version: 1, description: Other.}")

    assert load_scenario("hello", plugins=plugins, folders=[folder]).description == "Says hello."


def test_a_folder_without_scenarios_is_refused(tmp_path: Path, plugins: Plugins) -> None:
    with pytest.raises(UsageError, match=r"has no scenarios: no file ends in '\.yaml'"):
        load_scenario(tmp_path, plugins=plugins)


def test_what_is_to_be_redacted_is_of_all_files(load: Load) -> None:
    scenario = load("{version: 1, redact: a+}", "{version: 1, redact: ['b(c)', a+]}")

    assert scenario.redact == ("a+", "b(c)")


@pytest.mark.parametrize("pattern", ["'('", "'x*'"])
def test_what_is_to_be_redacted_is_an_expression_that_fits_something(
    load: Load, pattern: str
) -> None:
    with pytest.raises(ScenarioError, match=r"1\.yaml:1:"):
        load(f"{{version: 1, redact: [{pattern}]}}")


def test_warnings_do_not_keep_a_scenario_from_loading(load: Load) -> None:
    assert load("{version: 1, rules: [{name: idle}]}").rules[0].name == "idle"
