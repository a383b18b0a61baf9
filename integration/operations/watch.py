"""The setup of a link in progress: what it has come to, what is waited for, and when waiting is of no use.

The setup in the admin center or in Lifecycle Services provisions the Dataverse environment, links it, and brings
Finance & Operations up; 60 to 90 minutes are normal. Source: the page "Enable Power Platform Integration", sections
"Enable integration after environment deployment" and "Troubleshooting the setup".
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from integration.clock import Clock
from integration.health.check import Answer, Kind
from integration.health.maintenance import PlatformView
from integration.operations.links import LinkedAnswer, answer_of

REFUSED_TWICE = 2
"""So many refusals in a row are meant: an environment that is being set up refuses once in a while."""

REFUSALS = frozenset({"Unauthenticated", "Forbidden", "UntrustedLink"})
"""What no waiting mends: somebody has to do something."""

type State = Literal["waiting", "ready", "refused", "timeout"]


class Stage(msgspec.Struct, frozen=True):
    """One step of a setup, in the order in which they come true.

    Args:
        kind: The check that says whether it is done.
        done: What is true then.
        waits: What is waited for until then.
    """

    kind: Kind
    done: str
    waits: str


STAGES = (
    Stage("token", "Microsoft Entra gives a token", "Microsoft Entra to give a token"),
    Stage(
        "dataverse",
        "the Dataverse environment answers",
        "the Dataverse environment to be provisioned, and to know the application user",
    ),
    Stage(
        "link",
        "the environments are linked",
        "the setup in the admin center to link the environments (60 to 90 minutes are normal)",
    ),
    Stage("trust", "the linked environment is trusted", "the linked environment to be trusted"),
    Stage("finance_operations", "Finance & Operations answers", "Finance & Operations to answer"),
)


class Seen(msgspec.Struct, frozen=True):
    """What one look has found.

    Args:
        answers: By the kind of check; what was not asked may be missing.
        platform: What the platform says of itself, where it may be asked; empty: nothing.
    """

    answers: Mapping[Kind, Answer]
    platform: str = ""


class Progress(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a setup is.

    Args:
        organization: The configured name.
        state: `ready`: linked, and Finance & Operations answers; `refused`: waiting does not help.
        done: The kinds of the stages that are over.
        waiting_for: What is waited for now; empty when ready.
        code: Why the stage is not over: an error code.
        message: The same in words.
        hint: What to do.
        platform: What the platform says of itself, where it may be asked.
        link: The environment, once it is linked.
        seconds: Since the watching began.
        at: When this was seen.
    """

    organization: str
    state: State
    done: Sequence[Kind]
    waiting_for: str
    code: str = ""
    message: str = ""
    hint: str = ""
    platform: str | UnsetType = UNSET
    link: LinkedAnswer | UnsetType = UNSET
    seconds: float
    at: datetime


type Look = Callable[[], Awaitable[Seen]]
"""Asks every check of a setup once."""


def progress_of(organization: str, seen: Seen, refusals: int, *, seconds: float, at: datetime) -> Progress:
    """Judge one look.

    Args:
        organization: The configured name.
        seen: What was found.
        refusals: How many looks in a row, this one included, ended at the same refusal.
        seconds: Since the watching began.
        at: Now.
    """
    stage, answer = standing(seen)
    done = [each.kind for each in STAGES] if stage is None else [each.kind for each in STAGES[: STAGES.index(stage)]]
    link = seen.answers["link"].link if "link" in seen.answers else None
    shown = answer_of(link) if link is not None else UNSET
    common: dict[str, Any] = {
        "organization": organization,
        "done": done,
        "platform": seen.platform or UNSET,
        "link": shown if isinstance(shown, LinkedAnswer) else UNSET,
        "seconds": round(max(0.0, seconds), 1),
        "at": at,
    }
    if stage is None:
        return Progress(state="ready", waiting_for="", **common)
    refused = answer.code in REFUSALS and refusals >= REFUSED_TWICE
    return Progress(
        state="refused" if refused else "waiting",
        waiting_for=stage.waits,
        code=answer.code,
        message=answer.message,
        hint=answer.hint,
        **common,
    )


def standing(seen: Seen) -> tuple[Stage | None, Answer]:
    """Return the first stage that is not over, and what was answered there; None: all are."""
    for stage in STAGES:
        answer = seen.answers.get(stage.kind, Answer(health="not_asked", code="NotAsked"))
        if answer.health != "ok":
            return stage, answer
    return None, Answer(health="ok")


def platform_words(view: PlatformView | None) -> str:
    """Say what the platform tells of a setup; empty: nothing.

    Args:
        view: What it told; None where it may not be asked.
    """
    if view is None:
        return ""
    linked = f"it has the Finance & Operations environment {view.url or view.id}" if view.link == "linked" else ""
    return "; ".join(filter(None, (view.because or view.seen, linked)))


class SetupWatch:
    """Follows a setup until it is ready, refused, or its time is over.

    Args:
        organization: The configured name.
        look: Asks every check once.
        clock: The time.
    """

    def __init__(self, organization: str, look: Look, clock: Clock) -> None:
        self._organization = organization
        self._look = look
        self._clock = clock

    async def follow(self, *, within: float, every: float, tell: Callable[[Progress], None]) -> Progress:
        """Look again and again.

        Args:
            within: Seconds after which it ends as `timeout`, with what was last seen.
            every: Seconds between two looks; longer where a counterpart asks for it.
            tell: Told what each look has found.

        Returns:
            The last look, whose state is not `waiting`.
        """
        started = self._clock.monotonic()
        refused_by, refusals = "", 0
        latest = Progress(
            organization=self._organization,
            state="timeout",
            done=[],
            waiting_for=STAGES[0].waits,
            message="no look came to its end in this time",
            seconds=0.0,
            at=self._clock.now(),
        )
        while True:
            left = within - (self._clock.monotonic() - started)
            try:
                async with asyncio.timeout(max(left, every)):
                    seen = await self._look()
            except TimeoutError:
                return self._over(latest, started)
            stage, answer = standing(seen)
            refusal = f"{stage.kind}/{answer.code}" if stage is not None and answer.code in REFUSALS else ""
            refusals = refusals + 1 if refusal == refused_by else 1
            refused_by = refusal
            elapsed = self._clock.monotonic() - started
            latest = progress_of(
                self._organization, seen, refusals if refusal else 0, seconds=elapsed, at=self._clock.now()
            )
            tell(latest)
            if latest.state != "waiting":
                return latest
            if elapsed >= within:
                return self._over(latest, started)
            pause = max(every, answer.retry_after or 0.0)
            await self._clock.sleep(min(pause, within - elapsed))

    def _over(self, latest: Progress, started: float) -> Progress:
        seconds = round(self._clock.monotonic() - started, 1)
        return msgspec.structs.replace(latest, state="timeout", seconds=seconds)
