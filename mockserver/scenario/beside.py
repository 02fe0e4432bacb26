"""Files that a scenario names: cassettes, which lie beside it."""

from dataclasses import dataclass, field
from pathlib import Path

from mockserver.cassettes import cassette
from mockserver.cassettes.cassette import Cassette
from mockserver.errors import BadValue, MockServerError, UsageError, did_you_mean


@dataclass(slots=True)
class Beside:
    """Where the files are that a scenario names.

    Attributes:
        folder: Paths are relative to it; None: no file may be named.
        root: The folder that they may not lead out of; None: they may lead anywhere.
        files: The files that were named.

    """

    folder: Path | None = None
    root: Path | None = None
    files: set[Path] = field(default_factory=set[Path])

    def cassette(self, written: str) -> Cassette:
        """Return the cassette in the file that is *written*.

        Raises:
            BadValue: It may not or cannot be read.

        """
        path = self._path(written)
        self.files.add(path)
        if not path.is_file():
            there = [found.name for found in path.parent.glob("*.jsonl")]
            hint = did_you_mean(path.name, there)
            raise BadValue("file", f"there is no cassette '{written}'", hint)
        try:
            return cassette.load(path, written)
        except (MockServerError, UsageError) as error:
            raise BadValue("file", str(error)) from error

    def _path(self, written: str) -> Path:
        if self.folder is None:
            hint = "name it in a scenario that is a file"
            raise BadValue("file", "this scenario is in no file: a cassette lies beside one", hint)
        if "\0" in written or not written.strip():
            raise BadValue("file", "the path of a cassette is not empty, and has no NUL")
        if self.root is None:
            return self.folder / written
        if Path(written).is_absolute():
            hint = "write a path relative to this file"
            raise BadValue("file", f"'{written}' is not a path of a file beside this one", hint)
        try:
            path = (self.folder / written).resolve()
        except (RuntimeError, OSError) as error:  # before Python 3.13, a loop is a RuntimeError
            raise BadValue("file", f"'{written}' leads in a circle") from error
        if not path.is_relative_to(self.root.resolve()):
            raise BadValue("file", f"'{written}' is outside the folder of the scenarios")
        return path
