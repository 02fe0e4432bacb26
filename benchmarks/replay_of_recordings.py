"""How many recorded requests a cassette of the same recordings answers as they were answered.

    python benchmarks/replay_of_recordings.py FILE…

Files are those that `mockserver import` reads. Their secrets are removed, as in any cassette; a
recording in which one would be left is counted as left out. Each request is sent to the engine in
process, in the order of the recordings; the answer must have the recorded status and body.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from mockserver.cassettes import lines
from mockserver.cassettes.recording import Recording
from mockserver.cassettes.scrubbing import Scrubber, SecretLeftError
from mockserver.engine.engine import Engine, Exchange
from mockserver.plugins import Plugins
from mockserver.recordings import importers
from mockserver.recordings.hearing import Hearing
from mockserver.scenario.loader import load_scenario
from mockserver.wire.http_request import HttpRequest
from mockserver.wire.timeline import Head, body

KEY = "sk-replay"


def scrubbed(recordings: Iterable[Recording]) -> Iterator[Recording]:
    scrubber = Scrubber()
    for recording in recordings:
        try:
            yield scrubber.scrubbed(recording)
        except SecretLeftError:
            continue


def outcomes(path: Path, plugins: Plugins) -> Counter[str]:
    """Return how many recordings of the file at *path* came out how."""
    hearing = Hearing(plugins)
    taken = importers.read(path, hearing=hearing).recordings
    found: Counter[str] = Counter()
    for provider in sorted({one.provider for one in taken if one.provider in hearing.kinds}):
        own = [one for one in taken if one.provider == provider]
        kept = list(scrubbed(own))
        found["left out, with a secret"] += len(own) - len(kept)
        with tempfile.TemporaryDirectory() as folder:
            cassette = Path(folder, "recorded.jsonl")
            lines.write(cassette, kept)
            scenario = Path(folder, "replay.yaml")
            rule = f"{{kind: cassette, file: {cassette.name}, timing: none}}"
            scenario.write_text(
                f"version: 1\nprovider: {provider}\nmodels: any\nrules:\n  - reply: {rule}\n"
            )
            loaded = load_scenario(scenario, plugins=plugins)
        engine = Engine(loaded, plugins, lambda: 0.0)
        for recording in kept:
            found[outcome(engine, recording)] += 1
    return found


def outcome(engine: Engine, recording: Recording) -> str:
    request, want = recording.request, recording.answer
    headers = {name.lower(): value for name, value in request.headers}
    headers |= {"authorization": f"Bearer {KEY}", "api-key": KEY}
    http = HttpRequest(request.method, request.path, headers, request.body, request.query)
    exchange = engine.answer(http)
    assert isinstance(exchange, Exchange)
    engine.close(exchange, "sent")
    head = next(event for event in exchange.timeline if isinstance(event, Head))
    if head.status != want.status:
        return f"{head.status} instead of {want.status}"
    return "as recorded" if body(exchange.timeline) == want.body else "another body"


def main() -> None:
    plugins = Plugins.installed()
    for name in sys.argv[1:]:
        found = outcomes(Path(name), plugins)
        sent = sum(count for what, count in found.items() if not what.startswith("left out"))
        same = found["as recorded"]
        print(f"{name}: {same} of {sent} as recorded, {100 * same / max(sent, 1):.2f} %")
        for what, count in found.most_common():
            print(f"  {count:6} {what}")


if __name__ == "__main__":
    main()
