"""The speed of milestones: the plot and the page show what is in the file."""

from history import PLOT, drawing, known, milestones, table
from page import PAGE, replaced


def test_the_plot_is_drawn_from_the_file() -> None:
    assert PLOT.read_text("utf-8") == drawing(known())


def test_the_page_has_the_table_of_the_file() -> None:
    text = PAGE.read_text("utf-8")

    assert text == replaced(text, "history", table(known()))


def test_every_milestone_is_measured() -> None:
    assert milestones().keys() <= {entry["commit"] for entry in known()}


def test_commits_stand_in_their_order() -> None:
    dates = [entry["date"] for entry in known()]

    assert dates == sorted(dates)
