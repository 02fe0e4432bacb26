"""Tells the server what the model answered in each recording."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mockserver.cassettes.recording import RecordedAnswer
from mockserver.errors import ScenarioError
from mockserver.plugins import Plugins
from mockserver.recordings.comparing.cases import Case, error_in
from mockserver.recordings.hearing import Hearing
from mockserver.recordings.replies import reply_of
from mockserver.scenario.loader import load_scenario
from mockserver.scenario.schema import Rule, Scenario

RULE_HEADER: Final = "x-mockserver-recording"
"""Names the recording that a request is; its rule asks for it."""
KEY: Final = "sk-compare"
"""The key that requests are sent with."""
UNAUTHORIZED: Final = 401
ENDED: Final = frozenset({"completed", "incomplete"})
"""The statuses of a response in which it stays."""
REFUSED_EVERYWHERE: Final = "sk-refused-everywhere"
"""A key in the place of one that the recorded refusal does not show."""
_SHOWN: Final = ("API key provided: ", ". You can find")
_SHOWN_WHOLE: Final = 12
"""The length up to which a key may be shown without asterisks."""
_AZURE_KEY: Final = "invalid subscription key"


def key_of(case: Case) -> str:
    """Return the key to send.

    For a recorded refusal of a key, that is one which the provider would show as it is in the
    recording: the key itself was not recorded.
    """
    if case.answer.status != UNAUTHORIZED:
        return KEY
    message = str(error_in(case.answer).get("message") or "")
    begins, ends = _SHOWN
    if begins not in message or ends not in message:
        return REFUSED_EVERYWHERE if _AZURE_KEY in message else KEY
    shown = message.partition(begins)[2].partition(ends)[0]
    return "" if shown == "''" else shown.replace("*", "x")


def is_key_unknown(case: Case) -> bool:
    """Return whether the key that was refused does not follow from the refusal."""
    message = str(error_in(case.answer).get("message") or "")
    key = key_of(case)
    is_whole = len(key) > _SHOWN_WHOLE and "*" not in message
    return case.answer.status == UNAUTHORIZED and (
        "<" in key or (_SHOWN[0] in message and is_whole)
    )


class Scripting:
    """Makes scenarios of recordings."""

    def __init__(
        self, cases: Sequence[Case], hearing: Hearing, plugins: Plugins, provider: str
    ) -> None:
        """Take all *cases* that are sent to *provider*, whose models and keys are known then."""
        self._hearing = hearing
        self._plugins = plugins
        self._later = {
            case.final["id"]: case.answer
            for case in cases
            if case.final and case.final.get("status") in ENDED and not case.made
        }
        models = {case.sent.get("model") for case in cases if case.was_answered}
        known = sorted(model for model in models if isinstance(model, str) and model)
        refused = {key_of(case) for case in cases if case.answer.status == UNAUTHORIZED}
        document: dict[str, Any] = {
            "provider": provider,
            "models": [{"id": model} for model in known],
        }
        if keys := sorted(refused - {"", KEY}):
            document["keys"] = {"invalid": keys}
        self._base = load_scenario(document, plugins=plugins)

    def scenario(self, thread: Iterable[Case]) -> tuple[Scenario, dict[int, str]]:
        """Return what answers *thread*, and why recordings in it cannot be scripted."""
        rules: list[Rule] = []
        faults: dict[int, str] = {}
        for case in thread:
            reply = self._reply(case)
            if reply is None:
                continue
            try:
                rules += self._rule(case, reply).rules
            except ScenarioError as error:
                faults[case.number] = str(error.problems[0].what)
        return replace(self._base, rules=tuple(rules), files=()), faults

    def _rule(self, case: Case, reply: Mapping[str, Any]) -> Scenario:
        rule = {
            "name": f"recording-{case.number}",
            "when": {"headers": {RULE_HEADER: str(case.number)}},
            "reply": reply,
        }
        return load_scenario({"rules": [rule]}, plugins=self._plugins)

    def _reply(self, case: Case) -> Mapping[str, Any] | None:
        if not case.was_answered or case.route.generates is None:
            return None
        ended = replace(case.recording, answer=self._answer(case))
        reply = reply_of(self._hearing.heard(ended), case.endpoint)
        return None if reply is None else {**reply, "exact": True}

    def _answer(self, case: Case) -> RecordedAnswer:
        """Return what *case* was answered in the end: a background response is fetched later."""
        id_ = case.final.get("id") if case.final else None
        return self._later.get(str(id_), case.answer)
