"""One round of the timer: probe every organization, remember, alert, release what can go on."""

import asyncio
import hashlib
from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Health, Organization
from integration.delivery import Pipeline, Releases
from integration.errors import CorruptRecord, FnoLinkError, LinkUnknown
from integration.events.alerts import Environment
from integration.events.alerts.before import Integration, of_organization
from integration.events.event import Event
from integration.health.state import Alert, State, Verdict, advance
from integration.health.states import Kept, States
from integration.links.values import Link, Linked
from integration.loggers import logger

log = logger("health")

AT_ONCE = 16


class Prober(Protocol):
    """What this room needs of the link resolver."""

    def refresh(self, name: str) -> Awaitable[Link]:
        """Ask past the cache and write the answer through it; raises LinkUnknown."""
        ...


class Watch:
    """Watches the configured organizations.

    Args:
        organizations: By name.
        settings: Thresholds.
        prober: The link resolver.
        states: What is remembered between rounds.
        pipeline: Takes the alerts to their targets.
        releases: Releases what is parked.
        clock: The time.
    """

    def __init__(  # noqa: PLR0913  # the composition root names each part once
        self,
        *,
        organizations: Mapping[str, Organization],
        settings: Health,
        prober: Prober,
        states: States,
        pipeline: Pipeline,
        releases: Releases,
        clock: Clock,
    ) -> None:
        self._organizations = organizations
        self._settings = settings
        self._prober = prober
        self._states = states
        self._pipeline = pipeline
        self._releases = releases
        self._clock = clock

    async def round(self) -> None:
        """Probe every organization once, some at a time.

        Raises:
            ExceptionGroup: Of what could not be done, after every organization had its turn.
        """
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(organization: Organization) -> None:
            async with limit:
                await self.check(organization)

        results = await asyncio.gather(*map(one, self._organizations.values()), return_exceptions=True)
        failed = [result for result in results if isinstance(result, Exception)]
        if failed:
            msg = "health checks that could not be finished"
            raise ExceptionGroup(msg, failed)

    async def check(self, organization: Organization) -> State:
        """Probe one organization, remember what was found, send what is due.

        Raises:
            StorageUnavailable: The state could not be read or written; the verdict is in the log.
        """
        verdict = await self._probe(organization.name)
        now = self._clock.now()
        if verdict.kind != "linked":
            log.error("%s is %s (%s): %s", organization.name, verdict.kind, verdict.code, verdict.message)
        async with self._states.turn(organization.name) as ours:
            if not ours:
                log.info("another instance is checking %s", organization.name)
                return (await self._load(organization.name)).state
            return await self._judge(organization, verdict, now)

    async def _judge(self, organization: Organization, verdict: Verdict, now: datetime) -> State:
        kept = await self._load(organization.name)
        state = advance(
            kept.state,
            verdict,
            now=now,
            incident=_incident(organization.name, now),
            failures=self._settings.failure_threshold,
            successes=self._settings.success_threshold,
        )
        saved = await self._states.save(organization.name, Kept(state, kept.etag))
        if saved is None:
            log.info("another instance has just checked %s", organization.name)
            return kept.state
        if state.outbox:
            await self._send(organization, state.outbox)
            await self._states.save(organization.name, Kept(msgspec.structs.replace(state, outbox=()), saved.etag))
        if verdict.link is not None:
            await self._releases.order(organization.name, verdict.link)
        await self._releases.expire(organization.name)
        return state

    async def _probe(self, name: str) -> Verdict:
        try:
            answer = await self._prober.refresh(name)
        except LinkUnknown as unknown:
            return Verdict(kind="unknown", code=unknown.code, message=str(unknown), hint=unknown.hint)
        if isinstance(answer, Linked):
            return Verdict(kind="linked", link=answer)
        hint = "Open the environment in the Power Platform admin center and check its Finance and Operations URL."
        return Verdict(kind="not_linked", code=answer.code, message=answer.message, hint=hint)

    async def _load(self, name: str) -> Kept:
        try:
            return await self._states.load(name)
        except CorruptRecord:
            log.exception("the health state of %s is begun anew", name)
            await self._states.forget(name)
            return Kept(State(), None)

    async def _send(self, organization: Organization, alerts: tuple[Alert, ...]) -> None:
        for alert in alerts:
            log.error("%s: %s: %s", alert.type, organization.name, alert.message)
            event = alert_event(organization, alert)
            try:
                await self._pipeline.route(event, alert.at)
            except FnoLinkError:
                log.exception("the alert %s could not be sent; it is sent again at the next round", alert.type)
                raise


def alert_event(organization: Organization, alert: Alert) -> Event:
    """Make an event of an alert; the same alert is the same event."""
    data = Integration(
        organization=organization.name,
        organization_url=organization.url,
        incident=alert.incident,
        since=alert.since,
        code=alert.code,
        message=alert.message,
        hint=alert.hint,
        link=_told(alert.link),
        previous=_told(alert.previous),
    )
    return of_organization(alert.type, data, alert.at)


def _told(link: Linked | None) -> Environment | None:
    return None if link is None else Environment(url=link.url, tenant_id=link.tenant_id, id=link.id)


def _incident(organization: str, now: datetime) -> str:
    return hashlib.sha256(f"{organization}\x00{now.isoformat()}".encode()).hexdigest()[:16]
