"""The example dashboard asks for metrics and labels that the server has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mockserver import MockServer

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "watching"
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text())
WATCHING = (ROOT / "docs" / "watching.md").read_text()
SCENARIO = {
    "version": 1,
    "rules": [
        {"name": "cut", "when": {"last_user": "cut"}, "fail": "truncate", "reply": "One two."},
        {
            "name": "paced",
            "reply": "One two three.",
            "latency": {"ttft_ms": 1, "per_token_ms": 200},
        },
    ],
}
FUNCTIONS = frozenset({"sum", "by", "rate", "histogram_quantile"})


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def labels_of_metrics() -> dict[str, set[str]]:
    """Return the labels that a server shows for each sample."""
    with MockServer(SCENARIO) as server:
        for said in ("cut", "Hi"):
            body = {"model": "gpt-4o", "messages": [{"role": "user", "content": said}]}
            headers = {"authorization": "Bearer sk-test"}
            url = f"{server.base_url}/chat/completions"
            httpx.post(url, json=body | {"stream": True}, headers=headers)
        text = httpx.get(f"{server.url}/metrics").text
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.system
def test_every_metric_and_label_of_the_dashboard_is_there() -> None:
    known = labels_of_metrics()

    for expr in expressions():
        (metric,) = set(re.findall(r"[a-z]\w+", re.sub(r"\{.*?\}|\(\w*\) \(|\$\w+", " ", expr))) - (
            FUNCTIONS
        )
        selected = set(re.findall(r"(\w+)=", expr))
        grouped = set(re.findall(r"by \((\w+)\)", expr))
        assert metric in known, expr
        assert selected | grouped <= known[metric], expr


@pytest.mark.system
def test_every_metric_is_described() -> None:
    for name in labels_of_metrics():
        family = re.sub(r"_(bucket|count|sum)$", "", name)
        if not family.startswith("process_"):
            assert f"`{family}`" in WATCHING, family


def test_the_dashboard_can_be_imported_and_asked_about_models_and_endpoints() -> None:
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}

    assert variables["datasource"]["type"] == "datasource"
    assert {"model", "endpoint"} <= set(variables)
    used = set(re.findall(r"\$(\w+)", " ".join(expressions()))) - {"__rate_interval"}
    assert used <= set(variables)
    for panel in DASHBOARD["panels"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["targets"]


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        grid = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert taken.isdisjoint(cells)
        assert grid["x"] + grid["w"] <= 24
        taken |= cells


def test_the_picture_shows_every_panel() -> None:
    picture = (FOLDER / "grafana.svg").read_text()

    for panel in DASHBOARD["panels"]:
        assert f">{panel['title']}<" in picture
