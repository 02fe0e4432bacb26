"""A request as a command of curl's that sends it again, without its key."""

from base64 import b64encode
from collections.abc import Iterator
from shlex import quote as quoted
from typing import Final
from urllib.parse import quote

from mockserver.control.records import path_of
from mockserver.records.journal import Call
from mockserver.records.redaction import is_secret_header, redact_text

KEYS: Final = {
    "azure": "AZURE_OPENAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "vercel_gateway": "AI_GATEWAY_API_KEY",
    "aiml": "AIML_API_KEY",
}
"""The variables with the keys of providers, as their own clients read them."""
ANY_KEY: Final = "OPENAI_API_KEY"
LEFT_OUT: Final = frozenset(
    {
        *("host", "content-length", "connection", "accept-encoding", "user-agent", "accept"),
        *("transfer-encoding", "expect", "keep-alive", "te", "upgrade", "origin", "referer"),
    }
)
"""Headers that are curl's own business, or a browser's."""
LONGEST_BODY: Final = 65_536
"""A longer body does not stand in the command: shells take about 128 KiB for each argument."""


def as_curl(call: Call, server: str) -> str:
    """Return *call* as a command for a POSIX shell; *server* is the server's URL."""
    path = quote(f"{path_of(call.session)}{call.path}", safe="/:@!$&'()*+,;=~-._[]")
    url = f"{server}{path}{f'?{redact_text(call.query)}' if call.query else ''}"
    method = [] if call.method == ("POST" if call.content else "GET") else ["-X", call.method]
    if call.method == "HEAD":
        method = ["--head"]
    lines = [" ".join(["curl", "-sS", *(quoted(one) for one in method), _word(url)])]
    lines += [f"-H {header}" for header in _headers(call)]
    before, data, note = _data(call)
    lines += [data] if data else []
    return note + before + " \\\n  ".join(lines)


def _word(text: str) -> str:
    """Return *text* as one word of a shell; what no terminal should get is escaped in it."""
    return quoted("".join([char if char.isprintable() else "?" for char in text]))


def _headers(call: Call) -> Iterator[str]:
    variable = KEYS.get(call.provider, ANY_KEY)
    for name, value in call.headers.items():
        if name in LEFT_OUT:
            continue
        if name == "authorization":
            yield f'"authorization: Bearer ${variable}"'
        elif name in {"api-key", "x-api-key"}:
            yield f'"{name}: ${variable}"'
        elif not is_secret_header(name):
            yield _word(f"{name}: {redact_text(value)}")


def _data(call: Call) -> tuple[str, str, str]:
    """Return what goes in front of the command, how it gets its body, and a remark."""
    content = call.content
    if not call.body_bytes:
        return "", "", ""
    if len(content) > LONGEST_BODY or not content:
        remark = "# The body is too long to show here: save it as body.json.\n"
        return "", "--data-binary @body.json", remark
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if all(char.isprintable() or char in "\n\t" for char in text):
        # A text that begins with "@" would name a file.
        return "", f"--data-raw {quoted(text)}", ""
    encoded = b64encode(content).decode()
    return f"printf %s {encoded} | base64 -d | ", "--data-binary @-", ""
