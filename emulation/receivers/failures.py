"""How a receiver fails on purpose, and the commands that tell it to."""

from typing import Annotated, Literal

import msgspec

from emulation.receivers.permits import Permit

type Effect = Literal["answer", "hang", "drop", "cut", "delay", "echo"]


class Failure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to fail.

    Args:
        effect: `answer` with a status; `hang` without an answer; `drop` resets the connection before an answer; `cut`
            ends it in the middle of one; `delay` succeeds late; `echo` answers with `status` and `body`, and behind it
            the request as a debug page shows it: URL, and all headers as text, JSON, HTML and base64.
        times: The next so many requests; until healed by default.
        status: The status of `answer` and `echo`.
        seconds: Time before an answer.
        body: The body of `answer`, the beginning of that of `echo`.
        headers: Headers of `answer`, such as Retry-After or Location.
    """

    effect: Effect = "answer"
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    status: int = 503
    seconds: float = 0.0
    body: str = ""
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])


class Command(msgspec.Struct, frozen=True, tag_field="verb", forbid_unknown_fields=True):
    """One command of the control API."""


class Fail(Command, frozen=True, tag="fail"):
    """Set a failure."""

    receiver: str
    failure: Failure


class Protect(Command, frozen=True, tag="protect"):
    """Let a receiver take deliveries only from those whom it permits."""

    receiver: str
    permit: Permit


class Heal(Command, frozen=True, tag="heal"):
    """Drop a receiver's failures, and its protection."""

    receiver: str


class ReceivedBy(Command, frozen=True, tag="received"):
    """Ask for what a receiver got, once it got so much or time is over."""

    receiver: str
    at_least: int = 0
    within: float = 0.0


class Reset(Command, frozen=True, tag="reset"):
    """Forget every request and failure."""


type AnyCommand = Fail | Protect | Heal | ReceivedBy | Reset
