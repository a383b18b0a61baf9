"""From checked claims to who asks; pure.

Sources: the pages "Access token claims reference" (`appid` in tokens of version 1.0, `azp` in those of 2.0, `roles`;
`scp` is in tokens of people alone, `oid` is who it is) and "Work with user identities in Azure App Service
authentication" (names of claims may have been mapped).
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from integration.config.keys.clients import Client
from integration.errors import CallerRefused, CallerUnknown
from integration.plain_text import plain

SCOPE = "user_impersonation"
"""What a person lets a client do in their name: all that they may. A narrower one is none that is looked at."""
MOST_ROLES = 100
"""How many roles are read: Entra puts no more than a few into a token."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks.

    Args:
        client: The configured name.
        person: Who is signed in to it, as `TENANT/OBJECT-ID`; empty: the client itself asks, or the token does not say.
        roles: Its app roles.
        sees: The organizations that are there for it; None: every one, and what is of none.
    """

    client: str
    person: str = ""
    roles: frozenset[str] = frozenset()
    sees: frozenset[str] | None = None

    @property
    def name(self) -> str:
        """Who is to be told apart from others: a person from others that the same client brings."""
        return f"{self.client} {self.person}" if self.person else self.client


def caller_of(claims: Mapping[str, Any], clients: Mapping[str, Client]) -> Caller:
    """Say who asks.

    Args:
        claims: Checked ones.
        clients: The configured ones, by application id in lower case.

    Raises:
        CallerUnknown: The claims name no application, or two.
        CallerRefused: The application is none of the clients, or shows a person's token where it may not.
    """
    named = {str(claims[each]).lower() for each in ("appid", "azp") if claims.get(each)}
    if len(named) != 1:
        raise CallerUnknown("the token names no application, or two")
    application = named.pop()
    client = clients.get(application)
    if client is None:
        msg = f"the application {plain(application, longest=36)} is none of the clients"
        raise CallerRefused(msg)
    person = ""
    if (scopes := claims.get("scp")) is not None or claims.get("idtyp") == "user":
        _may_bring_people(client, scopes)
        person = _person(claims)
    sees = None if client.all_organizations else frozenset(client.organizations)
    return Caller(client=client.name, person=person, roles=_roles(claims.get("roles")), sees=sees)


def _may_bring_people(client: Client, scopes: Any) -> None:
    """Refuse a person's token by a client that has only its own to show: the roles in it are the person's."""
    if not client.people:
        msg = f"{client.name} shows the token of a person, and may not (people)"
        raise CallerRefused(msg)
    if not isinstance(scopes, str) or SCOPE not in scopes.split():
        msg = f"the token of a person that {client.name} shows has not the scope {SCOPE}"
        raise CallerRefused(msg)


def _person(claims: Mapping[str, Any]) -> str:
    """Name a person: `oid` is the same in every application, and unique in its tenant alone."""
    tenant, person = claims.get("tid"), claims.get("oid")
    if not isinstance(person, str) or not person:
        return ""
    return f"{tenant}/{person}".lower()


def _roles(said: Any) -> frozenset[str]:
    if isinstance(said, str):
        return frozenset({said})
    if not isinstance(said, Sequence):
        return frozenset()
    listed = cast("Sequence[Any]", said)[:MOST_ROLES]
    return frozenset(each for each in listed if isinstance(each, str))
