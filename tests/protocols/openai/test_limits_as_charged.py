"""What OpenAI's limiter counts, and how it spells times: figures of recorded answers."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.conversation import Charge
from mockserver.protocols.openai.limits import charge, go_duration

# --- What is charged -------------------------------------------------------------------------


def user(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
FILE = {"type": "file", "file": {"file_id": "file-1"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}


@pytest.mark.parametrize(
    ("body", "charged"),
    [
        pytest.param(user("Say `this is a test`."), Charge(8), id="21 bytes, as recorded"),
        pytest.param(user("x" * 81), Charge(23), id="81 bytes, as recorded"),
        pytest.param(user(""), Charge(2), id="nothing is not free"),
        pytest.param(user("é" * 40), Charge(22), id="bytes count, not characters"),
        pytest.param(
            {"messages": user("x" * 27)["messages"] + user(None)["messages"]},
            Charge(10),
            id="each message costs one more",
        ),
        pytest.param(
            user([{"type": "text", "text": "x" * 21}]), Charge(8), id="text in parts is text"
        ),
        pytest.param(user([IMAGE, IMAGE]), Charge(1532, 2), id="images"),
        pytest.param(user([FILE]), Charge(767), id="a file costs as an image, and is none"),
        pytest.param(user([SOUND]), Charge(2), id="sound is free"),
        pytest.param(
            {**user("Hi"), "tools": [{"type": "function"}], "max_tokens": 4_000, "n": 3},
            Charge(3),
            id="nothing but messages counts",
        ),
        pytest.param({"prompt": "x" * 30}, Charge(8), id="a prompt of 30 bytes, as recorded"),
        pytest.param({"prompt": "x" * 130}, Charge(33), id="one of 130, as recorded"),
        pytest.param({"prompt": ["x" * 56, "x" * 50]}, Charge(28), id="two prompts, as recorded"),
        pytest.param({"prompt": [1, 2, 3]}, Charge(4), id="tokens"),
        pytest.param({"prompt": [[1, 2, 3], [4]]}, Charge(6), id="lists of tokens"),
        pytest.param({}, Charge(1), id="no prompt"),
    ],
)
def test_what_a_request_is_charged(body: dict[str, Any], charged: Charge) -> None:
    assert charge(body) == charged


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@settings(derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries({}, optional={"messages": JSON, "prompt": JSON}))
def test_what_is_no_request_is_charged_all_the_same(body: dict[str, Any]) -> None:
    assert charge(body).tokens >= 0


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        pytest.param(0, "0s", id="nothing"),
        pytest.param(999, "999ms", id="under a second"),
        pytest.param(1_000, "1s", id="a second"),
        pytest.param(1_310, "1.31s", id="no zeros at the end"),
        pytest.param(12_676, "12.676s", id="seconds"),
        pytest.param(60_198, "1m0.198s", id="minutes"),
        pytest.param(864_000, "14m24s", id="whole minutes"),
        pytest.param(3_600_000, "1h0m0s", id="an hour"),
        pytest.param(411_480_000, "114h18m0s", id="days are hours"),
    ],
)
def test_durations_are_written_as_go_does(milliseconds: int, text: str) -> None:
    assert go_duration(milliseconds) == text
