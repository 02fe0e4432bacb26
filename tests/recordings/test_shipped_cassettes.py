"""The cassettes of shipped scenarios answer the requests that are in them."""

import pytest
from support.inprocess import Api

from mockserver import bundled
from mockserver.cassettes import lines

FOLDER = bundled.folder("scenarios")
TAPES = sorted(FOLDER.rglob("*.jsonl"))


@pytest.mark.parametrize("tape", TAPES, ids=lambda tape: tape.stem)
def test_a_shipped_cassette_answers_its_own_requests(tape: object) -> None:
    assert isinstance(tape, type(FOLDER))
    api = Api(sources=[tape.with_suffix(".yaml")])

    for recording in lines.read(tape):
        request, answer = recording.request, recording.answer
        again = api.send(request.method, request.path, request.body)
        assert (again.status, again.body) == (answer.status, answer.body)
        assert again.call.rule == "recorded"


def test_there_are_some() -> None:
    assert TAPES
