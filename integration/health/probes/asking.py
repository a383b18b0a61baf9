"""Asking one question: in bounded time, and whatever happens is an answer."""

import asyncio
from collections.abc import Awaitable

from integration.errors import Busy, FnoLinkError, LinkUnknown, StorageUnavailable, Unreachable
from integration.faults import unforeseen
from integration.health.check import Answer, Health, Kind
from integration.telemetry.operations import PROBE
from integration.telemetry.spans import span

ASK_WITHIN_SECONDS = 60.0
"""Seconds that one question may take, where the configuration does not say."""


async def answered(  # noqa: PLR0913  # who is asked what, for how long
    question: Awaitable[Answer], *, within: float, whom: str, check: Kind, organization: str = "", source: str = ""
) -> Answer:
    """Wait for an answer, in a span of its own.

    Args:
        question: Gives the answer, or raises an error that says why there is none.
        within: Seconds that it may take.
        whom: Who is asked, for the message.
        check: What is asked.
        organization: About which organization, where it is about one.
        source: About which source.

    Returns:
        The answer; `unknown` where there is none, and where something went wrong in a way that nobody has foreseen.
    """
    with span(PROBE, check, check=check, organization=organization, source=source) as told:
        answer = await _bounded(question, within=within, whom=whom)
        if answer.is_unhealthy:
            told.failed(answer.code)
        return answer


async def _bounded(question: Awaitable[Answer], *, within: float, whom: str) -> Answer:
    try:
        async with asyncio.timeout(within):
            return await question
    except TimeoutError:
        return unknown(Unreachable(f"{whom} did not answer within {within:g} s."))
    except asyncio.CancelledError as error:
        # A library lets the cancellation of a task of its own through: that is no wish to end this round.
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return caught(error)
    except Exception as error:  # noqa: BLE001  # one counterpart must not end the round for the others
        return caught(error)


def unknown(error: FnoLinkError) -> Answer:
    """Make the answer that no answer was to be had."""
    return of_error("unknown", error)


def of_error(health: Health, error: FnoLinkError) -> Answer:
    """Make the answer that an error means.

    Args:
        health: What it says of the subject.
        error: Its code, message and hint are the answer's.

    Returns:
        With the status and the other side's code among the facts; a wait is kept where the other side asked for it.
    """
    if not isinstance(error, LinkUnknown):
        return Answer(health=health, code=error.code, message=str(error), hint=error.hint)
    facts: dict[str, str] = {}
    if error.status is not None:
        facts["status"] = str(error.status)
    if error.remote_code:
        facts["remote_code"] = error.remote_code
    return Answer(
        health=health,
        code=error.code,
        message=str(error),
        hint=error.hint,
        cause=error.cause,
        facts=facts,
        retry_after=error.retry_after if error.asked and not isinstance(error, Busy) else None,
    )


def caught(error: BaseException) -> Answer:
    """Make the answer of whatever was raised: what nobody has foreseen is `Unforeseen`."""
    if isinstance(error, FnoLinkError):
        return unknown(error)
    try:
        return unknown(unforeseen(error))
    except StorageUnavailable as unavailable:
        return unknown(unavailable)
