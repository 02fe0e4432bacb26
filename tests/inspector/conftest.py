"""One browser for all tests of a module."""

from collections.abc import Iterator

import pytest
from browsing import NARROW, WIDE, Browser
from browsing import browser as started


# Not for longer: it must not end in a test that opens no socket.
@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with started(str(tmp_path_factory.mktemp("profile"))) as browser:
        yield browser


@pytest.fixture
def browser(running: Browser) -> Iterator[Browser]:
    """A browser with a wide window, which leaves no page open."""
    yield running
    running.open("about:blank")
    running.resize(WIDE)
    running.dress("light")


@pytest.fixture
def narrow(browser: Browser) -> Browser:
    """The same, as narrow as a telephone."""
    browser.resize(NARROW)
    return browser
