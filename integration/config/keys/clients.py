"""Programs that show a token of Entra instead of a function key."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from integration.clouds import CloudName
from integration.config.keys.fields import Name, OrganizationName

type Role = Literal["link.read", "events.read", "events.replay", "operations.write"]
"""The app roles by which a caller with a token may ask: none implies another.

`link.read` asks for links and lets one be asked anew; `events.read` reads what happened: events, dead letters, parked
deliveries, incidents, maintenance, how everything stands; `events.replay` sends again; `operations.write` changes what
is kept or told: purges, acknowledgements, maintenance.
"""

_ID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_HINT = "32 hexadecimal digits as 8-4-4-4-12"

type Guid = Annotated[str, Meta(pattern=f"^{_ID}$", extra={"hint": f"{_HINT}: the Application (client) id"})]
type TenantId = Annotated[str, Meta(pattern=f"^({_ID})?$", extra={"hint": f"{_HINT}: tokens say ids, not domains"})]
type Audience = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9:/._-]{0,254}$",
        extra={"hint": "the Application ID URI (api://…) and the client id of fno-link's own app registration"},
    ),
]


class Entra(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose tokens are taken from programs beside function keys, at `/api/entra/…`.

    Args:
        tenant: The id of the tenant that issues them.
        cloud: Its cloud.
        audiences: For whom they are issued, any of these: the Application ID URI and the client id of fno-link's own
            app registration (tokens of version 2.0 say the id).
    """

    tenant: TenantId = ""
    cloud: CloudName = "public"
    audiences: tuple[Audience, ...] = ()


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that may show a token; what it may do is said by the app roles in it.

    Args:
        name: What the log and incidents call it.
        app_id: The client id of its app registration or managed identity; `04b07795-8ddb-461a-bbee-02f9e1bf7b46` is the
            Azure CLI.
        organizations: The organizations that it may see; any other is not there for it.
        all_organizations: It may see every one, and what is of none, instead.
        people: It may show tokens of people who are signed in to it (scope `user_impersonation`): what they may do is
            said by the app roles that they have themselves. Without, such a token is refused.
    """

    name: Name
    app_id: Guid
    organizations: tuple[OrganizationName, ...] = ()
    all_organizations: bool = False
    people: bool = False
