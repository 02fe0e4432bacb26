"""Other distributions that add plug-ins, installed as an installer does."""

from pathlib import Path
from textwrap import dedent


def install(folder: Path, name: str, entry_points: str) -> None:
    """Lay the metadata of a distribution into *folder*, as an installer does."""
    metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(dedent(entry_points), "utf-8")
