"""An operation that is to go: since when nobody should begin to use it, and until when it is there.

`Deprecation` is RFC 9745, a date of structured fields; `Sunset` is RFC 8594, an HTTP date; the page that says what to
use instead is linked from both.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec


class Retiring(msgspec.Struct, frozen=True, kw_only=True):
    """That an operation is to go.

    Args:
        since: From when on it is deprecated.
        until: When it may stop to answer; None: that is not decided.
        page: The address of what is to be used instead.
    """

    since: datetime
    until: datetime | None = None
    page: str

    def headers(self) -> Mapping[str, str]:
        """Give the headers of each of its answers."""
        told = {"Deprecation": f"@{int(self.since.timestamp())}", "Link": f'<{self.page}>; rel="deprecation"'}
        if self.until is not None:
            told["Sunset"] = format_datetime(self.until.astimezone(UTC), usegmt=True)
            told["Link"] += f', <{self.page}>; rel="sunset"'
        return told

    def told(self) -> str:
        """Say it in words."""
        ends = f", and may stop to answer on {self.until.astimezone(UTC):%Y-%m-%d}" if self.until is not None else ""
        return f"Deprecated since {self.since.astimezone(UTC):%Y-%m-%d}{ends}: {self.page} says what to use instead."
