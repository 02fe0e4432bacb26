"""A server that shows the page hostile text wherever text can be.

It serves the page's own files, and values of the shapes that the page reads, with what is planted
in each text of each member: more than one real call could hold.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote

from mockserver.control import shapes
from mockserver.control.jsonform import to_json
from mockserver.control.shapes import inspection
from mockserver.server import pages

PLANTED = (
    "<script>alert('script')</script>",
    '"><img src=x onerror=alert("img")>',
    "<svg/onload=alert('svg')>",
    "javascript:alert('url')",
    "</textarea><script>alert('area')</script></title></style></pre>",
    "${alert('template')} {{constructor.constructor('alert(1)')()}}",
    "from \u202eright to left\u202c \u2066isolated\u2069 \u200bhidden\u00ad\U000e0041",
    "\ud800 alone \udfff",
    "\u0000\u0007\u001b[31mred",
    "漢字 עברית العربية 👩‍👩‍👧‍👦 e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
    "W" * 3_000,
)
ALL = " ".join(PLANTED)
URLS = (
    "javascript:alert('image')",
    "https://evil.example/pixel.png?<script>",
    "data:text/html,<script>alert('data')</script>",
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "//evil.example/x.png",
    'data:image/png;base64,AAAA" onerror="alert(1)',
)
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP8z4APMOGV"
    "HbHSAEEsAROxCnMTAAAAAElFTkSuQmCC"
)
LONG = "long " * 40_000
TOOLS = 500


def record(number: int, text: str) -> shapes.CallRecord:
    """Return a call with *text* in every place."""
    return shapes.CallRecord(
        number=number,
        at_s=0.0,
        method="POST",
        path=f"/v1/{text}",
        query=text,
        provider=text,
        endpoint=text,
        key=text,
        model=text,
        stream=True,
        attempt=2,
        conversation=text,
        rule=text,
        status=200,
        failures=(text, "disconnect"),
        no_effect=(text,),
        pre_empted=(text,),
        near_misses=(text,),
        notes=(text, f"hint {text}"),
        outcome="aborted",
        is_unmatched=False,
        is_late=False,
        attribution={text: text},
        headers={text: text, "x-planted": text},
        body={"tools": [{"function": {"name": f"{text} {n}"}} for n in range(TOOLS)]},
        body_bytes=12,
        text=text,
        finish_reason=text,
        tool_calls=(shapes.MadeToolCall(name=text, arguments=text, id=text),),
        usage=shapes.Tokens(
            prompt_tokens=5,
            completion_tokens=7,
            total_tokens=12,
            cached_tokens=1,
            reasoning_tokens=1,
            exact=False,
        ),
        planned_ttft_ms=10,
        planned_ms=100,
        asked_wait_s=1,
        waited_s=0.5,
        client_left_after_tokens=3,
        error_code=text,
        ended_s=0.1,
        seen_at_end=1,
        unoffered=(text,),
        off_schema=(text,),
        is_cut=True,
        serial=number,
        session=text,
        came_unix_s=1_700_000_000.0 + number,
        words=text,
        hint=f"hint {text}",
        measured=shapes.Measure(
            first_byte_ms=1,
            first_token_ms=11,
            last_byte_ms=60,
            first_late_ms=1,
            last_late_ms=2,
            sent_bytes=100,
        ),
    )


def _part(kind: inspection.PartKind, text: str, **more: Any) -> inspection.ShownPart:
    return inspection.ShownPart(kind=kind, text=text, name=ALL, id=ALL, **more)


def detail(number: int, text: str) -> inspection.CallDetail:
    """Return a call in detail, with *text* in every place."""
    tools = json.dumps({text: [text, 12345678901234567890, {}]}, ensure_ascii=False)
    parts = (
        *(_part(kind, text) for kind in ("text", "thought", "refusal", "tool_result", "item")),
        _part("tool_call", tools),
        _part("tool_call", text),
        *(_part(kind, text, url=url) for url in URLS for kind in ("image", "audio", "file")),
        _part("image", text, url=PIXEL),
    )
    turns = (
        inspection.ShownTurn(role="user", parts=(_part("text", LONG, cut=9),)),
        *(inspection.ShownTurn(role=role, parts=parts) for role in ("assistant", text)),
    )
    events = tuple(
        inspection.SentEvent(
            kind=kind,
            planned_ms=at * 10,
            measured_ms=None if at > 3 else at * 11,
            tokens=int(kind == "data"),
            size=20,
            text=text,
        )
        for at, kind in enumerate(("head", "data", "pause", "raw", "data", "hold", "abort"))
    )
    attempts = tuple(
        inspection.Attempt(
            number=each,
            at_s=float(each),
            ended_s=each + 0.5,
            status=500,
            outcome=text,
            failures=(text,),
            asked_wait_s=1.0,
            waited_s=0.5,
        )
        for each in (1, 2)
    )
    outcomes = ("failed", "no_match", "used_up", "answered", "not_read")
    return inspection.CallDetail(
        call=record(number, text),
        raw=f"{text} {LONG}",
        conversation=turns,
        answer=turns[1:],
        rules=tuple(
            inspection.RuleOnCall(name=text, place=text, outcome=outcome, why=(text,))
            for outcome in outcomes
        ),
        sent=inspection.SentAnswer(
            status=200,
            headers=(inspection.SentHeader(name=text, value=text),),
            events=events,
            tokens=2,
            left_after_tokens=1,
            unsent=3,
        ),
        bill=(inspection.BillPart(what=text, tokens=3, exact=False, doubts=(text,)),),
        cost_usd=0.5,
        attempts=attempts,
        verdicts=(shapes.VerdictOn(kind="no_backoff", calls=(1, 2), what=text, advice=text),),
        as_rule=text,
        as_curl=text,
    )


def session(text: str) -> shapes.SessionState:
    return shapes.SessionState(
        name=text,
        path=f"/s/{text}",
        description=text,
        has_ended=False,
        inherits=True,
        seed=0,
        strict=shapes.Strictness(),
        time_scale=1,
        now_s=1,
        rules=1,
        calls=1,
        open=0,
        dropped=0,
        unmatched=1,
        late=0,
        unused=(text,),
    )


def answers() -> Mapping[str, Any]:
    """Return what is answered, by the end of the path."""
    rule = inspection.ShownRule(
        name=ALL, layer=ALL, place=ALL, hits=1, left=2, unused=ALL, yaml=f"{ALL}\n{LONG}", cut=7
    )
    numbered = tuple(record(at, text) for at, text in enumerate((*PLANTED, ALL), 1))
    summary = shapes.SessionSummary(name=ALL, path=ALL, rules=1, calls=1)
    return {
        "calls": inspection.Calls(calls=numbered, next=99, is_gap=False, kept=12, running=0),
        "detail": detail(len(numbered), ALL),
        "scenario": inspection.ShownScenario(
            session=ALL, description=ALL, rules=(rule, rule), left_out=3
        ),
        "verdicts": shapes.Verdicts(verdicts=detail(1, ALL).verdicts),
        "sessions": shapes.SessionPage(sessions=(summary,), total=1, next_after=None),
        "session": session(ALL),
    }


@contextmanager
def served() -> Iterator[str]:
    """Serve all that, and yield the server's URL."""
    found = {
        name: json.dumps(to_json(value)).encode("utf-8", "backslashreplace")
        for name, value in answers().items()
    }

    class Handler(BaseHTTPRequestHandler):
        """Answers as the control API does."""

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path in pages.PATHS:
                file = pages.page(path)
                body = file.body
                assert isinstance(body, bytes)
                self._send(body, dict(file.headers))
                return
            last = unquote(path).rpartition("/")[2]
            if last == "calls" and "after=" in query:
                nothing = inspection.Calls(calls=(), next=99, is_gap=False, kept=12, running=0)
                self._send(json.dumps(to_json(nothing)).encode(), {})
                return
            self._send(found.get(last, found["session"]), {})

        def _send(self, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(200)
            for name, value in {"content-type": "application/json", **headers}.items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
