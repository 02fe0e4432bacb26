"""Runs of pytest of their own, in which the plugin, and nothing else, is loaded."""

import importlib
import os
import sys
from contextlib import suppress

import pytest

# A run in this process forgets the modules that it has imported: imported again, their classes
# are others. What such runs and other tests share is imported before; newer clients of OpenAI
# come with another httpx than older ones.
for _shared in (
    *("mockserver.server.runner", "pytest_mockserver.remote", "pytest_mockserver.run"),
    *("openai", "httpx", "httpcore", "httpx2", "httpcore2"),
):
    with suppress(ModuleNotFoundError):
        importlib.import_module(_shared)

IMPORTABLE = os.pathsep.join(path for path in sys.path if path)

ASK = """
import httpx

def ask(base_url, said="Hi", *, model="gpt-4o-mini", stream=False, key="sk-test"):
    body = {"model": model, "messages": [{"role": "user", "content": said}], "stream": stream}
    headers = {"authorization": "Bearer " + key}
    return httpx.post(base_url + "/chat/completions", json=body, headers=headers)

def text(answer):
    return answer.json()["choices"][0]["message"]["content"]
"""


class Runs:
    """Writes test files, and runs them."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path

    def of(
        self,
        source: str,
        *arguments: str,
        called: str = "",
        in_process: bool = True,
        **outcomes: int,
    ) -> pytest.RunResult:
        """Run *source* as a test file, and hold what comes of it to *outcomes*.

        The module is *called* so, or as the test that runs it.
        """
        if called:
            self.pytester.makepyfile(**{called: ASK + source})
        else:
            self.pytester.makepyfile(ASK + source)
        return self.again(*arguments, in_process=in_process, **outcomes)

    def again(self, *arguments: str, in_process: bool = True, **outcomes: int) -> pytest.RunResult:
        run = (
            self.pytester.runpytest_inprocess if in_process else self.pytester.runpytest_subprocess
        )
        result = run(*arguments)
        result.assert_outcomes(**outcomes)
        return result
