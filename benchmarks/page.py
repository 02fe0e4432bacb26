"""The parts of docs/speed.md that programs write, each between two marks."""

from checkouts import ROOT

PAGE = ROOT / "docs" / "speed.md"


def replaced(text: str, part: str, content: str) -> str:
    """Return *text* with *content* as its *part*."""
    begin, end = f"<!-- {part} -->\n", f"<!-- end of {part} -->"
    before, found, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    if not found:
        raise ValueError(f"{PAGE.name} has no part '{part}'")
    return f"{before}{begin}\n{content}\n\n{end}{after}"


def write(part: str, content: str) -> None:
    """Write *content* into the page."""
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), part, content), "utf-8")
