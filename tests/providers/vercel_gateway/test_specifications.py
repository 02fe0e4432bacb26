"""What fits together is answered; what does not is told what does."""

import pytest
from support.gateway import headers_of, user
from support.inprocess import Answered, Api

HELLO = "rules: [{name: hello, reply: Hello.}]"
SPECIFICATION = "ai-language-model-specification-version"


def sent(path: str, specification: object, **headers: str) -> Answered:
    stated = {**headers_of(specification), **headers}
    return Api(HELLO).post(path, {"prompt": [user("Hi")]}, headers=stated)


@pytest.mark.parametrize(
    ("path", "specification", "finish"),
    [
        pytest.param("/v1/ai/language-model", 2, "stop", id="ai 5"),
        pytest.param("/v3/ai/language-model", 3, {"unified": "stop"}, id="ai 6"),
        pytest.param("/v4/ai/language-model", 4, {"unified": "stop"}, id="ai 7"),
        pytest.param("/v3/ai/language-model", 4, {"unified": "stop"}, id="the makers' own agent"),
        pytest.param(
            "/vercel_gateway/v1/ai/language-model", 2, "stop", id="below the provider's name"
        ),
    ],
)
def test_each_is_answered_in_its_own_words(path: str, specification: int, finish: object) -> None:
    assert sent(path, specification).json["finishReason"] == finish


@pytest.mark.parametrize(
    ("path", "specification", "ends"),
    [
        pytest.param(
            "/v1/ai", 4, "4 is that of ai 7, whose base URL ends in /v4/ai", id="7 at 5's"
        ),
        pytest.param(
            "/v4/ai", 2, "2 is that of ai 5, whose base URL ends in /v1/ai", id="5 at 7's"
        ),
        pytest.param(
            "/v4/ai", 3, "3 is that of ai 6, whose base URL ends in /v3/ai", id="6 at 7's"
        ),
        pytest.param(
            "/v1/ai", 3, "3 is that of ai 6, whose base URL ends in /v3/ai", id="6 at 5's"
        ),
        pytest.param(
            "/v3/ai", 2, "2 is that of ai 5, whose base URL ends in /v1/ai", id="5 at 6's"
        ),
    ],
)
def test_a_mixture_is_refused_with_the_base_url_that_fits(
    path: str, specification: int, ends: str
) -> None:
    refused = sent(f"{path}/language-model", specification)

    assert (refused.status, refused.error["type"]) == (400, "invalid_request_error")
    assert refused.error["message"].endswith(ends)


@pytest.mark.parametrize(
    ("path", "specification", "begins"),
    [
        pytest.param("/v4/ai", 5, f"{SPECIFICATION}: '5' is not known here", id="a new one"),
        pytest.param("/v4/ai", "v4", f"{SPECIFICATION}: 'v4' is not known", id="no number"),
        pytest.param("/v4/ai", "٤", f"{SPECIFICATION}: '٤' is not known", id="a foreign digit"),
        pytest.param("/v2/ai", 2, "the path '/v2/ai/language-model' names an", id="a lost path"),
        pytest.param("/v9/ai", 4, "the path '/v9/ai/language-model' names an", id="a new path"),
        pytest.param("/v1", 4, "the path '/v1/language-model' names no", id="OpenAI's base URL"),
    ],
)
def test_what_is_unknown_is_refused_with_all_that_is_known(
    path: str, specification: object, begins: str
) -> None:
    refused = sent(f"{path}/language-model", specification)

    assert refused.status == 400
    assert refused.error["message"].startswith(begins)
    for base_url in ("/v1/ai", "/v3/ai", "/v4/ai"):
        assert base_url in refused.error["message"]


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (SPECIFICATION, f"the header '{SPECIFICATION}' is missing: 2 is that of ai 5"),
        (
            "ai-language-model-id",
            "the header 'ai-language-model-id' is missing: it names the model",
        ),
    ],
)
def test_a_header_that_says_what_is_asked_must_be_there(missing: str, message: str) -> None:
    stated = headers_of(4)
    del stated[missing]

    refused = Api(HELLO).post("/v4/ai/language-model", {"prompt": [user("Hi")]}, headers=stated)

    assert refused.status == 400
    assert refused.error["message"].startswith(message)


def test_an_unknown_protocol_is_refused() -> None:
    refused = sent("/v4/ai/language-model", 4, **{"ai-gateway-protocol-version": "0.1.0"})

    assert refused.error["message"] == (
        "ai-gateway-protocol-version: '0.1.0' is not known here, only '0.0.1' is"
    )


def test_whether_to_stream_is_said_in_one_of_two_words() -> None:
    refused = sent("/v4/ai/language-model", 4, **{"ai-language-model-streaming": "yes"})

    assert refused.error["message"] == (
        "ai-language-model-streaming: 'yes' is neither 'true' nor 'false'"
    )
