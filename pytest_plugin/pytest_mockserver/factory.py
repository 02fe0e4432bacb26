"""Further sessions of one test: a fallback, another provider, another region."""

from collections.abc import Callable
from typing import Protocol

from mockserver.errors import UsageError
from pytest_mockserver.session import Session


class Opener(Protocol):
    """Begins a session that ends with the test."""

    def __call__(self, name: str, *, provider: str, own_port: bool) -> Session:
        """Begin the session *name*."""
        ...


class Factory:
    """Makes the sessions of one test; all of them have the same time.

    ```python
    primary = mock_llm_factory("primary", provider="azure")
    fallback = mock_llm_factory("fallback", provider="openrouter")
    ```
    """

    def __init__(self, opener: Opener, known: Callable[[], list[Session]]) -> None:
        """Take what begins a session, and what tells of those that there are."""
        self._open = opener
        self._known = known
        self._named: dict[str, Session] = {}

    def __call__(self, name: str, *, provider: str = "openai", own_port: bool = False) -> Session:
        """Begin a session.

        Args:
            name: Tells it from the others of the test.
            provider: Whose clients it is for: `base_url` is what they take.
            own_port: Whether it has a server of its own, whose port can be taken away
                (`session.refuse()`) while the others answer.

        Raises:
            UsageError: There is one of this name already, or no such provider.

        """
        if name in self._named:
            raise UsageError(f"the test has a session '{name}' already")
        session = self._named[name] = self._open(name, provider=provider, own_port=own_port)
        return session

    def __getitem__(self, name: str) -> Session:
        return self._named[name]

    @property
    def sessions(self) -> list[Session]:
        """All sessions of the test, `mock_llm` among them."""
        return self._known()
