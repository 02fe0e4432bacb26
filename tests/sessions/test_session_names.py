"""F8: names that clients take out of a path cannot be the names of sessions."""

import pytest
from support.inprocess import Api

from mockserver.errors import UsageError
from mockserver.scenario.loader import check, load_scenario

NO_NAMES = [".", "..", "%2e", "%2E%2e", ".%2e", "", " ", "a/b", "a\nb", "a\0", "\x7f", "x" * 201]


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    sessions = Api().engine.sessions

    for begin in (sessions.create, sessions.named):
        with pytest.raises(UsageError, match="not a valid session name"):
            begin(name)


@pytest.mark.parametrize("name", ["a.b", "...", ".a", "x%20y", "ü", "a b", "x" * 200])
def test_other_names_are_taken(name: str) -> None:
    assert Api().engine.sessions.create(name).name == name


@pytest.mark.parametrize("name", [".", "..", "%2e"])
def test_a_path_with_such_a_name_is_refused(name: str) -> None:
    answered = Api().chat(session=name)

    assert (answered.status, answered.error["code"]) == (409, "session_name")


@pytest.mark.parametrize("source", ["", " ", "\t"])
def test_an_empty_name_of_a_scenario_is_refused(source: str) -> None:
    for read in (load_scenario, lambda text: check([text])):
        with pytest.raises(UsageError, match="is empty"):
            read(source)
