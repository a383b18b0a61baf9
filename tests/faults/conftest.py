"""Says at the end which seeds were run, so that each can be run again."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            said = dict(getattr(report, "user_properties", ()))
            if "faults" in said:
                terminalreporter.write_line(f"{outcome}: {said['faults']}\n  {said.get('verdict', '')}")
