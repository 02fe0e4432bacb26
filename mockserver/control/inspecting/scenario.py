"""The rules of a session as a person reads them, with how often each has acted."""

from collections.abc import Callable

from mockserver.control import records, shapes
from mockserver.sessions.session import Session


def shown_scenario(session: Session) -> Callable[[], shapes.ShownScenario]:
    """Return what works out how the rules of *session* are written."""
    rules = tuple(
        shapes.ShownRule(
            name=state.name,
            layer=compiled.key.layer,
            place=state.place,
            hits=state.acted,
            left=state.left,
            unused=None,
            yaml="",
        )
        for state, compiled in zip(
            records.rule_states(session), session.compiled.rules, strict=True
        )
    )
    description = session.scenario.description
    return lambda: shapes.ShownScenario(session=session.name, description=description, rules=rules)
