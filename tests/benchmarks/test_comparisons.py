"""What benchmarks compare with: the same rounds of another server, and peers that are installed."""

from pathlib import Path

import pytest
from figures import Figure, compared
from peers import PEERS, find
from servers import Load


def rounds(*cpu_us: float) -> list[Load]:
    return [Load(per_s=1_000, cpu_us=each) for each in cpu_us]


def test_servers_are_compared_round_by_round() -> None:
    slow, fast = rounds(100, 300, 220), rounds(50, 150, 100)

    assert compared(slow, fast) == Figure(2.0, pytest.approx(0.05))


def test_peers_that_are_not_installed_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "node_modules" / ".bin" / "llmock"
    program.parent.mkdir(parents=True)
    program.touch(0o755)

    found, missing = find([tmp_path])

    assert [(peer.name, path) for peer, path in found] == [("aimock", str(program))]
    assert missing == [peer.name for peer in PEERS if peer.name != "aimock"]
