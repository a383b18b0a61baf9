"""Durations on the command line, written as in fno-link.toml: 30s, 90m, 1h30m."""

from datetime import timedelta
from typing import override

import click

from integration.config.reading.duration import HINT, parse_duration


class Duration(click.ParamType[timedelta]):
    """A duration; passed as a timedelta.

    Args:
        least: The shortest that is taken.
        most: The longest that is taken.
    """

    name = "duration"

    def __init__(self, least: timedelta, most: timedelta) -> None:
        self._least = least
        self._most = most

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read one; refuse what is none, too short or too long."""
        if isinstance(value, timedelta):
            return value
        try:
            duration = parse_duration(str(value))
        except ValueError:
            self.fail(f"{str(value)[:40]!r} is no duration: write {HINT}", param, ctx)
        if not self._least <= duration <= self._most:
            self.fail(f"{str(value)[:40]!r} is not from {self._least} to {self._most}", param, ctx)
        return duration
