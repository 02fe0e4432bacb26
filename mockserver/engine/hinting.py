"""Hints: what is really wrong with a refused request, where the provider's own words mislead.

What goes out is exactly what the provider would say: it says that a model does not exist, and not
that a scenario may name it. A hint says that beside the answer: in the journal, in reports, and
in a header. Only refused requests, and the first one to a session, are looked at here.

What only a provider knows, it states as `Dialect.title`, `bases`, `key_form`,
`names_deployments` and `ApiError.hint`.
"""

import difflib
from collections.abc import Callable, Iterable
from typing import Final

from mockserver.contracts import Dialect
from mockserver.conversation import ApiError
from mockserver.engine import astray
from mockserver.engine.asked import Asked
from mockserver.engine.astray import Paths
from mockserver.errors import LONGEST_MISTAKEN, did_you_mean
from mockserver.models import Catalogue
from mockserver.records.redaction import redact_text
from mockserver.sessions.naming import DEFAULT_SESSION
from mockserver.sessions.session import Session
from mockserver.sessions.sessions import Sessions
from mockserver.wire.timeline import Head, Timeline

HEADER: Final = "x-mockserver-hint"
LONGEST: Final = 300
"""How many characters a hint has at most."""
_END: Final = 120
"""How many of them are the end, where the advice is, if the whole is longer."""
_GAP: Final = " ... "
KEY_HEADERS: Final = ("authorization", "api-key", "x-api-key", "x-goog-api-key")
"""Where clients of any provider put keys."""
MOST_SESSIONS: Final = 100
"""How many sessions a name is compared with: those that began last."""

CatalogueOf = Callable[[Dialect], Catalogue]
"""Returns the models that a dialect has, in the session that is asked."""


def of_refusal(
    asked: Asked, error: ApiError, paths: Paths, catalogue_of: CatalogueOf, *, has_key: bool
) -> str | None:
    """Return the hint for a request that is refused by *error*; None: the refusal says it all.

    *has_key* is whether the request has a key where the provider looks for one.
    """
    session, route = asked.session, asked.route
    if session.has_ended or session.is_surplus:  # refused in words of our own
        return None
    said = error.hint
    if route.endpoint is None:
        said = route.missing or _wrong_method(asked)
    elif said is None and error.unknown_model is not None:
        said = _unknown_model(asked, error.unknown_model, paths, catalogue_of)
    elif said is None and not has_key:
        said = _no_key(asked)
    return None if said is None else _told(said, asked.secrets)


def of_session(session: Session, sessions: Sessions) -> str | None:
    """Return the hint for the first request to *session*; None: it is named as it should be.

    A session that a path names begins by itself, so that a wrong name meets the server's scenario.
    """
    if session.name == DEFAULT_SESSION or session.has_own_rules or session.has_ended:
        return None
    latest = sessions.latest(MOST_SESSIONS)
    waiting = [one.name for one in latest if one.has_own_rules and not one.journal.seen]
    nearest = did_you_mean(session.name, waiting)
    if nearest is None:
        return None
    what = f"the session '{session.name}' began with this call, and has no rules of its own"
    return _told(f"{what}: {nearest} That one has not been called yet", ())


def with_header(timeline: Timeline, hint: str) -> Timeline:
    """Return *timeline* with *hint* in a header, in ASCII."""
    text = hint.encode("ascii", "backslashreplace").decode("ascii")
    line = f"{HEADER}: {_shortened(text)}\r\n".encode("ascii")
    return tuple([e._replace(lines=e.lines + line) if isinstance(e, Head) else e for e in timeline])


def _wrong_method(asked: Asked) -> str:
    http = asked.http
    protocol = astray.spoken_elsewhere(http.path)
    if protocol is not None:
        return f"{http.path} is a path of {protocol}, which this version does not speak"
    methods = " or ".join(asked.route.allowed)
    return f"{http.method} is the wrong method for {http.path}: it takes {methods}"


def _no_key(asked: Asked) -> str:
    dialect, headers = asked.route.dialect, asked.http.headers
    wanted = f"'{dialect.key_form}', where any key will do"
    sent = [name for name in KEY_HEADERS if headers.get(name, "").strip()]
    if not sent:
        return f"the request has no API key: send {wanted}"
    return f"the key in '{sent[0]}' is not read by {_title(dialect)}: send {wanted}"


def _unknown_model(asked: Asked, name: str, paths: Paths, catalogue_of: CatalogueOf) -> str:
    dialect, known = asked.route.dialect, asked.catalogue
    here = _title(dialect)
    if known.is_retired(name):
        return f"the scenario retires the model '{name}'"
    nearest = _nearest(name, known)
    if dialect.names_deployments:
        return _sentence(
            f"no scenario says which model the deployment '{name}' serves",
            nearest,
            f"models: [{{id: {name}, like: gpt-4o}}] does, and --any-deployment gpt-4o for all",
        )
    named = f"a scenario may name it (models: [{{id: {name}, like: {_like(name, known)}}}])"
    remedy = f"{named}, or --any-model accepts any name"
    maker, bare = astray.maker_of(name), name.rpartition("/")[2]
    slugs = [one for one in known.names() if one.endswith(f"/{name}")]
    if maker is not None:
        slugs.append(f"{maker.slug}/{name}")
    slug = next((one for one in slugs if known.get(one) is not None), None)
    if slug is not None:
        return f"models of {here} have their maker's name in front: did you mean '{slug}'?"
    other = _other(asked, name, paths, catalogue_of) if bare != name else None
    if other is not None:
        what = f"'{name}' is not a name of {here}'s: {other}"
        return f"{what}; here it is '{bare}'" if known.get(bare) else f"{what}; here, {remedy}"
    if maker is not None:
        return f"'{name}' is a model of {maker.name}, which {here} does not have: {remedy}"
    if name.startswith("ft:"):
        return f"a fine-tune such as '{name}' is not known by itself: {remedy}"
    return _sentence(f"the catalogue does not know the model '{name}'", nearest, remedy)


def _other(asked: Asked, name: str, paths: Paths, catalogue_of: CatalogueOf) -> str | None:
    """Return which other provider answers the same for a model called *name*, and where."""
    (method, below), found = asked.route.own, list[tuple[bool, str]]()
    for other in paths.dialects.values():
        if other is asked.route.dialect or other.names_deployments:
            continue
        base = astray.address(paths, other, method, below)
        if base is not None and catalogue_of(other).get(name) is not None:
            # Where no prefix is needed, the clients of that provider know the address.
            is_prefixed = base.startswith(f"/{other.kind}/")
            found.append((is_prefixed, f"{_title(other)} answers at {base}"))
    return min(found)[1] if found else None


def _nearest(name: str, known: Catalogue) -> str | None:
    """Return a question whether the model nearest to *name* is meant; its maker may be left out.

    Providers tell names apart by upper and lower case; people mix them up.
    """
    if len(name) > LONGEST_MISTAKEN:
        return None
    lower = name.lower()
    names = {one.lower(): one for one in reversed(known.names())}
    bare = {one.rpartition("/")[2]: full for one, full in names.items()}
    found = [names[one] for one in difflib.get_close_matches(lower, names, n=1)] or [
        bare[one] for one in difflib.get_close_matches(lower, bare, n=1)
    ]
    return f"did you mean '{found[0]}'?" if found else None


def _like(name: str, known: Catalogue) -> str:
    """Return a known model that one called *name* may be like: a fine-tune's own, if it is one."""
    base = name.split(":")[1] if name.startswith("ft:") and name.count(":") > 1 else ""
    return base if base and known.get(base) is not None else "gpt-4o"


def _title(dialect: Dialect) -> str:
    return dialect.title or f"'{dialect.kind}'"


def _sentence(what: str, nearest: str | None, remedy: str) -> str:
    return f"{what}: {nearest} Otherwise, {remedy}" if nearest else f"{what}: {remedy}"


def _told(said: str, secrets: Iterable[bytes]) -> str:
    """Return *said* on one line, without *secrets*, and only then shortened."""
    text = redact_text(said, secrets)
    if not text.isprintable():
        text = "".join([c if c.isprintable() else f"\\u{ord(c):04x}" for c in text])
    return _shortened(text)


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - _END - len(_GAP)]}{_GAP}{text[-_END:]}"
