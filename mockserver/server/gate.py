"""Answers that stand still until a test releases them.

All of it runs in the event loop that answers; `MockServer.release` comes in from other threads.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

from mockserver.wire.timeline import Hold

Released = asyncio.Future[None]
Holding = Callable[[Hold], AbstractContextManager[Released]]
"""Holds an answer, whose session is known, by a rule."""


class Gate:
    """Keeps what is held now, by its session and its rule; nothing outlives its client."""

    def __init__(self) -> None:
        self._held: dict[Released, tuple[str, str | None]] = {}

    def __len__(self) -> int:
        return len(self._held)

    @contextmanager
    def hold(self, session: str, event: Hold) -> Generator[Released]:
        """Hold an answer of *session*: yield what is done once it is released."""
        released: Released = asyncio.get_running_loop().create_future()
        if event.releasable:
            self._held[released] = (session, event.rule)
        try:
            yield released
        finally:
            self._held.pop(released, None)

    def release(self, session: str, rule: str | None = None) -> int:
        """Let every answer of *session* go on that *rule* (None: any rule) holds; return how many.

        It is no error if there is none.
        """
        chosen = [
            released
            for released, (its_session, its_rule) in self._held.items()
            if its_session == session and rule in (None, its_rule) and not released.done()
        ]
        for released in chosen:
            released.set_result(None)
        return len(chosen)
