"""Programs that show a token: `[entra]` and `[[clients]]`, as the emulated tenant has them."""

import re
import secrets
from collections.abc import Iterator, Mapping
from uuid import NAMESPACE_DNS, UUID, uuid5

import msgspec

from emulation.dynamics import Api, App, Granted, Secret, Tenant, User
from emulation.dynamics.clouds import AUTHORITIES, cloud_named
from emulation.dynamics.people import AZURE_CLI
from emulation.local.document import Document, Entry
from emulation.local.home import Client

ROLES = ("link.read", "events.read", "events.replay", "operations.write")
"""The app roles of fno-link's own registration (docs/reference/http.md)."""
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

type Settings = Mapping[str, str]


class Directory(msgspec.Struct, frozen=True):
    """What the emulated Entra has for the clients of a configuration.

    Args:
        tenant: Whose tokens are taken.
        apps: fno-link's own app registration, with its app roles, and those of the clients, with their grants.
        users: Who signs in to a client that may bring people.
        clients: The clients as they are told to the developer.
    """

    tenant: Tenant
    apps: tuple[App, ...]
    users: tuple[User, ...]
    clients: tuple[Client, ...]


def directory(document: Document, settings: Settings, known: Settings) -> Directory | None:
    """Say what Entra has; None where the configuration takes no tokens, or what it says of them cannot be understood.

    Args:
        document: The configuration.
        settings: All that are set or made up.
        known: Secrets that were made up before, by `secret_name`.
    """
    said = document.entra.text("tenant", settings)
    audiences = tuple(document.entra.texts("audiences", settings))
    if not (_GUID.fullmatch(said) and audiences and document.clients):
        return None
    cloud = cloud_named(document.entra.text("cloud", settings, "public"))
    tenant = Tenant(said.lower(), f"{UUID(said).hex}.onmicrosoft.com", cloud)
    own = next((each.lower() for each in audiences if _GUID.fullmatch(each)), None) or made_up_id("fno-link")
    uris = tuple(each for each in audiences if not _GUID.fullmatch(each))
    granted = (Granted(own, ROLES),)
    clients = tuple(_clients(document, settings, known))
    bringing = tuple(each.app_id for each in clients if each.user)
    scope = f"{uris[0] if uris else own}/.default"
    token = f"https://{AUTHORITIES[cloud]}/{tenant.id}/oauth2/v2.0/token"
    person = f"developer@{tenant.domain}"
    return Directory(
        tenant=tenant,
        apps=(
            App(own, tenant.id, organizations=(), api=Api(uris=uris, roles=ROLES, pre_authorized=bringing)),
            *(
                App(
                    each.app_id,
                    tenant.id,
                    (Secret(each.secret),),
                    organizations=(),
                    public_client=bool(each.user),
                    granted=granted,
                )
                for each in clients
                if each.secret
            ),
        ),
        users=(User(person, tenant.id, organizations=(), granted=granted),) if bringing else (),
        clients=tuple(
            msgspec.structs.replace(each, token=token, scope=scope, user=person if each.user else "")
            for each in clients
        ),
    )


def made_up_id(name: str) -> str:
    """Return an application id for a name: the same at every start."""
    return str(uuid5(NAMESPACE_DNS, f"{name}.local"))


def secret_name(client: str) -> str:
    """Say under which name a client's secret is kept for the next start; it is no app setting."""
    return f"[[clients]] {client}"


def _clients(document: Document, settings: Settings, known: Settings) -> Iterator[Client]:
    every = tuple(each.name for each in document.organizations)
    for entry in document.clients:
        app_id = entry.text("app_id", settings).lower()
        if not _GUID.fullmatch(app_id):
            continue  # the check says so
        sees = every if entry.says("all_organizations", settings, default=False) else _sees(entry, settings)
        secret = known.get(secret_name(entry.name)) or secrets.token_urlsafe(24)
        people = "people" if entry.says("people", settings, default=False) else ""
        yield Client(
            name=entry.name,
            app_id=app_id,
            organizations=sees,
            secret="" if app_id == AZURE_CLI else secret,
            user=people,
        )


def _sees(entry: Entry, settings: Settings) -> tuple[str, ...]:
    return tuple(entry.texts("organizations", settings))
