"""The data that ships with the package: installed in it, or beside it in the source tree."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def folder(name: str) -> Path:
    """Return the folder of the bundled *name*: ``"fixtures"`` or ``"scenarios"``.

    Raises:
        FileNotFoundError: The installation is incomplete.

    """
    for parent in (_PACKAGE / "_bundled", _PACKAGE.parent):
        if (parent / name).is_dir():
            return parent / name
    raise FileNotFoundError(f"the bundled folder '{name}' is missing beside {_PACKAGE}")
