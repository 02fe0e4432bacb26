import pytest
from plugin_runs import IMPORTABLE, Runs


@pytest.fixture
def runs(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", IMPORTABLE)
    pytester.makeini("[pytest]\naddopts = -p pytest_mockserver\nfilterwarnings = error")
    return Runs(pytester)
