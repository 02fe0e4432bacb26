"""Which endpoints a rule is about: those that it names, or all at which a model is asked."""

from mockserver.contracts import ComputingEndpoint, Endpoint, ModelEndpoint, Reply
from mockserver.plugins import Plugins
from mockserver.scenario.conditions.criteria import NameTest
from mockserver.scenario.conditions.matching import Conjunction
from mockserver.scenario.conditions.subject import COMPUTED
from mockserver.scenario.schema import Rule


def endpoints_of(alternative: Conjunction, plugins: Plugins) -> list[type[Endpoint]]:
    """Return the endpoints that calls may be for which fit *alternative*."""
    endpoint = alternative.when.endpoint
    if not isinstance(endpoint, NameTest):
        asking = [one for one in plugins.endpoints.values() if issubclass(one, ModelEndpoint)]
        computed = frozenset(COMPUTED.values()).intersection(alternative.when.forms)
        return [one for one in asking if not computed or COMPUTED.get(one.kind) in computed]
    fits = endpoint.predicate()
    return [one for name, one in plugins.endpoints.items() if fits(name)]


def can_answer(reply: Reply | type[Reply], endpoint: type[Endpoint]) -> bool:
    """Return whether *reply* can answer calls of *endpoint*; nothing does at a lookup."""
    computes = issubclass(endpoint, ComputingEndpoint)
    return issubclass(endpoint, ModelEndpoint) and reply.can_answer(
        endpoint.kind, computes=computes
    )


def answerable(rule: Rule, endpoint: type[Endpoint]) -> bool:
    """Return whether the replies of *rule* are given to calls of *endpoint*."""
    return all(can_answer(reply, endpoint) for reply in rule.given)
