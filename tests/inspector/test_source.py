"""The page's files: they make text of texts, and load nothing from elsewhere."""

import re
from typing import Final

import pytest

from mockserver import bundled
from mockserver.server import pages

FOLDER = bundled.folder("fixtures") / "inspector"
FILES = tuple(sorted(path.name for path in FOLDER.iterdir()))
FORBIDDEN: Final = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    r"|setAttribute\(\s*[\"'`](?:style|on)|createContextualFragment|DOMParser|setHTML|import\("
)
# Text and what it stands on. WCAG 2.2, 1.4.3: at least 4.5, and 3 for what is no text (1.4.11).


@pytest.mark.parametrize("name", FILES)
def test_no_file_makes_markup_or_code_of_text(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")

    assert FORBIDDEN.findall(text) == []
    addresses = set(re.findall(r"https?://[^\s\"'`]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    if name.endswith(".html"):
        assert re.findall(r"<style|\sstyle=|\son\w+=", text) == []


def test_every_module_is_served() -> None:
    scripts = {name.removesuffix(".js") for name in FILES if name.endswith(".js")}

    assert scripts == set(pages.SCRIPTS)
