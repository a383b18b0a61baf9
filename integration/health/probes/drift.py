"""Is registered in Dataverse what fno-link.toml declares?"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Configuration, Organization
from integration.config.settings.settings import Environ
from integration.errors import Forbidden
from integration.events.alerts import Failed
from integration.events.alerts.alert import MOST_NAMED
from integration.health.check import Answer, not_asked
from integration.health.probes import codes
from integration.health.probes.asking import answered, of_error
from integration.health.probes.remembered import Remembered
from integration.redaction import redact
from integration.registration.plan import Change, Plan, plan
from integration.registration.reading import ReadsRows, read
from integration.registration.wanted import Wanted, declared, wanted

NOTHING_DECLARED = "no source declares what Dataverse is to send"
RIGHTS = (
    "Give the application user a security role with prvReadServiceEndpoint, prvReadSdkMessageProcessingStep, "
    "prvReadSdkMessageProcessingStepImage, prvReadSdkMessage and prvReadSdkMessageFilter, such as System Customizer; "
    'or set registration_every = "0s" in [health].'
)
_DIGITS = 16
_LONGEST = 300


class DriftProbe:
    """Compares what an organization has registered with what is declared; it only reads.

    One request, and one for each endpoint of ours. A good answer holds for `[health] registration_every`, as long as
    the same is declared; one that is not good is asked for again in each round, so that what was mended is soon seen.

    Args:
        dataverse: Makes the calls.
        configuration: What is declared, and how long an answer holds.
        environ: The app settings.
        address: Says the address of the function app; empty: it is not known; raises InvalidRequest.
        clock: The time.
    """

    def __init__(
        self,
        *,
        dataverse: ReadsRows,
        configuration: Configuration,
        environ: Environ,
        address: Callable[[], str],
        clock: Clock,
    ) -> None:
        self._dataverse = dataverse
        self._configuration = configuration
        self._environ = environ
        self._address = address
        self._clock = clock

    async def ask(self, organization: Organization, *, remembered: Remembered | None = None) -> Answer:
        """Ask.

        Args:
            organization: Where.
            remembered: The last answer that was no `not_asked`: its facts say when Dataverse was asked, and for what.

        Returns:
            `bad` where something differs, which it names; `not_asked` where no source of it declares anything.
        """
        if not declared(self._configuration.sources, organization.name):
            return not_asked(NOTHING_DECLARED)
        return await answered(
            self._question(organization, remembered),
            within=self._configuration.health.ask_within.total_seconds(),
            whom=organization.url,
            check="registration",
            organization=organization.name,
        )

    async def _question(self, organization: Organization, remembered: Remembered | None) -> Answer:
        now = self._clock.now()
        ours = wanted(self._configuration, organization.name, self._environ, self._address())
        digest = _digest(ours)
        if remembered is not None and holds(
            remembered.answer, digest, self._configuration.health.registration_every, now
        ):
            return remembered.answer
        try:
            found = await read(self._dataverse, organization, ours, catalogue=False)
        except Forbidden as refused:
            return msgspec.structs.replace(of_error("unknown", refused), hint=RIGHTS)
        # Comparing a secret with its salted hash takes a tenth of a second of the processor.
        planned = await asyncio.to_thread(plan, ours, found)
        return judge(
            organization.name, ours, planned, {"compared": now.astimezone(UTC).isoformat(), "declared": digest}
        )


def holds(answer: Answer, digest: str, every: timedelta, now: datetime) -> bool:
    """Tell whether an answer is still good; pure.

    Args:
        answer: The last one.
        digest: Of what is declared now.
        every: How long a good one holds.
        now: The time; a clock that was set back ends it.
    """
    if answer.health != "ok" or answer.facts.get("declared") != digest:
        return False
    try:
        at = datetime.fromisoformat(answer.facts.get("compared", ""))
    except ValueError:
        return False
    return at.tzinfo is not None and timedelta() <= now - at < every


def judge(name: str, ours: Wanted, planned: Plan, facts: Mapping[str, str]) -> Answer:
    """Tell what differs; pure.

    Args:
        name: The organization's.
        ours: What is declared.
        planned: What would be done about it.
        facts: What is told beside.
    """
    left_out = "; ".join(str(each) for each in ours.refusals)[:_LONGEST]
    facts = {**facts, **({"notCompared": left_out} if left_out else {})}
    faults = [each for each in planned.refusals if each not in ours.refusals]
    differing = planned.drift
    if not differing and not faults:
        return Answer(health="ok", facts=facts)
    told = [f"{each.kind} {each.name}: {_why(each)}" for each in differing] or [str(each) for each in faults]
    count = len(differing) + len(faults)
    what = "1 row in Dataverse is" if count == 1 else f"{count} rows in Dataverse are"
    return Answer(
        health="bad",
        code=codes.REGISTRATION_DRIFTED,
        message=redact(f"{what} not as fno-link.toml declares. The first: {told[0]}"),
        hint=f"fno-link register plan {name} shows what differs; fno-link register apply {name} sets it right, "
        "and remove takes away what is not declared any more.",
        facts=facts | {"count": str(count)},
        failed=tuple(
            Failed(type=each.name, id=each.id, code=each.action, message=redact(f"{each.kind}: {_why(each)}"))
            for each in differing[:MOST_NAMED]
        ),
    )


def _why(change: Change) -> str:
    said = [change.why] if change.why else []
    said += [str(each) for each in change.differences]
    return ", ".join(said) or {"create": "it is not there", "orphaned": "it is not declared any more"}.get(
        change.action, change.action
    )


def _digest(ours: Wanted) -> str:
    """Name what is declared, but for secrets: another declaration is compared at once."""
    endpoints = [(each.name, each.columns, each.steps) for each in ours.endpoints]
    return hashlib.sha256(msgspec.json.encode((ours.owner, endpoints), order="deterministic")).hexdigest()[:_DIGITS]
