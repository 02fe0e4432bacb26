"""A plug-in needs `mockserver.contracts` and `mockserver.conversation`, and nothing else."""

import inspect
import re
from collections.abc import Iterator

import pytest

from mockserver import contracts, conversation
from mockserver.contracts import (
    AnswerFailure,
    ComputedReply,
    ComputingEndpoint,
    Dialect,
    Failure,
    GeneratingEndpoint,
    LookupEndpoint,
    Reply,
)

EXPORTED = {*contracts.__all__, *conversation.__all__}
OURS = re.compile(r"\bmockserver\.(?:[a-z_]+\.)*([A-Z]\w*)")


def mentioned(socket: type) -> Iterator[str]:
    """Yield the names of our types in the signatures and attributes that plug-ins override."""
    for base in inspect.getmro(socket):
        methods = [member for member in vars(base).values() if inspect.isfunction(member)]
        for annotated in (base, *(method for method in methods if method.__name__[0] != "_")):
            for annotation in inspect.get_annotations(annotated).values():
                is_class = inspect.isclass(annotation) and not str(annotation).endswith("]")
                yield from OURS.findall(
                    f"{annotation.__module__}.{annotation.__name__}"
                    if is_class
                    else str(annotation)
                )


@pytest.mark.parametrize(
    "socket",
    [
        AnswerFailure,
        ComputedReply,
        ComputingEndpoint,
        Dialect,
        Failure,
        GeneratingEndpoint,
        LookupEndpoint,
        Reply,
    ],
)
def test_every_type_that_a_socket_mentions_is_exported(socket: type) -> None:
    assert set(mentioned(socket)) - EXPORTED == set()


@pytest.mark.parametrize("face", [contracts, conversation])
def test_what_is_exported_exists(face: object) -> None:
    assert [name for name in getattr(face, "__all__", ()) if not hasattr(face, name)] == []
