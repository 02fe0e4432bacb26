"""Recorded requests go to the live provider that is named, with its key, and are compared."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockserver import MockServer
from mockserver.cli import main
from mockserver.errors import UsageError
from mockserver.server.upstream import Upstream

pytestmark = pytest.mark.system

SCENARIO = "version: 1\nrules:\n  - {name: answer, reply: Four.}\n"
KEY = "sk-of-the-provider-0123456789"


def lines(path: Path, *exchanges: dict[str, Any]) -> str:
    common = {"provider": "openai", "stream": False}
    path.write_text("".join(json.dumps({**common, **one}) + "\n" for one in exchanges))
    return str(path)


def response(**members: Any) -> dict[str, Any]:
    return {
        "endpoint": "responses",
        "method": "POST",
        "path": "/v1/responses",
        "status": 200,
        **members,
    }


def test_recorded_requests_are_sent_to_a_live_provider(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = "resp_" + "0123456789abcdef" * 3
    first = response(
        request={"model": "gpt-4o-mini", "input": "2 + 2?"},
        response={"object": "response", "id": recorded, "usage": {"input_tokens": 1}},
    )
    second = response(
        request={"model": "gpt-4o-mini", "input": "And?", "previous_response_id": recorded},
        response={"id": recorded[:-1] + "0", "object": "response"},
    )
    file = lines(tmp_path / "recorded.jsonl", first, second)
    monkeypatch.setenv("LIVE_KEY", KEY)
    with MockServer(SCENARIO) as server:
        code = main(
            ["compare", file, "--against", server.base_url, "--key-env", "LIVE_KEY", "--json"]
        )
        journal = list(server.engine.session("default").journal)

    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert code == 0
    assert [call.status for call in journal] == [200, 200]
    assert {f["kind"]: f["same"] for f in document["recordings"][0]["findings"]} == {
        "accepted": True,
        "headers": True,
        "prompt-tokens": False,
        "shape": False,
    }
    assert KEY not in printed.out + printed.err
    assert "x-mockserver-recording" not in {name.lower() for name in journal[0].headers}


def test_who_does_not_answer_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with MockServer(SCENARIO) as server:
        url = server.base_url
    one = response(
        request={"model": "gpt-4o-mini", "input": "2 + 2?"},
        response={"id": "resp_1", "object": "response"},
    )

    main(["compare", lines(tmp_path / "recorded.jsonl", one), "--against", url, "--examples", "1"])

    assert "0 recordings compared, 1 left out" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["http://api.example.com", "https://user:word@api.example.com"])
def test_keys_go_nowhere_else(url: str) -> None:
    with pytest.raises(UsageError):
        Upstream(url)
