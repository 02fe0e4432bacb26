"""Where a path that leads nowhere should have led, in words.

Only a request that nothing answers gets here; what is found is remembered with its route.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any, Final, NamedTuple, Protocol

import yaml

from mockserver import bundled
from mockserver.contracts import Dialect, Located
from mockserver.errors import did_you_mean
from mockserver.sessions.naming import SESSION_PREFIX, split_session

CONTROL: Final = "/_mock"
"""Where the control API answers, and nothing else."""
HEALTH: Final = "/healthz"
"""Where the server reports that it answers."""
_CHECKS: Final = frozenset({"health", "healthcheck", "livez", "ready", "readyz"})
"""What other servers call that."""
MOST_SEGMENTS: Final = 12
"""How many segments at a path's end are tried as a path of their own."""
_PARAMETER: Final = re.compile(r"\{\w+(?:\.\.\.)?\}")


class Paths(Protocol):
    """The paths of all dialects: see `mockserver.engine.routing.Routes`."""

    @property
    def dialects(self) -> Mapping[str, Dialect]:
        """All dialects, by kind."""
        ...

    def of(self, dialect: Dialect) -> Sequence[tuple[str, str]]:
        """Return method and path, below its root, of all that *dialect* answers."""
        ...

    def leading(self, method: str, path: str) -> Dialect | None:
        """Return whose endpoint *method* on *path* leads to; None: nobody's."""
        ...


def missing(paths: Paths, dialect: Dialect, method: str, path: str) -> str:
    """Return why nothing answers *method* on *path*, with what the client should have asked.

    *dialect* is whose path it is, or would be.
    """
    prefix = f"/{dialect.kind}/"
    own = path[len(prefix) - 1 :] if path.startswith(prefix) else path
    located = dialect.locate(own) or dialect.locate(path) or Located(own)
    below = located.path.removeprefix("/")
    if any(f"{below}/".startswith(f"{begins}/") for begins in dialect.lacks):
        return (
            f"'{dialect.kind}' has {method} {path}, and this version of llm-mockserver does not"
            " support it yet: no rule can answer it"
        )
    what = f"no endpoint of '{dialect.kind}' answers {method} {path} here"
    advice = next(_advice(paths, dialect, method, path, below), None)
    return f"{what}: {advice}" if advice else what


def spoken_elsewhere(path: str) -> str | None:
    """Return the protocol that has *path*, if it is one that this version does not speak."""
    return next((row["what"] for row in _document()["protocols"] if _seen(row, path)), None)


def address(paths: Paths, dialect: Dialect, method: str, below: str) -> str | None:
    """Return the base path at which *dialect* answers *method* on *below* here; None: at none."""
    for base in _bases(dialect):
        if paths.leading(method, _PARAMETER.sub("x", base) + below) is dialect:
            return base
    return None


def _bases(dialect: Dialect) -> Iterator[str]:
    """Yield the base paths at which *dialect* may answer: its own, and those below its kind."""
    for base in dialect.bases():
        yield base
        yield f"/{dialect.kind}{base}"


class Maker(NamedTuple):
    """Who makes a model, and what gateways write before its name."""

    name: str
    slug: str


def maker_of(model: str) -> Maker | None:
    """Return who makes *model*, by how its name begins; None: that is not known."""
    bare = model.lower()
    for row in _document()["makers"]:
        if bare.startswith(tuple(row["prefixes"])):
            return Maker(row["maker"], row["slug"])
    return None


def _advice(paths: Paths, dialect: Dialect, method: str, path: str, below: str) -> Iterator[str]:
    """Yield what the client should have asked, the surest first."""
    if f"{CONTROL}/" in f"{path}/":
        yield f"the control API answers at {path[path.index(CONTROL) :]}, and nowhere else"
    if path.strip("/") in _CHECKS:
        yield f"the server reports that it is ready at GET {HEALTH}"
    yield from _of_session(paths, method, path)
    protocol = spoken_elsewhere(path)
    if protocol is not None:
        yield f"it is a path of {protocol}, which this version does not speak"
    yield from _of_nothing_else(paths, dialect, path.rstrip("/"))
    for cleaned in _cleaned(path):
        if paths.leading(method, cleaned):
            yield f"did you mean '{cleaned}'?"
    yield from _of_base(paths, dialect, method, path)
    for asked, other in product(dict.fromkeys((method, "GET", "POST")), paths.dialects.values()):
        base = None if other is dialect else address(paths, other, asked, f"/{below}")
        if base is not None:
            yield f"{other.title or other.kind} has it, as {asked} {base}/{below}"
    longer = [own for _, own in paths.of(dialect) if own.startswith(f"/{below}/")]
    if below and longer:
        yield f"did you mean '{path.rstrip('/')}{longer[0].removeprefix(f'/{below}')}'?"
    root = path.removesuffix(below).removesuffix("/")
    answered = [root + own for _, own in paths.of(dialect)]
    answered += [base + own for base in dialect.bases() for _, own in paths.of(dialect)]
    if nearest := did_you_mean(path, answered):
        yield nearest


def _of_nothing_else(paths: Paths, dialect: Dialect, path: str) -> Iterator[str]:
    """Yield how *path* goes on, where it is a base URL and nothing else."""
    if not path or any(path in _bases(each) for each in paths.dialects.values()):
        base = path or next(iter(dialect.bases()), "")
        example = next((own for _, own in paths.of(dialect)), "")
        yield f"it is a base URL, which a client continues, as with {base}{example}"


def _of_session(paths: Paths, method: str, path: str) -> Iterator[str]:
    """Yield how a session is named, where *path* tries to."""
    if path.startswith(SESSION_PREFIX):  # without a name, or with nothing else
        name = path.removeprefix(SESSION_PREFIX).partition("/")[0]
        if name:
            yield f"a base URL that names a session goes on after the name, as with {path}/v1"
        else:
            yield f"the name of the session is missing after '{SESSION_PREFIX}'"
    before, slash, rest = path.partition(SESSION_PREFIX)
    name, path_below = split_session(slash + rest)
    if before and path_below.startswith("/") and paths.leading(method, before + path_below):
        yield f"the session goes first: {SESSION_PREFIX}{name}{before}{path_below}"


def _cleaned(path: str) -> Iterator[str]:
    """Yield *path* without what people type or copy by mistake."""
    once = re.sub("/{2,}", "/", path.strip(" \t\r\n'\"<>")).rstrip("/.,;")
    yield once
    yield once.lower()


def _of_base(paths: Paths, dialect: Dialect, method: str, path: str) -> Iterator[str]:
    """Yield what the base URL should have been, where *path* ends as an endpoint's does."""
    ends = [own for _, own in paths.of(dialect) if path.endswith(own)]
    starts = [found.start() for found in re.finditer("/", path)][1:][-MOST_SEGMENTS:]
    tails = [path[start:] for start in starts if paths.leading(method, path[start:]) is dialect]
    if ends or tails:
        end = max(ends, key=len) if ends else tails[0]
        right = tails[0] if tails else _nearest(paths, dialect, method, path, end)
        if right is None:
            yield f"is the client's base URL right? The path ends in {end}"
        else:
            base = right.removesuffix(end)
            where = f" The client's base URL should end in {base}" if base else ""
            yield f"did you mean '{right}'?{where}"


def _nearest(paths: Paths, dialect: Dialect, method: str, path: str, end: str) -> str | None:
    """Return the path nearest to *path* that *end* is answered at; of *dialect*, if two are."""
    rights = [
        base + end
        for each in (dialect, *(one for one in paths.dialects.values() if one is not dialect))
        for base in _bases(each)
        if paths.leading(method, _PARAMETER.sub("x", base) + end) is each
    ]
    return next(iter(difflib.get_close_matches(path, rights, n=1, cutoff=0)), None)


def _seen(row: Mapping[str, str], path: str) -> bool:
    return re.search(row["path"], path) is not None


@cache
def _document() -> dict[str, Any]:
    text = (bundled.folder("fixtures") / "elsewhere.yaml").read_text("utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    return document
