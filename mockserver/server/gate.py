"""Answers that are held until a test releases them.

Everything here runs in the server's event loop; `MockServer.release` calls in from other threads.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

from mockserver.wire.timeline import Hold

Released = asyncio.Future[None]
Holding = Callable[[Hold], AbstractContextManager[Released]]
"""Holds an answer of a known session for a rule."""


class Gate:
    """The answers held now, by session and rule; none is held after its client has left."""

    def __init__(self) -> None:
        self._held: dict[Released, tuple[str, str | None]] = {}

    def __len__(self) -> int:
        return len(self._held)

    @contextmanager
    def hold(self, session: str, event: Hold) -> Generator[Released]:
        """Hold an answer of *session*: yield a future that is done once it is released."""
        released: Released = asyncio.get_running_loop().create_future()
        if event.releasable:
            self._held[released] = (session, event.rule)
        try:
            yield released
        finally:
            self._held.pop(released, None)

    def release(self, session: str, rule: str | None = None) -> int:
        """Release the answers of *session* that *rule* (None: any rule) holds; return how many.

        It is not an error if nothing is held.
        """
        chosen = [
            released
            for released, (its_session, its_rule) in self._held.items()
            if its_session == session and rule in (None, its_rule) and not released.done()
        ]
        for released in chosen:
            released.set_result(None)
        return len(chosen)
