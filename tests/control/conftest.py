"""Servers whose control API is asked."""

from collections.abc import Iterator

import pytest
from asking import Asking
from support.wire import Serve

from mockserver import Control, MockServer


@pytest.fixture
def server(serve: Serve) -> MockServer:
    """A server without a scenario."""
    return serve()


@pytest.fixture
def ask(server: MockServer) -> Iterator[Asking]:
    with Asking(server.url) as asking:
        yield asking


@pytest.fixture
def control(server: MockServer) -> Control:
    return Control(server.url)
