"""Where the data that ships with the package lies."""

import pytest

from mockserver import bundled


@pytest.mark.parametrize("name", ["fixtures", "scenarios"])
def test_what_ships_is_found(name: str) -> None:
    assert bundled.folder(name).is_dir()


def test_what_is_missing_is_told() -> None:
    with pytest.raises(FileNotFoundError, match="the bundled folder 'nothing' is missing"):
        bundled.folder("nothing")
