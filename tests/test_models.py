"""The catalogue: the shipped models, and those that a scenario names."""

from dataclasses import replace

import pytest
from support.inprocess import Api

from mockserver.models import Catalogue, family_of
from mockserver.sessions.options import Options


@pytest.mark.parametrize(
    ("name", "answers_as"),
    [
        pytest.param("gpt-4o", "gpt-4o-2024-08-06", id="an alias is its snapshot"),
        pytest.param("gpt-4o-2024-08-06", "gpt-4o-2024-08-06", id="a snapshot is itself"),
        pytest.param(
            "gpt-3.5-turbo-instruct",
            "gpt-3.5-turbo-instruct:20230824-v2",
            id="a legacy model is its engine",
        ),
        pytest.param("gpt-5.6-sol", "gpt-5.6-sol", id="newer models are unsuffixed"),
    ],
)
def test_a_model_answers_under_its_snapshots_name(name: str, answers_as: str) -> None:
    assert Catalogue().resolve(name).answers_as == answers_as


@pytest.mark.parametrize(
    ("name", "family"),
    [
        pytest.param("gpt-4o-mini", "gpt-4o-mini", id="the longest prefix first"),
        pytest.param("openai/gpt-4o", "gpt-4o", id="a vendor is passed over"),
        pytest.param("ft:gpt-3.5-turbo-0125:org::id", "gpt-3.5", id="so is a fine-tune's mark"),
        pytest.param("GPT-4o", "gpt-4o", id="case is no matter"),
        pytest.param("my-model", "unknown", id="a name that suggests nothing"),
    ],
)
def test_a_name_suggests_a_family(name: str, family: str) -> None:
    assert family_of(name).name == family


def test_a_name_that_the_catalogue_does_not_hold_is_unknown() -> None:
    assert Catalogue().get("my-model") is None


def test_a_named_model_is_known_and_like_what_its_name_suggests() -> None:
    model = Catalogue({"gpt-4o-mine": None}).resolve("gpt-4o-mine")

    assert (model.answers_as, model.family.name, model.mode) == ("gpt-4o-mine", "gpt-4o", "chat")


def test_a_named_model_of_no_known_family_answers_on_both_endpoints() -> None:
    assert Catalogue({"my-model": None}).resolve("my-model").mode == "any"


def test_a_named_model_may_be_like_a_known_one() -> None:
    model = Catalogue({"my-model": "gpt-4o"}).resolve("my-model")

    assert (model.id, model.answers_as, model.family.name) == ("my-model", "my-model", "gpt-4o")
    assert model.context_window == 128_000


def test_a_named_model_does_not_take_the_place_of_a_shipped_one() -> None:
    assert Catalogue({"gpt-4o": "gpt-4"}).resolve("gpt-4o").family.name == "gpt-4o"


def test_named_models_are_listed_behind_the_shipped_ones() -> None:
    listed = [model.id for model in Catalogue({"my-model": None}).listed()]

    assert listed[-1] == "my-model"
    assert listed.count("gpt-4o") == 1


def test_any_name_is_known_where_all_are() -> None:
    assert Catalogue(any_model=True).get("my-model") is not None


@pytest.mark.parametrize(
    ("scenario", "options"),
    [
        pytest.param("models: [{id: my-model, like: gpt-4o}]", None, id="named by the scenario"),
        pytest.param("models: any", None, id="all, says the scenario"),
        pytest.param("rules: [{name: a, when: {model: my-model}}]", None, id="named by a rule"),
        pytest.param("", Options(any_model=True), id="all, says the server"),
    ],
)
def test_a_server_can_be_told_of_models(scenario: str, options: Options | None) -> None:
    answered = Api(scenario, options=options).chat(model="my-model")

    assert answered.json["model"] == "my-model"


def test_a_wildcard_in_a_rule_makes_no_model_known() -> None:
    api = Api("rules: [{name: a, when: {model: 'my-*'}, reply: 'Hello.'}]")

    assert api.chat(model="my-model").error["code"] == "model_not_found"


def test_the_list_of_models_holds_what_the_server_knows() -> None:
    listed = Api("models: [{id: my-model}]").get("/v1/models").json

    assert listed["object"] == "list"
    assert {"gpt-4o", "my-model"} <= {model["id"] for model in listed["data"]}


@pytest.mark.parametrize(
    ("name", "owner"),
    [pytest.param("gpt-4o", "system", id="most"), pytest.param("gpt-4", "openai", id="older ones")],
)
def test_a_model_is_looked_up_by_its_name(name: str, owner: str) -> None:
    found = Api().get(f"/v1/models/{name}").json

    assert (found["id"], found["object"], found["owned_by"]) == (name, "model", owner)


def test_a_model_past_its_date_tells_the_date() -> None:
    assert Api().get("/v1/models/gpt-4").json["shutdown_date"] == "2026-10-23"


# --- As a provider has them ------------------------------------------------------------------


def with_vendor(known: Catalogue) -> Catalogue:
    return known.seen_as(
        lambda model: (replace(model, id=f"v/{model.id}"),) if model.mode == "chat" else (),
        added=lambda model: replace(model, owned_by="us"),
        spelling=lambda name: name.removesuffix(":free"),
    )


def test_a_provider_has_the_models_that_it_says_by_its_own_names() -> None:
    seen = with_vendor(Catalogue())

    assert seen.get("v/gpt-4o") is not None
    assert [seen.get(name) for name in ("gpt-4o", "v/gpt-3.5-turbo-instruct")] == [None, None]


def test_a_variant_is_the_model_by_the_name_that_was_asked_for() -> None:
    found = with_vendor(Catalogue()).get("v/gpt-4o:free")

    assert found is not None
    assert (found.id, found.answers_as, found.context_window) == (
        "v/gpt-4o:free",
        "v/gpt-4o:free",
        128_000,
    )


def test_a_name_that_a_rule_mentions_hides_no_model_and_one_that_is_like_another_does() -> None:
    mentioned = with_vendor(Catalogue({"v/gpt-4o": None})).resolve("v/gpt-4o")
    like = with_vendor(Catalogue({"v/gpt-4o": "gpt-4"})).resolve("v/gpt-4o")

    assert (mentioned.context_window, like.context_window, like.owned_by) == (128_000, 8_192, "us")


def test_a_scenario_may_answer_by_a_model_that_the_provider_calls_otherwise() -> None:
    assert with_vendor(Catalogue()).resolve("gpt-4o").context_window == 128_000


def test_a_cost_is_the_price_of_each_kind_of_token() -> None:
    model = Catalogue().resolve("gpt-4o")

    assert model.cost_usd(1_000_000, 0) == 2.5
    assert model.cost_usd(0, 1_000_000) == 10
    assert model.cost_usd(1_000_000, 0, cached_tokens=1_000_000) < 2.5


def test_models_are_listed_in_the_order_in_which_a_scenario_names_them() -> None:
    names = [f"my-model-{letter}" for letter in "hgfedcba"]
    api = Api(f"models: [{', '.join(f'{{id: {name}}}' for name in names)}]")

    listed = [model["id"] for model in api.get("/v1/models").json["data"]]

    assert [name for name in listed if name in names] == names
