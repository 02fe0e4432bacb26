"""One call in detail, and the rules of a session, asked of the control API without a socket."""

from functools import partial
from typing import Any

from mockserver.control.inspecting import detailed, shown_scenario
from mockserver.control.jsonform import to_json
from mockserver.control.shapes import CallDetail, ShownScenario
from mockserver.plugins import Plugins
from mockserver.recordings.hearing import Hearing
from mockserver.recordings.scenarios import scenario_of_one
from mockserver.records.journal import Call
from support.inprocess import Api

SERVER = "http://127.0.0.1:8089"
rule_of = partial(scenario_of_one, hearing=Hearing(Plugins.installed()))


def detail_of(api: Api, call: Call) -> CallDetail:
    session = api.engine.session(call.session)
    return detailed(api.engine, session, call, SERVER, rule_of)()


def scenario_of(api: Api, session: str = "default") -> ShownScenario:
    return shown_scenario(api.engine.session(session))()


def as_json(value: object) -> Any:
    return to_json(value)
