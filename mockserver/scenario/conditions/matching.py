"""Whether a rule's `when` holds for a call, and if not, in what the two differ.

Holding is asked of each rule for each request: what can be worked out when a scenario is
loaded is worked out then, and the cheapest tests are tried first.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from mockserver.contracts import Unstated
from mockserver.conversation import IncomingCall
from mockserver.records.redaction import is_secret_header, is_secret_parameter
from mockserver.scenario.conditions.criteria import NumberTest, TextTest, ValueTest, show_json
from mockserver.scenario.conditions.subject import Form, Subject, subject_of
from mockserver.scenario.conditions.when import (
    FACETS,
    Show,
    When,
    request_of,
    show_text,
)
from mockserver.templates.queries import query

__all__ = ["ALWAYS", "Condition", "Conjunction", "NumberTest", "Reading"]

Reading = tuple[Callable[[Subject], Any], Callable[[Any], bool]]
"""What is looked at, and whether it fits."""


@dataclass(frozen=True, slots=True)
class WrittenTest:
    """One test as it is written, ready to be tried. *wanted* describes it when it fails."""

    name: str
    cost: int
    read: Callable[[Subject], Any]
    fits: Callable[[Any], bool]
    show: Show
    wanted: str
    test: Any
    form: Form | None = None

    def difference(self, subject: Subject) -> str | None:
        """Return in what *subject* differs, or None if the test holds."""
        value = self.read(subject)
        if self.fits(value):
            return None
        shown = self.show(value, subject.secrets)
        return f"{self.name} {shown}, the rule wants {self.wanted}" if shown else self.wanted


def _tests(when: When) -> Iterator[WrittenTest]:
    """Yield the tests of *when*, in the order of its keys."""
    for key, test in when.stated.items():
        facet = FACETS[key]
        wanted = str(test).lower() if isinstance(test, bool) else test.describe()
        cost = 0 if isinstance(test, bool) else test.cost + 2 * (facet.form is not None)
        fits = facet.predicate(test)
        yield WrittenTest(key, cost, facet.read, fits, facet.show, wanted, test, facet.form)
    for name, test in when.headers.items():
        lower = name.lower()
        yield _named_test("headers", lower, test, secret=is_secret_header(lower))
    for name, test in when.query.items():
        yield _named_test("query", name, test, secret=is_secret_parameter(name.lower()))
    for text, value_test in when.request.items():
        yield _value_test("request", text, query(text).find, value_test)
    for name, value_test in when.state.items():
        yield _value_test("state", name, operator.methodcaller("get", name), value_test)
    if when.not_:
        yield _negation(when.not_)


def _named_test(key: str, name: str, test: TextTest, *, secret: bool) -> WrittenTest:
    """Return the test of the header or the parameter called *name*; a *secret* is not shown."""
    fits = test.predicate()
    return WrittenTest(
        name=f"{key}.{name}",
        cost=test.cost + 1,
        read=operator.attrgetter(key),
        fits=lambda values: fits(values.get(name)),
        # What is shown of a call ends in logs and reports.
        show=lambda values, secrets: (
            "is different" if secret else show_text(values.get(name), secrets)
        ),
        wanted=test.describe(),
        test=None,
    )


def _value_test(key: str, name: str, find: Callable[[Any], Any], test: ValueTest) -> WrittenTest:
    """Return the test of what *find* finds in what *key* names: the body, or the state."""
    fits = test.predicate()
    look = operator.attrgetter(key)
    return WrittenTest(
        name=f"{key}.{name}",
        cost=test.cost,
        read=lambda subject: find(look(subject)),
        fits=fits,
        show=lambda value, secrets: (
            "is absent" if value is None else f"is {show_json(value, secrets)}"
        ),
        wanted=test.describe(),
        test=test,
    )


def _none_holds(readings: Sequence[Sequence[Reading]]) -> Callable[[Subject], bool]:
    if len(readings) == 1:
        (alone,) = readings
        return lambda subject: not _all_fit(alone, subject)
    return lambda subject: not any(_all_fit(tests, subject) for tests in readings)


def _negation(alternatives: Sequence[When]) -> WrittenTest:
    """Return the test that none of *alternatives* holds."""
    inner = [(tuple(_tests(when)), when) for when in alternatives]
    readings = [_readings(when, tests) for tests, when in inner]
    described = " or ".join(
        " and ".join(f"{test.name} {test.wanted}" for test in tests) for tests, _ in inner
    )
    return WrittenTest(
        name="not",
        cost=1 + sum(test.cost for tests, _ in inner for test in tests),
        read=lambda subject: subject,
        fits=_none_holds(readings),
        show=lambda _, __: "",
        wanted=f"the rule excludes calls with {described}",
        test=None,
    )


def _readings(when: When, tests: Sequence[WrittenTest]) -> tuple[Reading, ...]:
    """Return what to look at, in the order of trying: the gates come last, most calls pass."""
    ordered = sorted(tests, key=lambda test: test.cost)
    gates = [_HAS_FORM[form] for form in when.forms]
    return (*((test.read, test.fits) for test in ordered), *gates)


def _all_fit(readings: Sequence[Reading], subject: Subject) -> bool:
    for read, fits in readings:  # noqa: SIM110 - a generator would cost twice as much
        if not fits(read(subject)):
            return False
    return True


_ASKS_MODEL: Final[Reading] = (operator.attrgetter("asks_model"), bool)
_HAS_FORM: Final[Mapping[Form, Reading]] = {
    form: (operator.attrgetter("form"), frozenset((form,)).__contains__) for form in get_args(Form)
}


@dataclass(frozen=True, slots=True)
class Conjunction:
    """One mapping of a `when`: all of its tests must hold.

    Attributes:
        when: The tests as written.
        call: The test of the call's number, which the session counts; `holds` leaves it out.
        is_for_all: Calls fit that ask no model, although `endpoint` is not stated.
        names_endpoint: Whether `endpoint` is stated; if not, only calls that ask a model fit.
        size: How many tests there are.
        readings: What to look at, and whether that fits, the cheapest first; without `call`.
        tests: The same, with what they were made of, in the order of the keys.

    """

    when: When = field(default_factory=When)
    is_for_all: bool = False
    call: NumberTest | None = field(init=False, compare=False)
    names_endpoint: bool = field(init=False, compare=False)
    size: int = field(init=False, compare=False)
    readings: tuple[Reading, ...] = field(init=False, compare=False, repr=False)
    tests: tuple[WrittenTest, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        when = self.when
        tests = tuple(_tests(when))
        names_endpoint = self.is_for_all or not isinstance(when.endpoint, Unstated)
        gates = () if names_endpoint else (_ASKS_MODEL,)
        put = object.__setattr__  # the value is frozen, and this is where it is made
        put(self, "call", None if isinstance(when.call, Unstated) else when.call)
        put(self, "names_endpoint", names_endpoint)
        put(self, "size", len(tests) + (self.call is not None))
        put(self, "tests", tests)
        put(self, "readings", (*_readings(when, tests), *gates))

    def holds(self, call: IncomingCall) -> bool:
        """Return whether everything but the number of the call fits *call*."""
        return self.fits(subject_of(call))

    def fits(self, subject: Subject) -> bool:
        """Return whether everything but the number of the call fits *subject*."""
        return _all_fit(self.readings, subject)

    def count_differences(self, call: IncomingCall, enough: int) -> int:
        """Return how many sentences `differences` would have, or *enough*: no more are counted."""
        subject = subject_of(call)
        if not (self.names_endpoint or subject.asks_model):
            return 1
        count = sum(form != subject.form for form in self.when.forms)
        for test in self.tests:
            if count >= enough:
                return enough
            if test.form in (None, subject.form) and not test.fits(test.read(subject)):
                count += 1
        return min(count, enough)

    def differences(self, call: IncomingCall) -> list[str]:
        """Return one sentence for each test that does not hold for *call*."""
        subject = subject_of(call)
        if not (self.names_endpoint or subject.asks_model):
            return [f"endpoint {show_text(subject.endpoint)}, and the rule does not name it"]
        found: list[str] = []
        for form, key in self.when.forms.items():
            if form != subject.form:
                found.append(f"'{key}' needs {request_of(form)}, and this is not one")
        for test in self.tests:
            if test.form in (None, subject.form):
                sentence = test.difference(subject)
                if sentence is not None:
                    found.append(sentence)
        return found


@dataclass(frozen=True, slots=True)
class Condition:
    """A `when`: it holds if one of its *alternatives* does."""

    alternatives: tuple[Conjunction, ...]

    def holds(self, call: IncomingCall) -> bool:
        """Return whether one alternative holds for *call*, whatever its number."""
        return any(alternative.holds(call) for alternative in self.alternatives)

    @property
    def for_all(self) -> "Condition":
        """The same for calls that ask no model as well, where no `endpoint` is stated."""
        return Condition(tuple([Conjunction(one.when, True) for one in self.alternatives]))  # noqa: FBT003 - the only flag


ALWAYS: Final = Condition((Conjunction(),))
