"""The way of a request, where no part of it alone can keep the promise."""

import json
import time
from typing import Any

import pytest

from mockserver.engine.engine import Engine
from mockserver.plugins import Plugins
from mockserver.scenario.schema import Scenario
from mockserver.sessions.options import Options
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Head, body

CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}


def engine(**options: Any) -> Engine:
    return Engine(Scenario(), Plugins.installed(), time.monotonic, Options(**options))


def post(content: dict[str, Any], path: str = "/v1/chat/completions") -> HttpRequest:
    return HttpRequest("POST", path, {"authorization": "Bearer sk-a"}, json.dumps(content).encode())


@pytest.mark.parametrize(
    "http",
    [
        pytest.param(post(CHAT), id="a request to answer"),
        pytest.param(post({**CHAT, "model": "no-such-model"}), id="a request to refuse"),
        pytest.param(post(CHAT, "/v1/nowhere"), id="a path that leads nowhere"),
        pytest.param(post(CHAT, "/s/mine/v1/chat/completions"), id="a request in a session"),
    ],
)
def test_what_was_understood_elsewhere_is_answered_alike(http: HttpRequest) -> None:
    here, elsewhere = engine(), engine()

    assert elsewhere.answer(http, elsewhere.understand(http)).timeline == here.answer(http).timeline


def test_a_request_without_a_key_is_refused_before_it_is_understood() -> None:
    http = post({**CHAT, "model": "no-such-model"})
    http.headers = {}
    ours = engine()

    assert ours.answer(http, ours.understand(http)).call.status == 401


def test_the_same_request_is_answered_alike_but_for_its_ids() -> None:
    ours = engine()
    first, second, third = (json.loads(body(ours.answer(post(CHAT)).timeline)) for _ in range(3))

    assert len({first.pop("id"), second.pop("id"), third.pop("id")}) == 3
    assert first == second == third


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param("gpt-4o-mini", "exact", id="by rules that recorded bills confirm"),
        pytest.param("a-model-of-ours", "estimated", id="by rules that guess"),
    ],
)
def test_an_answer_says_whether_its_bill_is_exact(model: str, said: str) -> None:
    exchange = engine(any_model=True).answer(post({**CHAT, "model": model}))

    head = exchange.timeline[0]
    assert isinstance(head, Head)
    assert dict(head.headers)["x-mockserver-usage"] == said
    assert exchange.call.usage is not None
    assert exchange.call.usage.exact == (said == "exact")


def test_an_answer_says_nothing_that_no_provider_says_if_told_so() -> None:
    head = engine(usage_header=False).answer(post(CHAT)).timeline[0]

    assert isinstance(head, Head)
    assert not [name for name, _ in head.headers if "mockserver" in name]
