"""Recordings of other tools come in as they were on the wire, whichever way a file writes them.

`files/` has the same six exchanges in each format, written by hand: a stream, a tool call, an
error, a compressed body, one that is not text, odd headers between exchanges with other APIs.
"""

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.cassettes import lines
from mockserver.cassettes.recording import Piece, header
from mockserver.cassettes.scrubbing import Scrubber
from mockserver.errors import MockServerError
from mockserver.plugins import Plugins
from mockserver.recordings.hearing import Hearing
from mockserver.recordings.importers import FORMATS, documents, encodings, hosts, read
from mockserver.recordings.importers.exchanges import moment
from mockserver.recordings.importers.taken import Taken, UnreadableError

FILES = Path(__file__).parent / "files"
HEARING = Hearing(Plugins.installed())
RECORDED = ("vcrpy", "ruby_vcr", "har")
CHAT = "https://api.openai.com/v1/chat/completions"
ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
ANSWER = {"object": "chat.completion", "choices": [{"index": 0, "message": {"content": "Hello"}}]}


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def in_words(value: object) -> str:
    """Return what a parameter is called: bytes have no name that is the same everywhere."""
    return value if isinstance(value, str) else "bytes"


@dataclass(frozen=True)
class Expected:
    """What an exchange of `files/` is."""

    provider: str
    path: str
    status: int
    content_type: str
    said: str
    endpoint: str = "chat.completions"
    query: str = ""


EXPECTED = {
    "stream": Expected("openai", "/v1/chat/completions", 200, "text/event-stream", "Grüß Gott ☀"),
    "tools": Expected("openai", "/v1/chat/completions", 200, "application/json", "get_weather"),
    "error": Expected("openrouter", "/api/v1/chat/completions", 429, "application/json", "free-"),
    "gzip": Expected(
        "azure",
        "/openai/deployments/gpt 4o/chat/completions",
        200,
        "application/json",
        "Squeezed.",
        query="api-version=2024-10-21",
    ),
    "binary": Expected(
        "openai", "/v1/embeddings", 200, "application/octet-stream", "", endpoint="embeddings"
    ),
    "odd-headers": Expected("openai", "/v1/chat/completions", 200, "application/json", "Quite."),
}


def file(format_: str, name: str) -> Path:
    (found,) = (FILES / format_).glob(f"{name}.*")
    return found


@pytest.mark.parametrize("format_", RECORDED)
@pytest.mark.parametrize("name", EXPECTED)
def test_an_exchange_is_the_same_in_every_format(format_: str, name: str) -> None:
    (recording,) = read(file(format_, name), hearing=HEARING).recordings
    request, answer, expected = recording.request, recording.answer, EXPECTED[name]

    assert (recording.provider, recording.endpoint) == (expected.provider, expected.endpoint)
    assert (request.method, request.path, request.query) == ("POST", expected.path, expected.query)
    assert request.sent["model"].startswith(("gpt-4o-mini", "text-embedding-3-small"))
    assert (answer.status, answer.content_type) == (expected.status, expected.content_type)
    assert recording.recorded_at == "2023-11-14T22:13:21.000Z"
    assert not {"content-encoding", "transfer-encoding", ":method"} & {
        key.lower() for key, _ in (*answer.headers, *request.headers)
    }
    heard = HEARING.heard(recording)
    said = [
        choice.text or "".join(call.name for call in choice.tool_calls) for choice in heard.choices
    ]
    assert expected.said in "".join(said) + answer.body.decode(
        "latin-1" if name == "binary" else "utf-8"
    )
    bodies = {read(file(one, name), hearing=HEARING).recordings[0].answer.body for one in RECORDED}
    assert len(bodies) == 1


@pytest.mark.parametrize("format_", RECORDED)
def test_what_is_not_taken_is_listed_with_its_place(format_: str) -> None:
    taken = read(file(format_, "odd-headers"), hearing=HEARING)
    (recording,) = taken.recordings

    assert [value for key, value in recording.answer.headers if key.lower() == "set-cookie"] == [
        *("a=1", "b=2")
    ]
    assert header(recording.answer.headers, "x-latin") == "café"
    for number, what in ((2, "api.anthropic.com"), (3, "telemetry.example.com"), (4, "/audio/")):
        assert any(f" {number}: " in line and what in line for line in taken.left_out)
    assert [line for line in taken.notes if "localhost" in line]
    if format_ == "har":
        reasons = "\n".join(taken.left_out)
        assert all(what in reasons for what in ("web socket", "without the answer's body", "CORS"))


def test_an_archive_tells_when_an_answer_came() -> None:
    (whole,) = read(file("har", "tools"), hearing=HEARING).recordings
    (stream,) = read(file("har", "stream"), hearing=HEARING).recordings

    assert whole.answer.opened_ms == 100
    assert whole.answer.pieces == (Piece(250, len(whole.answer.body)),)
    assert (stream.answer.opened_ms, stream.answer.pieces) == (100, ())


def test_headers_that_a_browser_joined_are_several_and_what_is_none_is_left_out(
    tmp_path: Path,
) -> None:
    archive = json.loads(file("har", "error").read_text())
    (entry,) = archive["log"]["entries"]
    entry["response"]["headers"] += [
        {"name": "set-cookie", "value": "a=1\nb=2"},
        {"name": "not one", "value": "x"},
        {"name": "x-cut", "value": "a\0b"},
    ]
    path = tmp_path / "browser.har"
    path.write_text(json.dumps(archive))

    (recording,) = read(path, hearing=HEARING).recordings
    added = [pair for pair in recording.answer.headers if pair[0] in {"set-cookie", "x-cut"}]

    assert added == [("set-cookie", "a=1"), ("set-cookie", "b=2")]
    assert "not one" not in dict(recording.answer.headers)


# --- What recorders do differently -----------------------------------------------------------


def interaction(request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    return {
        "request": {"method": "POST", "uri": CHAT, "headers": {}, **request},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, **response},
    }


def as_yaml(document: object) -> str:
    text: str = yaml.dump(document)
    return text


COMPACT = json.dumps(ANSWER)
BASE64 = base64.b64encode(COMPACT.encode()).decode()
VARIANTS: dict[str, tuple[object, Callable[[Any], str]]] = {
    "vcrpy's JSON serializer": (
        {
            "version": 1,
            "interactions": [
                interaction({"body": json.dumps(ASKED)}, {"body": {"base64_string": BASE64}})
            ],
        },
        json.dumps,
    ),
    "vcrpy before its first version": (
        [interaction({"body": json.dumps(ASKED)}, {"body": {"string": COMPACT}})],
        as_yaml,
    ),
    "vcrpy's first stub for httpx": (
        {
            "interactions": [
                {
                    "request": {"method": "POST", "uri": CHAT, "body": json.dumps(ASKED)},
                    "response": {"content": COMPACT, "status_code": 200, "headers": []},
                }
            ]
        },
        as_yaml,
    ),
    "the stub for aiohttp, whose headers are lists": (
        {
            "interactions": [
                interaction(
                    {"body": json.dumps(ASKED), "headers": {"Content-Type": ["application/json"]}},
                    {"body": {"string": COMPACT.encode()}, "url": CHAT},
                )
            ]
        },
        as_yaml,
    ),
    "pydantic-ai's serializer": (
        {"interactions": [interaction({"parsed_body": ASKED}, {"parsed_body": ANSWER})]},
        as_yaml,
    ),
    "vcr-but-better": (
        {
            "version": 1,
            "interactions": [
                interaction(
                    {"body": {"type": "json", "content": ASKED}},
                    {"status": 200, "body": {"type": "base64", "content": BASE64}},
                )
            ],
        },
        as_yaml,
    ),
    "go-vcr": (
        {
            "version": 2,
            "interactions": [
                {
                    "id": 0,
                    "request": {
                        "proto": "HTTP/1.1",
                        "method": "POST",
                        "url": CHAT,
                        "headers": {"Content-Type": ["application/json"]},
                        "body": json.dumps(ASKED),
                    },
                    "response": {
                        "proto": "HTTP/2.0",
                        "status": "200 OK",
                        "code": 200,
                        "headers": {},
                        "body": COMPACT,
                        "duration": "1m2.5s",
                    },
                }
            ],
        },
        as_yaml,
    ),
    "LangChain's serializer": (
        {
            "requests": [{"method": "POST", "uri": CHAT, "headers": {}, "body": json.dumps(ASKED)}],
            "responses": [{"status": {"code": 200}, "headers": {}, "body": {"string": COMPACT}}],
        },
        as_yaml,
    ),
    "Betamax": (
        {
            "recorded_with": "betamax/0.9.0",
            "http_interactions": [
                interaction(
                    {"body": {"encoding": "utf-8", "string": json.dumps(ASKED)}},
                    {"body": {"encoding": None, "base64_string": BASE64}},
                )
            ],
        },
        json.dumps,
    ),
    "a browser that sends a form of parameters": (
        {
            "log": {
                "entries": [
                    {
                        "request": {
                            "method": "POST",
                            "url": CHAT,
                            "headers": [],
                            "postData": {
                                "encoding": "base64",
                                "text": base64.b64encode(json.dumps(ASKED).encode()).decode(),
                            },
                        },
                        "response": {"status": 200, "headers": [], "content": {"text": COMPACT}},
                    }
                ]
            }
        },
        json.dumps,
    ),
    "Polly.js in YAML": (
        {
            "log": {
                "_recordingName": "a",
                "entries": [
                    {
                        "_id": "1",
                        "request": {
                            "method": "POST",
                            "url": CHAT,
                            "headers": [],
                            "postData": {"text": json.dumps(ASKED)},
                        },
                        "response": {"status": 200, "headers": [], "content": {"text": COMPACT}},
                    }
                ],
            }
        },
        as_yaml,
    ),
}


@pytest.mark.parametrize("pack", [bytes, gzipped], ids=["plain", "compressed"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_built_on_a_format_is_read(
    variant: str, pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    document, written = VARIANTS[variant]
    path = tmp_path / "a.dat"
    path.write_bytes(pack(written(document).encode()))

    (recording,) = read(path, hearing=HEARING).recordings

    assert recording.request.json == ASKED
    assert recording.answer.json == ANSWER
    assert recording.answer.content_type == "application/json"
    assert recording.answer.opened_ms == (62_500 if variant == "go-vcr" else 0)


def test_tags_of_python_and_ruby_are_read_as_the_values_that_they_mark(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text(
        f"""\
interactions:
- request: !!python/object:vcr.request.Request
    body: !!python/unicode '{json.dumps(ASKED)}'
    headers: !!python/object/apply:collections.OrderedDict
    - - - Accept
        - !!python/tuple [a, b]
    method: POST
    uri: {CHAT}
  response:
    status: {{code: 200, message: OK}}
    headers: &headers {{content-type: [application/json]}}
    body: {{string: !!binary {BASE64}}}
    again: *headers
"""
    )

    (recording,) = read(path, hearing=HEARING).recordings

    assert recording.answer.json == ANSWER


def _deflated(data: bytes) -> bytes:
    raw = zlib.compressobj(wbits=-15)
    return raw.compress(data) + raw.flush()


@pytest.mark.parametrize(
    ("coding", "body", "plain"),
    [
        ("gzip", gzipped(b"a"), b"a"),
        ("x-gzip", gzipped(b"a"), b"a"),
        ("gzip", b"{}", b"{}"),
        ("deflate", zlib.compress(b"a" * 99), b"a" * 99),
        ("deflate", _deflated(b"a" * 99), b"a" * 99),
        ("deflate", b"data: x\n\n", b"data: x\n\n"),
        ("gzip, gzip", gzipped(gzipped(b"a")), b"a"),
        ("br", b'{"decoded": "already"}', b'{"decoded": "already"}'),
        ("br", "Grüße".encode(), "Grüße".encode()),
        ("zstd", b"plain", b"plain"),
        ("identity", b"a", b"a"),
        ("", b"\0", b"\0"),
    ],
    ids=in_words,
)
def test_a_body_is_decoded_unless_the_recorder_has_done_it(
    coding: str, body: bytes, plain: bytes
) -> None:
    assert encodings.decoded(body, coding) == plain


@pytest.mark.parametrize(
    ("coding", "body", "what"),
    [
        ("gzip", gzipped(b"a")[:-9], "ends too early"),
        ("gzip", b"\x1f\x8bbroken", "broken"),
        ("br", b"\x1b\x03\x00\xf8\xff", "not installed"),
        ("rot13", b"a", "not known"),
        ("gzip", gzipped(bytes(encodings.MOST_BYTES + 1)), "more than"),
    ],
    ids=in_words,
)
def test_a_body_that_cannot_be_decoded_is_left_out_with_the_reason(
    coding: str, body: bytes, what: str, tmp_path: Path
) -> None:
    one = interaction(
        {"body": json.dumps(ASKED)},
        {"headers": {"content-encoding": [coding]}, "body": {"string": body}},
    )
    path = tmp_path / "a.yaml"
    path.write_text(as_yaml({"interactions": [one]}))

    taken = read(path, hearing=HEARING)

    assert taken.recordings == ()
    assert what in taken.left_out[0]
    assert taken.left_out[0].startswith(f"{path}, interaction 1: ")


# --- Whose API it was ------------------------------------------------------------------------

AT = [
    ("https://eu.api.openai.com/v1/responses", "openai", "/v1/responses"),
    ("https://x.openai.azure.com/openai/v1/responses", "azure", "/openai/v1/responses"),
    (
        "https://x.cognitiveservices.azure.com/openai/deployments/d/embeddings?api-version=1",
        "azure",
        "/openai/deployments/d/embeddings",
    ),
    (
        "https://x.services.ai.azure.com/openai/v1/chat/completions",
        "azure",
        "/openai/v1/chat/completions",
    ),
    ("https://ai-gateway.vercel.sh/v1/chat/completions", "vercel_gateway", "/v1/chat/completions"),
    ("https://api.aimlapi.com/v1/chat/completions", "aiml", "/v1/chat/completions"),
    ("https://api.groq.com/openai/v1/chat/completions", "openai", "/v1/chat/completions"),
    ("https://api.deepseek.com/chat/completions", "openai", "/v1/chat/completions"),
    ("http://10.0.0.7:8000/v1/completions/", "openai", "/v1/completions"),
    (
        "https://apim.example.com/ai/openai/deployments/d/chat/completions",
        "azure",
        "/openai/deployments/d/chat/completions",
    ),
]


@pytest.mark.parametrize(("url", "provider", "path"), AT)
def test_the_host_tells_the_provider(url: str, provider: str, path: str) -> None:
    placed = hosts.placed("POST", url, ASKED)

    assert isinstance(placed, hosts.Placed)
    assert (placed.provider, placed.path) == (provider, path)


@pytest.mark.parametrize(
    ("method", "url", "sent"),
    [
        ("POST", "https://api.anthropic.com/v1/messages", ASKED),
        ("POST", "https://generativelanguage.googleapis.com/v1beta/models/g:generateContent", {}),
        ("GET", "https://example.com/v1/models", None),
        ("POST", "https://forms.example.com/responses", {"form": 1}),
        ("POST", "wss://api.openai.com/v1/realtime", ASKED),
        ("POST", "http://[broken/chat/completions", ASKED),
        ("POST", "", ASKED),
    ],
)
def test_other_apis_are_no_providers(method: str, url: str, sent: Any) -> None:
    assert isinstance(hosts.placed(method, url, sent), str)


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("Fri, 06 Feb 2026 11:30:09 GMT", "2026-02-06T11:30:09.000Z"),
        ("2026-02-20T10:30:01Z", "2026-02-20T10:30:01.000Z"),
        ("2026-02-20T10:30:01.25+02:00", "2026-02-20T08:30:01.250Z"),
        ("2026-02-20T10:30:01", "2026-02-20T10:30:01.000Z"),
        ("0001-01-01T00:00:00+14:00", ""),
        ("yesterday", ""),
    ],
)
def test_a_time_is_written_in_one_way(written: str, utc: str) -> None:
    assert moment(written) == utc


# --- Files that anybody may have made --------------------------------------------------------


def taken_of(data: bytes, tmp_path: Path, wanted: str | None = None) -> Taken:
    path = tmp_path / "file"
    path.write_bytes(data)
    return read(path, wanted, HEARING)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "none of the formats"),
        (b"just: yaml", "none of the formats"),
        (b"[1, 2", "file:1:6: this is not JSON"),
        (b"a: [", "this is not YAML"),
        (b"\xff\xfe", "this is not UTF-8"),
        (gzipped(b"a")[:-9], "cannot be decompressed"),
        (b"a: &a [*a]", "file:1:8: the alias '*a'"),
        (b"[" * 101 + b"]" * 101, "none of the formats"),
        (b"- " * 101 + b"a", "nested too deeply"),
        (b"--- a\n--- b\n", "a second document begins here"),
        (b"? [a]\n: b", "cannot be a key"),
        (b"a: !!binary x", "this is not base64"),
        (
            b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + b"".join(
                [
                    f"{to}: &{to} [{', '.join([f'*{of}'] * 10)}]\n".encode()
                    for of, to in zip("abcdef", "bcdefg", strict=True)
                ]
            ),
            "aliases make more than",
        ),
    ],
    ids=in_words,
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(
    data: bytes, what: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableError) as caught:
        taken_of(data, tmp_path)

    assert what in str(caught.value)
    assert "vcrpy: cassettes of vcrpy and go-vcr" in str(caught.value) or "file" in str(
        caught.value
    )


def test_the_error_names_the_formats() -> None:
    with pytest.raises(UnreadableError, match="did you mean 'vcrpy'") as caught:
        read(FILES / "har" / "tools.har", "vcrpi")
    with pytest.raises(UnreadableError) as other:
        read(FILES / "har" / "tools.har", "vcrpy")

    assert "none of the formats" in str(other.value)
    assert "har" not in str(caught.value).partition(":")[2].replace("'har'", "")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def twisted(draw: st.DrawFn) -> tuple[str, Any]:
    """Return a document of one of the formats, with a value anywhere in it replaced by another."""
    format_ = draw(st.sampled_from(sorted(one.name for one in FILES.iterdir())))
    path = draw(st.sampled_from(sorted((FILES / format_).iterdir())))
    document: Any = documents.from_yaml(path.read_text("utf-8"), "file")
    at: Any = document
    for _ in range(draw(st.integers(1, 8))):
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            break
        key = draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list) or draw(st.integers(0, 5)) == 0:
            at[key] = draw(JSON_VALUES)
            break
        at = at[key]
    return format_.replace("_", "-"), document


@settings(max_examples=300, deadline=None)
@given(twisted())
def test_a_file_with_anything_in_it_is_read_or_refused(
    case: tuple[str, Any],
) -> None:
    wanted, document = case
    try:
        taken = FORMATS[wanted].read(document, "file")
    except MockServerError as error:
        pytest.fail(f"a recognised document is read, but: {error}")

    for recording in taken.recordings:
        again = lines.from_line(lines.to_line(recording))
        assert again.answer.body == recording.answer.body
    assert all(line.startswith("file") for line in (*taken.left_out, *taken.notes))


# --- Our own ---------------------------------------------------------------------------------


def test_a_cassette_is_read_as_it_is(tmp_path: Path) -> None:
    recordings = read(file("vcrpy", "stream"), hearing=HEARING).recordings
    path = tmp_path / "own.jsonl"
    lines.write(path, [Scrubber().scrubbed(one) for one in recordings])

    taken = read(path, hearing=HEARING)

    assert [one.answer for one in taken.recordings] == [
        Scrubber().scrubbed(one).answer for one in recordings
    ]


CALL: dict[str, Any] = {
    "number": 1,
    "at_s": 0.5,
    "method": "POST",
    "path": "/v1/chat/completions",
    "query": "",
    "provider": "openai",
    "endpoint": "chat.completions",
    "outcome": "sent",
    "status": 200,
    "model": "gpt-4o",
    "stream": False,
    "headers": {"accept": "application/json"},
    "body": ASKED,
    "text": "Hello.",
    "finish_reason": "stop",
    "answer_id": "chatcmpl-1",
    "tool_calls": [{"name": "look", "arguments": '{"at":1}', "id": "call_1", "is_custom": False}],
    "usage": {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10, "exact": True},
}


@pytest.mark.parametrize(
    "document",
    [
        {"calls": [CALL], "matching": 1, "seen": 1, "dropped": 0, "next_after": None},
        {"test": "t", "phase": "call", "sessions": [{"name": "t", "calls": [CALL]}]},
        [CALL],
    ],
    ids=["a page of the control API", "what the plugin writes", "a list of calls"],
)
@pytest.mark.parametrize("stream", ["false", "true"])
def test_a_journal_says_what_was_asked_and_answered(
    document: Any, stream: str, tmp_path: Path
) -> None:
    is_stream = stream == "true"
    body = ASKED | {"stream": is_stream, "stream_options": {"include_usage": True}}
    text = json.dumps(document).replace('"stream": false', f'"stream": {stream}')
    text = text.replace(json.dumps(ASKED), json.dumps(body))

    (recording,) = taken_of(text.encode(), tmp_path).recordings
    heard = HEARING.heard(recording)
    (choice,) = heard.choices

    assert recording.request.json == body
    assert recording.answer.is_stream is is_stream
    assert (choice.text, choice.finish_reason) == ("Hello.", "stop")
    assert [(call.name, call.arguments, call.id) for call in choice.tool_calls] == [
        ("look", '{"at":1}', "call_1")
    ]
    assert heard.id == "chatcmpl-1"
    assert heard.usage
    assert heard.usage.prompt_tokens == 8


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"endpoint": "embeddings"}, "does not keep what the endpoint 'embeddings' answers"),
        ({"body": None}, "has not kept the request's body"),
        ({"status": 429, "text": None}, "does not keep the text of a refusal"),
        ({"text": None, "tool_calls": []}, "has not kept the answer's text"),
    ],
)
def test_what_a_journal_does_not_keep_is_left_out(
    changed: dict[str, Any], what: str, tmp_path: Path
) -> None:
    taken = taken_of(json.dumps({"calls": [CALL | changed], "matching": 1}).encode(), tmp_path)

    assert taken.recordings == ()
    assert what in taken.left_out[0]
