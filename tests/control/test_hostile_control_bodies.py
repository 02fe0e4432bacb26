"""Whatever is sent to the control API, it answers as documented, and goes on."""

from typing import Any

import pytest
from asking import Asking
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.inprocess import Api

from mockserver import MockServer
from mockserver.control.routes import ROUTES, Route
from mockserver.control.schemas import schemas
from mockserver.sessions.naming import LONGEST_NAME

words = st.sampled_from(
    ["rules", "when", "reply", "fail", "kind", "text", "state", "version", "name", "stall", "-1"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | words
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(words | st.text(), inner, max_size=4)
    ),
    max_leaves=20,
)
changing = [route for route in ROUTES if route.body is not None]


def names_of(route: Route) -> list[str]:
    assert route.body is not None
    return list(schemas([route.body])[route.body.__name__]["properties"])


@pytest.mark.parametrize("route", changing, ids=lambda route: route.name)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_body_is_answered_as_documented(
    auto_server: MockServer, route: Route, data: Any
) -> None:
    names = names_of(route)
    keys = st.sampled_from(names) if names else st.text()
    body = data.draw(st.dictionaries(keys, json_values, max_size=4) | json_values)
    if isinstance(body, dict) and route.name == "wait":
        body["timeout_s"] = 0
    elif route.name == "wait":
        return
    with Asking(auto_server.url) as ask:
        answer = ask(route.method, route.path.format(session="default"), body)
        still = ask("GET", "/_mock/healthz")

    assert answer.status_code < 500, answer.text
    assert still.status_code == 200


def test_a_session_whose_name_is_too_long_does_not_begin() -> None:
    api = Api()
    answered = api.chat(session="x" * (LONGEST_NAME + 1))

    assert (answered.status, answered.error["code"]) == (409, "session_name_too_long")
    assert answered.error["message"] == "the name of a session has at most 200 characters"
    assert list(api.engine.sessions) == []
