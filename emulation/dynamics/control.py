"""A typed client of the control API."""

from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Literal, Self

import msgspec

from emulation.dynamics import commands
from emulation.dynamics.environments import Environment
from emulation.dynamics.faults import Effect, Fault, Scope
from emulation.dynamics.pace import Pace
from emulation.dynamics.world import App, FinanceOperationsLink, Organization, Secret, Tenant, User, World
from emulation.received import Received


class ControlRefused(Exception):
    """The control API did not understand; the message is its own."""


class Control:
    """Changes the emulated world, and asks what it saw.

    Args:
        url: The control API's base URL.

    Attributes:
        url: The same.
    """

    def __init__(self, url: str) -> None:
        import httpx  # noqa: PLC0415 (imported at first use: the server process starts without it)

        self.url = url
        # The environment's proxy is the emulated world itself; control goes beside it.
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def link(  # noqa: PLR0913 (the properties of the link call's answer)
        self,
        organization: str,
        url: str,
        id: str = "",  # noqa: A002 (the property's own name)
        *,
        tenant_id: str = "",
        is_unified_database: bool | None = False,
        lifecycle_status: str | None = "Running",
    ) -> None:
        """Link an organization to an F&O environment.

        Args:
            organization: Its name.
            url: The F&O environment's URL, answered as given.
            id: The F&O environment's id; derived from the URL by default.
            tenant_id: The tenant answered; the organization's own by default.
            is_unified_database: Undocumented extra; None leaves it out.
            lifecycle_status: Undocumented extra; None leaves it out.
        """
        link = FinanceOperationsLink(url, id, tenant_id, is_unified_database, lifecycle_status)
        self._send(commands.Link(organization, link))

    def relink(self, organization: str, url: str, id: str = "", *, tenant_id: str = "") -> None:  # noqa: A002 (as above)
        """Link an organization to another F&O environment."""
        self.link(organization, url, id, tenant_id=tenant_id)

    def unlink(self, organization: str) -> None:
        """Take the link away; the F&O environment goes on answering."""
        self._send(commands.Unlink(organization))

    def throttle(
        self,
        organization: str,
        retry_after: float | str | None = None,
        *,
        kind: Scope = "dataverse",
        times: int | None = None,
        after: float = 0.0,
    ) -> None:
        """Answer 429.

        Args:
            organization: Its name.
            retry_after: The header's value, 0 included; None leaves it out.
            kind: The calls concerned.
            times: The next so many calls; until healed by default.
            after: Seconds that the answer takes.
        """
        header = None if retry_after is None else f"{retry_after:g}" if isinstance(retry_after, float) else retry_after
        fault = Fault("throttled", kind, times, after, retry_after=None if header is None else str(header))
        self._send(commands.Break(organization, fault))

    def delay(self, organization: str, seconds: float, *, kind: Scope = "dataverse", times: int | None = None) -> None:
        """Answer honestly, but only after this many seconds."""
        self._send(commands.Break(organization, Fault("delay", kind, times, seconds)))

    def break_(  # noqa: PLR0913 (the fields of a fault)
        self,
        organization: str,
        effect: Effect,
        *,
        kind: Scope = "dataverse",
        times: int | None = None,
        seconds: float = 0.0,
        status: int = 0,
        code: str = "",
        message: str = "",
        retry_after: str | None = None,
        body: str = "",
        raw: bytes = b"",
        headers: dict[str, str] | None = None,
        version: str = "",
    ) -> None:
        """Let calls go wrong; the arguments are those of `Fault`."""
        fault = Fault(
            effect=effect,
            kind=kind,
            times=times,
            seconds=seconds,
            status=status,
            code=code,
            message=message,
            retry_after=retry_after,
            body=body,
            raw=raw,
            headers=headers or {},
            version=version,
        )
        self._send(commands.Break(organization, fault))

    def heal(self, organization: str, kind: Scope = "any") -> None:
        """Drop an organization's faults: all, or those set for one kind."""
        self._send(commands.Heal(organization, kind))

    def add_tenant(self, tenant: Tenant) -> None:
        """Add a tenant, or replace the one of the same id."""
        self._send(commands.AddTenant(tenant))

    def add_app(self, app: App) -> None:
        """Add an app registration or managed identity, or replace it."""
        self._send(commands.AddApp(app))

    def add_user(self, user: User) -> None:
        """Add a person, or replace it."""
        self._send(commands.AddUser(user))

    def pending_devices(self) -> list[str]:
        """Return the device codes that nobody has answered."""
        return msgspec.json.decode(self._send(commands.PendingDevices()), type=list[str])

    def answer_device(self, user_code: str, user: str = "") -> None:
        """Let a person type a device code and sign in; without a person: it is declined."""
        self._send(commands.AnswerDevice(user_code, user))

    def expire_devices(self) -> None:
        """Let every device code that nobody has answered be too old."""
        self._send(commands.ExpireDevices())

    def sign_in(self, user: str, client_id: str, resource: str) -> str:
        """Return the access token that a person has through an application, as after `az login`.

        Args:
            user: The person.
            client_id: The application's.
            resource: The resource that it is for.

        Raises:
            ControlRefused: Entra gives none; the message is its own.
        """
        answer = msgspec.json.decode(self._send(commands.SignIn(user, client_id, resource)), type=dict[str, str])
        if "token" not in answer:
            raise ControlRefused(answer["error"])
        return answer["token"]

    def add_organization(self, organization: Organization) -> None:
        """Add an organization, or replace it."""
        self._send(commands.AddOrganization(organization))

    def add_rows(self, organization: str, entity_set: str, rows: list[dict[str, object]]) -> None:
        """Add rows to a table."""
        self._send(commands.AddRows(organization, entity_set, rows))

    def set_secret(self, client_id: str, secret: str, *, expires_in: float | None = None, name: str = "") -> None:
        """Give an app one more secret.

        Args:
            client_id: The app.
            secret: The secret.
            expires_in: Seconds until it expires; never by default.
            name: What it is called in the portal.
        """
        expires = None if expires_in is None else datetime.now(UTC) + timedelta(seconds=expires_in)
        self._send(commands.AddSecret(client_id, Secret(secret, expires, name)))

    def rotate_secret(self, client_id: str, secret: str, *, expires_in: float | None = None) -> None:
        """Give an app this secret and take away every other; as `set_secret`."""
        expires = None if expires_in is None else datetime.now(UTC) + timedelta(seconds=expires_in)
        self._send(commands.RotateSecret(client_id, Secret(secret, expires)))

    def expire_secrets(self, client_id: str) -> None:
        """Let every secret of an app expire now."""
        self._send(commands.ExpireSecrets(client_id))

    def set_certificates(self, client_id: str, *certificates: str) -> None:
        """Register these certificates (PEM) with an app, instead of those it had."""
        self._send(commands.SetCertificates(client_id, certificates))

    def set_access(
        self, client_id: str, organizations: tuple[str, ...] | None = None, *, finance_operations: bool = True
    ) -> None:
        """Say where an app has an application user (None: everywhere), and whether F&O lists it."""
        self._send(commands.SetAccess(client_id, organizations, finance_operations))

    def set_directory_access(self, client_id: str, *, reads_applications: bool) -> None:
        """Grant an app Application.Read.All of Microsoft Graph, or take it away."""
        self._send(commands.SetDirectoryAccess(client_id, reads_applications))

    def set_platform_access(self, client_id: str, *, allowed: bool = True, administers: bool = False) -> None:
        """Say whether an app may read environments of the Power Platform, and its tenant; at the start none may."""
        self._send(commands.SetPlatformAccess(client_id, allowed, administers))

    def set_roles(self, organization: str, client_id: str, *roles: str) -> None:
        """Give an app's user in an organization these security roles and no other; none: it has no role at all."""
        self._send(commands.SetRoles(organization, client_id, roles))

    def deny(self, organization: str, client_id: str, *privileges: str) -> None:
        """Take privileges (`prvCreateServiceEndpoint`) away from an app's user; none gives all back."""
        self._send(commands.Deny(organization, client_id, privileges))

    def set_clock(self, seconds: float, host: str = "") -> None:
        """Set this world's clock.

        Args:
            seconds: How far it is ahead of this machine's; negative: behind it.
            host: Only the `Date` of this host, beside the world's.
        """
        self._send(commands.SetClock(seconds, host))

    def set_site(self, host: str, url: str) -> None:
        """Say where a public host stands on loopback (`fno-link.azurewebsites.net`, `http://127.0.0.1:7071`).

        Args:
            host: The host as endpoints name it, all of a domain (`*.azurewebsites.net`), or every other one (`*`).
            url: Where it stands; for a namespace of Service Bus any scheme and the broker's port, for one of Event Hubs
                the URL at which the functions host is fed; empty: nowhere.
        """
        self._send(commands.SetSite(host, url))

    def set_pace(self, organization: str, pace: Pace) -> None:
        """Say how long an organization waits for receivers of what its steps send."""
        self._send(commands.SetPace(organization, pace))

    def overrule(self, organization: str, entity_set: str, **columns: object) -> None:
        """Let a plug-in of the organization's own set columns of each row that is written; no column: none does.

        The writer is answered with 204, as if what it sent had been kept.
        """
        self._send(commands.Overrule(organization, entity_set, columns))

    def raise_event(self, organization: str, message: str, parameters: dict[str, object]) -> None:
        """Let Finance & Operations tell of a business event, or call another custom API.

        Args:
            organization: The organization that it tells.
            message: A message of the organization (`custom_messages` of the world).
            parameters: The event's contract, or the request's parameters.
        """
        self._send(commands.RaiseEvent(organization, message, parameters))

    def set_environment(self, organization: str, environment: Environment) -> None:
        """Say how the Power Platform has an organization's environment."""
        self._send(commands.SetEnvironment(organization, environment))

    def set_entity(self, organization: str, entity_set: str, rows: list[dict[str, object]]) -> None:
        """Give an entity set of the F&O environment (`BusinessEventsEndpoints`) these rows and no other."""
        self._send(commands.SetEntity(organization, entity_set, rows))

    def hide_entities(self, organization: str, *entity_sets: str) -> None:
        """Let nobody read these entity sets of the F&O environment; none: whoever is let in reads all."""
        self._send(commands.HideEntities(organization, entity_sets))

    def set_writes(self, organization: str, how: Literal["taken", "read_only", "forbidden"], *entity_sets: str) -> None:
        """Say what becomes of writes of these entity sets of the F&O environment; at first all are read-only."""
        self._send(commands.SetWrites(organization, how, entity_sets))

    def revoke_tokens(self, organization: str) -> None:
        """Refuse every token issued so far, here and at the F&O environment."""
        self._send(commands.RevokeTokens(organization))

    def set_concurrency(self, organization: str, limit: int) -> None:
        """Let the F&O environment answer 429, Retry-After 1, to whatever is beyond so many requests at once."""
        self._send(commands.SetConcurrency(organization, limit))

    def rotate_keys(self, *, withdraw: bool = False) -> None:
        """Let Entra sign tokens with a new key from now on.

        Args:
            withdraw: Whether the keys of before are published no more.
        """
        self._send(commands.RotateKeys(withdraw))

    def set_token_lifetime(self, seconds: int) -> None:
        """Let tokens issued from now on live this many seconds; negative ones are born expired."""
        self._send(commands.SetTokenLifetime(seconds))

    def calls(self, organization: str) -> dict[str, int]:
        """Return the number of calls by kind: those of `Fault`, and connect."""
        return msgspec.json.decode(self._send(commands.Calls(organization)), type=dict[str, int])

    def received(self, host: str) -> list[Received]:
        """Return what was posted to a host, in the order of arrival."""
        return msgspec.json.decode(self._send(commands.ReceivedAt(host)), type=list[Received])

    def refused(self) -> list[str]:
        """Return the hosts that clients asked for and that are not part of the world, in order."""
        return msgspec.json.decode(self._send(commands.Refused()), type=list[str])

    def reset(self) -> None:
        """Return everything to the start."""
        self._send(commands.Reset())

    def play(self, world: World) -> None:
        """Begin another world, which is the start from now on.

        Authority, ports and signing keys stay: clients that run go on, and tokens that Entra has issued stay valid.
        """
        self._send(commands.Play(world))

    def _send(self, command: commands.AnyCommand) -> bytes:
        response = self._client.post("/", content=msgspec.json.encode(command))
        if not response.is_success:
            raise ControlRefused(response.text)
        return response.content
