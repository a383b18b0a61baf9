"""One round of the watch: everything is asked, judged, written and told, by one instance of the fleet.

What is asked is asked at once, as far as `concurrency` allows; who was asked longest ago comes first, so that a round
that runs out of time starves nobody. What is judged is written before anything is told. A round that did not come to
its end is no answer: nothing counts for whom it has not asked.
"""

import asyncio
from collections.abc import Awaitable, Collection, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

from integration.clock import Clock
from integration.config.keys.health import Health
from integration.config.keys.model import Organization, Source
from integration.errors import FnoLinkError, StorageUnavailable, Unreachable
from integration.faults import summary
from integration.health import gauges, judging
from integration.health.check import Answer, Check, Kind
from integration.health.configured import Configured
from integration.health.dead_man import DeadMan
from integration.health.history import History, Transition
from integration.health.incidents import Incidents
from integration.health.judging import Judgement
from integration.health.maintenance import PlatformView
from integration.health.notices import Notices, emptied, has_outbox
from integration.health.probes.asking import unknown
from integration.health.probes.causes import Causes
from integration.health.probes.platform import AsksPlatform, asked_beside
from integration.health.probes.remembered import Past
from integration.health.standing import WORKER, Standing, Watched
from integration.health.standings import Kept, Standings
from integration.health.waits import Waits, counted
from integration.links.values import Linked
from integration.loggers import logger
from integration.storage import Storage
from integration.storage.names import HEALTH_ROUND_LEASE, PAYLOADS
from integration.storage.turn import Lease, Turn

if TYPE_CHECKING:
    from integration.health.machine import Incident

log = logger("health")

ASKING_SECONDS = 60.0
"""After this nobody else is asked. A function may run five minutes (`functionTimeout` of host.json); then its process
is killed and nothing of the round is left. So what is under way is bounded, too."""
ASKED_WITHIN_SECONDS = 90.0
"""What all questions of one organization, or those of the app, may take together; who needs longer did not answer."""
COUNTED_WITHIN_SECONDS = 20.0
"""How long counting what waits may take."""
TELLING_SECONDS = 30.0
"""After this no further subject's notices are sent; the last delivery may take as long as an attempt may."""


class AsksOrganizations(Protocol):
    """What this room needs of the checks of an organization."""

    def ask(
        self,
        organization: Organization,
        *,
        past: Past | None = None,
        causes: Causes | None = None,
        platform: PlatformView | None = None,
    ) -> Awaitable[Mapping[Kind, Answer]]:
        """Ask all checks of one; never raises for what a counterpart does."""
        ...


class AsksApp(Protocol):
    """What this room needs of the checks of the app."""

    def ask(self) -> Awaitable[Mapping[Check, Answer]]:
        """Ask all; never raises for what a counterpart does."""
        ...


class Releasing(Protocol):
    """What this room needs of the releases of parked deliveries."""

    def order(self, organization: str, link: Linked) -> Awaitable[object]:
        """Order a release where something can go on."""
        ...

    def expire(self, organization: str) -> Awaitable[object]:
        """Make dead letters of what was parked too long."""
        ...


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a round has done.

    Args:
        is_ours: False: another instance is at it, and nothing was done.
        asked: How many organizations were asked.
        left: How many were not, for want of time.
        told: How many notices were settled.
        failed: What could not be done, in words.
    """

    is_ours: bool = True
    asked: int = 0
    left: int = 0
    told: int = 0
    failed: tuple[str, ...] = ()


class Folds(Protocol):
    """What this room needs of the counts."""

    def fold(self, watched: Collection[str] = ()) -> Awaitable[None]:
        """Keep them short, and begin a row of each of these sources; raises StorageUnavailable."""
        ...


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a round works with."""

    organizations: Mapping[str, Organization]
    sources: Mapping[str, Source]
    targets: Collection[str]
    settings: Health
    takes_tokens: bool = False
    storage: Storage
    standings: Standings
    incidents: Incidents
    history: History
    probe: AsksOrganizations
    app: AsksApp
    platform: AsksPlatform | None = None
    notices: Notices
    releases: Releasing
    counts: Folds
    dead_man: DeadMan
    clock: Clock


class Round:
    """Runs rounds.

    Args:
        parts: What it works with.
    """

    def __init__(self, parts: Parts) -> None:
        self._p = parts
        self._configured = Configured(
            parts.organizations, parts.sources, parts.targets, parts.settings, takes_tokens=parts.takes_tokens
        )
        self._limit = asyncio.Semaphore(parts.settings.concurrency)

    async def run(self) -> Report:
        """Run one, unless another instance is at it.

        Raises:
            StorageUnavailable: The account did not answer: nothing is remembered of this round, nobody is told.
        """
        try:
            async with self._p.storage.blobs(PAYLOADS).lease(HEALTH_ROUND_LEASE) as lease:
                if lease is None:
                    log.info("another instance is at the health round")
                    return Report(is_ours=False)
                report = await self._ours(lease)
        except StorageUnavailable as away:
            log.error("the health round was cut short, and nobody can be told: %s", summary(away))  # noqa: TRY400
            raise
        for said in report.failed:
            log.error("in the health round: %s", said)
        if report.left:
            log.error("the health round ran out of time: %d organizations are asked at the next", report.left)
        if not report.left and not report.failed:
            await self._p.dead_man.call()
        return report

    async def _ours(self, lease: Lease) -> Report:
        turn = Turn(lease, self._p.clock, ASKING_SECONDS)
        kept, calls = await asyncio.gather(self._p.standings.all(), self._p.incidents.calls())
        known = dict(kept)
        failed: list[str] = []
        (answers, left, views), app = await asyncio.gather(self._organizations(known, turn), self._app(failed))
        for check, answer in app.items():
            watched = self._configured.watched(check)
            if watched is not None:
                answers.setdefault(watched, {})[check.kind] = answer
        judgements = self._configured.judgements(answers, known, calls, self._p.clock.now(), views)
        if WORKER in judgements:
            waits = await self._waits(failed)
            judgements[WORKER] = msgspec.structs.replace(judgements[WORKER], waits=waits)
        telling = Turn(lease, self._p.clock, TELLING_SECONDS)
        if not await lease.renew():
            msg = "the lease of the health round was lost: another instance is at it"
            raise StorageUnavailable(msg)
        written = await self._written(judgements, known, failed)
        await self._release(answers, failed)  # before receivers of alerts may take their time
        told = await self._send(known | written, telling, failed)
        gauges.told(
            {
                watched: kept.standing
                for watched, kept in (known | written).items()
                if self._configured.is_configured(watched)
            },
            self._p.clock.now(),
        )
        await self._fold(failed)
        asked = sum(watched.sort == "organization" for watched in judgements)
        return Report(asked=asked, left=len(left), told=told, failed=tuple(failed))

    async def _organizations(
        self, known: Mapping[Watched, Kept], turn: Turn
    ) -> tuple[dict[Watched, dict[Kind, Answer]], list[str], dict[str, PlatformView | None]]:
        """Ask the organizations, those that were asked longest ago first; name those for whom no time was left."""
        causes = Causes()
        answers: dict[Watched, dict[Kind, Answer]] = {}
        left: list[str] = []
        views: dict[str, PlatformView | None] = {}

        def standing(name: str) -> Standing:
            kept = known.get(Watched("organization", name))
            return kept.standing if kept else Standing()

        async def one(organization: Organization) -> None:
            async with self._limit:
                if await turn.ended() is not None:
                    left.append(organization.name)
                    return
                before = standing(organization.name)
                try:
                    async with asyncio.timeout(ASKED_WITHIN_SECONDS):
                        found = await self._p.probe.ask(organization, past=before.past, causes=causes)
                        answered, view = await asked_beside(self._p.platform, organization, found, before.platform)
                except TimeoutError:
                    answered, view = _late(organization), before.platform
            answers[Watched("organization", organization.name)] = answered
            views[organization.name] = view

        never = datetime.min.replace(tzinfo=UTC)
        organizations = sorted(
            self._p.organizations.values(), key=lambda each: (standing(each.name).asked_at or never, each.name)
        )
        await asyncio.gather(*map(one, organizations))
        return answers, left, views

    async def _waits(self, failed: list[str]) -> Waits | None:
        """Count what waits, for who looks; that it cannot be counted keeps nothing from being judged."""
        try:
            async with asyncio.timeout(COUNTED_WITHIN_SECONDS):
                return await counted(self._p.storage, self._p.clock)
        except (FnoLinkError, TimeoutError) as error:
            failed.append(f"what waits could not be counted: {summary(error)}")
            return None

    async def _app(self, failed: list[str]) -> Mapping[Check, Answer]:
        try:
            async with asyncio.timeout(ASKED_WITHIN_SECONDS):
                return await self._p.app.ask()
        except TimeoutError:
            failed.append(f"the questions of the app were not answered within {ASKED_WITHIN_SECONDS:g} s")
            return {}

    async def _written(
        self, judgements: Mapping[Watched, Judgement], known: Mapping[Watched, Kept], failed: list[str]
    ) -> dict[Watched, Kept]:
        """Write the standings; what could not be written is judged at the next round.

        Raises:
            StorageUnavailable: The account went away. What is written is written, and told at the next round.
        """
        # What ended at the last round may have been kept without all who were told of it, or not at all.
        await self._p.incidents.note(
            [(watched, each) for watched, kept in known.items() for each in kept.standing.unfiled]
        )
        written: dict[Watched, Kept] = {}
        moved: list[Transition] = []
        over: list[tuple[Watched, Incident]] = []
        away: list[StorageUnavailable] = []

        async def one(watched: Watched, by: Judgement) -> None:
            seen = Standing()

            def apply(standing: Standing) -> Standing:
                nonlocal seen
                seen = standing
                return judging.judged(standing, by)

            async with self._limit:
                if away:
                    return
                try:
                    kept = await self._p.standings.change(watched, apply, known.get(watched))
                except StorageUnavailable as error:
                    away.append(error)
                    return
                except Exception as error:  # noqa: BLE001  # what is wrong with one must not keep the others from it
                    failed.append(f"{watched.name} could not be judged: {summary(error)}")
                    return
            written[watched] = kept
            moved.extend(judging.transitions(watched, seen, kept.standing, by.now))
            over.extend((watched, incident) for incident in judging.ended(seen, kept.standing))

        await asyncio.gather(*(one(watched, by) for watched, by in judgements.items()))
        if away:
            raise away[0]
        try:
            await self._p.incidents.note(over)
            await self._p.history.note(moved)
        except StorageUnavailable as error:
            failed.append(f"history could not be written: {summary(error)}")
        return written

    async def _send(self, kept: Mapping[Watched, Kept], turn: Turn, failed: list[str]) -> int:
        """Send what is due of everybody, also of those who were not asked."""
        told, is_away = 0, False
        waiting: list[Watched] = []

        async def one(watched: Watched, each: Kept) -> None:
            nonlocal told, is_away
            async with self._limit:
                if is_away:
                    return
                if await turn.ended() is not None:
                    waiting.append(watched)
                    return
                try:
                    after, sent = await self._p.notices.send(watched, each)
                    told += sent
                    if not self._configured.is_configured(watched) and emptied(after.standing):
                        await self._p.standings.forget(watched)
                except Exception as error:  # noqa: BLE001  # what is wrong with one must not keep the others from it
                    is_away = is_away or isinstance(error, StorageUnavailable)
                    failed.append(f"notices of {watched.name} could not be settled: {summary(error)}")

        due = [(watched, each) for watched, each in sorted(kept.items()) if has_outbox(each.standing)]
        gone = [
            (watched, each)
            for watched, each in sorted(kept.items())
            if not has_outbox(each.standing) and each.etag and not self._configured.is_configured(watched)
        ]
        await asyncio.gather(*(one(watched, each) for watched, each in (*due, *gone)))
        if waiting:
            failed.append(f"notices of {len(waiting)} subjects are sent at the next round")
        return told

    async def _release(self, answers: Mapping[Watched, Mapping[Kind, Answer]], failed: list[str]) -> None:
        """Let parked deliveries go on, and end those that waited too long: that depends on the link, on no alert."""
        is_away = False

        async def one(watched: Watched, link: Linked | None) -> None:
            nonlocal is_away
            async with self._limit:
                if is_away:
                    return
                try:
                    if link is not None:
                        await self._p.releases.order(watched.name, link)
                    await self._p.releases.expire(watched.name)
                except FnoLinkError as error:
                    is_away = is_away or isinstance(error, StorageUnavailable)
                    failed.append(f"parked deliveries of {watched.name} stay: {summary(error)}")

        links = {
            watched: by_kind["link"].link
            for watched, by_kind in answers.items()
            if watched.sort == "organization" and "link" in by_kind
        }
        await asyncio.gather(*(one(watched, link) for watched, link in links.items()))

    async def _fold(self, failed: list[str]) -> None:
        try:
            await self._p.counts.fold([name for name, each in self._p.sources.items() if each.silent_after is not None])
        except StorageUnavailable as away:
            failed.append(f"counts could not be folded: {summary(away)}")


def _late(organization: Organization) -> dict[Kind, Answer]:
    """Answer for one whose questions took too long together; as of the first, so that it counts against the link."""
    late = Unreachable(f"{organization.url} did not answer all questions within {ASKED_WITHIN_SECONDS:g} s.")
    return {"token": unknown(late)}
