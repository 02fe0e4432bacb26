"""F3: what quotes a request is redacted before it is cut: near misses, notes, answers, errors."""

from textwrap import dedent

import pytest
from support.inprocess import Api
from support.planted import OPENAI

KEY = "0123456789abcdef" * 2
OTHER = """
    rules:
      - {name: text, when: {last_user: other}, reply: x}
      - {name: header, when: {headers: {x-note: other, x-acme-token: other}}, reply: x}
      - {name: body, when: {request: {user: other}}, reply: x}
      - {name: system, when: {system: other}, reply: x}
"""


@pytest.mark.parametrize("padding", range(0, 44, 3))
def test_no_near_miss_shows_the_beginning_of_a_secret(padding: int) -> None:
    before = "x" * padding
    said = f"{before} {KEY} {before} {OPENAI}"
    api = Api(f"strict: true\n{dedent(OTHER)}")
    body = {
        "model": "gpt-4o",
        "user": f'{{"note": "{before}", "password": "hunter-{before}"}}',
        "messages": [{"role": "system", "content": said}, {"role": "user", "content": said}],
    }
    headers = {"authorization": f"Bearer {KEY}", "x-note": said, "x-acme-token": f"t-{KEY}"}
    call = api.post("/v1/chat/completions", body, headers=headers).call

    shown = "\n".join(call.near_misses)
    assert len(call.near_misses) == 3
    assert KEY[:12] not in shown
    assert OPENAI[:12] not in shown
    assert "hunter" not in shown


@pytest.mark.parametrize("padding", range(0, 90, 7))
def test_no_answer_that_repeats_a_secret_is_kept_with_its_beginning(padding: int) -> None:
    said = f"{'word ' * padding}{KEY}"[-80 - padding :]
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": said}], "max_tokens": 25}
    for scenario in ("", "rules: [{reply: {kind: echo}}]"):
        headers = {"authorization": f"Bearer {KEY}"}
        call = Api(scenario).post("/v1/chat/completions", body, headers=headers).call

        assert KEY[:12] not in str(call.text)


def test_attribution_is_redacted_before_it_is_cut() -> None:
    for padding in range(150, 200, 6):
        title = f"{'t' * padding} {OPENAI}"
        headers = {"authorization": "Bearer sk-or-v1-x", "x-title": title}
        body = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
        call = Api().post("/api/v1/chat/completions", body, headers=headers).call

        assert OPENAI[:12] not in call.attribution["x-title"]
