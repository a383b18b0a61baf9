"""Microsoft Graph: when an app's own secrets expire, and the directory roles and licences of whoever is signed in.

Sources: the pages "Get application", "passwordCredential resource type" (the hint is the secret's first three
characters), "List a user's memberships (direct and transitive)" and "List licenseDetails" (both of a person alone, for
which User.Read is enough; what the application may not read of a role comes with its id alone), and "National cloud
deployments".
"""

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from integration.clock import Clock, SystemClock
from integration.clouds import CLOUDS
from integration.config.keys.model import Organization
from integration.dataverse.authorized import CALL_TIMEOUT_SECONDS, Authorized
from integration.dataverse.connection import Reply
from integration.dataverse.failures import failure
from integration.dataverse.json_body import Unreadable, read
from integration.errors import Forbidden, LinkUnknown, UnexpectedAnswer
from integration.identity import Tokens

if TYPE_CHECKING:
    import httpx

PERMISSION = (
    "Grant it, with consent, in the Microsoft Entra admin center > App registrations > the app > API permissions: "
    "Application.Read.All for its own secrets, User.Read for whoever is signed in to it."
)

_OK = 200
_NOT_FOUND = 404


class Secret(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A client secret, as the app registration tells of it; never its value.

    Args:
        key_id: Its id, which the portal shows beside it.
        display_name: What it is called there.
        hint: Its first three characters.
        end_date_time: When it expires; None: never.
    """

    key_id: str | None = None
    display_name: str | None = None
    hint: str | None = None
    end_date_time: datetime | None = None


class Role(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A directory role that somebody has.

    Args:
        role_template_id: Which role it is, the same in every tenant; None: the caller may not read it.
    """

    role_template_id: str | None = None


class ServicePlan(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of a licence.

    Args:
        service_plan_name: Its name.
        provisioning_status: `Success` where it is there; `Disabled` where it was switched off.
    """

    service_plan_name: str | None = None
    provisioning_status: str | None = None


class Licence(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A licence that somebody has.

    Args:
        sku_part_number: The product's part number.
        service_plans: What it brings.
    """

    sku_part_number: str | None = None
    service_plans: tuple[ServicePlan, ...] = ()


class Held[T](msgspec.Struct, frozen=True):
    """What somebody has.

    Args:
        each: In Graph's order.
        complete: Whether that is all of it.
    """

    each: tuple[T, ...]
    complete: bool


class MicrosoftGraph:
    """Calls to the Microsoft Graph of each organization's cloud.

    Args:
        http: The process's client.
        tokens: Gives the bearer tokens.
        clock: Time, for a Retry-After that is a date.
        timeout: Seconds for one call.
    """

    def __init__(
        self,
        http: "httpx.AsyncClient",
        tokens: Tokens,
        *,
        clock: Clock | None = None,
        timeout: float = CALL_TIMEOUT_SECONDS,
    ) -> None:
        self._authorized = Authorized(http, tokens, timeout)
        self._clock = clock or SystemClock()

    async def secrets(self, organization: Organization, client_id: str) -> tuple[Secret, ...] | None:
        """Read the secrets of an app registration.

        Args:
            organization: Whose credentials, tenant and cloud.
            client_id: The application's id.

        Returns:
            None where the tenant has no such app registration: it is that of another tenant.

        Raises:
            Forbidden: The app may not read itself; that takes Application.Read.All.
            LinkUnknown: Another subclass says why there is no answer.
        """
        named = quote(client_id.replace("'", "''"), safe="")
        reply = await self._ask(organization, f"applications(appId='{named}')?$select=id,appId,passwordCredentials")
        if reply.status == _NOT_FOUND:
            return None
        return self._read(organization, reply, _Application).secrets

    async def roles(self, organization: Organization) -> Held[Role]:
        """Read the directory roles of whoever is signed in, by groups included.

        Args:
            organization: Whose tenant and cloud; a person has signed in to it.

        Raises:
            Forbidden: The application that the person signed in to has no permission for it.
            LinkUnknown: Another subclass says why there is no answer.
        """
        called = "me/transitiveMemberOf/microsoft.graph.directoryRole?$select=id,displayName,roleTemplateId"
        found = self._read(organization, await self._ask(organization, called), _Roles)
        return Held(found.value, not found.more)

    async def licences(self, organization: Organization) -> Held[Licence]:
        """Read the licences of whoever is signed in; arguments and errors as `roles`."""
        called = "me/licenseDetails?$select=skuPartNumber,servicePlans"
        found = self._read(organization, await self._ask(organization, called), _Licences)
        return Held(found.value, not found.more)

    async def _ask(self, organization: Organization, called: str) -> Reply:
        base = graph_url(organization)
        return await self._authorized.ask(organization, f"{base}/v1.0/{called}", resource=base)

    def _read[T](self, organization: Organization, reply: Reply, shape: type[T]) -> T:
        if reply.status != _OK:
            raise _refused(failure(graph_url(organization).removeprefix("https://"), reply, self._clock.now()))
        try:
            return read(reply.body, shape)
        except Unreadable as error:
            msg = "Microsoft Graph's answer is not the documented JSON."
            raise UnexpectedAnswer(msg, status=reply.status) from error


def _refused(error: LinkUnknown) -> LinkUnknown:
    """Say of a refusal what it is about: the words for a status are those of Dataverse."""
    if not isinstance(error, Forbidden):
        return error
    msg = f"Microsoft Graph refused the call ({error.status}): the application has no permission for it."
    return Forbidden(msg, status=error.status, remote_code=error.remote_code, hint=PERMISSION)


def graph_url(organization: Organization) -> str:
    """Return the URL of the Microsoft Graph that knows an organization's tenant."""
    return f"https://{CLOUDS[organization.cloud].graph}"


class _Application(msgspec.Struct, frozen=True):
    secrets: tuple[Secret, ...] = msgspec.field(name="passwordCredentials")


class _Roles(msgspec.Struct, frozen=True):
    value: tuple[Role, ...]
    more: object = msgspec.field(name="@odata.nextLink", default=None)


class _Licences(msgspec.Struct, frozen=True):
    value: tuple[Licence, ...]
    more: object = msgspec.field(name="@odata.nextLink", default=None)
