"""A cassette in use: which of its recordings answers a request, and why none does."""

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Final

from mockserver.cassettes import lines
from mockserver.cassettes.ignoring import Ignored
from mockserver.cassettes.matching import Asked, Place, Steps, differences, place_of
from mockserver.cassettes.recording import Recording, header
from mockserver.conversation import IncomingCall

MOST_COMPARED: Final = 100
"""So many recordings are looked at for the one that a request comes nearest to."""
MANY: Final = 50
"""So many differences of one recording are counted."""


class Cassette:
    """The recordings of one file; *name* is what errors call it, *path* the file."""

    def __init__(
        self, recordings: Iterable[Recording], name: str, path: Path | None = None
    ) -> None:
        self.recordings = tuple(recordings)
        self.name = name
        self.path = path
        self.at = lru_cache(maxsize=16)(self._at)
        """Returns its recordings as they are found, by what is ignored in their bodies."""

    def _at(self, ignore: tuple[Ignored, ...]) -> "Index":
        return Index(self, ignore)

    def __len__(self) -> int:
        return len(self.recordings)

    def __repr__(self) -> str:
        return f"Cassette({self.name!r}, {len(self)} recordings)"


@lru_cache(maxsize=64)
def _loaded(path: Path, shown: str, stamp: tuple[int, int]) -> Cassette:
    del stamp  # a part of the key: another size or time is another content
    return Cassette(lines.read(path, shown), shown, path)


def load(path: Path, shown: str | None = None) -> Cassette:
    """Return the cassette in the file at *path*, which errors call *shown*.

    Raises:
        UsageError: There is no such file, or it cannot be read.
        BadLineError: One of its lines is not a recording.

    """
    shown = str(path) if shown is None else shown
    try:
        status = path.stat()
    except OSError:
        return Cassette(lines.read(path, shown), shown, path)
    return _loaded(path, shown, (status.st_mtime_ns, status.st_size))


Digests = dict[bytes, list[int]]
"""The positions of recordings, by what they say."""


class Table:
    """Recordings at one place, found by what they say: to the letter, or apart from ids."""

    def __init__(self, *, exactly: bool) -> None:
        self._exactly = exactly
        self._plain: Digests = {}
        self._apart: dict[tuple[Steps, ...], Digests] = {}
        self._asked: dict[int, Asked] = {}

    def add(self, position: int, asked: Asked) -> None:
        """Enter the recording at *position*, which *asked* that."""
        if asked.marked is None:
            self._plain.setdefault(self._digest(asked), []).append(position)
            return
        self._asked[position] = asked
        apart = asked.apart_from(asked.marked, exactly=self._exactly)
        self._apart.setdefault(asked.marked, {}).setdefault(apart, []).append(position)

    def find(self, asked: Asked) -> Iterator[int]:
        """Yield the positions of the recordings of *asked*."""
        yield from self._plain.get(self._digest(asked), ())
        for places, apart in self._apart.items():
            # Only texts with secrets in them are compared one by one.
            for position in apart.get(asked.apart_from(places, exactly=self._exactly), ()):
                if self._asked[position].covers(asked, exactly=self._exactly):
                    yield position

    def _digest(self, asked: Asked) -> bytes:
        return asked.exact if self._exactly else asked.steady


class Index:
    """The recordings of a cassette, found by what was asked."""

    def __init__(self, cassette: Cassette, ignore: tuple[Ignored, ...]) -> None:
        self.cassette = cassette
        self._ignore = ignore
        self._there: dict[Place, list[int]] = {}
        self._asked: list[Asked] = []
        for position, recording in enumerate(cassette.recordings):
            request = recording.request
            where = place_of(recording.provider, request.method, request.path, request.query)
            content_type = header(request.headers, "content-type") or ""
            self._asked.append(Asked.of(request.body, request.sent, content_type, ignore))
            self._there.setdefault(where, []).append(position)
        self._latest: tuple[IncomingCall | None, tuple[int, ...]] = (None, ())
        self._exact = cache(partial(self._table, exactly=True))
        self._steady = cache(partial(self._table, exactly=False))

    def _table(self, where: Place, *, exactly: bool) -> Table:
        """Return the recordings at a place that there is, made when it is first asked for."""
        table = Table(exactly=exactly)
        for position in self._there[where]:
            table.add(position, self._asked[position])
        return table

    def find(self, call: IncomingCall) -> tuple[int, ...]:
        """Return the positions of the recordings of the request *call*, in their order.

        Those that are the same to the letter come alone; if there are none, those that differ in
        ids, dates and times. Whether a rule holds and what it answers is asked one after the
        other, and worked out once.
        """
        known, found = self._latest
        if known is not call:
            found = self._found(call)
            self._latest = call, found
        return found

    def _found(self, call: IncomingCall) -> tuple[int, ...]:
        where = _place_of(call)
        if where not in self._there:
            return ()
        asked = self._asked_by(call)
        for table in (self._exact, self._steady):
            found = [at for at in table(where).find(asked) if self._is_of(at, call.provider)]
            if found:
                return tuple(sorted(found))
        return ()

    def lacks(self, call: IncomingCall) -> str:
        """Return why it has no recording of *call*: in what the nearest one differs."""
        where, name = _place_of(call), self.cassette.name
        there = [at for at in self._there.get(where, ()) if self._is_of(at, call.provider)]
        if not there:
            others = self._there.get(where)
            what = f"{call.http.method} {call.http.path}"
            if others:
                provider = self.cassette.recordings[others[0]].provider
                return f"the cassette '{name}' has {what} of the provider '{provider}' only"
            return f"the cassette '{name}' has no recording of {what}"
        asked = self._asked_by(call)
        nearest, fewest = there[0], differences(self._asked[there[0]], asked, MANY)
        for at in there[1:MOST_COMPARED]:
            found = differences(self._asked[at], asked, len(fewest))
            if len(found) < len(fewest):
                nearest, fewest = at, found
        recording = self.cassette.recordings[nearest]
        more = f", and in {len(fewest) - 1} more" if len(fewest) > 1 else ""
        number = recording.source or f"recording {nearest + 1}"
        return f"no recording of this request; the nearest ({number}) differs {fewest[0]}{more}"

    def _asked_by(self, call: IncomingCall) -> Asked:
        content_type = call.http.headers.get("content-type", "")
        return Asked.of(call.http.body, call.sent, content_type, self._ignore)

    def _is_of(self, position: int, provider: str) -> bool:
        known = self.cassette.recordings[position].provider
        return not known or known == provider


def _place_of(call: IncomingCall) -> Place:
    http = call.http
    return place_of(call.provider, http.method, http.path, http.query)
