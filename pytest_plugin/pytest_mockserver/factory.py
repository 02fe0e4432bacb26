"""More sessions for one test: a fallback, another provider, another region."""

from collections.abc import Callable
from typing import Protocol

from mockserver.errors import UsageError, shows_mistake
from pytest_mockserver.addresses import url_for
from pytest_mockserver.session import Session

__tracebackhide__ = shows_mistake


class Opener(Protocol):
    """Creates a session that ends with the test."""

    def __call__(self, name: str, *, provider: str, own_port: bool) -> Session:
        """Create the session *name*."""
        ...


class Factory:
    """Creates the sessions of one test; all of them share one clock.

    ```python
    primary = mock_llm_factory("primary", provider="azure")
    fallback = mock_llm_factory("fallback", provider="openrouter")
    ```
    """

    def __init__(self, opener: Opener, known: Callable[[], list[Session]]) -> None:
        """Take a function that creates a session, and one that lists those that exist."""
        self._open = opener
        self._known = known
        self._named: dict[str, Session] = {}

    def __call__(self, name: str, *, provider: str = "openai", own_port: bool = False) -> Session:
        """Create a session.

        Args:
            name: Its name in the test.
            provider: The provider whose clients `base_url` is for.
            own_port: Whether it has a server of its own, which can refuse connections
                (`session.refuse()`) while the others answer.

        Raises:
            UsageError: The name is taken, or the provider does not exist.

        """
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - a test may not check types
            raise UsageError(f"a session's name is a text, not {name!r:.60}")
        url_for("", provider)
        if name in self._named:
            raise UsageError(f"the test already has a session '{name}'")
        session = self._named[name] = self._open(name, provider=provider, own_port=own_port)
        return session

    def __getitem__(self, name: str) -> Session:
        return self._named[name]

    @property
    def sessions(self) -> list[Session]:
        """All sessions of the test, `mock_llm` among them."""
        return self._known()
