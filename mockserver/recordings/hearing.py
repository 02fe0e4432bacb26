"""What recordings are: whose API was asked, at which endpoint, and what the answer says."""

from dataclasses import replace
from functools import cache, partial
from typing import Final

from mockserver.cassettes.recording import Recording
from mockserver.contracts import NOTHING_HEARD, Heard
from mockserver.engine.routing import Route, Routes, default_replies
from mockserver.plugins import Plugins

DEFAULT_PROVIDER: Final = "openai"


class Hearing:
    """Reads recordings by the protocols that are plugged in."""

    def __init__(self, plugins: Plugins) -> None:
        """Take the plug-ins that know providers and protocols."""
        self.plugins = plugins
        dialects = {kind: dialect() for kind, dialect in plugins.dialects.items()}
        endpoints = [endpoint() for endpoint in plugins.endpoints.values()]
        defaults = default_replies(endpoints, plugins.replies)
        self.kinds = frozenset(dialects)
        self._routes = cache(partial(Routes, dialects, endpoints, defaults))

    def knows(self, provider: str) -> bool:
        """Return whether there is a dialect of the kind *provider*."""
        return provider in self.kinds

    def route(self, recording: Recording) -> Route:
        """Return where the request of *recording* leads, by its provider (if known) and path."""
        provider = recording.provider if recording.provider in self.kinds else DEFAULT_PROVIDER
        return self._routes(provider).find(recording.request.method, recording.request.path)

    def placed(self, recording: Recording) -> Recording:
        """Return *recording* with its provider and endpoint, as far as its path tells them."""
        route = self.route(recording)
        endpoint = route.endpoint
        return replace(
            recording,
            provider=recording.provider or route.dialect.kind,
            endpoint="" if endpoint is None else endpoint.kind,
        )

    def heard(self, recording: Recording) -> Heard:
        """Return what the answer of *recording* says, as far as its protocol can read it."""
        endpoint = self.route(recording).asks
        if endpoint is None or recording.answer.is_refusal:
            return NOTHING_HEARD
        answer = recording.answer
        return endpoint.heard(recording.request.sent, answer.json, answer.events)
