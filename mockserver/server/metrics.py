"""`GET /metrics`: what all calls come to, for Prometheus and whoever reads its formats.

The numbers are those of `mockserver.records.totals`; here they get names. Where OpenTelemetry's
conventions for generative AI have a name, it is theirs, spelled as OpenTelemetry's exporter for
Prometheus does: dots become underscores, and the unit is appended. All else is `mockserver_…`.

The formats are written by prometheus-client (the extra `metrics`), which is loaded when it is first
asked for. Texts, keys and names of sessions are in none of it.

Source:
    github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-metrics.md, and
    opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics, read 2026-12-01.

"""

import asyncio
import gzip
import importlib
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any, Final

from aiohttp import web

from mockserver.contracts import ModelEndpoint
from mockserver.engine.engine import Engine
from mockserver.plugins import Plugins
from mockserver.records.histograms import Histogram
from mockserver.records.totals import (
    DURATION_BOUNDS,
    FIRST_TOKEN_BOUNDS,
    GAP_BOUNDS,
    LATE_BOUNDS,
    PER_TOKEN_BOUNDS,
    USAGE_BOUNDS,
    Flow,
)
from mockserver.server.gate import Gate
from mockserver.version import __version__

METRICS_PATH: Final = "/metrics"
NOT_INSTALLED: Final = (
    "Metrics need prometheus-client, which is not installed:\n"
    '  pip install "llm-mockserver[metrics]"\n'
)
HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
REFUSALS: Final = ("requests", "tokens", "too_large", "concurrency", "scripted")

OPERATIONS: Final = {
    "chat.completions": "chat",
    "responses": "chat",
    "language_model": "chat",
    "completions": "text_completion",
    "embeddings": "embeddings",
}
"""What OpenTelemetry calls the operations of endpoints; others go by the name of the endpoint."""
PROVIDERS: Final = {"azure": "azure.ai.openai"}
"""What OpenTelemetry calls providers, where it is not what we do."""

# What calls of a model have in common, in our words and in OpenTelemetry's.
_OURS: Final = ("provider", "endpoint", "model")
_THEIRS: Final = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")

Family = Any
"""What prometheus-client has for a metric with all its samples; it may not be installed."""


class Metrics:
    """Answers whoever scrapes a server."""

    def __init__(self, engine: Engine, gate: Gate, plugins: Plugins) -> None:
        """Take the server's engine, the *gate* for answers that a test holds, the *plugins*."""
        self._engine = engine
        self._gate = gate
        self._generating = frozenset(
            kind for kind, made in plugins.endpoints.items() if issubclass(made, ModelEndpoint)
        )
        self._library: ModuleType | None = None

    async def answer(self, headers: Mapping[str, str]) -> web.Response:
        """Return all metrics, in the format and the encoding that *headers* ask for."""
        loop = asyncio.get_running_loop()
        library = self._library
        if library is None:
            try:
                # Not by the loop: it takes as long as answering a hundred requests.
                library = await loop.run_in_executor(None, _loaded)
            except ImportError:
                return web.Response(text=NOT_INSTALLED, status=501, headers=HEADERS)
        self._library = library
        exposition = library.exposition
        write, content_type = _encoder(exposition, headers.get("accept", ""))
        # What is counted is read here, where nothing else counts meanwhile.
        found = _Found(list(self._families(library)))
        body = await loop.run_in_executor(None, partial(write, found))
        sent = {**HEADERS, "content-type": content_type, "vary": "accept, accept-encoding"}
        if exposition.gzip_accepted(headers.get("accept-encoding", "")):
            body = await loop.run_in_executor(None, partial(gzip.compress, body, 1))
            sent["content-encoding"] = "gzip"
        return web.Response(body=body, headers=sent)

    # --- Families of samples -------------------------------------------------------------------

    def _families(self, library: ModuleType) -> Iterator[Family]:
        yield from self._requests(library.metrics_core)
        yield from self._gen_ai(library.metrics_core)
        yield from self._planned(library.metrics_core)
        yield from self._now(library.metrics_core)
        yield from library.process_collector.ProcessCollector(registry=None).collect()

    def _requests(self, core: ModuleType) -> Iterator[Family]:
        totals = self._engine.totals
        counter: Callable[..., Family] = core.CounterMetricFamily
        yield _filled(
            counter(
                "mockserver_requests",
                "Requests to a provider whose answer has ended.",
                labels=(*_OURS, "status", "outcome", "rule", "session", "error"),
            ),
            [(kind, count) for kind, count in totals.kinds()],
        )
        yield _filled(
            counter(
                "mockserver_tokens",
                "Tokens billed; those of input_cached are among those of input, and those of "
                "output_reasoning among those of output.",
                labels=(*_OURS, "type"),
            ),
            [
                ((*asked, type_), tokens)
                for asked, flow in totals.flows.items()
                if flow.tokens_in.count
                for type_, tokens in _tokens(flow)
            ],
        )
        yield _filled(
            counter("mockserver_failures", "Failures that struck.", labels=("kind",)),
            [((kind,), count) for kind, count in totals.failures.items()],
        )
        yield _filled(
            counter(
                "mockserver_limit_refusals",
                "Requests refused for a limit: by the scenario's limits, or by a scripted 429.",
                labels=("reason",),
            ),
            [((reason,), totals.refusals[reason]) for reason in REFUSALS],
        )
        yield counter(
            "mockserver_unmatched_requests",
            "Requests that no rule answered although there are rules.",
            value=totals.unmatched,
        )
        yield counter(
            "mockserver_hinted_requests",
            "Requests that got a hint where the provider's words mislead.",
            value=totals.hints,
        )

    def _gen_ai(self, core: ModuleType) -> Iterator[Family]:
        """Yield what OpenTelemetry's conventions have a name for, of calls that ask a model."""
        flows = [
            ((OPERATIONS.get(endpoint, endpoint), PROVIDERS.get(provider, provider), model), flow)
            for (provider, endpoint, model), flow in self._engine.totals.flows.items()
            if endpoint is not None and endpoint in self._generating
        ]
        histogram = partial(_histogram, core)
        yield histogram(
            "gen_ai_server_request_duration",
            "From when the request had come whole until the last byte had gone out.",
            (*_THEIRS, "error_type"),
            _together(
                ((*asked, error), timed.measured)
                for asked, flow in flows
                for error, timed in flow.durations.items()
            ),
            bounds=DURATION_BOUNDS,
        )
        yield histogram(
            "gen_ai_server_time_to_first_token",
            "The time to the first token of a stream.",
            _THEIRS,
            _together((asked, flow.first_token.measured) for asked, flow in flows),
            bounds=FIRST_TOKEN_BOUNDS,
        )
        yield histogram(
            "gen_ai_server_time_per_output_token",
            "The mean time of each token of a stream after what went out first.",
            _THEIRS,
            _together((asked, flow.per_token) for asked, flow in flows),
            bounds=PER_TOKEN_BOUNDS,
        )
        yield histogram(
            "gen_ai_client_token_usage",
            "Tokens billed for a request.",
            (*_THEIRS, "gen_ai_token_type"),
            _together(
                ((*asked, type_), counted)
                for asked, flow in flows
                for type_, counted in (("input", flow.tokens_in), ("output", flow.tokens_out))
            ),
            bounds=USAGE_BOUNDS,
            unit="",
        )

    def _planned(self, core: ModuleType) -> Iterator[Family]:
        """Yield what the conventions have no name for: what was planned, and how late that was."""
        totals = self._engine.totals
        flows = totals.flows.items()
        histogram = partial(_histogram, core)
        yield histogram(
            "mockserver_planned_request_duration",
            "How long until the last byte was to go out, in real seconds.",
            _OURS,
            _together(
                (asked, timed.planned) for asked, flow in flows for timed in flow.durations.values()
            ),
            bounds=DURATION_BOUNDS,
        )
        yield histogram(
            "mockserver_planned_time_to_first_token",
            "How long until the first token of a stream was to go out, in real seconds.",
            _OURS,
            [(asked, flow.first_token.planned) for asked, flow in flows],
            bounds=FIRST_TOKEN_BOUNDS,
        )
        yield histogram(
            "mockserver_time_between_tokens",
            "The time of each token of a stream after what went out first.",
            _OURS,
            [(asked, flow.between_tokens.measured) for asked, flow in flows],
            bounds=GAP_BOUNDS,
        )
        yield histogram(
            "mockserver_planned_time_between_tokens",
            "How long each of these tokens was to take, in real seconds.",
            _OURS,
            [(asked, flow.between_tokens.planned) for asked, flow in flows],
            bounds=GAP_BOUNDS,
        )
        yield histogram(
            "mockserver_lateness",
            "How late the server itself was with the first token of a stream, and with the last "
            "byte of an answer.",
            ("of",),
            [
                (("first_token",), totals.late_first_token),
                (("last_byte",), totals.late_last_byte),
            ],
            bounds=LATE_BOUNDS,
        )

    def _now(self, core: ModuleType) -> Iterator[Family]:
        engine = self._engine
        running, archive = engine.totals.running, engine.sessions.archive
        gauge: Callable[..., Family] = core.GaugeMetricFamily
        yield _filled(
            gauge(
                "mockserver_running_requests",
                "Requests whose answer has not ended, those that wait included.",
                labels=("stream",),
            ),
            [(("true",), running.streams), (("false",), running.answers - running.streams)],
        )
        yield gauge(
            "mockserver_queued_requests",
            "Requests that wait for their turn, by the scenario's limits.",
            value=running.queued,
        )
        yield gauge(
            "mockserver_held_requests",
            "Requests whose answer is held until a test releases it.",
            value=len(self._gate),
        )
        yield gauge("mockserver_sessions", "Open sessions.", value=len(engine.sessions))
        yield gauge("mockserver_journal_calls", "Calls that all journals keep.", value=len(archive))
        yield gauge(
            "mockserver_journal_bytes",
            "Bytes of requests and answers that all journals keep.",
            value=archive.size,
        )
        yield core.CounterMetricFamily(
            "mockserver_journal_dropped_calls",
            "Calls that no journal keeps any more.",
            value=archive.seen - len(archive),
        )
        info = {"version": __version__, "python": platform.python_version()}
        yield core.InfoMetricFamily("mockserver_build", "What answers.", value=info)


class _Found:
    """Families that were read, as a registry for what writes them."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Sequence[Family]:
        """Return them."""
        return self._families


def _loaded() -> ModuleType:
    """Return prometheus-client.

    Raises:
        ImportError: It is not installed.

    """
    return importlib.import_module("prometheus_client")


def _encoder(exposition: ModuleType, accept: str) -> tuple[Callable[[_Found], bytes], str]:
    """Return what writes the format that *accept* asks for, and its content type."""
    try:
        write, content_type = exposition.choose_encoder(accept)
    except (ValueError, TypeError):  # the version that it wants is not a number
        write, content_type = exposition.choose_encoder("")
    return write, content_type


def _tokens(flow: Flow) -> Iterator[tuple[str, float]]:
    yield "input", flow.tokens_in.sum
    yield "input_cached", flow.cached_tokens
    yield "output", flow.tokens_out.sum
    yield "output_reasoning", flow.reasoning_tokens


Labels = tuple[object, ...]


def _filled(family: Family, samples: Iterable[tuple[Labels, float]]) -> Family:
    for labels, value in samples:
        family.add_metric([_label(label) for label in labels], value)
    return family


def _together(pairs: Iterable[tuple[Labels, Histogram]]) -> Sequence[tuple[Labels, Histogram]]:
    """Return *pairs* with each label once: the counts of those that are alike are added."""
    found: dict[Labels, Histogram] = {}
    for labels, counted in pairs:
        if labels not in found:
            found[labels] = Histogram(counted.bounds)
        found[labels].include(counted)
    return [*found.items()]


def _histogram(
    core: ModuleType,
    name: str,
    about: str,
    labels: Sequence[str],
    samples: Iterable[tuple[Labels, Histogram]],
    *,
    bounds: Sequence[float],
    unit: str = "seconds",
) -> Family:
    family: Family = core.HistogramMetricFamily(name, about, labels=labels, unit=unit)
    for values, counted in samples:
        if not counted.count:
            continue
        buckets = [
            (_number(bound), float(count))
            for bound, count in zip(bounds, counted.up_to(bounds), strict=True)
        ]
        family.add_metric(
            [_label(value) for value in values],
            [*buckets, ("+Inf", float(counted.count))],
            sum_value=counted.sum,
        )
    return family


def _number(bound: float) -> str:
    return repr(float(bound))


def _label(value: object) -> str:
    """Return *value* as a label; a lone surrogate is shown as its escape, which UTF-8 can spell."""
    text = "" if value is None else str(value)
    return text.encode("utf-8", "backslashreplace").decode()
