"""Other commits to measure: each in a folder below `.bench`, set up by its own `make`.

A folder is made once and used again; `make clean` removes them all.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".bench"
SET_UP = (".venv/.run", ".venv/.installed")
"""What installs the server: the target of today's Makefile, and that of earlier ones."""


def git(*arguments: str) -> str:
    """Return what git prints."""
    command = ["git", "-C", str(ROOT), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout.strip()


def short(commit: str) -> str:
    """Return the short name of *commit*, which may be a branch or a tag."""
    return git("rev-parse", "--short=7", "--verify", f"{commit}^{{commit}}")


def python_of(checkout: Path) -> Path:
    """Return the Python that runs the server of *checkout*."""
    return checkout / ".venv/bin/python"


def checked_out(commit: str) -> Path:
    """Return a folder with *commit*, set up; a folder that `make` has set up is taken as it is."""
    if python_of(Path(commit)).exists():
        return Path(commit).resolve()
    folder = CACHE / short(commit)
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        archive = subprocess.Popen(
            ["git", "-C", str(ROOT), "archive", commit], stdout=subprocess.PIPE
        )
        subprocess.run(["tar", "-x", "-C", str(folder)], stdin=archive.stdout, check=True)
        archive.wait()
        _set_up(folder)
        (folder / ".complete").touch()
    return folder


def _set_up(folder: Path) -> None:
    makefile = (folder / "Makefile").read_text() if (folder / "Makefile").exists() else ""
    target = next((target for target in SET_UP if f"\n{target}:" in makefile), None)
    if target is None:
        raise SystemExit(f"{folder.name} has no make target that sets up a server")
    print(f"setting up {folder.name} …", file=sys.stderr)
    # The flags of the make that runs this are not for the other Makefile.
    unset = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PYTHONPATH"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    done = subprocess.run(
        ["make", f"PYTHON={sys.executable}", target],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{folder.name} could not be set up:\n{done.stdout}{done.stderr}")
