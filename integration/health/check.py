"""A check is one question about one subject, with one answer."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from integration.events.alerts import Failed
from integration.links.values import Linked

type Kind = Literal[
    "token",
    "dataverse",
    "link",
    "finance_operations",
    "trust",
    "credential",
    "sender",
    "registration",
    "target",
    "source",
    "storage",
    "dead_letters",
    "parked",
    "callers",
    "foreign",
]

type Health = Literal["ok", "bad", "unknown", "not_asked"]
"""`bad`: definite, and wrong. `unknown`: no definite answer was to be had. `not_asked`: nothing is said."""


class Check(msgspec.Struct, frozen=True):
    """One question.

    Args:
        kind: What is asked.
        subject: About whom: the name of an organization, a target or a source; `app` for the worker itself.
    """

    kind: Kind
    subject: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a question was answered.

    Args:
        health: `bad` and `unknown` are both unhealthy; they differ by their reason.
        code: Why it is not ok: an error code.
        message: The same in words.
        hint: What to do.
        cause: Names what several checks fail by, such as `entra:{tenant}`; empty where the failure is the check's own.
        link: The environment, where the question was about the link and it is linked.
        facts: What was seen beside, by name, such as the days that a credential is good for.
        failed: What failed, where the check is about deliveries, messages or jobs; the first ten are told.
        retry_after: Seconds before which the counterpart asks not to be asked again.
    """

    health: Health
    code: str = ""
    message: str = ""
    hint: str = ""
    cause: str = ""
    link: Linked | None = None
    facts: Mapping[str, str] = {}
    failed: tuple[Failed, ...] = ()
    retry_after: float | None = None

    @property
    def is_unhealthy(self) -> bool:
        """Whether it counts against the subject."""
        return self.health in ("bad", "unknown")


OK = Answer(health="ok")


def not_asked(because: str) -> Answer:
    """Answer that the question was not asked.

    Args:
        because: The kind of the check that failed before, or another short reason.
    """
    return Answer(health="not_asked", code="NotAsked", message=f"not asked: {because}")
