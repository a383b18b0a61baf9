"""The world as it stands now: what the control API changes and the emulated services answer from."""

import time
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import msgspec

from emulation.dynamics.clouds import ADMINISTRATION, AUTHORITIES, GRAPHS, POWER_PLATFORM, CloudName
from emulation.dynamics.devices import Devices
from emulation.dynamics.faults import DATAVERSE, Faults
from emulation.dynamics.records import Records
from emulation.dynamics.signing import Keyring
from emulation.dynamics.world import ENTRA_HOSTS, App, FinanceOperationsLink, Organization, Tenant, User, World

CONCURRENT = 52
"""Requests that an app may have under way at one node of an F&O environment."""

ENTRA_KINDS = frozenset({"discovery", "token"})
FNO_KINDS = frozenset({"fno"})
GRAPH_KINDS = frozenset({"graph"})
PLATFORM_KINDS = frozenset({"platform", "capacity"})
ADMINISTRATION_KINDS = frozenset({"administration"})


class OrganizationState:
    """One organization as it stands now.

    Args:
        organization: It as configured.
        tenant: Its tenant.
    """

    def __init__(self, organization: Organization, tenant: Tenant) -> None:
        self.organization = organization
        self.name = organization.name
        self.tenant = tenant
        self.link = organization.link
        self.environment = organization.environment
        self.rows = deepcopy(organization.rows)
        self.faults = Faults()
        self.revoked_through = 0
        self.concurrency = CONCURRENT
        self.busy = 0
        self.environments: set[str] = set()
        self.version = 1000
        self.pace = organization.pace
        self.roles: dict[str, set[str]] = {}
        self.denied: dict[str, set[str]] = {}
        self.entities: dict[str, list[dict[str, object]]] = {}
        self.unreadable: set[str] = set()
        self.writes: dict[str, str] = {}
        self.overruled: dict[str, dict[str, object]] = {}

    def user_id(self, client_id: str) -> str:
        """Return the application user's id."""
        return str(uuid5(NAMESPACE_URL, f"{self.organization.id()}/users/{client_id}"))


class State:
    """The world as it stands now.

    Args:
        world: What exists at the start, and again after a reset.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.keys = Keyring()
        self.tokens_issued = 0
        self.reset()

    def reset(self) -> None:
        """Return to the start; tokens already issued stay valid."""
        self.records = Records()
        self._clocks: dict[str, float] = {}
        self.token_lifetime = self._world.token_lifetime
        self.elsewhere = self._world.elsewhere
        self.sites = {host.lower(): url for host, url in self._world.sites.items()}
        self.tenants = list(self._world.tenants)
        self.apps: dict[str, App] = {app.client_id: app for app in self._world.apps}
        self.users: dict[str, User] = {user.name.lower(): user for user in self._world.users}
        self.devices = Devices(self._world.device_code_lifetime, self._world.device_code_interval)
        self.organizations: dict[str, OrganizationState] = {}
        self._by_host: dict[str, OrganizationState] = {}
        self._by_environment: dict[str, OrganizationState] = {}
        for organization in self._world.organizations:
            self.add_organization(organization)

    def play(self, world: World) -> None:
        """Begin another world; a reset returns to it. Tokens already issued stay valid.

        Raises:
            KeyError: An organization is of a tenant that is not there; the world before begins anew.
        """
        before, self._world = self._world, world
        try:
            self.reset()
        except KeyError:
            self._world = before
            self.reset()
            raise

    def now(self) -> datetime:
        """Return this world's time."""
        return datetime.now(UTC) + timedelta(seconds=self._clocks.get("", 0.0))

    def epoch(self) -> float:
        """Return this world's time in seconds since the epoch."""
        return time.time() + self._clocks.get("", 0.0)

    def set_clock(self, seconds: float, host: str) -> None:
        """Set how far a host's clock is ahead of the world's; an empty host: the world's of this machine's."""
        self._clocks[host.lower()] = seconds

    def date(self, host: str) -> str:
        """Return the `Date` of what a host answers now."""
        own = self._clocks.get(host.lower(), 0.0) if host else 0.0
        return format_datetime(self.now() + timedelta(seconds=own), usegmt=True)

    def set_site(self, host: str, url: str) -> None:
        """Say where a public host stands on loopback; an empty URL takes it away."""
        if url:
            self.sites[host.lower()] = url
        else:
            self.sites.pop(host.lower(), None)

    def tenant(self, name: str) -> Tenant:
        """Return the tenant of this id or domain.

        Raises:
            KeyError: There is none.
        """
        for tenant in self.tenants:
            if name.lower() in (tenant.id.lower(), tenant.domain.lower()):
                return tenant
        raise KeyError(name)

    def add_tenant(self, tenant: Tenant) -> None:
        """Add a tenant, or replace the one of the same id."""
        self.tenants = [*(each for each in self.tenants if each.id != tenant.id), tenant]
        for organization in self.organizations.values():
            if organization.tenant.id == tenant.id:
                organization.tenant = tenant

    def add_organization(self, organization: Organization) -> None:
        """Add an organization, or replace one of the same name."""
        if replaced := self.organizations.pop(organization.name, None):
            for host in replaced.organization.hosts():
                self._by_host.pop(host, None)
        state = OrganizationState(organization, self.tenant(organization.tenant))
        self.organizations[organization.name] = state
        self._by_host.update(dict.fromkeys(organization.hosts(), state))
        self.set_link(state, organization.link)

    def set_link(self, organization: OrganizationState, link: FinanceOperationsLink | None) -> None:
        """Link, relink or unlink; an F&O environment once known goes on answering."""
        organization.link = link
        if link and (host := urlsplit(link.url).hostname):
            organization.environments.add(host)
            # An environment belongs to the organization that was linked to it last.
            self._by_environment[host] = organization

    def by_dataverse_host(self, host: str) -> OrganizationState | None:
        """Return the organization that answers at this host."""
        return self._by_host.get(host)

    def by_environment_host(self, host: str) -> OrganizationState | None:
        """Return the organization that was linked last to the F&O environment at this host."""
        return self._by_environment.get(host)

    def by_environment_id(self, environment_id: str) -> OrganizationState | None:
        """Return the organization that is in this environment."""
        asked = environment_id.lower()
        return next(
            (
                each
                for each in self.organizations.values()
                if each.environment.named(each.organization.base_url()).lower() == asked
            ),
            None,
        )

    def identity(self, app: App) -> str:
        """Return the object id of an app's service principal."""
        return str(uuid5(NAMESPACE_URL, f"{self.tenant(app.tenant).id}/{app.client_id}"))

    def person(self, user: User) -> str:
        """Return the object id of a person."""
        return str(uuid5(NAMESPACE_URL, f"{self.tenant(user.tenant).id}/people/{user.name.lower()}"))

    def user(self, identity: str) -> User | None:
        """Return the person of this object id, or None: there is none."""
        return next((user for user in self.users.values() if self.person(user) == identity), None)

    def caller(self, client_id: str, identity: str) -> App | None:
        """Return who calls: a person, or else an application.

        Args:
            client_id: The application's.
            identity: The object id in the token.
        """
        person = self.user(identity)
        return person.caller(identity) if person else self.apps.get(client_id)

    def by_resource(self, resource: str) -> OrganizationState | None:
        """Return the organization that a token's resource belongs to, directly or by its F&O environment."""
        host = urlsplit(resource).hostname or ""
        return self.by_dataverse_host(host) or self.by_environment_host(host)

    def at_host(self, host: str) -> tuple[list[OrganizationState], frozenset[str]]:
        """Return the organizations concerned by connections to this host, and the kinds of call made there."""
        if host in ENTRA_HOSTS:
            authority = ENTRA_HOSTS[host]
            organizations = [org for org in self.organizations.values() if AUTHORITIES[org.tenant.cloud] == authority]
            return organizations, ENTRA_KINDS
        if host in GRAPHS:
            return self._of(GRAPHS[host]), GRAPH_KINDS
        if organization := self.by_dataverse_host(host):
            return [organization], DATAVERSE
        if organization := self.by_environment_host(host):
            return [organization], FNO_KINDS
        kinds = ADMINISTRATION_KINDS if host in ADMINISTRATION else PLATFORM_KINDS
        cloud = (POWER_PLATFORM | ADMINISTRATION).get(host)
        return (self._of((cloud,)), kinds) if cloud else ([], frozenset())

    def _of(self, clouds: tuple[CloudName, ...]) -> list[OrganizationState]:
        return [each for each in self.organizations.values() if each.tenant.cloud in clouds]

    def exists(self, host: str) -> bool:
        """Tell whether this host is part of the world."""
        return (
            bool(self.elsewhere)
            or host in ENTRA_HOSTS
            or host in GRAPHS
            or host in POWER_PLATFORM
            or host in ADMINISTRATION
            or bool(self.by_dataverse_host(host) or self.by_environment_host(host))
        )

    def concerned(
        self, tenant: Tenant | None, kind: str, clouds: tuple[CloudName, ...] = ()
    ) -> OrganizationState | None:
        """Return the organization whose faults meet a call that is about a tenant, not about one organization.

        Args:
            tenant: The tenant; None: any of the clouds.
            kind: The kind of the call.
            clouds: The clouds of who is called.

        Returns:
            The first with a fault of this kind, else the first.
        """
        theirs = [
            organization
            for organization in self.organizations.values()
            if (organization.tenant == tenant if tenant else organization.tenant.cloud in clouds)
        ]
        return next((each for each in theirs if each.faults.meets(kind)), next(iter(theirs), None))

    def change_app(self, client_id: str, **changes: object) -> None:
        """Replace fields of an app registration.

        Raises:
            KeyError: There is no such app.
        """
        self.apps[client_id] = msgspec.structs.replace(self.apps[client_id], **changes)
