"""P10: `caching: simulated` bills what a prompt has in common with an earlier one as cached."""

from typing import Any

import pytest
from support.inprocess import Api

from mockserver.models import Catalogue
from mockserver.tokens import prompt_blocks

SIMULATED = "caching: simulated\nrules: [{reply: Noted.}]"
LONG = "All work and no play makes Jack a dull boy. " * 200
"""2,201 tokens, as a message 2,205."""
TOOL = {"type": "function", "function": {"name": "f", "description": "Text"}}


def cached(api: Api, *texts: str, model: str = "gpt-4o", **members: Any) -> int:
    messages = [
        {"role": "assistant" if place % 2 else "user", "content": text}
        for place, text in enumerate(texts)
    ]
    answer = api.chat(messages, model=model, **members)
    tokens: int = answer.usage["prompt_tokens_details"]["cached_tokens"]
    return tokens


def test_a_prompt_seen_before_is_cached_in_steps_of_128() -> None:
    api = Api(SIMULATED)

    assert cached(api, LONG) == 0
    assert cached(api, LONG) == 17 * 128
    assert cached(api, LONG, "Yes.", "Go on.") == 17 * 128


def test_only_what_prompts_begin_with_is_cached() -> None:
    api = Api(SIMULATED)
    cached(api, LONG)

    half = cached(api, LONG[: len(LONG) * 3 // 4] + "Another end. " * 100)

    assert half == 12 * 128
    assert cached(api, f"A beginning. {LONG}") == 0


def test_fewer_than_1024_tokens_are_not_cached() -> None:
    api = Api(SIMULATED)
    short = LONG[: len(LONG) // 3]
    cached(api, short)

    assert cached(api, short) == 0


@pytest.mark.parametrize(
    ("model", "members"),
    [
        pytest.param("gpt-4o-mini", {}, id="another model"),
        pytest.param("gpt-4o", {"tools": [TOOL]}, id="tools that are before all messages"),
    ],
)
def test_what_is_not_the_same_is_not_cached(model: str, members: dict[str, Any]) -> None:
    api = Api(SIMULATED)
    cached(api, LONG)

    assert cached(api, LONG, model=model, **members) == 0


def test_an_alias_and_its_snapshot_have_one_cache() -> None:
    api = Api(SIMULATED)
    cached(api, LONG, model="gpt-4o")

    assert cached(api, LONG, model="gpt-4o-2024-08-06") == 17 * 128


def test_models_before_gpt_4o_cache_nothing() -> None:
    api = Api(SIMULATED)
    cached(api, LONG, model="gpt-3.5-turbo")

    assert cached(api, LONG, model="gpt-3.5-turbo") == 0


def test_nothing_is_cached_unless_it_is_asked_for() -> None:
    api = Api("rules: [{reply: Noted.}]")
    cached(api, LONG)

    assert cached(api, LONG) == 0


def test_what_a_reply_states_wins() -> None:
    reply = "{kind: text, text: Noted., usage: {cached_tokens: 128}}"
    api = Api(f"caching: simulated\nrules: [{{reply: {reply}}}]")
    cached(api, LONG)

    assert cached(api, LONG) == 128


def test_a_stream_says_the_same() -> None:
    api = Api(SIMULATED)
    cached(api, LONG)

    streamed = api.chat(
        LONG,
        model="gpt-4o",
        stream=True,
        stream_options={"include_usage": True},
    )

    usage = streamed.chunks[-1]["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == 17 * 128


def test_a_reset_forgets_all_prompts() -> None:
    api = Api(SIMULATED)
    cached(api, LONG)

    api.engine.session("default").reset()

    assert cached(api, LONG) == 0


def test_sessions_have_caches_of_their_own() -> None:
    api = Api(SIMULATED)
    cached(api, LONG)

    other = api.chat(LONG, model="gpt-4o", session="b")

    assert other.usage["prompt_tokens_details"]["cached_tokens"] == 0


def test_an_image_belongs_to_the_prompt_where_it_is() -> None:
    found = Catalogue().resolve("gpt-4o-2024-08-06")
    text = {"type": "text", "text": LONG}

    def common(*places: int) -> int:
        """Return how many blocks two messages have in common that differ in their image alone."""
        images = [{"type": "image_url", "image_url": {"url": f"https://{n}.test"}} for n in "ab"]
        (first, other) = (
            prompt_blocks(
                {"messages": [{"role": "user", "content": [(image, text)[n] for n in places]}]},
                found,
            )
            for image in images
        )
        return sum(one == two for one, two in zip(first, other, strict=True))

    assert common(0, 1) == 0
    assert common(1, 0) == 17
