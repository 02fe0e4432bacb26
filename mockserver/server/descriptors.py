"""A process that is out of file descriptors: said in one line, and at most once a second.

asyncio reports each connection that it cannot accept, up to a thousand at once and each with its
traceback; uvloop reports none, and closes the connection.
"""

import asyncio
import errno
import logging
import os
from typing import Any, Final

EVERY_S: Final = 1.0
"""How often it is said, and how often a process is looked at whose loop says nothing."""
SHORTAGES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_log = logging.getLogger("mockserver")


class Descriptors:
    """Says when there are no more of them; the loop itself accepts again when there are."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take over what *loop* reports until it closes."""
        self._loop = loop
        self._said_s = -EVERY_S
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """Begin."""
        self._loop.set_exception_handler(self._reported)
        if not isinstance(self._loop, asyncio.BaseEventLoop):
            self._look()

    def close(self) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()

    def _reported(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in SHORTAGES:
            self._say(error)
        elif not _is_late_retry(context):
            loop.default_exception_handler(context)

    def _look(self) -> None:
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            if error.errno in SHORTAGES:
                self._say(error)
        self._timer = self._loop.call_later(EVERY_S, self._look)

    def _say(self, error: OSError) -> None:
        now_s = self._loop.time()
        if now_s - self._said_s < EVERY_S:
            return
        self._said_s = now_s
        _log.error(
            "no connection can be accepted (%s): raise the limit (ulimit -n), or close connections",
            error.strerror,
        )


def _is_late_retry(context: dict[str, Any]) -> bool:
    """Return whether asyncio wanted to accept again, and the server has stopped listening."""
    retries = "_start_serving" in str(context.get("message"))
    return retries and isinstance(context.get("exception"), ValueError)
