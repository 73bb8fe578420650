"""A pytest plugin: print at the end of a run what the reliability tests tried, and what they found.

The lines travel in the tests' reports, because pytest-xdist runs the tests and prints the summary in two processes.
"""

import pytest

PROPERTY = "reliability"
_OUTCOMES = ("passed", "failed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines that tests recorded with `record_property`."""
    reports = [report for outcome in _OUTCOMES for report in terminalreporter.getreports(outcome)]
    lines = [value for report in reports for name, value in report.user_properties if name == PROPERTY]
    if lines:
        terminalreporter.section("reliability: what was tried, and what was found")
        for line in lines:
            terminalreporter.write_line(str(line))
