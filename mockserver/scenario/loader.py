"""Loading scenarios: files and shipped ones by name, several as one; checking them.

Nothing but files that were named is opened, and a name leads to no file outside its folder.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from mockserver import bundled
from mockserver.contracts import UNSTATED, Unstated
from mockserver.errors import (
    MockServerError,
    Place,
    Problem,
    ScenarioError,
    UsageError,
    did_you_mean,
)
from mockserver.plugins import Plugins
from mockserver.scenario import keys, reader
from mockserver.scenario.grammar import read_file
from mockserver.scenario.lints import doubts
from mockserver.scenario.nodes import MapNode, ScalarNode
from mockserver.scenario.schema import Defaults, Scenario, ScenarioFile

T = TypeVar("T")

_SUFFIXES: Final = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class ScenarioText:
    """A scenario that stands in no file; *name* is how errors call it."""

    text: str
    name: str = "<text>"


Source: TypeAlias = str | Path | ScenarioText
"""A path, a name such as ``failures/rate-limited-once``, or text.

What ends in ``.yaml``, ``.yml`` or ``.json`` is a path, and so is every `Path`.
"""


def load_scenario(
    *sources: Source, plugins: Plugins | None = None, folders: Sequence[Path] | None = None
) -> Scenario:
    """Read *sources* as one scenario, in the order given.

    Rules follow each other; of single values the first stated counts; models, keys and
    default headers are merged, the first by each name.

    Args:
        *sources: Paths, names, texts.
        plugins: The kinds that may be used; the installed ones unless stated.
        folders: Where names are looked up, in this order; the shipped scenarios unless stated.

    Raises:
        ScenarioError: Something is wrong with them; tells of all problems of all files.
        UsageError: There is no such file or name.

    """
    plugins = plugins or Plugins.installed()
    texts = [_text_of(source, folders) for source in sources]
    files: list[ScenarioFile] = []
    problems: list[Problem] = []
    for text in texts:
        file, found = _read(text, plugins)
        problems += [problem for problem in found if problem.severity == "error"]
        files += [file] if file is not None else []
    if problems:
        raise ScenarioError(problems)
    return _merged(files)


def check(
    sources: Iterable[Source],
    plugins: Plugins | None = None,
    folders: Sequence[Path] | None = None,
) -> list[Problem]:
    """Return what is wrong and what is doubtful in each of *sources*, in file order.

    A path of a folder stands for all scenarios in it.

    Raises:
        UsageError: There is no such file or name.

    """
    plugins = plugins or Plugins.installed()
    problems: list[Problem] = []
    for source in _expanded(sources):
        file, found = _read(_text_of(source, folders), plugins)
        if file is not None:
            found += doubts(file.rules, plugins)
        problems += sorted(found, key=lambda problem: problem.place)
    return problems


def bundled_scenarios(folder: Path | None = None) -> list[tuple[str, str]]:
    """Return name and description of each scenario in *folder* (the shipped ones), by name."""
    root = folder or _shipped()
    return [
        (path.relative_to(root).with_suffix("").as_posix(), _description(path))
        for path in sorted(root.rglob("*.yaml"))
    ]


# --- Finding ---------------------------------------------------------------------------------


def _expanded(sources: Iterable[Source]) -> Iterator[Source]:
    """Yield *sources*, the files in it for a folder."""
    for source in sources:
        if not isinstance(source, ScenarioText) and "\0" not in str(source):
            folder = Path(source)
            if folder.is_dir():
                yield from sorted(folder.rglob("*.yaml"))
                continue
        yield source


def _text_of(source: Source, folders: Sequence[Path] | None) -> ScenarioText | Problem:
    """Return the text of *source*, or why it has none."""
    if isinstance(source, ScenarioText):
        return source
    if isinstance(source, Path) or source.endswith(_SUFFIXES):
        return _text_in(Path(source), str(source))
    return _text_by_name(source, folders if folders is not None else [_shipped()])


def _shipped() -> Path:
    try:
        return bundled.folder("scenarios")
    except FileNotFoundError as error:
        raise MockServerError(str(error)) from error


def _text_in(path: Path, shown: str) -> ScenarioText | Problem:
    """Return the text of the file at *path*, which errors call *shown*."""
    try:
        if not path.is_file():
            raise UsageError(f"there is no scenario '{shown}'")
        with path.open("rb") as file:
            content = file.read(reader.MAX_BYTES + 1)
            if len(content) > reader.MAX_BYTES:
                return reader.too_large(path.stat().st_size, shown)
    except OSError as error:
        raise UsageError(f"the scenario '{shown}' cannot be read: {error}") from error
    try:
        return ScenarioText(content.decode("utf-8-sig"), shown)
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        what = f"the byte 0x{content[error.start]:02X} is not UTF-8"
        return Problem(place=Place(shown, line, column), what=what, hint="save the file as UTF-8")


def _text_by_name(name: str, folders: Sequence[Path]) -> ScenarioText | Problem:
    """Return the text of the scenario *name* in the first of *folders* that has it."""
    _refuse_odd_name(name)
    for folder in folders:
        root = folder.resolve()
        path = (root / f"{name}.yaml").resolve()
        if path.is_file():
            # A link may lead anywhere, and a name must not.
            if not path.is_relative_to(root):
                raise UsageError(f"the scenario '{name}' lies outside its folder")
            return _text_in(path, f"{folder.name}/{name}.yaml")
    hint = did_you_mean(name, [known for folder in folders for known in _names(folder)])
    if Path(f"{name}.yaml").is_file():
        hint = f"a file is named with its ending: '{name}.yaml'"
    raise UsageError(f"there is no scenario '{name}'" + (f"\n  {hint}" if hint else ""))


def _refuse_odd_name(name: str) -> None:
    parts = name.split("/")
    if "" in parts or "." in parts or ".." in parts or "\0" in name or "\\" in name:
        shown = name.replace("\0", "\\0")
        hint = "a name looks like 'failures/rate-limited-once'; a path ends in '.yaml'"
        raise UsageError(f"'{shown}' cannot be the name of a scenario\n  {hint}")


def _names(folder: Path) -> list[str]:
    return [p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.yaml")]


def _description(path: Path) -> str:
    text = _text_in(path, str(path))
    root = reader.read(text.text, text.name, []) if isinstance(text, ScenarioText) else None
    member = root.get("description") if isinstance(root, MapNode) else None
    value = member.value if member is not None else None
    return value.raw if isinstance(value, ScalarNode) and value.value is not None else ""


# --- Reading and merging ---------------------------------------------------------------------


def _read(
    text: ScenarioText | Problem, plugins: Plugins
) -> tuple[ScenarioFile | None, list[Problem]]:
    """Return what *text* says, and its problems, warnings included."""
    if isinstance(text, Problem):
        return None, [text]
    problems: list[Problem] = []
    root = reader.read(text.text, text.name, problems)
    if root is None:
        return None, problems
    file, found = read_file(root, plugins)
    return file, problems + found


def _merged(files: Sequence[ScenarioFile]) -> Scenario:
    return Scenario(
        description=_first((file.description for file in files), ""),
        provider=_first((file.provider for file in files), "openai"),
        seed=_first((file.seed for file in files), 0),
        defaults=Defaults(
            headers=_merge([file.defaults.headers for file in files], str.lower),
            system_fingerprint=_first(
                (file.defaults.system_fingerprint for file in files), UNSTATED
            ),
        ),
        models=_merge([file.models.stated for file in files], str),
        any_model=any(file.models.any_model for file in files),
        keys=keys.merged(file.keys for file in files),
        rules=tuple(rule for file in files for rule in file.rules),
    )


def _first(values: Iterable[T | Unstated], default: T) -> T:
    return next((value for value in values if not isinstance(value, Unstated)), default)


def _merge(mappings: Sequence[Mapping[str, T]], same: Callable[[str], str]) -> dict[str, T]:
    """Return all members of *mappings*; the first counts of those whose names are the *same*."""
    merged: dict[str, tuple[str, T]] = {}
    for mapping in mappings:
        for name, value in mapping.items():
            merged.setdefault(same(name), (name, value))
    return dict(merged.values())
