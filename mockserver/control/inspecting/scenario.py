"""The rules of a session as a person reads them, with how often each has acted."""

from collections.abc import Callable
from typing import Final

from mockserver.control import records, shapes
from mockserver.control.inspecting.bounds import MOST_PARTS, Budget
from mockserver.records.redaction import redact_text
from mockserver.scenario.schema import Rule
from mockserver.scenario.syntax.written import as_yaml, values
from mockserver.sessions.session import Session

INDENT: Final = 2


def shown_scenario(session: Session) -> Callable[[], shapes.ShownScenario]:
    """Return what works out how the rules of *session* are written, in any thread."""
    compiled = session.compiled.rules[:MOST_PARTS]
    states = records.rule_states(session)
    unused = tuple(session.unused())
    description = session.scenario.description

    def shown() -> shapes.ShownScenario:
        budget = Budget()
        rules: list[shapes.ShownRule] = []
        for one, state in zip(compiled, states, strict=False):
            text, cut = budget.text(_as_yaml(one.rule))
            rules.append(
                shapes.ShownRule(
                    name=state.name,
                    layer=one.key.layer,
                    place=state.place,
                    hits=state.acted,
                    left=state.left,
                    unused=next((what for what in unused if f"'{state.name}'" in what), None),
                    yaml=text,
                    cut=cut,
                )
            )
        return shapes.ShownScenario(
            session=session.name,
            description=redact_text(description),
            rules=tuple(rules),
            left_out=len(states) - len(rules),
        )

    return shown


def _as_yaml(rule: Rule) -> str:
    """Return *rule* as an entry of `rules`; of one that nobody wrote, its name and its replies."""
    if rule.written is None:
        document = {"name": rule.name, "reply": {"kind": next((r.kind for r in rule.given), "")}}
    else:
        # A rule without a name has one by its number.
        document = {"name": rule.name, **values(rule.written)}
    _, *lines = as_yaml({"rules": [document]}).splitlines(keepends=True)
    return "".join([line[INDENT:] for line in lines])
