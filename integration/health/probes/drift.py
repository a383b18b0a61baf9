"""Is in Dataverse, and in Finance & Operations, what fno-link.toml declares?"""

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
from integration.finance_operations import FinanceOperations
from integration.health.check import Answer, not_asked
from integration.health.probes import codes
from integration.health.probes.asking import answered, of_error
from integration.health.probes.remembered import Remembered
from integration.links.values import Linked
from integration.redaction import redact
from integration.registration.business_events.comparing import compare
from integration.registration.business_events.seeing import Unseen, see
from integration.registration.business_events.wanted import WantedEndpoint, declares, wanted_endpoints
from integration.registration.plan import Change, Plan, plan
from integration.registration.reading import ReadsRows, read
from integration.registration.values import FINANCE_OPERATIONS
from integration.registration.wanted import Wanted, declared, wanted

NOTHING_DECLARED = "no source declares what Dataverse or Finance & Operations is to send"
RIGHTS = (
    "Give the application user a security role with prvReadServiceEndpoint, prvReadSdkMessageProcessingStep, "
    "prvReadSdkMessageProcessingStepImage, prvReadSdkMessage and prvReadSdkMessageFilter, such as System Customizer; "
    'or set registration_every = "0s" in [health].'
)
NO_ENVIRONMENT = "what Finance & Operations has was not compared: it is not linked, not trusted, or does not answer"
_DIGITS = 16
_LONGEST = 300


class DriftProbe:
    """Compares what an organization has registered with what is declared; it only reads.

    One request, and one for each endpoint of ours; where Finance & Operations' own endpoints are declared, two of its
    entities, all pages. A good answer holds for `[health] registration_every`, as long as
    the same is declared; one that is not good is asked for again in each round, so that what was mended is soon seen.

    Args:
        dataverse: Makes the calls.
        configuration: What is declared, and how long an answer holds.
        environ: The app settings.
        address: Says the address of the function app; empty: it is not known; raises InvalidRequest.
        clock: The time.
        finance_operations: Asks the linked environments; None: they are not asked.
    """

    def __init__(  # noqa: PLR0913  # its collaborators
        self,
        *,
        dataverse: ReadsRows,
        configuration: Configuration,
        environ: Environ,
        address: Callable[[], str],
        clock: Clock,
        finance_operations: FinanceOperations | None = None,
    ) -> None:
        self._dataverse = dataverse
        self._configuration = configuration
        self._environ = environ
        self._address = address
        self._clock = clock
        self._finance_operations = finance_operations

    async def ask(
        self, organization: Organization, *, remembered: Remembered | None = None, environment: Linked | None = None
    ) -> Answer:
        """Ask.

        Args:
            organization: Where.
            remembered: The last answer that was no `not_asked`: its facts say when Dataverse was asked, and for what.
            environment: The linked environment, which is trusted and answers; None: there is none, and other checks
                tell why. What it has is not compared then, and nothing of it is missing.

        Returns:
            `bad` where something differs, which it names; `unknown` where nothing does and not all was seen;
            `not_asked` where no source of it declares anything, or nothing but what the environment is to have.
        """
        asks_both = self._finance_operations is not None
        if not declares(self._configuration.sources, organization.name, finance_operations=asks_both):
            return not_asked(NOTHING_DECLARED)
        if environment is None and not declared(self._configuration.sources, organization.name):
            return not_asked("link")
        return await answered(
            self._question(organization, remembered, environment),
            within=self._configuration.health.ask_within.total_seconds(),
            whom=organization.url,
            check="registration",
            organization=organization.name,
        )

    async def _question(
        self, organization: Organization, remembered: Remembered | None, environment: Linked | None
    ) -> Answer:
        now = self._clock.now()
        ours = wanted(self._configuration, organization.name, self._environ, self._address())
        client = self._finance_operations
        theirs = wanted_endpoints(self._configuration, organization.name) if client is not None else ()
        digest = _digest(ours, theirs, environment)
        if remembered is not None and holds(
            remembered.answer, digest, self._configuration.health.registration_every, now
        ):
            return remembered.answer
        planned = Plan()
        if ours.endpoints:
            try:
                found = await read(self._dataverse, organization, ours, catalogue=False)
            except Forbidden as refused:
                return msgspec.structs.replace(of_error("unknown", refused), hint=RIGHTS)
            # Comparing a secret with its salted hash takes a tenth of a second of the processor.
            planned = await asyncio.to_thread(plan, ours, found)
        unseen = None
        if client is not None and theirs and environment is not None:
            seen = await see(client, organization, environment, catalog=False, writable=False)
            unseen = seen if isinstance(seen, Unseen) else seen.unread
            beside = compare(theirs, seen, ours.owner)
            planned = msgspec.structs.replace(planned, changes=(*planned.changes, *beside))
        elif theirs:
            unseen = Unseen(NO_ENVIRONMENT)
        facts = {"compared": now.astimezone(UTC).isoformat(), "declared": digest}
        return judge(organization.name, ours, planned, facts, unseen)


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


def judge(name: str, ours: Wanted, planned: Plan, facts: Mapping[str, str], unseen: Unseen | None = None) -> Answer:
    """Tell what differs; pure.

    Args:
        name: The organization's.
        ours: What is declared.
        planned: What would be done about it.
        facts: What is told beside.
        unseen: What of Finance & Operations was not seen; None: nothing.
    """
    left_out = "; ".join([*map(str, ours.refusals), *([unseen.why] if unseen else [])])[:_LONGEST]
    facts = {**facts, **({"notCompared": left_out} if left_out else {})}
    faults = [each for each in planned.refusals if each not in ours.refusals]
    differing = planned.drift
    if not differing and not faults:
        if unseen is None or unseen.error is None:
            return Answer(health="ok", facts=facts)
        # The environment's own check keeps the wait that it asks for: Dataverse is not to wait for it.
        answer = of_error("unknown", unseen.error)
        return msgspec.structs.replace(answer, message=unseen.why, facts={**answer.facts, **facts}, retry_after=None)
    told = [f"{each.what} {each.name}: {_why(each)}" for each in differing]
    told = told or [str(each) for each in faults]
    beside = sum(each.kind in FINANCE_OPERATIONS for each in differing)
    here = len(differing) + len(faults) - beside
    where = " and ".join(name for name, count in (("Dataverse", here), ("Finance & Operations", beside)) if count)
    count = here + beside
    what = f"1 row in {where} is" if count == 1 else f"{count} rows in {where} are"
    mends = f"; fno-link register apply {name} sets it right, and remove takes away what is not declared any more"
    return Answer(
        health="bad",
        code=codes.REGISTRATION_DRIFTED,
        message=redact(f"{what} not as fno-link.toml declares. The first: {told[0]}"),
        hint=f"fno-link register plan {name} shows what differs"
        + (mends if here else "")
        + (", and what to do in Finance & Operations by hand." if beside else "."),
        facts=facts | {"count": str(count)},
        failed=tuple(
            Failed(
                type=each.name,
                id=each.id,
                code=each.action,
                message=redact(f"{each.what}: {_why(each)}"),
            )
            for each in differing[:MOST_NAMED]
        ),
    )


def _why(change: Change) -> str:
    said = [change.why] if change.why else []
    said += [str(each) for each in change.differences]
    return ", ".join(said) or {"create": "it is not there", "orphaned": "it is not declared any more"}.get(
        change.action, change.action
    )


def _digest(ours: Wanted, theirs: tuple[WantedEndpoint, ...], environment: Linked | None) -> str:
    """Name what is declared, but for secrets, and where: another declaration or environment is compared at once."""
    endpoints = [(each.name, each.columns, each.steps) for each in ours.endpoints]
    named: list[object] = [ours.owner, endpoints]
    if theirs:
        named.append([msgspec.structs.replace(each, secret="") for each in theirs])
        named.append(environment.url if environment is not None else "")
    return hashlib.sha256(msgspec.json.encode(named, order="deterministic")).hexdigest()[:_DIGITS]
