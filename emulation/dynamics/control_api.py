"""The control API: changes the world, and tells what it saw. Plain HTTP on a loopback port of its own."""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from emulation.dynamics import commands, control_people
from emulation.dynamics.clouds import ADMINISTRATION, AUTHORITIES, GRAPHS, POWER_PLATFORM
from emulation.dynamics.faults import AT_CONNECT, DATAVERSE, Fault
from emulation.dynamics.finance_operations_entities import ENTITIES
from emulation.dynamics.sending.announcement import raised
from emulation.dynamics.sending.sender import Sender
from emulation.dynamics.sending.where import place
from emulation.dynamics.state import PLATFORM_KINDS, OrganizationState, State
from emulation.dynamics.tables.refused import Refused
from emulation.dynamics.tables.store import Store
from emulation.dynamics.world import ENTRA_HOSTS

FINANCE_OPERATIONS = "00000015-0000-0000-c000-000000000000"
"""The first-party application of Finance & Operations ("Microsoft Dynamics ERP")."""

LINK_ONLY = frozenset({"empty_url", "other_tenant", "untrusted_host"})


class ControlApi:
    """`POST /` takes one command; the answer is its result as JSON, or 400 with `{"error"}`.

    Args:
        state: The world.
        sender: Sends what registered steps send.
        drop: Resets the open connections to these hosts.
    """

    def __init__(self, state: State, sender: Sender, drop: Callable[[frozenset[str]], None]) -> None:
        self._state = state
        self._sender = sender
        self._drop = drop
        self._decoder = msgspec.json.Decoder(commands.AnyCommand)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry out one command."""
        body = await Request(scope, receive).body()
        status, result = 200, b"null"
        try:
            command = self._decoder.decode(body)
            if isinstance(command, commands.RaiseEvent):
                await self._raise(command)
            else:
                result = msgspec.json.encode(self._carry_out(command))
        except msgspec.MsgspecError as error:
            status, result = 400, msgspec.json.encode({"error": str(error)})
        except KeyError as error:
            status, result = 400, msgspec.json.encode({"error": f"there is no {error} in this world"})
        except Refused as refused:
            status, result = 400, msgspec.json.encode({"error": f"{refused.code}: {refused}"})
        await Response(result, status, media_type="application/json")(scope, receive, send)

    def _carry_out(self, command: commands.AnyCommand) -> object:
        match command:
            case commands.Calls(name):
                return self._state.records.calls(self._organization(name).name)
            case commands.ReceivedAt(host):
                return self._state.records.received(host)
            case commands.Refused():
                return self._state.records.refused()
            case _ if isinstance(command, commands.OfPeople):
                return control_people.carry_out(self._state, command)
            case commands.Reset() | commands.Play():
                self._begin(command)
            case commands.SetClock(seconds, host):
                self._state.set_clock(seconds, host)
            case commands.SetSite(host, url):
                self._state.set_site(host, url)
            case commands.AddOrganization(organization):
                self._state.add_organization(organization)
            case _ if isinstance(command, commands.OfOrganization):
                self._change_organization(self._organization(command.organization), command)
            case _:
                self._change_identity(command)
        return None

    def _begin(self, command: commands.Reset | commands.Play) -> None:
        if isinstance(command, commands.Play):
            self._state.play(command.world)
        else:
            self._state.reset()

    def _change_organization(self, organization: OrganizationState, command: commands.OfOrganization) -> None:
        match command:
            case commands.Link(_, link):
                self._state.set_link(organization, link)
            case commands.Unlink():
                self._state.set_link(organization, None)
            case commands.Break(_, fault):
                self._break(organization, fault)
            case commands.Heal(_, kind):
                organization.faults.heal(kind)
            case commands.AddRows(_, entity_set, rows):
                organization.rows.setdefault(entity_set, []).extend(rows)
            case commands.SetRoles() | commands.Deny():
                _change_rights(organization, command)
            case commands.RevokeTokens():
                organization.revoked_through = self._state.tokens_issued
            case _:
                _set(organization, command)

    async def _raise(self, command: commands.RaiseEvent) -> None:
        organization = self._organization(command.organization)
        names = {row["name"] for row in Store(self._state, organization).rows("sdkmessages")}
        if command.message not in names:
            raise KeyError(command.message)
        user, principal = organization.user_id(FINANCE_OPERATIONS), FINANCE_OPERATIONS
        where = place(self._state, organization, user, principal, "FINOPS")
        await raised(self._sender, where, command.message, command.parameters)

    def _change_identity(self, command: commands.AnyCommand) -> None:
        state = self._state
        match command:
            case commands.AddTenant(tenant):
                state.add_tenant(tenant)
            case commands.AddApp(app):
                state.apps[app.client_id] = app
            case commands.AddSecret(client_id, secret):
                state.change_app(client_id, secrets=(*state.apps[client_id].secrets, secret))
            case commands.RotateSecret(client_id, secret):
                state.change_app(client_id, secrets=(secret,))
            case commands.ExpireSecrets(client_id):
                expired = tuple(
                    msgspec.structs.replace(secret, expires=state.now()) for secret in state.apps[client_id].secrets
                )
                state.change_app(client_id, secrets=expired)
            case commands.SetCertificates(client_id, certificates):
                state.change_app(client_id, certificates=certificates)
            case commands.SetAccess() | commands.SetDirectoryAccess() | commands.SetPlatformAccess():
                self._change_access(command)
            case commands.RotateKeys(withdraw):
                state.keys.rotate(withdraw=withdraw)
            case commands.SetTokenLifetime(seconds):
                state.token_lifetime = seconds
            case _:
                msg = f"no rule for {command}"
                raise AssertionError(msg)

    def _change_access(
        self, command: commands.SetAccess | commands.SetDirectoryAccess | commands.SetPlatformAccess
    ) -> None:
        match command:
            case commands.SetAccess(client_id, organizations, finance_operations):
                access = {"organizations": organizations, "finance_operations": finance_operations}
            case commands.SetDirectoryAccess(client_id, reads_applications):
                access = {"reads_applications": reads_applications}
            case commands.SetPlatformAccess(client_id, allowed, administers):
                access = {"power_platform": allowed, "administers": administers}
        self._state.change_app(client_id, **access)

    def _organization(self, name: str) -> OrganizationState:
        return self._state.organizations[name]

    def _break(self, organization: OrganizationState, fault: Fault) -> None:
        if fault.effect in LINK_ONLY:
            fault = msgspec.structs.replace(fault, kind="link")
        organization.faults.add(fault)
        if fault.effect in AT_CONNECT:
            # A kept connection would not notice that new ones are refused.
            self._drop(_hosts(organization, fault))


def _set(organization: OrganizationState, command: commands.OfOrganization) -> None:
    match command:
        case commands.SetPace(_, pace):
            organization.pace = pace
        case commands.Overrule(_, entity_set, columns):
            organization.overruled[entity_set] = columns
        case commands.SetConcurrency(_, limit):
            organization.concurrency = limit
        case commands.SetEnvironment(_, environment):
            organization.environment = environment
        case commands.SetEntity(_, entity_set, rows):
            organization.entities[_readable(entity_set)] = rows
        case commands.HideEntities(_, entity_sets):
            organization.unreadable = set(map(_readable, entity_sets))
        case commands.SetWrites(_, how, entity_sets):
            organization.writes |= dict.fromkeys(map(_readable, entity_sets), how)
        case _:
            msg = f"no rule for {command}"
            raise AssertionError(msg)


def _readable(entity_set: str) -> str:
    if entity_set not in ENTITIES:
        raise KeyError(entity_set)
    return entity_set


def _change_rights(organization: OrganizationState, command: commands.SetRoles | commands.Deny) -> None:
    match command:
        case commands.SetRoles(_, client_id, roles):
            organization.roles[organization.user_id(client_id)] = set(roles)
        case commands.Deny(_, client_id, privileges):
            organization.denied[organization.user_id(client_id)] = set(privileges)


def _hosts(organization: OrganizationState, fault: Fault) -> frozenset[str]:
    authority = AUTHORITIES[organization.tenant.cloud]
    hosts: set[str] = set()
    if fault.concerns("token") or fault.concerns("discovery"):
        hosts |= {host for host, known_as in ENTRA_HOSTS.items() if known_as == authority}
    if any(map(fault.concerns, DATAVERSE)):
        hosts |= set(organization.organization.hosts())
    if fault.concerns("graph"):
        hosts |= {host for host, clouds in GRAPHS.items() if organization.tenant.cloud in clouds}
    if fault.concerns("fno"):
        hosts |= organization.environments
    if any(map(fault.concerns, PLATFORM_KINDS)):
        hosts |= {host for host, cloud in POWER_PLATFORM.items() if organization.tenant.cloud == cloud}
    if fault.concerns("administration"):
        hosts |= {host for host, cloud in ADMINISTRATION.items() if organization.tenant.cloud == cloud}
    return frozenset(hosts)
