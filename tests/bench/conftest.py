"""Claims of speed: the fixture, the table at the end of a session, and the record."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import claim_page
import pytest
from claim_record import load_now, merged, read, session_now, write
from claims import Claim, Claims, Watch, as_text


class _Session:
    """What a session has measured so far."""

    def __init__(self) -> None:
        self.claims: list[Claim] = []
        self.narrowed = False
        """Whether claims of the project were left out, or a test broke off before its own."""
        self.load, self.started = load_now(), time.monotonic()


SESSION = pytest.StashKey[_Session]()
CLAIMS = pytest.StashKey[Claims]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="measure speed claims alone, and keep them in docs/")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("numprocesses", None):
        raise pytest.UsageError("speed is measured one test at a time: leave out -n")
    config.stash[SESSION] = _Session()
    # Files that are named are not all that there are.
    config.stash[SESSION].narrowed = any(".py" in argument for argument in config.args)


@pytest.fixture
def claim(request: pytest.FixtureRequest) -> Claims:
    """Note claims of speed, which are checked when the test is over."""
    from emobench.benchmark.latency.devices import stopwatch_for
    from emobench.benchmark.latency.reference import reference_for

    watch = Watch(reference_for("cpu", stopwatch_for("cpu")))
    request.node.stash[CLAIMS] = claims = Claims(watch.so_far)
    return claims


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Check the claims of a test after its last line; keep them even when it breaks off."""
    made, session = pyfuncitem.stash.get(CLAIMS, None), pyfuncitem.config.stash[SESSION]
    try:
        result = yield
    except Exception:
        session.narrowed = True
        raise
    finally:
        session.claims += made.made if made else []
    if made:
        made.check()
    return result


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what claims no speed when speed is recorded."""
    if config.getoption("record"):
        left_out = [item for item in items if not _claims(item)]
        items[:] = [item for item in items if _claims(item)]
        config.hook.pytest_deselected(items=left_out)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in filter(_claims, items):
        item.config.stash[SESSION].narrowed = True


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config, found = session.config, session.config.stash[SESSION]
    if config.getoption("record") and found.claims:
        stopped = bool(session.shouldfail or session.shouldstop) or exitstatus not in (0, 1)
        minutes = (time.monotonic() - found.started) / 60
        this = session_now(datetime.now(UTC).date(), found.load, minutes)
        write(merged(read(), this, found.claims, whole=not (found.narrowed or stopped)))
        claim_page.write()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    claims = config.stash[SESSION].claims
    if claims:
        terminalreporter.section("speed claims")
        terminalreporter.write_line(as_text(claims))
        if config.getoption("record"):
            terminalreporter.write_line(
                f"Recorded in {claim_page.PAGE.parent}: benchmarks.json, benchmarks.md, benchmarks.svg."
            )


def _claims(item: pytest.Item) -> bool:
    return "claim" in getattr(item, "fixturenames", ())
