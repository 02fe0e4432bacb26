"""Recorded requests, sent to a live provider: only if its operator says so, and to no other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import quote

from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest
from mockserver.conversation import ApiError
from mockserver.recordings.comparing.cases import Case
from mockserver.recordings.comparing.scripting import RULE_HEADER
from mockserver.recordings.comparing.sending import Answered, Asking, conversation
from mockserver.server.upstream import KEPT_IN_PATHS, Upstream
from mockserver.wire.http_request import HttpRequest

BETWEEN_POLLS_S: Final = 1.0
"""How long a response that is made in the background is left alone."""
AT_ONCE: Final = 4
"""How many requests are under way at once, unless stated otherwise."""


def asked(
    threads: Sequence[Sequence[Case]], upstream: Upstream, at_once: int = AT_ONCE
) -> list[Answered | str]:
    """Return what *upstream* answers to recordings, or in words why it did not.

    At most *at_once* requests are under way; connected ones go one after the other.
    """
    return asyncio.run(_asked(threads, upstream, at_once))


async def _asked(
    threads: Sequence[Sequence[Case]], upstream: Upstream, at_once: int
) -> list[Answered | str]:
    gate = asyncio.Semaphore(at_once)
    found: list[Answered | str] = []

    async def ask(thread: Sequence[Case]) -> None:
        async with gate:
            found.extend([one async for one in _answers(thread, upstream)])

    try:
        await asyncio.gather(*map(ask, threads))
    finally:
        upstream.close()
    return found


async def _answers(thread: Sequence[Case], upstream: Upstream) -> AsyncIterator[Answered | str]:
    """Yield what the recordings of *thread* get; none after the first that got no answer."""
    talk = conversation(thread)
    asking: Asking | None = None
    try:
        asking = next(talk)
        while True:
            asking = talk.send(await _ask(asking, upstream))
    except StopIteration as end:
        for answered in end.value:
            yield answered
    except ApiError as error:
        assert asking is not None
        yield f"{asking.case.recording.source}: {error.message}"


async def _ask(asking: Asking, upstream: Upstream) -> RecordedAnswer:
    if asking.is_again:
        await asyncio.sleep(BETWEEN_POLLS_S)
    request = asking.request
    http = HttpRequest(
        request.method, request.path, _headers(asking.case, request), request.body, request.query
    )
    return await upstream.ask(http, quote(request.path, safe=KEPT_IN_PATHS))


def _headers(case: Case, request: RecordedRequest) -> dict[str, str]:
    """Return the headers of *request* with the key in one place, where the provider reads it."""
    unread = "authorization" if case.recording.provider == "azure" else "api-key"
    headers = {name.lower(): value for name, value in request.headers}
    return {name: value for name, value in headers.items() if name not in (unread, RULE_HEADER)}
