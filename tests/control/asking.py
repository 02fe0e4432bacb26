"""Asks the control API, and holds each answer against the OpenAPI document."""

import json
import re
from types import TracebackType
from typing import Any, Final, Self

import httpx
import jsonschema

from mockserver.control.openapi import document

DOCUMENT: Final = document("0")
SCENARIO: Final = {
    "rules": [
        {"name": "hello", "when": {"last_user": "Hi"}, "replies": ["Hello.", "Hello again."]},
    ]
}
CHAT: Final = "/v1/chat/completions"


class Asking:
    """Asks a server by HTTP; every answer of the control API must be as documented."""

    def __init__(self, url: str, **headers: str) -> None:
        self.url = url
        self.http = httpx.Client(
            base_url=url,
            headers={"content-type": "application/json", **headers},
            trust_env=False,
            event_hooks={"response": [self._check]},
        )
        self.asked: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()

    def _check(self, response: httpx.Response) -> None:
        path = response.request.url.path
        if path.startswith("/_mock/"):
            response.read()
            self.asked.add(documented(response.request.method, path, response))

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        content = None if body is None else json.dumps(body)
        return self.http.request(method, path, content=content, headers=headers)

    def chat(self, said: str = "Hi", session: str = "", **members: Any) -> httpx.Response:
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": said}], **members}
        prefix = f"/s/{session}" if session else ""
        return self("POST", prefix + CHAT, body, authorization="Bearer sk-test-of-control")


def documented(method: str, path: str, response: httpx.Response) -> str:
    """Return the `operationId` of what was asked, if the answer is as the document says."""
    for pattern, operations in DOCUMENT["paths"].items():
        expression = re.sub(r"\{\w+\}", "[^/]+", pattern)
        operation = operations.get(method.lower())
        if operation and re.fullmatch(expression, path):
            responses = operation["responses"]
            assert str(response.status_code) in responses, (method, path, response.text)
            content = responses[str(response.status_code)]["content"]
            (kind,) = content
            assert response.headers["content-type"].split(";")[0] == kind
            schema = {**content[kind]["schema"], "components": DOCUMENT["components"]}
            jsonschema.Draft202012Validator(schema).validate(response.json())
            return str(operation["operationId"])
    assert response.status_code in {403, 404, 405}, (method, path)
    return ""
