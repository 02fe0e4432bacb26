"""The fixtures.

Every run of pytest imports this, also those that never ask for a server. So only the standard
library and pytest are imported here; the server is when a fixture is asked for.
"""

import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from mockserver import MockServer
    from mockserver.journal import Call

NAME_LENGTH: Final = 60
"""How much of a test's name its session shows in URLs and in the journal."""

_numbers = itertools.count(1)


class Session:
    """The server as one test sees it: rules begin anew, and only its own calls are seen."""

    def __init__(self, server: "MockServer", name: str) -> None:
        self._server = server
        self.name = name

    @property
    def url(self) -> str:
        """The root of all paths of this session, without a slash at its end."""
        return f"{self._server.url}/s/{self.name}"

    @property
    def base_url(self) -> str:
        """What OpenAI's clients take as their base URL."""
        return f"{self.url}/v1"

    @property
    def calls(self) -> "list[Call]":
        """The HTTP requests that have come in this session, in order."""
        return list(self._server.session(self.name).journal)


@pytest.fixture(scope="session")
def mock_llm_server() -> "Iterator[MockServer]":
    """A running server, which answers by itself. Override it to give it scenarios."""
    from mockserver import MockServer  # noqa: PLC0415 - see the module's docstring

    with MockServer() as server:
        yield server


@pytest.fixture
def mock_llm(mock_llm_server: "MockServer", request: pytest.FixtureRequest) -> Session:
    """A session of the server for this test alone."""
    return Session(mock_llm_server, f"{_readable(request.node.name)}-{next(_numbers)}")


def _readable(name: str) -> str:
    """Return what a path can hold of a test's *name*."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", name)[:NAME_LENGTH].strip("-")
