"""Where a request leads: its session, dialect and endpoint, by its method and path alone."""

import pytest

from mockserver.contracts import Located
from mockserver.engine.routing import Routes
from mockserver.protocols.openai.chat_completions import ChatCompletions
from mockserver.protocols.openai.completions import Completions
from mockserver.protocols.openai.models import Models
from mockserver.providers.openai import OpenAI
from mockserver.replies.echo import Echo
from mockserver.sessions.naming import split_session

DEFAULTS = {"chat.completions": Echo(), "completions": Echo()}


class Elsewhere(OpenAI):
    """Another provider, below `/api/v1`, and with the model in the path below `/named`."""

    kind = "elsewhere"

    def locate(self, path: str) -> Located | None:
        if path.startswith("/api/v1/"):
            return Located(path.removeprefix("/api/v1"))
        if path.startswith("/named/"):
            model, _, rest = path.removeprefix("/named/").partition("/")
            return Located("/" + rest, model)
        return None


class Double(OpenAI):
    """A provider that answers below `/v1`, as OpenAI does."""

    kind = "double"


def routes(provider: str = "openai") -> Routes:
    dialects = {kind.kind: kind() for kind in (OpenAI, Double, Elsewhere)}
    return Routes(dialects, [ChatCompletions(), Completions(), Models()], DEFAULTS, provider)


@pytest.mark.parametrize(
    ("path", "session", "rest"),
    [
        pytest.param("/v1/models", "default", "/v1/models", id="without a session"),
        pytest.param("/s/a-test/v1/models", "a-test", "/v1/models", id="with one"),
        pytest.param("/s/a/", "a", "/", id="a session's root"),
        pytest.param("/s/a/s/b/v1", "a", "/s/b/v1", id="only the first counts"),
        pytest.param("/s/a", "default", "/s/a", id="nothing behind the name"),
        pytest.param("/s//v1", "default", "/s//v1", id="no name"),
        pytest.param("/s/test_a::b[1]/v1", "test_a::b[1]", "/v1", id="any characters but slashes"),
    ],
)
def test_a_path_names_a_session(path: str, session: str, rest: str) -> None:
    assert split_session(path) == (session, rest)


@pytest.mark.parametrize(
    ("path", "provider", "endpoint"),
    [
        pytest.param("/v1/chat/completions", "openai", "chat.completions", id="its own path"),
        pytest.param("/v1/completions", "openai", "completions", id="the legacy endpoint"),
        pytest.param("/openai/v1/completions", "openai", "completions", id="behind its prefix"),
        pytest.param("/api/v1/completions", "elsewhere", "completions", id="a path that tells"),
        pytest.param("/elsewhere/api/v1/completions", "elsewhere", "completions", id="both"),
        pytest.param("/double/v1/completions", "double", "completions", id="told by the prefix"),
    ],
)
def test_a_path_leads_to_a_dialect_and_an_endpoint(path: str, provider: str, endpoint: str) -> None:
    route = routes().find("POST", path)

    assert route.asks is not None
    assert (route.dialect.kind, route.asks.kind) == (provider, endpoint)


def test_a_path_that_fits_several_is_the_scenarios_provider() -> None:
    assert routes("double").find("POST", "/v1/completions").dialect.kind == "double"


def test_below_v1_even_a_provider_answers_whose_own_paths_are_elsewhere() -> None:
    found = routes("elsewhere")

    assert found.find("POST", "/v1/completions").dialect.kind == "elsewhere"
    assert found.find("POST", "/openai/v1/completions").dialect.kind == "openai"


def test_a_dialect_may_take_the_model_from_the_path() -> None:
    assert routes().find("POST", "/named/gpt-4o/chat/completions").model == "gpt-4o"


def test_the_rest_of_a_path_is_a_parameter_slashes_included() -> None:
    assert routes().find("GET", "/v1/models/openai/gpt-4o").parameters == {"id": "openai/gpt-4o"}


def test_a_parameter_is_never_empty() -> None:
    route = routes().find("GET", "/v1/models/")

    assert (route.lookup, route.allowed) == (None, ())


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        pytest.param("GET", "/v1/chat/completions", ("POST",), id="a generating endpoint"),
        pytest.param("PUT", "/v1/models/gpt-4o", ("GET", "DELETE"), id="a lookup"),
        pytest.param("get", "/v1/models", ("GET",), id="methods are upper case"),
        pytest.param("POST", "/v1/nothing", (), id="no such path"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    method: str, path: str, allowed: tuple[str, ...]
) -> None:
    assert routes().find(method, path).allowed == allowed


@pytest.mark.parametrize(
    ("path", "provider"),
    [
        pytest.param("/nothing", "openai", id="the scenario's"),
        pytest.param("/elsewhere/nothing", "elsewhere", id="the one whose prefix it has"),
        pytest.param("/double/v1/nothing", "double", id="the one that it is below"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_by_a_dialect(path: str, provider: str) -> None:
    assert routes().find("POST", path).dialect.kind == provider


# --- What some dialects have, and others lack ------------------------------------------------


class Own(Models):
    """An endpoint that only one provider has, at a path that many have."""

    kind = "own"
    dialects = frozenset({"elsewhere"})


class Sharing(Double):
    """A provider whose paths are OpenAI's, and which has no legacy endpoint."""

    kind = "sharing"
    shares_paths = True
    has = frozenset({"chat.completions", "models"})


def shared(provider: str = "openai") -> Routes:
    dialects = {kind.kind: kind() for kind in (OpenAI, Elsewhere, Sharing)}
    endpoints = [ChatCompletions(), Completions(), Models(), Own()]
    return Routes(dialects, endpoints, DEFAULTS, provider)


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        pytest.param("/api/v1/models", "own", id="where it belongs, before what all have"),
        pytest.param("/v1/models", "models", id="nowhere else"),
    ],
)
def test_an_endpoint_may_belong_to_some_dialects(path: str, endpoint: str) -> None:
    route = shared().find("GET", path)

    assert route.lookup is not None
    assert route.lookup.kind == endpoint


def test_a_dialect_has_the_endpoints_that_it_names() -> None:
    route = shared().find("POST", "/sharing/v1/completions")

    assert (route.dialect.kind, route.asks, route.allowed) == ("sharing", None, ())


@pytest.mark.parametrize(
    ("provider", "path", "found"),
    [
        pytest.param("openai", "/v1/chat/completions", "openai", id="another's"),
        pytest.param("elsewhere", "/v1/chat/completions", "elsewhere", id="the scenario's"),
        pytest.param(
            "sharing", "/v1/chat/completions", "sharing", id="its own, if a scenario says"
        ),
        pytest.param("openai", "/sharing/v1/chat/completions", "sharing", id="behind its name"),
    ],
)
def test_a_path_that_is_shared_is_its_owners(provider: str, path: str, found: str) -> None:
    assert shared(provider).find("POST", path).dialect.kind == found
