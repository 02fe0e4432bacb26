"""One call in all its detail."""

from collections.abc import Callable

from mockserver.control import records, shapes
from mockserver.engine.engine import Engine
from mockserver.records.journal import Call
from mockserver.sessions.session import Session


def detailed(engine: Engine, session: Session, call: Call) -> Callable[[], shapes.CallDetail]:
    """Return what works out *call* of *session* in detail."""
    del engine, session
    record = records.call_record(call)
    raw = call.content.decode("utf-8", "replace")
    return lambda: shapes.CallDetail(
        call=record,
        raw=raw,
        conversation=(),
        answer=(),
        rules=(),
        sent=None,
        bill=(),
        cost_usd=None,
        attempts=(),
        verdicts=(),
        as_rule=None,
        as_curl="",
    )
