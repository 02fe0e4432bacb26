"""Loading and checking scenarios: files, shipped ones by name, mappings, several as one.

Only files that were named are opened, and a name never leads to a file outside its folder.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from mockserver import bundled
from mockserver.errors import (
    MockServerError,
    Place,
    Problem,
    ScenarioError,
    UsageError,
    did_you_mean,
    shows_mistake,
)
from mockserver.plugins import Plugins
from mockserver.scenario.beside import Beside
from mockserver.scenario.grammar import read_file
from mockserver.scenario.lints import doubts
from mockserver.scenario.merging import merged
from mockserver.scenario.schema import Include, Scenario, ScenarioFile, Strict
from mockserver.scenario.syntax import reader
from mockserver.scenario.syntax.nodes import MapNode, Node, ScalarNode
from mockserver.scenario.syntax.written import as_json, paths, plain, values

__tracebackhide__ = shows_mistake

MAX_INCLUDED: Final = 16
"""How many files may lead, each by including the next, to one that is included."""

_SUFFIXES: Final = (".yaml", ".yml", ".json")
_IN_FOLDERS: Final = frozenset({".yaml", ".yml"})
"""Scenarios are beside JSON that is none: data, and the schema of the language."""


@dataclass(frozen=True, slots=True)
class ScenarioText:
    """A scenario as text; *name* is what errors call it.

    *path* is the file it was read from, and *root* the folder in which that may include others;
    text without a file cannot include any, and names cassettes as if it stood in *root*. With
    *is_mapping*, it was written from a mapping, and errors state paths into that.
    """

    text: str
    name: str = "<text>"
    path: Path | None = None
    root: Path | None = None
    is_mapping: bool = False


Source: TypeAlias = str | Path | Mapping[str, Any] | ScenarioText | Scenario
"""A path, a name such as ``failures/rate-limited-once``, a mapping, a text, or a scenario as read.

What ends in ``.yaml``, ``.yml`` or ``.json`` is a path, and so is every `Path`; what has a line
break is a file's text. A mapping is what a file holds; ``version`` may be left out. A folder, by
its path or name, means all files in it and in folders below that end in ``.yaml`` or
``.yml``, in the alphabetical order of their paths.
"""
MAPPING: Final = "<scenario>"
"""How errors call a scenario that was given as a mapping."""


def load_scenario(
    *sources: Source, plugins: Plugins | None = None, folders: Sequence[Path] | None = None
) -> Scenario:
    """Read *sources* as one scenario, in the order given.

    Rules are appended; of single values, the first one stated counts; models, keys and
    default headers are merged, the first of each name.

    Args:
        *sources: Paths, names, mappings, texts, scenarios.
        plugins: The kinds that may be used; the installed ones unless stated.
        folders: Where names are looked up, in this order; the shipped scenarios unless stated.

    Raises:
        ScenarioError: Something is wrong with them; holds all problems of all files.
        UsageError: No such file or name, or a source is something else.

    """
    return merged(_read(sources, plugins, folders).files)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A scenario, and the mapping that stands in each of its files, includes written out."""

    scenario: Scenario
    documents: tuple[Mapping[str, Any], ...]


def load_with_documents(
    *sources: Source, plugins: Plugins | None = None, folders: Sequence[Path] | None = None
) -> Loaded:
    """Read *sources* as `load_scenario` does, and keep their content as plain values too.

    Raises:
        ScenarioError: Something is wrong with them.
        UsageError: No such file or name, or a source has no content to keep.

    """
    if any(isinstance(source, Scenario) for source in sources):
        what = "a scenario that was read before cannot be written as a file"
        raise UsageError(f"{what}\n  give the name, path or mapping that it was read from")
    reading = _read(sources, plugins, folders)
    documents = [values(root) for root in reading.roots]
    return Loaded(
        merged(reading.files),
        tuple(
            {key: document[key] for key in document if key != "include"} for document in documents
        ),
    )


def _read(
    sources: Iterable[Source], plugins: Plugins | None, folders: Sequence[Path] | None
) -> "_Reading":
    reading = _Reading(plugins or Plugins.installed())
    for source in sources:
        for text in _texts_of(source, folders):
            reading.read(text)
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    if errors:
        raise ScenarioError(errors)
    return reading


def read_strict(value: object) -> Strict:
    """Return *value* as the key `strict` of a file; a text is read as YAML.

    Raises:
        UsageError: It is not valid.

    """
    if isinstance(value, Strict):
        return value
    text = f"version: 1\nstrict: {value}\n" if isinstance(value, str) else None
    try:
        written = text or as_json({"version": 1, "strict": plain(value, "strict")})
        return load_scenario(ScenarioText(written, "strict", is_mapping=True)).strict
    except ScenarioError as error:
        found = "\n".join(
            f"{problem.what}\n  {problem.hint}" if problem.hint else problem.what
            for problem in error.problems
        )
        raise UsageError(f"strict={value!r:.80}: {found}") from None


def scenario_files(*sources: Source, folders: Sequence[Path] | None = None) -> frozenset[Path]:
    """Return the files that *sources* lead to, with all that they include, invalid ones too.

    Folders that were named are among them: they change when a file is added to them.

    Raises:
        UsageError: No such file or name.

    """
    reading = _Reading(Plugins.installed())
    named: set[Path] = set()
    for source in sources:
        folder = _folder_of(source, folders)
        if folder is not None:
            named |= {folder, *(path.parent for path in _files_in(folder))}
        for text in _texts_of(source, folders):
            reading.read(text)
    return reading.files_read | named


def check(
    sources: Iterable[Source],
    plugins: Plugins | None = None,
    folders: Sequence[Path] | None = None,
) -> list[Problem]:
    """Return what is wrong and what is doubtful in each of *sources*, in file order.

    A folder stands for all scenarios in it.

    Raises:
        UsageError: No such file or name.

    """
    plugins = plugins or Plugins.installed()
    problems: list[Problem] = []
    reported: set[Problem] = set()
    for text in [text for source in sources for text in _texts_of(source, folders)]:
        reading = _Reading(plugins)
        reading.read(text)
        found = reading.problems
        if not any(problem.severity == "error" for problem in found):
            found = [*found, *doubts(merged(reading.files), plugins)]
        # What several files include is reported once.
        fresh = [problem for problem in found if problem not in reported]
        reported.update(fresh)
        problems += sorted(fresh, key=lambda problem: problem.place)
    return problems


def bundled_scenarios(folder: Path | None = None) -> list[tuple[str, str]]:
    """Return name and description of each scenario in *folder* (the shipped ones), by name."""
    root = folder or _shipped()
    return [
        (path.relative_to(root).with_suffix("").as_posix(), _description(path))
        for path in sorted(root.rglob("*.yaml"))
    ]


# --- Finding ---------------------------------------------------------------------------------


def _texts_of(
    source: Source, folders: Sequence[Path] | None
) -> list[ScenarioText | Scenario | Problem]:
    """Return the texts of *source*: one, or those of all the files in a folder."""
    folder = _folder_of(source, folders)
    if folder is None:
        return [_text_of(source, folders)]
    files = _files_in(folder)
    if not files:
        raise UsageError(f"the folder '{source}' has no scenarios: no file ends in '.yaml'")
    root = _root_of(folder / "any")
    return [
        _text_in(path, f"{source}/{path.relative_to(folder).as_posix()}", root) for path in files
    ]


def _files_in(folder: Path) -> list[Path]:
    """Return the scenarios in *folder* and below, in the alphabetical order of their paths."""
    found = [path for path in folder.rglob("*") if path.suffix in _IN_FOLDERS and path.is_file()]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _folder_of(source: object, folders: Sequence[Path] | None) -> Path | None:
    """Return the folder that *source* is the path or the name of; None: it is something else."""
    _refuse_empty(source)
    if not isinstance(source, str | Path) or "\0" in str(source) or "\n" in str(source):
        return None
    path = Path(source)
    if isinstance(source, Path) or source.endswith(_SUFFIXES):
        return path if _holds(path.is_dir) else None
    named = [root / source for root in (folders if folders is not None else [_shipped()])]
    if any(_holds(Path(f"{name}.yaml").is_file) for name in named):
        return None
    known = [*named, path] if _is_name(source) else [path]
    return next((name for name in known if _holds(name.is_dir)), None)


def _text_of(source: Source, folders: Sequence[Path] | None) -> ScenarioText | Scenario | Problem:
    """Return the text of *source*, or why it has none; a scenario is what it is."""
    _refuse_empty(source)
    match source:
        case ScenarioText() | Scenario():
            return source
        case Mapping():
            document = {"version": 1, **plain(source, "a scenario")}
            return ScenarioText(as_json(document), MAPPING, root=Path.cwd(), is_mapping=True)
        case Path():
            return _text_in(source, str(source), _root_of(source))
        case str() if "\n" in source:
            return ScenarioText(source)
        case str() if source.endswith(_SUFFIXES):
            return _text_in(Path(source), source, _root_of(Path(source)))
        case str():
            return _text_by_name(source, folders if folders is not None else [_shipped()])
    raise _no_scenario(source)


def _refuse_empty(source: object) -> None:
    if isinstance(source, str) and not source.strip():
        raise UsageError("the name of the scenario is empty: give a name or a path")


def _resolved(path: Path) -> Path:
    """Return *path* without links.

    Raises:
        UsageError: Its links lead back to themselves.

    """
    try:
        return path.resolve()
    except (RuntimeError, OSError) as error:  # before Python 3.13, a loop is a RuntimeError
        raise UsageError(f"'{path}' cannot be read: its links lead in a circle") from error


def _no_scenario(value: object) -> UsageError:
    """Return the error for a *value* that is given as a scenario."""
    what = f"a scenario is a name, a path, a mapping or a text, not {value!r:.60}"
    hint = None
    if isinstance(value, list | tuple | set | frozenset):
        hint = "give each scenario as an argument of its own"
        if any(isinstance(item, Mapping) for item in cast(Collection[object], value)):
            hint += "; a list of rules is {'rules': [...]}"
    return UsageError(f"{what}\n  {hint}" if hint else what)


def _shipped() -> Path:
    try:
        return bundled.folder("scenarios")
    except FileNotFoundError as error:
        raise MockServerError(str(error)) from error


def _root_of(path: Path) -> Path:
    """Return the folder in which the file at *path* may include others.

    That is where one works, and for a file from elsewhere its own folder.
    """
    folder, here = _resolved(Path(str(path).replace("\0", ""))).parent, Path.cwd()
    return here if folder.is_relative_to(here) else folder


def _text_in(path: Path, shown: str, root: Path | None = None) -> ScenarioText | Problem:
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
        return ScenarioText(content.decode("utf-8-sig"), shown, _resolved(path), root)
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
        root = _resolved(folder)
        path = _resolved(root / f"{name}.yaml")
        if _holds(path.is_file):
            # A link may lead anywhere, and a name must not.
            if not path.is_relative_to(root):
                raise UsageError(f"the scenario '{name}' is outside its folder")
            return _text_in(path, f"{folder.name}/{name}.yaml", root)
    hint = did_you_mean(name, [known for folder in folders for known in _names(folder)])
    if _holds(Path(f"{name}.yaml").is_file):
        hint = f"did you mean the file '{name}.yaml'?"
    raise UsageError(f"there is no scenario '{name}'" + (f"\n  {hint}" if hint else ""))


def _holds(what: Callable[[], bool]) -> bool:
    """Return whether *what* holds of a path; nothing does of a name that no file can have."""
    try:
        return what()
    except OSError:
        return False


def _is_name(name: str) -> bool:
    parts = name.split("/")
    return not ("" in parts or "." in parts or ".." in parts or "\0" in name or "\\" in name)


def _refuse_odd_name(name: str) -> None:
    if not _is_name(name):
        shown = name.replace("\0", "\\0")
        hint = "a name looks like 'failures/rate-limited-once'; a path ends in '.yaml'"
        raise UsageError(f"'{shown}' is not a valid scenario name\n  {hint}")


def _names(folder: Path) -> list[str]:
    return [p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.yaml")]


def _description(path: Path) -> str:
    text = _text_in(path, str(path))
    root = reader.read(text.text, text.name, []) if isinstance(text, ScenarioText) else None
    member = root.get("description") if isinstance(root, MapNode) else None
    value = member.value if member is not None else None
    return value.raw if isinstance(value, ScalarNode) and value.value is not None else ""


# --- Reading ---------------------------------------------------------------------


def _beside(text: ScenarioText) -> Beside:
    """Return where the files are that *text* may name."""
    if text.path is None:
        return Beside(text.root)
    return Beside(text.path.parent, text.root or text.path.parent)


class _Reading:
    """Files and what they include, in the order in which their rules are read."""

    def __init__(self, plugins: Plugins) -> None:
        self.files: list[ScenarioFile] = []
        self.roots: list[Node] = []
        self.problems: list[Problem] = []
        self._plugins = plugins
        self._seen: set[Path] = set()
        self._beside: set[Path] = set()

    @property
    def files_read(self) -> frozenset[Path]:
        """Where what was read is, and the files beside it that it names."""
        return frozenset(self._seen | self._beside)

    def read(self, text: ScenarioText | Scenario | Problem, within: tuple[Path, ...] = ()) -> None:
        """Read *text*, then what it includes; *within* are the files that led here."""
        if isinstance(text, Problem):
            self.problems.append(text)
            return
        if isinstance(text, Scenario):
            self.files += text.as_files()
            return
        if text.is_mapping:
            before = len(self.problems)
            self._read(text, within)
            known = paths(text.text, text.name)
            self.problems[before:] = [
                replace(found, place=replace(found.place, path=known.get(found.place, "")))
                for found in self.problems[before:]
            ]
            return
        self._read(text, within)

    def _read(self, text: ScenarioText, within: tuple[Path, ...]) -> None:
        if text.path is not None:
            # What is named twice, or included by several, is read where it comes first.
            if text.path in self._seen:
                return
            self._seen.add(text.path)
        root = reader.read(text.text, text.name, self.problems)
        if root is None:
            return
        beside = _beside(text)
        file, found = read_file(root, self._plugins, beside)
        self._beside |= beside.files
        self.problems += found
        if file is None:
            return
        self.files.append(file)
        self.roots.append(root)
        for include in file.include:
            path = self._included(include, text)
            if path in within or (path is not None and path == text.path):
                self._refuse(include, f"'{include.path}' would include this file again")
            elif len(within) == MAX_INCLUDED:
                what = f"'{include.path}' is included too deeply: at most {MAX_INCLUDED} levels"
                self._refuse(include, what)
            elif path is not None and text.path is not None:
                # As the including file is called, so is the included one.
                shown = f"{text.name[: -len(text.path.name)]}{include.path}"
                self.read(_text_in(path, shown, text.root), (*within, text.path))

    def _included(self, include: Include, text: ScenarioText) -> Path | None:
        """Return the file that *include* names, or None if it may not or cannot be read."""
        if text.path is None or text.root is None:
            hint = "load the other file as well"
            self._refuse(include, "only a scenario in a file can include others", hint)
            return None
        if "\0" in include.path or Path(include.path).is_absolute():
            hint = "write a path relative to this file"
            self._refuse(include, f"'{include.path}' is not a path that can be included", hint)
            return None
        try:
            path = _resolved(text.path.parent / include.path)
        except UsageError as error:
            self._refuse(include, str(error))
            return None
        if not path.is_relative_to(text.root.resolve()):
            self._refuse(include, f"'{include.path}' is outside the folder of the scenarios")
            return None
        if not _holds(path.is_file):
            names = [p.name for p in path.parent.glob("*") if p.suffix in _SUFFIXES]
            nearest = did_you_mean(path.name, names)
            self._refuse(include, f"there is no file '{include.path}'", nearest)
            return None
        return path

    def _refuse(self, include: Include, what: str, hint: str | None = None) -> None:
        self.problems.append(Problem(place=include.place, what=what, hint=hint))
