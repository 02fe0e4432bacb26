"""Recordings, answered by this server's engine in process."""

from collections.abc import Iterator, Sequence

from mockserver.cassettes.recording import RecordedAnswer
from mockserver.engine.engine import Engine, Exchange
from mockserver.plugins import Plugins
from mockserver.recordings.comparing.cases import Case
from mockserver.recordings.comparing.scripting import Scripting
from mockserver.recordings.comparing.sending import Answered, Asking, conversation
from mockserver.recordings.hearing import Hearing
from mockserver.scenario.schema import Scenario
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Head, body


class InProcess:
    """Answers recordings of one provider."""

    def __init__(
        self, cases: Sequence[Case], hearing: Hearing, plugins: Plugins, provider: str
    ) -> None:
        """Take all *cases* that are sent to *provider*."""
        self._now_s = 0.0
        self._scripting = Scripting(cases, hearing, plugins, provider)
        self._engine = Engine(Scenario(), plugins, lambda: self._now_s)

    def answered(self, thread: Sequence[Case]) -> Iterator[Answered | str]:
        """Yield what each recording of *thread* gets, or why it cannot be scripted."""
        scenario, faults = self._scripting.scenario(thread)
        name = f"thread-{thread[0].number}"
        self._engine.sessions.create(name, scenario=scenario)
        asked = conversation([case for case in thread if case.number not in faults])
        for case in thread:
            if case.number in faults:
                yield f"{case.recording.source}: {faults[case.number]}"
        try:
            asking = next(asked)
            while True:
                asking = asked.send(self._ask(name, asking))
        except StopIteration as end:
            yield from end.value
        self._engine.sessions.end(name)

    def _ask(self, session: str, asking: Asking) -> RecordedAnswer:
        if asking.is_again:
            self._now_s += 1.0
        request = asking.request
        headers = {name.lower(): value for name, value in request.headers}
        http = HttpRequest(
            request.method, f"/s/{session}{request.path}", headers, request.body, request.query
        )
        exchange = self._engine.answer(http)
        assert isinstance(exchange, Exchange)
        self._engine.close(exchange, "sent")
        head = next(event for event in exchange.timeline if isinstance(event, Head))
        return RecordedAnswer(head.status, head.headers, body(exchange.timeline))
