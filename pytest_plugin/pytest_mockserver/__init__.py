"""The pytest plugin: a running mock of LLM providers, and a fresh session of it for each test.

A start: what the fixtures offer here stays, and scripting, environment and assertions follow.
"""

from pytest_mockserver.plugin import Session, mock_llm, mock_llm_server

__all__ = ["Session", "mock_llm", "mock_llm_server"]
