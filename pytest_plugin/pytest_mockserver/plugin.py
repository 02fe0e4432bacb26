"""Options, fixtures and hooks.

Every run of pytest imports this, even if no test needs a server. So only the standard library
and pytest are imported here; the rest is imported when a fixture is requested.
"""

import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

# pytest.fail.Exception, by the name that type checkers know.
from _pytest.outcomes import Failed

from pytest_mockserver.blocking import Blocker
from pytest_mockserver.settings import NO_STRICT, NO_STRICT_DEST, OPTIONS, Settings

if TYPE_CHECKING:
    from mockserver import MockServer
    from pytest_mockserver.factory import Factory
    from pytest_mockserver.run import Run
    from pytest_mockserver.session import Session

MARKER: Final = (
    "mock_llm(*scenarios, seed=None, strict=None, env=True, time_scale=None, inherit=None, "
    "fast_retries=False, cassette=False): the scenarios and options of the test's mock LLM session"
)
SECTION: Final = "mock_llm"
CASSETTES: Final = "mock_llm_cassettes"
"""The report property that carries a test's cassettes, even between processes."""
BEGAN: Final = "mock_llm_began_s"
"""What workers are told of when the run began."""
NAMESAKE: Final = "mockserver"
"""The pytest plugin of PyPI's `mockserver-client`; ours is `llm_mockserver`."""
_blocker = Blocker()
_run: Final = pytest.StashKey["Run"]()
_settings: Final = pytest.StashKey[Settings]()
_began: Final = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; each is also a key of the ini file."""
    group = parser.getgroup("mock_llm", "a mock of LLM providers")
    for option in OPTIONS:
        group.addoption(*option.flags, **option.arguments)
        parser.addini(option.ini, option.help, type=option.ini_type, default=None)
    group.addoption(
        NO_STRICT,
        dest=NO_STRICT_DEST,
        action="store_true",
        help="the same as --mock-llm-strict=false",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and apply the options of the whole run."""
    config.addinivalue_line("markers", MARKER)
    settings = config.stash[_settings] = Settings.of(config)
    worker = getattr(config, "workerinput", {})
    # The time of day, since files have times like this.
    config.stash[_began] = worker.get(BEGAN, time.time())  # noqa: TID251
    if settings.block_network:
        _blocker.turn_on(settings.upstream if settings.record != "none" else None)
    patches = settings.env == "session" and not _is_controller(config)
    if patches or settings.record != "none":
        try:
            run = _run_of(config)
        except Failed as failed:
            raise pytest.UsageError(str(failed)) from None
        if patches:
            run.patch_for_all()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker of pytest-xdist when the whole run began."""
    node.workerinput[BEGAN] = node.config.stash[_began]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Undo all changes, and stop the server if no fixture has."""
    _blocker.turn_off()
    run = config.stash.get(_run, None)
    if run is not None:
        run.close()


def _is_controller(config: pytest.Config) -> bool:
    """Return whether this process hands tests to workers and runs none itself."""
    distributes = getattr(config.option, "dist", "no") != "no"
    return distributes and not hasattr(config, "workerinput")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Report another package called `mockserver`, if there is one."""
    known = config.pluginmanager
    is_blocked = known.is_blocked(NAMESAKE)
    if not (is_blocked or known.has_plugin(NAMESAKE)):
        return []
    from pytest_mockserver.namesake import found_instead, their_name  # noqa: PLC0415 - few need it

    instead, theirs = found_instead(), their_name()
    if instead is not None:
        return [f"llm-mockserver: {line.strip()}" for line in instead.splitlines()]
    if theirs:
        what = f"PyPI's {theirs} is installed too, and both have a package 'mockserver'"
        return [f"llm-mockserver: {what}: here it is ours, and theirs does not work"]
    if is_blocked:
        return ["llm-mockserver: '-p no:llm_mockserver' turns it off, not '-p no:mockserver'"]
    return []


def _run_of(config: pytest.Config) -> "Run":
    """Return the state that the tests of this process share; its import is slow.

    Raises:
        pytest.fail.Exception: Another package called `mockserver` is in the place of ours; or
            what the options state of recording cannot be.

    """
    run = config.stash.get(_run, None)
    if run is None:
        from pytest_mockserver.namesake import found_instead  # noqa: PLC0415 - see the docstring

        instead = found_instead()
        if instead is not None:
            raise Failed(instead, pytrace=False) from None
        from mockserver.errors import MockServerError  # noqa: PLC0415 - see the module's docstring
        from pytest_mockserver.run import Run  # noqa: PLC0415 - see the module's docstring

        try:
            run = config.stash[_run] = Run(config, config.stash[_settings], config.stash[_began])
        except MockServerError as error:
            raise Failed(str(error), pytrace=False) from None
    return run


# --- Fixtures --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def mock_llm_scenarios(request: pytest.FixtureRequest) -> Path | None:
    """The folder where scenario names are looked up, before the bundled ones.

    It is the option or ini key `mock_llm_scenarios`, or else the folder `scenarios` beside the ini
    file, if it exists. A project may override this fixture.
    """
    return request.config.stash[_settings].scenarios


@pytest.fixture(scope="session")
def mock_llm_server(request: pytest.FixtureRequest) -> "Iterator[MockServer]":
    """The running server of this process. Override it to pass scenarios or options."""
    with _run_of(request.config).server() as server:
        yield cast("MockServer", server)


@pytest.fixture
def mock_llm(
    request: pytest.FixtureRequest,
    mock_llm_server: "MockServer",
    mock_llm_scenarios: Path | None,
) -> "Iterator[Session]":
    """A session of the server for this test alone: to script, inspect and assert on.

    Environment variables point the providers' SDKs at it while the test runs.
    """
    run = _run_of(request.config)
    with run.session(request.node, mock_llm_server, mock_llm_scenarios) as session:
        yield session


@pytest.fixture
def mock_llm_factory(
    request: pytest.FixtureRequest,
    mock_llm_server: "MockServer",
    mock_llm_scenarios: Path | None,
) -> "Iterator[Factory]":
    """Creates more sessions: a fallback, another provider, another region."""
    run = _run_of(request.config)
    with run.factory(request.node, mock_llm_server, mock_llm_scenarios) as factory:
        yield factory


# --- Hooks -----------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note which test runs, for reports of blocked connections."""
    _blocker.test = item.nodeid
    try:
        return (yield)
    finally:
        _blocker.test = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that passed if it did what strictness forbids."""
    _blocker.take_stopped()
    yield
    stopped = _blocker.take_stopped()
    if stopped:
        # A client that catches every exception must not hide it.
        pytest.fail("\n".join(dict.fromkeys(stopped)), pytrace=False)
    run = item.config.stash.get(_run, None)
    if run is not None:
        found = run.complaints(item)
        if found:
            pytest.fail(found, pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the journal of a failed test."""
    report = yield
    run = item.config.stash.get(_run, None)
    if run is not None and call.when != "teardown":
        if report.failed:
            section = run.failure_section(item, report)
            if section:
                report.sections.append((SECTION, section))
        if call.when == "call":
            report.user_properties += run.totals(item)
    if not report.passed and _has_cassettes(item):
        from pytest_mockserver.cassette_summary import SPARED, spared  # noqa: PLC0415 - see the docstring

        path = spared(item)
        report.user_properties += [] if path is None else [(SPARED, str(path))]
    return report


def _has_cassettes(item: pytest.Item) -> bool:
    """Return whether tests of the module of *item* have cassettes of their own."""
    folder = item.path.parent / "cassettes" / item.path.stem
    return next(folder.glob("*.jsonl"), None) is not None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for late calls that no test was failed for."""
    run = session.config.stash.get(_run, None)
    if run is not None and run.late_at_the_end() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show what became of cassettes; what all tests used, if requested; and late calls."""
    run = config.stash.get(_run, None)
    for line in run.late_at_the_end() if run is not None else ():
        terminalreporter.section(SECTION, red=True)
        terminalreporter.line(line)
    reports = [
        report
        for found in terminalreporter.stats.values()
        for report in found
        if isinstance(report, pytest.TestReport)
    ]
    if any(name == CASSETTES for report in reports for name, _ in report.user_properties):
        from pytest_mockserver import cassette_summary  # noqa: PLC0415 - see the docstring

        is_whole = _is_whole(config, terminalreporter)
        lines = [*cassette_summary.summary(reports, config.rootpath, is_whole=is_whole)]
        if lines:
            terminalreporter.section(f"{SECTION} cassettes")
        for line in lines:
            terminalreporter.line(line)
    if config.stash[_settings].report:
        from pytest_mockserver.summary import summary  # noqa: PLC0415 - see the docstring

        terminalreporter.section(f"{SECTION} report")
        for line in summary(reports):
            terminalreporter.line(line)


def _is_whole(config: pytest.Config, reporter: pytest.TerminalReporter) -> bool:
    """Return whether all tests of the folders ran: none was selected, and nothing stopped them."""
    option, stats = config.option, reporter.stats
    narrowing = ("keyword", "markexpr", "lf", "stepwise", "deselect", "ignore", "ignore_glob")
    if any(getattr(option, name, None) for name in narrowing) or stats.get("deselected"):
        return False
    failed = len(stats.get("failed", ())) + len(stats.get("error", ()))
    if option.maxfail and failed >= option.maxfail:
        return False
    return all((config.invocation_params.dir / arg).is_dir() for arg in config.args)
