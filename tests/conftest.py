"""What holds for all tests: the long sets, what each folder took, and no skip in CI."""

from __future__ import annotations

import os
import signal
import uuid
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

SESSION = "DRCONSOLE_TEST_SESSION"
"""The environment variable by which the last test knows what this session started."""

os.environ[SESSION] = uuid.uuid4().hex

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background deaf to ctrl-c, and whatever a test starts would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

_took: dict[str, float] = defaultdict(float)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the sets that take minutes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the long sets out unless asked for: deselected, so that they are not called skipped.

    What looks at what all others left comes last.
    """
    items.sort(key=lambda item: item.path.name == "test_zz_nothing_left.py")
    if config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip in CI is a failure: a server that a test needs is installed, not wished away."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    folder = Path(report.nodeid.split("::", 1)[0]).parts[1]
    _took[folder] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("seconds by folder")
    for folder, seconds in sorted(_took.items(), key=lambda pair: -pair[1]):
        terminalreporter.line(f"{seconds:8.1f}  tests/{folder}")
