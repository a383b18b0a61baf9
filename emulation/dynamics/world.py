"""The emulated world as configured: tenants, app registrations, organizations, and what they are linked to."""

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import msgspec

from emulation.dynamics.clouds import AUTHORITIES, CloudName
from emulation.dynamics.directory import ADMINISTRATORS, Licence
from emulation.dynamics.environments import Environment
from emulation.dynamics.estate import Capacity
from emulation.dynamics.pace import Pace
from emulation.dynamics.tables.column import ColumnType

TENANT = "11111111-2222-3333-4444-555555555555"

# Names under which the same Entra answers, besides those of emulation.dynamics.clouds
# (page "National clouds: Microsoft Entra authentication endpoints").
ENTRA_HOSTS: dict[str, str] = {
    **{authority: authority for authority in AUTHORITIES.values()},
    "login.windows.net": "login.microsoftonline.com",
    "login.microsoft.com": "login.microsoftonline.com",
    "sts.windows.net": "login.microsoftonline.com",
    "login.usgovcloudapi.net": "login.microsoftonline.us",
    "login.partner.microsoftonline.cn": "login.chinacloudapi.cn",
}


class Tenant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Microsoft Entra tenant.

    Args:
        id: Its id.
        domain: Its primary domain; both name it in an authority.
        cloud: Whose Entra knows it.
        power_platform: Whether it has the service principals of the Power Platform API and of the Power Apps Service.
        capacity: What it is entitled to, and uses, of Dataverse's storage.
        only_administrators_create: Whether only administrators may create production environments.
    """

    id: str = TENANT
    domain: str = "contoso.onmicrosoft.com"
    cloud: CloudName = "public"
    power_platform: bool = True
    capacity: Capacity = Capacity()
    only_administrators_create: bool = False


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A client secret.

    Args:
        value: The secret itself.
        expires: When it stops working; never by default.
        name: What it is called in the portal.
    """

    value: str
    expires: datetime | None = None
    name: str = ""


class Federated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A federated credential: whose tokens an application or a user-assigned managed identity takes for its own.

    Args:
        issuer: The `iss` of such a token.
        subject: Its `sub`: `system:serviceaccount:NAMESPACE:NAME` of a pod.
        key: The issuer's public key, PEM.
    """

    issuer: str
    subject: str
    key: str


class Api(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an app registration exposes (its pages "Expose an API" and "App roles").

    Args:
        uris: Its Application ID URIs (`api://fno-link`); its client id names it as well.
        roles: The values of its app roles.
        token_version: Of the access tokens that it takes, `requestedAccessTokenVersion` of its manifest.
        assignment_required: Whether who was granted no role gets no token.
        pre_authorized: The client ids of applications that people may be signed in to for its scope
            `user_impersonation`, without that somebody consents; for others nobody has.
    """

    uris: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    token_version: Literal[1, 2] = 1
    assignment_required: bool = False
    pre_authorized: tuple[str, ...] = ()


class Granted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """App roles that somebody was granted.

    Args:
        app: The client id of the application whose roles they are.
        roles: Their values.
    """

    app: str
    roles: tuple[str, ...]


class App(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An app registration, or a managed identity.

    Args:
        client_id: The application id.
        tenant: Id or domain of its tenant.
        secrets: Its client secrets.
        certificates: Its registered certificates, PEM.
        organizations: Names of the organizations where it has an application user; None means all of its tenant.
        finance_operations: Whether F&O lists the client id under "Microsoft Entra applications".
        power_platform: Whether it has a role by which it may read environments of the Power Platform.
        administers: Whether it may ask for what concerns the tenant as a whole: it is a management application of the
            Power Platform, or has such a role.
        managed_identity: "system" or "user" when it is a managed identity; these have no secrets.
        reads_applications: Whether it was granted Application.Read.All of Microsoft Graph.
        roles: Security roles of its application users.
        public_client: Whether people may sign in to it without a secret of its own ("Allow public client flows").
        delegated: What it may do at Microsoft Graph for whoever is signed in to it, with consent; the portal gives each
            new registration User.Read.
        federated: Its federated credentials.
        api: What it exposes to other applications; None: nobody gets a token for it.
        granted: App roles of other applications that it was granted.
    """

    client_id: str
    tenant: str = TENANT
    secrets: tuple[Secret, ...] = ()
    certificates: tuple[str, ...] = ()
    organizations: tuple[str, ...] | None = None
    finance_operations: bool = True
    power_platform: bool = False
    administers: bool = False
    managed_identity: str = ""
    reads_applications: bool = False
    roles: tuple[str, ...] = ("System Administrator", "Finance and Operations Integration User")
    public_client: bool = False
    delegated: tuple[str, ...] = ("User.Read",)
    federated: tuple[Federated, ...] = ()
    api: Api | None = None
    granted: tuple[Granted, ...] = ()


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person.

    Args:
        name: The user principal name.
        tenant: Id or domain of the home tenant.
        organizations: Names of the organizations where there is a user for it; None means all of its tenant.
        finance_operations: Whether F&O has an enabled user for it.
        power_platform: Whether it has a role by which it may read environments of the Power Platform.
        roles: Security roles of its users.
        granted: App roles that it was assigned, as `App.granted`.
        directory_roles: Its roles in Microsoft Entra, by name.
        licences: Its licences.
    """

    name: str
    tenant: str = TENANT
    organizations: tuple[str, ...] | None = None
    finance_operations: bool = True
    power_platform: bool = False
    roles: tuple[str, ...] = ("System Administrator",)
    granted: tuple[Granted, ...] = ()
    directory_roles: tuple[str, ...] = ()
    licences: tuple[Licence, ...] = ()

    def caller(self, identity: str) -> App:
        """Return what resources see of it: whoever calls, with its rights.

        Args:
            identity: Its object id.
        """
        return App(
            identity,
            tenant=self.tenant,
            organizations=self.organizations,
            finance_operations=self.finance_operations,
            power_platform=self.power_platform,
            administers=not ADMINISTRATORS.isdisjoint(self.directory_roles),
            roles=self.roles,
        )


class FinanceOperationsLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the link call answers.

    Args:
        url: The F&O environment's URL, answered as it is given here.
        id: The F&O environment's id; derived from the URL by default.
        tenant_id: The tenant answered; the organization's own by default.
        is_unified_database: Undocumented extra of the answer; left out when None.
        lifecycle_status: Undocumented extra (`OrgLifecycleStatus`); left out when None.
    """

    url: str
    id: str = ""
    tenant_id: str = ""
    is_unified_database: bool | None = False
    lifecycle_status: str | None = "Running"


class Organization(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Dataverse environment.

    Args:
        name: How the control API calls it.
        url: Its URL; `https://{name}.crm.dynamics.com` by default.
        organization_id: What WhoAmI answers; derived from the URL by default.
        tenant: Id or domain of its tenant.
        link: The linked F&O environment, or None.
        environment: The environment that it is in, as the Power Platform has it.
        rows: Table rows by entity set name; each row has its key under the table's primary key column.
        columns: Columns of business tables by entity set and logical name, with their types; of `accounts` and
            `contacts` those besides Microsoft's. A table that is named here is there without rows.
        custom_messages: Names of messages of custom APIs; so Finance & Operations tells of its business events, too.
        pace: How long it waits for receivers of what its steps send.
    """

    name: str
    url: str = ""
    organization_id: str = ""
    tenant: str = TENANT
    link: FinanceOperationsLink | None = None
    environment: Environment = Environment()
    rows: dict[str, list[dict[str, object]]] = msgspec.field(default_factory=dict[str, list[dict[str, object]]])
    columns: dict[str, dict[str, ColumnType]] = msgspec.field(default_factory=dict[str, dict[str, ColumnType]])
    custom_messages: tuple[str, ...] = ()
    pace: Pace = Pace()

    def base_url(self) -> str:
        """Return the URL without a trailing slash."""
        return (self.url or f"https://{self.name}.crm.dynamics.com").rstrip("/")

    def hosts(self) -> tuple[str, str]:
        """Return the host of the URL and that of its API form (`contoso.api.crm4.dynamics.com`)."""
        host = urlsplit(self.base_url()).hostname or ""
        label, _, rest = host.partition(".")
        return host, f"{label}.api.{rest}"

    def unique_name(self) -> str:
        """Return the unique name, by which messages call it."""
        return f"unq{uuid5(NAMESPACE_URL, self.base_url()).hex[:20]}"

    def id(self) -> str:
        """Return the OrganizationId."""
        return self.organization_id or str(uuid5(NAMESPACE_URL, self.base_url()))


class World(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that exists at the start.

    Args:
        tenants: The Entra tenants.
        apps: App registrations and managed identities.
        users: People.
        organizations: The Dataverse environments.
        token_lifetime: Seconds that an access token lives.
        elsewhere: Base URL on loopback that requests to any other host are handed to, as `{elsewhere}/{host}{path}`;
            empty: there are no other hosts.
        sites: By the name of a public host (or `*.azurewebsites.net`, or `*`), where it stands on loopback: what steps
            send goes there.
        device_code_lifetime: Seconds in which a person has to answer a device code.
        device_code_interval: Seconds that a client has to leave between two questions whether it was answered.
    """

    tenants: tuple[Tenant, ...] = (Tenant(),)
    apps: tuple[App, ...] = ()
    organizations: tuple[Organization, ...] = ()
    token_lifetime: int = 3599
    elsewhere: str = ""
    sites: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    users: tuple[User, ...] = ()
    device_code_lifetime: int = 900
    device_code_interval: int = 5


def load(path: Path) -> World:
    """Read a world from a TOML or JSON file.

    Args:
        path: The file; `.toml` is TOML, anything else JSON.

    Raises:
        msgspec.ValidationError: A key or value is not one of `World`; the message names it.
        ValueError: The file is neither, or something is of a tenant that is not configured.
    """
    text = path.read_text(encoding="utf-8")
    world = msgspec.convert(tomllib.loads(text) if path.suffix == ".toml" else json.loads(text), World)
    known = {name.lower() for tenant in world.tenants for name in (tenant.id, tenant.domain)}
    for kind, name, tenant in (
        *(("app", app.client_id, app.tenant) for app in world.apps),
        *(("organization", organization.name, organization.tenant) for organization in world.organizations),
    ):
        if tenant.lower() not in known:
            msg = f"the {kind} {name} is of tenant {tenant}, which is not among [[tenants]]; add it there"
            raise ValueError(msg)
    return world


def link_id(link: FinanceOperationsLink) -> str:
    """Return the id of the linked environment, derived from its URL where none is given."""
    return link.id or str(uuid5(NAMESPACE_URL, link.url.rstrip("/")))
