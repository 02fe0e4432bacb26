"""Which versions of Azure's API there are, and what they lack: `fixtures/azure_versions.yaml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, TypeAlias, cast

import yaml

from mockserver import bundled
from mockserver.conversation import ApiError
from mockserver.errors import did_you_mean
from mockserver.models import Model
from mockserver.protocols.openai import validation
from mockserver.providers.azure.refusals import by_gateway
from mockserver.wire.http_request import HttpRequest

Json: TypeAlias = Mapping[str, Any]

_DATED: Final = re.compile(r"\d{4}-\d\d-\d\d(-preview)?")
_DAY: Final = len("2024-10-21")
_SNAPSHOT: Final = re.compile(r"-\d{4}-\d\d-\d\d$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lack:
    """What versions before *since* do not have: a *model*, a *member*, or a *value* of it.

    *what* is its name in the gateway's refusal; None: the deployment refuses it, as unknown.
    """

    since: str
    seen: str
    what: str | None = None
    model: str | None = None
    member: str | None = None
    value: str | None = None

    def applies(self, body: Json, model: Model) -> bool:
        """Return whether a request with *body* to *model* asks for it."""
        if self.member is None:
            is_it = _SNAPSHOT.sub("", model.behaves_as) == self.model
            return is_it and not model.in_any_version
        found: Any = body
        for step in self.member.split("."):
            found = cast(Json, found).get(step) if isinstance(found, dict) else None
        return found is not None if self.value is None else found == self.value

    def may_apply(self, sent: bytes) -> bool:
        """Return whether *sent*, a body in JSON, names the member."""
        return self.member is None or self.member.partition(".")[0].encode() in sent


def exists(version: str) -> bool:
    """Return whether there is a *version* of the API; those after the last known one are."""
    known = _existing()
    return version in known or (_DATED.fullmatch(version) is not None and version > max(known))


def nearest(version: str) -> str | None:
    """Return a question whether the existing version nearest to *version* is meant, or None."""
    return did_you_mean(version, sorted(_existing(), reverse=True))


def refuse_older(path: str, version: str) -> None:
    """Refuse a *version*, which exists, that is older than what *path* leads to.

    Raises:
        ApiError: It is older.

    """
    for row in _document()["paths"]:
        if path.startswith(row["path"]) and version[:_DAY] < row["since"][:_DAY]:
            what = f"{row['what']} is enabled only for api-version {row['since']} and later"
            raise by_gateway(400, "BadRequest", what)


def refuse_lacking(http: HttpRequest, version: str, model: Model) -> None:
    """Refuse what *version*, which exists, lacks of all that *http* asks of *model*.

    Raises:
        ApiError: It lacks something.

    """
    lacking = [lack for lack in _lacking(version) if lack.may_apply(http.body)]
    if not lacking:
        return
    try:
        body = validation.read_body(http)
    except ApiError:
        # The deployment refuses it, if the gateway lets it pass.
        body = {}
    found = [lack for lack in lacking if lack.applies(body, model)]
    for lack in found:
        if lack.what is not None:
            what = f"{lack.what} is enabled only for api versions {lack.since} and later"
            raise by_gateway(400, "BadRequest", what)
    if found:
        raise validation.unknown_members([str(lack.member) for lack in found], model)


@lru_cache(maxsize=64)
def _lacking(version: str) -> tuple[_Lack, ...]:
    document = _document()
    rows = (*document["enabled"], *document["unknown"])
    return tuple(_Lack(**row) for row in rows if version[:_DAY] < row["since"][:_DAY])


@cache
def _existing() -> frozenset[str]:
    return frozenset(_document()["exist"])


@cache
def _document() -> dict[str, Any]:
    text = (bundled.folder("fixtures") / "azure_versions.yaml").read_text("utf-8")
    # Versions look like dates, and stay the texts that they are.
    document: dict[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes texts
    return document
