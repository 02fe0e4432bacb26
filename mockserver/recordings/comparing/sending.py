"""Recordings, sent again: one after the other where they are connected, with the ids of today.

Nothing here waits or touches a socket: a *conversation* yields what is to be sent, and is sent
what came back.
"""

import json
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from mockserver.cassettes.recording import RecordedAnswer, RecordedRequest
from mockserver.recordings.comparing.cases import IDS, Case, events_in
from mockserver.recordings.comparing.scripting import RULE_HEADER, key_of
from mockserver.recordings.importers.documents import as_list, as_object
from mockserver.wire.jsontext import is_list, is_object

MOST_POLLS: Final = 40
"""How often a response that is made in the background is asked for."""
RUNNING: Final = frozenset({"queued", "in_progress"})
LEARNED_FROM: Final = ("response.output_item.done", "response.completed", "response.incomplete")
LEARNED: Final = frozenset({"id", "first_id", "last_id", "encrypted_content"})
NOT_SENT: Final = frozenset(
    {
        *("authorization", "api-key", "content-length", "transfer-encoding", "host", "connection"),
        *("accept-encoding", "cookie", "content-encoding", "date"),
    }
)
"""Headers of a recording that belong to its connection, or are secrets."""


class Asking(NamedTuple):
    """A request to send; *is_again*: the same as before, after some time."""

    case: Case
    request: RecordedRequest
    is_again: bool = False


class Answered(NamedTuple):
    """What a recording got.

    *ids* has what is today in the place of the ids and ciphertexts that were recorded.
    """

    case: Case
    answer: RecordedAnswer
    ids: Mapping[str, str]


Conversation = Generator[Asking, RecordedAnswer, list[Answered]]


def conversation(thread: Sequence[Case]) -> Conversation:
    """Send the recordings of *thread* in their order; return what each of them got."""
    ids: dict[str, str] = {}
    answered: list[Answered] = []
    for case in thread:
        request = _request(case, ids)
        got = yield Asking(case, request)
        if not case.made and case.final and case.final.get("status") == "completed":
            for _ in range(MOST_POLLS):
                body: Any = got.json
                if not is_object(body) or body.get("status") not in RUNNING:
                    break
                got = yield Asking(case, request, is_again=True)
        if case.was_answered:
            _learn(case.answer.json, got.json, ids)
            have = events_in(got)
            for kind in LEARNED_FROM:
                for want, new in zip(_of(kind, case.events), _of(kind, have), strict=False):
                    _learn(want, new, ids)
        answered.append(Answered(case, got, dict(ids)))
    return answered


def _of(kind: str, events: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (event for event in events if event.get("type") == kind)


def _request(case: Case, ids: Mapping[str, str]) -> RecordedRequest:
    request, key = case.recording.request, key_of(case)
    kept = [(name, value) for name, value in request.headers if name.lower() not in NOT_SENT]
    credentials = (("authorization", f"Bearer {key}"), ("api-key", key))
    body = request.body
    if request.json is not None and ids:
        changed = replaced(request.json, ids)
        body = json.dumps(changed, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return RecordedRequest(
        request.method,
        _with_ids(request.path, ids),
        _with_ids(request.query, ids),
        (*kept, *credentials, (RULE_HEADER, str(case.number))),
        body,
    )


def _with_ids(text: str, ids: Mapping[str, str]) -> str:
    def known(found: re.Match[str]) -> str:
        return ids.get(found[0], found[0])

    return IDS.sub(known, text) if ids else text


def replaced(value: Any, ids: Mapping[str, str]) -> Any:
    """Return *value* with other ids (and ciphertexts) in place of those that *ids* names."""
    if is_object(value):
        return {k: replaced(v, ids) for k, v in as_object(value).items()}
    if is_list(value):
        return [replaced(v, ids) for v in as_list(value)]
    return ids.get(value, value) if isinstance(value, str) else value


def _learn(want: Any, got: Any, ids: dict[str, str]) -> None:
    """Enter into *ids* what *got* has in the place of the ids and ciphertexts in *want*."""
    if is_object(want) and is_object(got):
        have = as_object(got)
        for name, value in as_object(want).items():
            new = have.get(name)
            if isinstance(value, str):
                if name in LEARNED and isinstance(new, str) and new != value:
                    ids[value] = new
            elif name in have:
                _learn(value, new, ids)
    elif is_list(want) and is_list(got):
        for one, other in zip(as_list(want), as_list(got), strict=False):
            _learn(one, other, ids)
