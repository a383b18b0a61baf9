"""What does the platform say of the environment: is it in maintenance, and does it have a Finance & Operations one?

It is no check: nothing that happens here is bad or unknown, and nobody is told. It silences notices, and it is the
second view of the link.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Organization
from integration.errors import FnoLinkError, LinkUnknown, Unreachable
from integration.faults import unforeseen
from integration.health.check import Answer, Kind
from integration.health.maintenance.platform import APPLICATION, ENVIRONMENT, PlatformView, view_of
from integration.health.probes.organization import seen_twice
from integration.power_platform import Application, Environment, Operation, PowerPlatform

REFUSED_FOR = timedelta(days=1)
"""A right that is missing is not granted from one round to the next, nor is a function that is missing added."""

_NOT_FOUND = 404
_REFUSED = frozenset({401, 403, _NOT_FOUND})
_NO_RESOURCE = frozenset({"AADSTS500011", "AADSTS500014", "AADSTS650052", "AADSTS650057", "AADSTS65001"})
"""Entra gives the application no token for the API: the tenant does not have it, or has not let the application in."""


class _Told(msgspec.Struct, frozen=True):
    """What the Power Platform API has told."""

    environment: Environment
    operations: tuple[Operation, ...] = ()


class _Heard[T](msgspec.Struct, frozen=True):
    """What came back, or why nothing did, and how long nobody is asked again."""

    value: T | None = None
    error: FnoLinkError | None = None
    wait: timedelta | None = None


class AsksPlatform(Protocol):
    """What a round needs of the platform."""

    def ask(
        self, organization: Organization, *, needed: bool, spared: bool, before: PlatformView | None
    ) -> Awaitable[PlatformView | None]:
        """Ask, where it may be asked; never raises for what a counterpart does."""
        ...


async def asked_beside(
    platform: AsksPlatform | None,
    organization: Organization,
    answers: Mapping[Kind, Answer],
    before: PlatformView | None,
) -> tuple[dict[Kind, Answer], PlatformView | None]:
    """Ask the platform after the checks of an organization: in earnest where one of them fails.

    Args:
        platform: Asks; None: it is switched off.
        organization: Whom.
        answers: Of its checks.
        before: What the platform said the last time.

    Returns:
        The answers, a lost link with the second view of it; and what the platform says now.
    """
    if platform is None:
        return dict(answers), None
    chain: tuple[Kind, ...] = ("dataverse", "link", "finance_operations")
    found = [answers[kind] for kind in chain if kind in answers]
    token = answers.get("token")
    if token is not None and token.is_unhealthy:
        return dict(answers), before  # there is none for the platform either
    view = await platform.ask(
        organization,
        needed=any(answer.is_unhealthy for answer in found),
        spared=any(answer.retry_after is not None for answer in found),
        before=before,
    )
    return {kind: seen_twice(answer, view) if kind == "link" else answer for kind, answer in answers.items()}, view


class PlatformProbe:
    """Asks the Power Platform API for the environment, and Dataverse for its application.

    Args:
        client: Makes the calls.
        clock: The time.
        within: Seconds that each of the two may take.
    """

    def __init__(self, *, client: PowerPlatform, clock: Clock, within: float) -> None:
        self._client = client
        self._clock = clock
        self._within = within

    async def ask(
        self,
        organization: Organization,
        *,
        needed: bool = True,
        spared: bool = False,
        before: PlatformView | None = None,
    ) -> PlatformView | None:
        """Ask, where it may be asked.

        Args:
            organization: Whose environment.
            needed: Whether the organization fails at something. One that does not is asked only until it is known in
                which environment it is: once it fails, it may not be able to say so any more.
            spared: Whether Dataverse has asked for a wait, and is not asked for anything.
            before: What this returned the last time: whoever asks keeps it.

        Returns:
            What is known; None where nothing is. Never raises for what a counterpart does.
        """
        now = self._clock.now()
        waits = _waits(before, now)
        known = before.environment_id if before else ""
        if not needed and (known or ENVIRONMENT in waits):
            return before
        rests = {
            ENVIRONMENT: ENVIRONMENT in waits or (spared and not known),
            APPLICATION: APPLICATION in waits or spared,
        }
        if all(rests.values()):
            return before
        environment, application = await asyncio.gather(
            self._environment(organization, known, rests=rests[ENVIRONMENT]),
            self._application(organization, rests=rests[APPLICATION]),
        )
        if environment.wait is not None:
            waits[ENVIRONMENT] = now + environment.wait
        if application.wait is not None:
            waits[APPLICATION] = now + application.wait
        if before is not None and _is_gone(environment.error):
            before = msgspec.structs.replace(before, environment_id="")
        view = _understood(environment, application.value, now, before)
        return _explained(view, environment.error or application.error, waits)

    async def _environment(self, organization: Organization, known: str, *, rests: bool) -> _Heard[_Told]:
        if rests:
            return _Heard()
        if not known:
            found = await self._heard(self._client.environment_id(organization))
            if found.value is None:
                # That Dataverse does not say where it is, is no refusal of the Power Platform.
                return _Heard(error=found.error, wait=None if found.wait == REFUSED_FOR else found.wait)
            known = found.value
        return await self._heard(self._told(organization, known))

    async def _told(self, organization: Organization, environment_id: str) -> _Told:
        environment = await self._client.environment(organization, environment_id)
        if view_of(environment, (), None, self._clock.now()).because:
            return _Told(environment)  # it is in maintenance already: what is being done to it says no more
        return _Told(environment, tuple(await self._client.operations(organization, environment_id)))

    async def _application(self, organization: Organization, *, rests: bool) -> _Heard[Application]:
        if rests:
            return _Heard()
        heard = await self._heard(self._client.application(organization))
        missing = heard.value is None and heard.error is None
        return _Heard(wait=REFUSED_FOR) if missing else heard

    async def _heard[T](self, question: Awaitable[T | None]) -> _Heard[T]:
        try:
            async with asyncio.timeout(self._within):
                return _Heard(await question)
        except TimeoutError:
            return _Heard(error=Unreachable(f"The platform did not answer within {self._within:g} s."))
        except LinkUnknown as unknown:
            return _Heard(error=unknown, wait=_wait(unknown))
        except FnoLinkError as error:
            return _Heard(error=error)
        except Exception as error:  # noqa: BLE001  # what is optional must not end a round
            return _Heard(error=unforeseen(error))


def _understood(
    environment: _Heard[_Told], application: Application | None, now: datetime, before: PlatformView | None
) -> PlatformView:
    told = environment.value
    if told is not None:
        return view_of(told.environment, told.operations, application, now, before=before)
    if before is not None:
        refused = environment.wait == REFUSED_FOR
        lasts = before.in_maintenance(now) and ENVIRONMENT in before.heard and not refused
        if lasts or application is None:
            return before  # nobody has said anything new of it: what was said before is believed for a while
    return view_of(None, (), application, now, before=before)


def _explained(view: PlatformView, error: FnoLinkError | None, waits: dict[str, datetime]) -> PlatformView:
    """Add why it does not say all; of who rests, what was said when he was asked."""
    if error is not None:
        return msgspec.structs.replace(view, waits=waits, code=error.code, message=str(error))
    if waits:
        return msgspec.structs.replace(view, waits=waits)
    return msgspec.structs.replace(view, waits=waits, code="", message="")


def _is_gone(error: FnoLinkError | None) -> bool:
    return isinstance(error, LinkUnknown) and error.status == _NOT_FOUND


def _wait(error: LinkUnknown) -> timedelta | None:
    if error.status in _REFUSED or error.remote_code in _NO_RESOURCE:
        return REFUSED_FOR
    if error.asked and error.retry_after is not None:
        return min(timedelta(seconds=error.retry_after), REFUSED_FOR)
    return None


def _waits(before: PlatformView | None, now: datetime) -> dict[str, datetime]:
    """Return the waits that are not over; a clock that was set back makes none longer than it was."""
    waits = before.waits if before else {}
    return {asked: until for asked, until in waits.items() if now < until <= now + REFUSED_FOR}
