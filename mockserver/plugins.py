"""The plug-ins for the four sockets: from this package and from other distributions.

Collecting them imports modules and inspects their classes; it creates and calls nothing.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, Final, Self, TypeVar

from mockserver.contracts import Dialect, Endpoint, Failure, Reply
from mockserver.errors import MockServerError

T = TypeVar("T")

CONTRACTS: Final = "mockserver.contracts"
PROVIDERS: Final = ("mockserver.providers",)
PROTOCOLS: Final = ("mockserver.protocols",)
"""Where providers and protocols are: a provider may be a folder, with endpoints of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugins:
    """All plug-in classes by their `kind`, one mapping for each socket."""

    dialects: Mapping[str, type[Dialect]]
    endpoints: Mapping[str, type[Endpoint]]
    replies: Mapping[str, type[Reply]]
    failures: Mapping[str, type[Failure]]

    @classmethod
    def installed(cls) -> Self:
        """Return the plug-ins of this package and of installed distributions.

        Raises:
            MockServerError: A plug-in is broken.

        """
        return cls(
            dialects=collect("mockserver.dialects", Dialect, PROVIDERS),
            endpoints=collect("mockserver.endpoints", Endpoint, (*PROTOCOLS, *PROVIDERS)),
            replies=collect("mockserver.replies", Reply, ("mockserver.replies",)),
            failures=collect("mockserver.failures", Failure, ("mockserver.failures",)),
        )


def collect(group: str, socket: type[T], packages: Iterable[str]) -> dict[str, type[T]]:
    """Return the plug-ins for *socket* by `kind`, in alphabetical order.

    Args:
        group: The entry point group in which other distributions add theirs.
        socket: The abstract class that they implement.
        packages: The packages that define ours, in modules at any depth.

    Raises:
        MockServerError: Two share a kind, or one has no kind or does not fit the socket.

    """
    key: Any = socket  # mypy takes the hash of a class for that of its instances
    return dict(_collected(group, key, tuple(packages)))


@cache
def _collected(group: str, socket: Any, packages: tuple[str, ...]) -> Mapping[str, type[Any]]:
    found: dict[str, tuple[type[Any], str]] = {}
    for plugin, origin in (*_own(packages, socket), *_added(group, socket)):
        kind = _kind(plugin, origin, socket)
        other, first_origin = found.setdefault(kind, (plugin, origin))
        if other is not plugin:
            raise MockServerError(
                f"two plug-ins for '{group}' have the kind '{kind}': {first_origin} and {origin}"
            )
    return {kind: found[kind][0] for kind in sorted(found)}


def _own(packages: Iterable[str], socket: type[Any]) -> Iterator[tuple[type[Any], str]]:
    """Yield the plug-ins that the modules of *packages* define, each with its place."""
    for package in packages:
        folder = importlib.import_module(package)
        for info in pkgutil.walk_packages(folder.__path__, f"{package}."):
            module = importlib.import_module(info.name)
            for plugin in _defined_in(module, socket):
                yield plugin, f"{module.__name__}.{plugin.__name__}"


def _defined_in(module: ModuleType, socket: type[Any]) -> Iterator[type[Any]]:
    # Inspect the module's attributes: a registry that classes enter on creation would also hold
    # the first version of each `@dataclass(slots=True)`, which creates a second class.
    for name, value in vars(module).items():
        if (
            inspect.isclass(value)
            and issubclass(value, socket)
            and value.__module__ == module.__name__
            and not name.startswith("_")
            and not (inspect.isabstract(value) and "kind" not in vars(value))
        ):
            yield value


def _added(group: str, socket: type[Any]) -> Iterator[tuple[type[Any], str]]:
    """Yield the plug-ins that other distributions offer as entry points in *group*."""
    for point in sorted(entry_points(group=group), key=lambda point: (point.name, point.value)):
        origin = _origin(point)
        try:
            plugin = point.load()
        except (ImportError, AttributeError) as error:
            raise MockServerError(f"the plug-in {origin} cannot be imported: {error}") from error
        if not (inspect.isclass(plugin) and issubclass(plugin, socket)):
            raise MockServerError(
                f"the plug-in {origin} is not a subclass of {CONTRACTS}.{socket.__name__}"
            )
        yield plugin, origin


def _origin(point: EntryPoint) -> str:
    distribution = f" of {point.dist.name}" if point.dist else ""
    return f"{point.value} (entry point '{point.name}' in '{point.group}'{distribution})"


def _kind(plugin: type[Any], origin: str, socket: type[Any]) -> str:
    """Return the kind of *plugin*."""
    wanted = f"{CONTRACTS}.{socket.__name__}"
    kind = getattr(plugin, "kind", None)
    if not (isinstance(kind, str) and kind):
        raise MockServerError(f"the plug-in {origin} has no 'kind', which {wanted} requires")
    if inspect.isabstract(plugin):
        missing = ", ".join(sorted(plugin.__abstractmethods__))
        raise MockServerError(f"the plug-in {origin} lacks what {wanted} requires: {missing}")
    return kind
