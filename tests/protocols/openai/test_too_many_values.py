"""F13: a body of too many values is refused in the provider's words, before it is read."""

import pytest
from support.inprocess import Api

PATHS = ("/v1/chat/completions", "/v1/completions", "/vercel_gateway/v1/chat/completions")


@pytest.mark.parametrize("path", PATHS)
def test_f13_a_body_of_too_many_values_is_a_400(path: str) -> None:
    body = b'{"model": "gpt-4o", "messages": [' + b"{}," * 2_000_000 + b"{}]}"

    answered = Api("rules: [{name: any, reply: hello}]").send("POST", path, body)

    assert answered.status == 400
    assert "JSON" in answered.json["error"]["message"]
    assert answered.call.body is None
