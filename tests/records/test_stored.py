"""What a session keeps for those who ask to store: so much, and no more."""

import pytest

from mockserver.conversation import ModelRequest
from mockserver.models import family_of
from mockserver.records import stored
from mockserver.records.stored import (
    MOST_BYTES,
    MOST_KEPT,
    MOST_THINGS,
    StoredAnswer,
    StoredAnswers,
    StoredThing,
)

REQUEST = ModelRequest(sent={}, model="gpt-4o", family=family_of("gpt-4o"))


def completion(identity: str, size: int = 1, endpoint: str = "chat.completions") -> StoredAnswer:
    return StoredAnswer(
        id=identity,
        endpoint=endpoint,
        request_id="req_1",
        request=REQUEST,
        model_name="gpt-4o",
        created=0,
        choices=(),
        usage=None,
        system_fingerprint=None,
        size=size,
    )


def keeping(*completions: StoredAnswer) -> StoredAnswers:
    kept = StoredAnswers()
    for one in completions:
        kept.add(one)
    return kept


def ids(kept: StoredAnswers) -> list[str]:
    return [one.id for one in kept]


def test_what_is_kept_is_found_by_its_id() -> None:
    one = completion("a")
    kept = keeping(one)

    assert (kept.get("a"), kept.get("b")) == (one, None)


def test_the_oldest_comes_first() -> None:
    assert ids(keeping(completion("b"), completion("a"), completion("c"))) == ["b", "a", "c"]


def test_what_is_removed_is_gone() -> None:
    kept = keeping(completion("a"), completion("b"))

    assert (kept.remove("a"), kept.remove("a")) == (True, False)
    assert ids(kept) == ["b"]


def test_of_too_many_the_oldest_go() -> None:
    kept = keeping(*(completion(str(number)) for number in range(MOST_KEPT + 2)))

    assert (len(kept), kept.dropped, kept.get("1")) == (MOST_KEPT, 2, None)


def test_of_too_much_the_oldest_go() -> None:
    half = MOST_BYTES // 2
    kept = keeping(completion("a", half), completion("b", half), completion("c", 1))

    assert (ids(kept), kept.dropped) == (["b", "c"], 1)


def test_what_has_gone_makes_room() -> None:
    kept = keeping(completion("a", MOST_BYTES))
    kept.remove("a")
    kept.add(completion("b", MOST_BYTES))

    assert (ids(kept), kept.dropped) == (["b"], 0)


def test_what_is_larger_than_all_together_takes_no_place_from_others() -> None:
    kept = keeping(completion("a"), completion("b", MOST_BYTES + 1))

    assert (ids(kept), kept.dropped) == (["a"], 1)


def test_an_id_that_comes_again_is_kept_once() -> None:
    kept = keeping(completion("a", MOST_BYTES), completion("a", MOST_BYTES))

    assert (len(kept), kept.dropped) == (1, 0)


@pytest.mark.parametrize("name", ["MOST_KEPT", "MOST_BYTES"])
def test_the_bounds_are_public(name: str) -> None:
    assert getattr(stored, name) > 0


def test_an_endpoint_looks_through_what_it_has_answered_itself() -> None:
    kept = keeping(completion("a"), completion("b", endpoint="responses"), completion("c"))

    assert [one.id for one in kept.of("chat.completions")] == ["a", "c"]


def thing(identity: str, size: int = 1) -> StoredThing:
    return StoredThing(id=identity, kind="conversation", created=0, size=size)


def test_what_is_kept_besides_answers_is_bounded_in_number_and_size() -> None:
    many, large = StoredAnswers(), StoredAnswers()
    for number in range(MOST_THINGS + 2):
        many.put(thing(str(number)))
    for identity in ("a", "b", "c"):
        large.put(thing(identity, MOST_BYTES // 2))

    assert (len(many.things("conversation")), many.thing("1"), many.dropped) == (
        *(MOST_THINGS, None, 2),
    )
    assert [one.id for one in large.things("conversation")] == ["b", "c"]


def test_what_has_grown_beyond_all_bounds_goes_alone() -> None:
    kept = StoredAnswers()
    growing = thing("growing")
    kept.put(growing)
    kept.put(thing("other"))
    growing.size = MOST_BYTES + 1
    kept.put(growing)

    assert [one.id for one in kept.things("conversation")] == ["other"]
