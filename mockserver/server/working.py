"""What takes long is computed in a thread, so that the loop goes on answering others.

One thread for each server, and a queue: Python computes one thing at a time anyway, and each
thread more that computes makes the loop wait longer for its turn.
"""

import asyncio
import ctypes
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")

Job: TypeAlias = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]

ENDING_S: Final = 0.3
"""How long a thread that was told to stop is waited for: some steps of Python are long."""


class _Stopped(BaseException):
    """Raised in the thread, wherever it is, when the server stops."""


class Worker:
    """The thread that computes, one thing after another in their order; it starts when needed."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_stopped = False

    async def run(self, work: Callable[[], T]) -> T:
        """Return what *work* returns, in the thread; others are answered meanwhile.

        If the task that waits for it is cancelled, work that has not begun never does.
        """
        if self._is_stopped:
            raise asyncio.CancelledError
        if self._thread is None:
            # A daemon: a program may end while something is computed that nobody waits for.
            self._thread = threading.Thread(
                target=self._compute, name="mockserver-worker", daemon=True
            )
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put((work, done, loop))
        return await done

    def stop(self) -> None:
        """Stop computing, at the next step of Python."""
        self._is_stopped = True
        thread = self._thread
        if thread is None or thread.ident is None:
            return
        self._jobs.put(None)
        # Nobody waits for what is being computed, and it may take for minutes.
        number = ctypes.c_ulong(thread.ident)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(_Stopped))

    def has_ended(self) -> bool:
        """Return whether nothing is computed any more; wait a moment for that."""
        if self._thread is not None:
            self._thread.join(ENDING_S)
        return self._thread is None or not self._thread.is_alive()

    def _compute(self) -> None:
        with suppress(_Stopped):
            while (job := self._jobs.get()) is not None:
                if not self._is_stopped:
                    _perform(*job)
                del job  # what it holds may be large, and the next may be long in coming


def _perform(
    work: Callable[[], Any], done: "asyncio.Future[Any]", loop: asyncio.AbstractEventLoop
) -> None:
    if done.cancelled():
        return
    result, error = None, None
    try:
        result = work()
    except Exception as raised:  # noqa: BLE001 - handed to the task that waits
        error = raised
    with suppress(RuntimeError):  # the loop has been closed meanwhile
        loop.call_soon_threadsafe(_settle, done, result, error)


def _settle(done: "asyncio.Future[Any]", result: object, error: Exception | None) -> None:
    if done.done():
        return
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(result)
