"""Calls that the upstream server answers: passed on while the answer comes, and recorded.

The engine states which they are (`Forward`), and what of an answer enters the journal. Nothing of
an answer that breaks off, or whose client leaves, is kept.
"""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest, Recording
from mockserver.conversation import ApiError
from mockserver.engine.answering import stated_headers
from mockserver.engine.engine import Engine, Exchange
from mockserver.engine.forwarding import Forward, Gone, nowhere_to_forward
from mockserver.records.journal import Outcome
from mockserver.records.measured import Measured
from mockserver.server.cors import Cors
from mockserver.server.dialling import BrokenOffError
from mockserver.server.player import GONE, LivePlay, Played
from mockserver.server.recorder import Recorder
from mockserver.server.upstream import LiveAnswer, Upstream, spelled
from mockserver.wire.timeline import Head

PASSED: Final = "passed on"
RECORDED: Final = "recorded"
LEFT: Final = "not kept: the client left"


class Proxy:
    """Has the *upstream* server answer, and the *recorder* keep what it answers."""

    def __init__(
        self,
        engine: Engine,
        upstream: Upstream | None,
        recorder: Recorder | None,
        cors: Cors | None,
    ) -> None:
        self._engine = engine
        self._upstream = upstream
        self._recorder = recorder
        self._cors = cors

    async def answered(
        self, forward: Forward, request: web.BaseRequest, measured: Measured
    ) -> Played | Exchange:
        """Answer *request* by the upstream server; return how, or what is left to be played.

        *measured* began when the request had come.

        Raises:
            ConnectionError: The client has left.
            asyncio.CancelledError: The same, or the server stops.

        """
        upstream = self._upstream
        if upstream is None:
            return self._engine.resume(forward, nowhere_to_forward())
        passing = _Passing(forward, request)
        try:
            if forward.is_disturbed:
                answer = await upstream.ask(forward.http, passing.target)
                self._keep(passing, answer)
                return self._engine.resume(forward, answer)
            live = await upstream.open(forward.http, passing.target)
        except ApiError as error:
            forward.call.forwarded = f"not kept: {error.message}"
            return self._engine.resume(forward, error)
        except asyncio.CancelledError:
            forward.call.forwarded = LEFT
            self._engine.close(forward, "client_left")
            raise
        return await self._passed(passing, live, request, measured)

    def close(self) -> None:
        """Close the connections to the upstream server."""
        if self._upstream is not None:
            self._upstream.close()

    async def _passed(
        self, passing: "_Passing", live: LiveAnswer, request: web.BaseRequest, measured: Measured
    ) -> Played:
        """Pass the answer *live* on while it comes; record it once it has come whole."""
        forward = passing.forward
        outcome: Outcome = "client_left"
        unkept = LEFT
        head, broke = self._exposed(live.head, forward, request), None
        play = LivePlay(request, head, measured)
        try:
            if not live.is_ready:
                await play.write()
            async for piece in live.pieces():
                play.put(piece)
                if play.is_full or not live.is_ready:
                    await play.write()
            played = await play.end()
            outcome, unkept = "sent", ""
        except BrokenOffError as error:
            outcome, unkept, broke = "aborted", f"not kept: {error.why}", error.how
            forward.call.notes += (f"the upstream server's answer broke off: {error.why}",)
            await play.break_off(error.how)
            played = GONE
        finally:
            # Also if the client's leaving cancels this task.
            live.close()
            answer = live.recorded()
            if unkept or live.unkept:
                forward.call.forwarded = unkept or f"not kept: {live.unkept}"
            else:
                self._keep(passing, answer)
            if measured.sent_bytes:
                forward.call.measured = measured
            if unkept:
                answer = replace(answer, is_cut=True)
            try:
                self._engine.passed(forward, answer, None if live.unkept else Gone(head, broke))
            finally:
                self._engine.close(forward, outcome)
        return played

    def _exposed(self, head: Head, forward: Forward, request: web.BaseRequest) -> Head:
        """Return *head* with the headers that the scenario states, and that pages need."""
        reply = forward.matched.given.reply
        if reply is not None:
            defaults = forward.asked.session.scenario.defaults
            if stated := stated_headers(defaults, reply):
                head = head.with_headers(tuple(stated))
        return head if self._cors is None else self._cors.exposed_head(head, request)

    def _keep(self, passing: "_Passing", answer: RecordedAnswer) -> None:
        """Have *answer* written to the session's cassette, if it has one."""
        call, session = passing.forward.call, passing.forward.asked.session
        if self._recorder is None or session.passing.cassette is None:
            call.forwarded = PASSED
            return
        call.forwarded = RECORDED

        def unkept(why: str) -> None:
            call.forwarded = f"not kept: {why}"

        recording = passing.recording(answer)
        self._recorder.keep(session.passing, recording, session.scenario.redact, unkept)


class _Passing:
    """A call that is passed on, from when it came."""

    def __init__(self, forward: Forward, request: web.BaseRequest) -> None:
        self.forward = forward
        self._at_s = time.time()  # noqa: TID251 - recordings have times like this
        dialect, path = forward.asked.route.dialect, forward.http.path
        prefix = f"/{dialect.kind}"
        if path.startswith(f"{prefix}/") and dialect.locate(path) is None:
            path = path.removeprefix(prefix)
        self._path = path
        self.target = spelled(request.raw_path.partition("?")[0], path)
        """Where it leads below the provider's root, as URLs spell it."""

    def recording(self, answer: RecordedAnswer) -> Recording:
        """Return it with its *answer*, and with all its secrets."""
        http, route = self.forward.http, self.forward.asked.route
        headers = tuple(http.headers.items())
        asked = RecordedRequest(http.method, self._path, http.query, headers, http.body)
        at = datetime.fromtimestamp(self._at_s, UTC).isoformat(timespec="milliseconds")
        return Recording(
            request=asked,
            answer=answer,
            provider=route.dialect.kind,
            endpoint="" if route.endpoint is None else route.endpoint.kind,
            recorded_at=at.replace("+00:00", "Z"),
        )
