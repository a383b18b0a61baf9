"""What is registered in Dataverse: planned, made so, compared and taken away, for one organization after the other."""

from collections.abc import Callable
from random import Random
from urllib.parse import urlsplit

import msgspec

from integration.config.keys.model import Configuration, Organization
from integration.config.reading.sending import check_sender_url
from integration.config.settings import settings
from integration.config.settings.settings import Environ
from integration.dataverse import Dataverse
from integration.errors import InvalidRequest, LinkUnknown
from integration.registration.applying import Applied, apply, remove
from integration.registration.business_events.comparing import compare
from integration.registration.business_events.environments import Environments
from integration.registration.business_events.seeing import Unseen
from integration.registration.business_events.wanted import wanted_endpoints
from integration.registration.found import Found
from integration.registration.plan import Change, Plan, plan, removals
from integration.registration.reading import read
from integration.registration.values import Kind, Value
from integration.registration.wanted import Refusal, Wanted, wanted


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A change, as JSON has it.

    Args:
        action: `create`, `update`, `rotate`, `leave`, `foreign`, `orphaned`; of Finance & Operations `by_hand`,
            `experimental`, `leave`, `foreign` or `unknown`.
        kind: `endpoint`, `step` or `image`; of Finance & Operations `fno_endpoint` or `fno_event`.
        name: Its name.
        id: Its id; empty: there is none yet.
        within: What it belongs to.
        why: In words, where the action does not say it.
        differences: What is not as it is declared: column, found, wanted.
        todo: What to do in Finance & Operations.
    """

    action: str
    kind: Kind
    name: str
    id: str = ""
    within: str = ""
    why: str = ""
    differences: tuple[dict[str, Value], ...] = ()
    todo: str = ""

    @classmethod
    def of(cls, change: Change) -> "Shown":
        """Return what is shown of a change: no secret is."""
        return cls(
            action=change.action,
            kind=change.kind,
            name=change.name,
            id=change.id,
            within=change.within,
            why=change.why,
            differences=tuple(msgspec.structs.asdict(each) for each in change.differences),
            todo=change.todo,
        )


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, and what is to be done.

    Args:
        organization: Where.
        wanted: What is declared.
        found: What there is.
        plan: What differs.
        unseen: Why nothing was seen of what Finance & Operations has; None: it was, or nothing of it is declared.
    """

    organization: Organization
    wanted: Wanted
    found: Found
    plan: Plan
    unseen: Unseen | None = None

    @property
    def drift(self) -> tuple[Change, ...]:
        """What is not as it is declared."""
        return self.plan.drift

    @property
    def faults(self) -> tuple[Refusal, ...]:
        """What in Dataverse is in the way; that a secret is not known here is none of it."""
        return tuple(each for each in self.plan.refusals if each not in self.wanted.refusals)


class Registrar:
    """Registers by one Dataverse client.

    Args:
        dataverse: The client.
        configuration: What is declared.
        environ: The app settings.
        app_url: The address of the function app; empty: it is not known.
        rng: Draws salts.
        solution: The unique name of the solution that what is written becomes part of; empty: none.
        environments: Find, see and write the linked environments; None: nothing of theirs is compared.
        experimental: Write to them, too.
    """

    def __init__(  # noqa: PLR0913  # its parts
        self,
        dataverse: Dataverse,
        configuration: Configuration,
        environ: Environ,
        *,
        app_url: str,
        rng: Random,
        solution: str = "",
        environments: Environments | None = None,
        experimental: bool = False,
    ) -> None:
        self._dataverse = dataverse
        self._configuration = configuration
        self._environ = environ
        self._app_url = app_url
        self._rng = rng
        self._solution = solution
        self._environments = environments
        self._experimental = experimental

    async def plan(self, organization: Organization, *, catalogue: bool = True) -> Planned:
        """Read what there is and say what is to be done.

        Args:
            organization: Where.
            catalogue: Look up what can be registered, too; a comparison does without.

        Raises:
            LinkUnknown: The subclass says why.
        """
        declared = wanted(self._configuration, organization.name, self._environ, self._app_url)
        found = await read(
            self._dataverse, organization, declared, catalogue=catalogue, solution=self._solution if catalogue else ""
        )
        made = plan(declared, found)
        if self._environments is None:
            return Planned(organization=organization, wanted=declared, found=found, plan=made)
        endpoints = wanted_endpoints(self._configuration, organization.name)
        if not endpoints:
            return Planned(organization=organization, wanted=declared, found=found, plan=made)
        seen = await self._environments.see(organization, catalog=catalogue, writable=self._experimental)
        beside = compare(endpoints, seen, declared.owner, experimental=self._experimental)
        return Planned(
            organization=organization,
            wanted=declared,
            found=found,
            plan=msgspec.structs.replace(made, changes=(*made.changes, *beside)),
            unseen=seen if isinstance(seen, Unseen) else None,
        )

    async def apply(self, planned: Planned, told: Callable[[Change], None]) -> Applied:
        """Make it so, and read again what there is then: Dataverse may take a row and keep it otherwise.

        Arguments and errors as of `registration.applying.apply`; where the reading fails, the error says so, and all
        was written.
        """
        made = await apply(
            self._dataverse,
            planned.organization,
            planned.plan,
            planned.found,
            owner=planned.wanted.owner,
            rng=self._rng,
            solution=self._solution,
            told=told,
        )
        if made.error is None and self._experimental and self._environments is not None:
            beside = await self._environments.apply(planned.organization, planned.plan.changes, told)
            made = msgspec.structs.replace(beside, done=(*made.done, *beside.done))
        if made.error is not None or not made.done:
            return made
        try:
            again = await self.plan(planned.organization, catalogue=False)
        except LinkUnknown as error:
            return msgspec.structs.replace(made, error=error)
        ours = (each for each in again.plan.changes if each.action == "experimental")
        return msgspec.structs.replace(made, not_kept=(*again.plan.writes, *ours))

    async def remove(self, planned: Planned, gone: tuple[Change, ...], told: Callable[[Change], None]) -> Applied:
        """Delete what was said to be deleted."""
        return await remove(self._dataverse, planned.organization, gone, told)


def to_remove(planned: Planned, *, everything: bool) -> tuple[tuple[Change, ...], tuple[Refusal, ...]]:
    """Say what would be deleted, and why it may not; see `registration.plan.removals`."""
    return removals(planned.found, planned.wanted.owner, planned.plan.changes, everything=everything)


def app_address(said: str, environ: Environ) -> str:
    """Return the address of the function app.

    Args:
        said: On the command line; empty: by the app setting FNO_LINK_APP_URL, else what Azure calls the app.
        environ: The app settings.

    Returns:
        Without a path; empty: it is not known.

    Raises:
        InvalidRequest: It is no https address.
    """
    host = environ.get(settings.HOSTNAME, "").strip()
    url = said.strip() or environ.get(settings.APP_URL, "").strip() or (f"https://{host}" if host else "")
    if not url:
        return ""
    fault = check_sender_url(url)
    if fault is None and urlsplit(url).path not in ("", "/"):
        msg = f"the address of the app has a path: {url[:200]!r}; say https://NAME.azurewebsites.net"
        raise InvalidRequest(msg)
    if fault is not None:
        shown = repr(url[:200]) if "@" not in url and "?" not in url else "it"
        msg = f"the address of the app: {fault.message.replace('{}', shown)} ({fault.hint})"
        raise InvalidRequest(msg)
    return url.rstrip("/")
