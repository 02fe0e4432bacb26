"""What editors show of a class and its fields is what the docstrings say."""

from dataclasses import dataclass

from mockserver.scenario.syntax.docstrings import explained, summary


@dataclass
class Base:
    """Something slow, or `broken`.

    Attributes:
        at: When it strikes, by name;
            a second line.
        other: Another.

    Source:
        A page.

    """

    at: str = ""
    other: str = ""


@dataclass
class Kind(Base):
    """Cut it; *how* says by RST. A *size*, and *unit*: all the rest."""

    how: str = ""
    size: int = 0
    silent: int = 0


@dataclass
class Undocumented:
    at: str = ""


def test_a_summary_leaves_the_sections_out() -> None:
    assert summary(Base) == "Something slow, or 'broken'."


def test_the_signature_that_a_dataclass_gets_is_no_summary() -> None:
    assert summary(Undocumented) is None


def test_an_attribute_is_explained_by_its_section_with_its_lines_joined() -> None:
    assert explained(Base, "at") == "When it strikes, by name; a second line."
    assert explained(Base, "other") == "Another."


def test_an_inherited_attribute_is_explained_by_the_class_it_comes_from() -> None:
    assert explained(Kind, "at") == "When it strikes, by name; a second line."


def test_a_field_is_explained_by_the_sentence_that_names_it() -> None:
    assert explained(Kind, "how") == "Cut it; 'how' says by RST."
    assert explained(Kind, "size") == "A 'size', and 'unit': all the rest."


def test_a_field_of_which_nothing_is_told_has_no_explanation() -> None:
    assert explained(Kind, "silent") is None
    assert explained(Undocumented, "at") is None
