"""The context of a span as text, to be carried on by a message or a record: W3C's `traceparent`.

A span's text names its trace and itself; the next one may have it as its parent or as a link, in another process and
days later.
"""

import msgspec

from integration.telemetry.operations import HEADER
from integration.telemetry.providers import PROVIDERS


class Trail(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an event comes from, as far as spans were made of it.

    Args:
        origin: Of the span that took it in; all that is done for the event is in its trace.
        last: Of the attempt before.
    """

    origin: str = ""
    last: str = ""

    def __bool__(self) -> bool:
        return bool(self.origin or self.last)

    def begun(self) -> "Trail":
        """Return it with an origin: the span that is under way, unless there is one."""
        return Trail(origin=now, last=self.last) if not self.origin and (now := here()) else self

    def left(self) -> "Trail":
        """Return it as what waits now carries it on: behind the span that is under way."""
        now = here()
        return Trail(origin=self.origin or now, last=now) if now else self


def here() -> str:
    """Write the span that is under way; empty: there is none, or nobody takes spans."""
    recorder = PROVIDERS.recorder()
    return "" if recorder is None else recorder.here()


def inject(headers: dict[str, str]) -> None:
    """Add the span that is under way to the headers of a request, unless they name one."""
    if HEADER not in headers and (now := here()):
        headers[HEADER] = now
