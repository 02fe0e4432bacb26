"""Who serves a model, and at what price."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gateway import SMALL, ask
from support.inprocess import Api

from mockserver.conversation import ApiError, Usage
from mockserver.models import Catalogue
from mockserver.providers.vercel_gateway import routing
from mockserver.sessions.options import Options

CLAUDE = "anthropic/claude-sonnet-4.5"


@pytest.mark.parametrize(
    ("name", "options", "serving"),
    [
        pytest.param(SMALL, {}, ("openai", "azure"), id="the maker first"),
        pytest.param(SMALL, {"order": ["azure"]}, ("azure", "openai"), id="in the order asked for"),
        pytest.param(SMALL, {"only": ["azure"]}, ("azure",), id="one alone"),
        pytest.param(
            CLAUDE,
            {"only": ["anthropic", "vertexAnthropic"], "order": ["vertexAnthropic", "bedrock"]},
            ("vertexAnthropic", "anthropic"),
            id="an order of those that are allowed",
        ),
        pytest.param("zai/glm-5.2", {}, ("zai",), id="a maker that nobody else serves"),
        pytest.param(
            "zai/glm-5.2", {"order": ["novita"]}, ("novita", "zai"), id="whoever may serve it"
        ),
    ],
)
def test_providers_are_asked_in_order(
    name: str, options: dict[str, list[str]], serving: tuple[str, ...]
) -> None:
    assert routing.providers(name, options) == serving


def test_providers_that_do_not_serve_a_model_are_refused_with_those_that_do() -> None:
    with pytest.raises(ApiError, match=r"Available providers are: openai, azure\.$"):
        routing.providers(SMALL, {"only": ["bedrock"]})


@given(st.decimals(0, 1_000, places=12))
def test_money_is_written_in_full_and_reads_back_as_the_same(amount: Decimal) -> None:
    written = routing.dollars(amount)

    assert Decimal(written) == amount
    assert set(written) <= set("0123456789.")


def test_what_was_cached_has_its_own_price() -> None:
    model = Catalogue().resolve("gpt-4o-mini")

    price = routing.price(Usage(1_000, 10, cached_tokens=400), model)

    assert price.prompt == Decimal("0.00012")
    assert price.total == price.prompt + Decimal("0.000006")


def test_a_model_without_prices_is_free() -> None:
    api = Api(options=Options(any_model=True))

    told = ask(api, model="zai/glm-5.2").json["providerMetadata"]

    assert told["zai"] == {}
    assert told["gateway"]["cost"] == "0"
