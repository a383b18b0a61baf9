"""Does Dataverse send what its registered steps are to send?"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from integration.clock import Clock
from integration.config.keys.model import Organization
from integration.dataverse import Dataverse
from integration.dataverse.jobs import Job, Jobs
from integration.errors import Forbidden
from integration.events.alerts import Failed
from integration.events.alerts.alert import MOST_NAMED
from integration.health.check import Answer, not_asked
from integration.health.probes import codes
from integration.health.probes.asking import ASK_WITHIN_SECONDS, answered
from integration.health.probes.remembered import Remembered

LOOKED_BACK = timedelta(minutes=15)
"""At the first round: what failed before is not news."""

OVERLAP = timedelta(minutes=10)
"""A job is seen later than it was completed, and Dataverse's clock is not ours; what was counted is not again."""

TOP = 50
HINT = (
    "Open Settings > System Jobs of the environment and look for the job; mend the endpoint that the step names. "
    "Dataverse does not send by itself again what has failed."
)
_DIGITS = 8


class SenderProbe:
    """Asks for failed system jobs of the organization's steps, those that failed since the last round.

    Args:
        dataverse: Makes the call.
        clock: The time.
        within: Seconds that it may take.
    """

    def __init__(self, *, dataverse: Dataverse, clock: Clock, within: float = ASK_WITHIN_SECONDS) -> None:
        self._dataverse = dataverse
        self._clock = clock
        self._within = within

    async def ask(
        self, organization: Organization, steps: Sequence[str], *, remembered: Remembered | None = None
    ) -> Answer:
        """Ask.

        Args:
            organization: Where.
            steps: Ids of its `sdkmessageprocessingstep` rows.
            remembered: The last answer that was no `not_asked`: its facts say what has been counted.

        Returns:
            `bad` where some failed since; `not_asked` without steps, and where the right to read system jobs is
            missing.
        """
        if not steps:
            return not_asked("no steps are configured")
        return await answered(
            self._question(organization, steps, remembered),
            within=self._within,
            whom=organization.url,
            check="sender",
            organization=organization.name,
        )

    async def _question(
        self, organization: Organization, steps: Sequence[str], remembered: Remembered | None
    ) -> Answer:
        now = self._clock.now()
        facts: Mapping[str, str] = remembered.answer.facts if remembered is not None else {}
        since = min(_time(facts.get("through", "")) or now - LOOKED_BACK + OVERLAP, now) - OVERLAP
        counted = frozenset(facts.get("counted", "").split())
        try:
            jobs = await self._dataverse.failed_jobs(organization, steps, since, top=TOP)
        except Forbidden as refused:
            return not_asked(str(refused))
        return judge(jobs, counted, now)


def judge(jobs: Jobs, counted: frozenset[str], now: datetime) -> Answer:
    """Tell what failed that was not counted before; pure.

    Args:
        jobs: What failed lately, the newest first.
        counted: The beginnings of the ids of those that were counted.
        now: The time.
    """
    new = [job for job in jobs.newest if job.id[:_DIGITS] not in counted]
    facts = {"through": now.astimezone(UTC).isoformat(), "counted": " ".join(job.id[:_DIGITS] for job in jobs.newest)}
    if not new:
        return Answer(health="ok", facts=facts)
    # The newest come first: behind one that was counted all were. Where none was, more may have failed than are told.
    count = len(new) if len(new) < len(jobs.newest) else max(jobs.count, len(new))
    first = new[-1]
    facts |= {"count": str(count), "job": first.id, "name": first.name, "step": first.step, "error": first.message}
    return Answer(
        health="bad",
        code=codes.SENDER_FAILED,
        message=f"{count} system {'job' if count == 1 else 'jobs'} of registered steps failed. {_told(first)}",
        hint=HINT,
        facts=facts,
        failed=tuple(
            Failed(type=job.name, id=job.id, code=job.code or codes.SENDER_FAILED, message=job.message)
            for job in reversed(new[-MOST_NAMED:])
        ),
    )


def _told(job: Job) -> str:
    return f"The first, {job.id} ({job.name}, {job.completed_at:%Y-%m-%d %H:%M} UTC): {job.message or 'no message'}"


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None
