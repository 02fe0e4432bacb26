"""The HTTP side of the control API: requests in, answers out, and the only place that waits."""

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, NoReturn, cast
from urllib.parse import parse_qsl

from aiohttp import web

from mockserver.control import routes
from mockserver.control.feed import Feed, Reading
from mockserver.control.guard import Access
from mockserver.control.jsonform import Misshapen, from_json, from_query, to_json
from mockserver.control.openapi import JSON_TYPE, PROBLEM_TYPE
from mockserver.control.problems import Refused
from mockserver.control.routes import Route
from mockserver.control.service import Asked, Service, Waiting
from mockserver.control.shapes import Calls, Fault, Nothing, Reload, Waited
from mockserver.records.redaction import beginning
from mockserver.server import pages
from mockserver.server.changes import Changes
from mockserver.server.working import Worker

ROOT: Final = f"{routes.ROOT}/"
LARGE_BODY_BYTES: Final = 64 * 1024
"""Larger bodies are read in a thread, so that other requests are answered meanwhile."""
HEADERS: Final = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    # What is opened in a tab by itself is data, and no page.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


class ControlPlane:
    """Answers requests to the control API."""

    def __init__(self, service: Service, access: Access, worker: Worker, changes: Changes) -> None:
        """Take the service, who may use it, the *worker* for what takes long, and the *changes*."""
        self._service = service
        self._changes = changes
        self._worker = worker
        self.access = access

    async def handle(self, request: web.BaseRequest, path: str, query: str) -> web.Response:
        """Answer *request*, whose decoded *path* is `/_mock` or begins with `/_mock/`."""
        try:
            if path in pages.PATHS and request.method in {"GET", "HEAD"}:
                return self._page(request, path)
            return await self._answered(request, path, query)
        except Refused as refused:
            return _response(to_json(refused.problem), refused.problem.status, PROBLEM_TYPE)

    def _page(self, request: web.BaseRequest, path: str) -> web.Response:
        """Answer a request for a file of the inspector."""
        headers = cast(Mapping[str, str], request.headers)
        has_body = request.can_read_body
        self.access.check(None, headers, _port(request), has_body=has_body, is_page=True)
        return pages.page(path)

    async def _answered(self, request: web.BaseRequest, path: str, query: str) -> web.Response:
        method = "GET" if request.method == "HEAD" else request.method
        found = routes.find(method, path)
        route = found[0] if found and isinstance(found[0], Route) else None
        headers = cast(Mapping[str, str], request.headers)
        self.access.check(route, headers, _port(request), has_body=request.can_read_body)
        if route is None:
            allowed = ("GET",) if path in pages.PATHS else cast(tuple[str, ...], found)
            _refuse_path(method, path, allowed)
        parameters = cast(dict[str, str], found[1])
        content = await _content(request)
        server = f"{request.scheme}://{request.host}"
        wanted = _read_query(route, query)
        asked = Asked(route=route, parameters=parameters, query=wanted, server=server)
        if len(content) > LARGE_BODY_BYTES or route.body is Reload:
            await self._worker.run(partial(self._read, asked, content))
        else:
            self._read(asked, content)
        answer = self._service.act(asked)
        if isinstance(answer, Waiting):
            answer = await _waited(answer)
        elif isinstance(answer, Feed):
            answer = await self._followed(answer)
        elif callable(answer):
            answer = await self._worker.run(answer)
        return _response(to_json(answer), route.status)

    async def _followed(self, feed: Feed) -> Calls:
        """Return calls once there are any, or time is up."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + feed.wait_s
        while True:
            reading = feed.read()
            answer = await self._found(reading)
            left_s = ends_s - loop.time()
            if answer.calls or answer.is_gap or left_s <= 0:
                return answer
            await self._changes.wait(reading.changes, left_s)

    async def _found(self, reading: Reading) -> Calls:
        if reading.is_slow:
            return await self._worker.run(reading.answer)
        return reading.answer()

    def _read(self, asked: Asked, content: bytes) -> None:
        """Read the body of a request, and the scenario or condition in it."""
        asked.body = _read_body(asked.route, content)
        asked.prepared = self._service.prepare(asked.body)


async def _content(request: web.BaseRequest) -> bytes:
    """Return the body of *request*."""
    refused = Refused(413, "too-large", "the body is too large")
    if (request.content_length or 0) > request.client_max_size:
        raise refused
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise refused from error
    except web.RequestPayloadError as error:
        raise Refused(400, "body", "the body is malformed: its framing or its encoding") from error


async def _waited(waiting: Waiting) -> Waited:
    """Return the calls once enough have come or time is up; the journal says when to look."""
    changed = asyncio.Event()
    watchers, wake = waiting.session.journal.watchers, changed.set
    watchers.add(wake)
    try:
        async with asyncio.timeout(waiting.wanted.timeout_s):
            while not waiting.is_met():
                changed.clear()
                await changed.wait()
    except TimeoutError:
        pass
    finally:
        watchers.discard(wake)
    return waiting.answer()


def _port(request: web.BaseRequest) -> int:
    transport = request.transport
    name = transport.get_extra_info("sockname") if transport is not None else None
    return cast(int, name[1]) if name else 0


def _refuse_path(method: str, path: str, allowed: tuple[str, ...]) -> NoReturn:
    if allowed:
        hint = f"use {' or '.join(allowed)}"
        raise Refused(405, "wrong-method", f"{beginning(path, 200)} does not take {method}", hint)
    hint = f"GET {ROOT}openapi.json lists every path"
    raise Refused(404, "unknown-path", f"there is no {beginning(path, 200)}", hint)


def _read_query(route: Route, query: str) -> Any:
    pairs = parse_qsl(query, keep_blank_values=True)
    try:
        return from_query(route.query or Nothing, pairs)
    except Misshapen as error:
        fault = Fault(what=error.what, at=error.at or None, hint=error.hint)
        raise Refused(400, "query", str(error), error.hint, [fault]) from error


def _read_body(route: Route, content: bytes) -> Any:
    if route.body is None:
        if content.strip() not in {b"", b"{}"}:
            raise Refused(400, "body", "no body is expected here")
        return None
    try:
        value: Any = _decode(content.decode() if content.strip() else "{}")
    except (ValueError, RecursionError) as error:
        where = f": {error}" if isinstance(error, json.JSONDecodeError) else ""
        raise Refused(400, "body", f"the body is not valid JSON{where}") from error
    try:
        return from_json(route.body, value)
    except Misshapen as error:
        fault = Fault(what=error.what, at=error.at or None, hint=error.hint)
        raise Refused(400, "body", str(error), error.hint, [fault]) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decode: Final = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _response(value: Any, status: int, content_type: str = JSON_TYPE) -> web.Response:
    # A lone surrogate, as paths and bodies may hold one, goes out as its escape.
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
    return web.Response(body=body, status=status, content_type=content_type, headers=HEADERS)
