"""The emulated Entra, Dataverse and Finance & Operations that belong to a configuration."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_DNS, UUID, uuid5

import msgspec

from emulation.dynamics import App, FinanceOperationsLink, Organization, Secret, Tenant, World
from emulation.dynamics.clouds import CloudName, cloud_named
from emulation.local.clients import Directory
from emulation.local.document import Document, Entry
from emulation.local.made_up import prefix_of
from emulation.local.public_certificate import public_certificate

# Pages "Deployment options by geography" and, for China, published addresses.
FINANCE_OPERATIONS: dict[str, str] = {
    "public": "operations.dynamics.com",
    "gcc": "operations.gov.microsoftdynamics.us",
    "gcc_high": "operations.high.microsoftdynamics.us",
    "dod": "operations.appsplatform.us",
    "china": "operations.dynamics.cn",
}
# The row that the samples name whose content Dataverse removed for its size.
ACCOUNT: dict[str, Any] = {
    "accountid": "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001",
    "name": "Fabrikam",
    "creditlimit": 100000,
}

type Settings = Mapping[str, str]


def home_of(organization: Organization, cloud: str) -> str:
    """Return the URL of the Finance & Operations environment that an organization is linked to at the start."""
    label = (urlsplit(organization.base_url()).hostname or organization.name).partition(".")[0]
    return f"https://{label}.{FINANCE_OPERATIONS.get(cloud, FINANCE_OPERATIONS['public'])}"


def world(document: Document, settings: Settings, elsewhere: str, callers: Directory | None = None) -> World:
    """Return the world of the configured organizations, each linked to an environment of its own.

    Args:
        document: The configuration.
        settings: All that are set or made up.
        elsewhere: Who answers for every other host.
        callers: What Entra has for programs that show a token; None: there are none.
    """
    tenants: dict[str, Tenant] = {}
    apps: dict[str, App] = {}
    organizations: list[Organization] = []
    for entry in document.organizations:
        cloud = _cloud(entry)
        tenant = _tenant(entry.text("tenant", settings, "contoso.onmicrosoft.com"), cloud)
        tenants.setdefault(tenant.id, tenant)
        organization = Organization(
            entry.name,
            entry.text("url", settings),
            entry.text("organization_id", settings).lower(),
            tenant.id,
            rows={"accounts": [dict(ACCOUNT)]},
        )
        linked = FinanceOperationsLink(home_of(organization, cloud))
        organizations.append(msgspec.structs.replace(organization, link=linked))
        for app in _app(entry.name, tenant, settings):
            before = apps.get(app.client_id)
            apps[app.client_id] = app if before is None else _both(before, app)
    if callers is not None:
        tenants.setdefault(callers.tenant.id, callers.tenant)
        for app in callers.apps:
            before = apps.get(app.client_id)
            apps[app.client_id] = app if before is None else _both(before, app)
    return World(
        tuple(tenants.values()) or (Tenant(),),
        tuple(apps.values()),
        tuple(organizations),
        elsewhere=elsewhere,
        users=callers.users if callers else (),
    )


def _cloud(entry: Entry) -> CloudName:
    return cloud_named(str(entry.fields.get("cloud", "public")))


def _tenant(said: str, cloud: CloudName) -> Tenant:
    try:
        return Tenant(str(UUID(said)), f"{UUID(said).hex}.onmicrosoft.com", cloud)
    except ValueError:
        return Tenant(str(uuid5(NAMESPACE_DNS, said.lower())), said, cloud)


def _app(organization: str, tenant: Tenant, settings: Settings) -> Iterator[App]:
    def value(kind: str) -> str:
        return settings.get(f"{prefix_of(organization)}CLIENT_{kind}", "").strip()

    if not (client_id := value("ID")):
        return
    certificate = public_certificate(value("CERTIFICATE"), value("CERTIFICATE_PASSWORD"))
    yield App(
        client_id,
        tenant.id,
        tuple(Secret(secret) for secret in (value("SECRET"),) if secret),
        (certificate,) if certificate else (),
        reads_applications=True,
    )


def _both(one: App, other: App) -> App:
    secrets = (*one.secrets, *(each for each in other.secrets if each not in one.secrets))
    certificates = tuple(dict.fromkeys((*one.certificates, *other.certificates)))
    return msgspec.structs.replace(
        one,
        secrets=secrets,
        certificates=certificates,
        api=one.api or other.api,
        granted=(*one.granted, *(each for each in other.granted if each not in one.granted)),
    )
