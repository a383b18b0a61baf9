"""What the control API understands: one JSON object a command, told apart by `verb`."""

from typing import Literal

import msgspec

from emulation.dynamics.environments import Environment
from emulation.dynamics.faults import Fault, Scope
from emulation.dynamics.pace import Pace
from emulation.dynamics.world import App, FinanceOperationsLink, Organization, Secret, Tenant, User, World


class Command(msgspec.Struct, frozen=True, tag_field="verb", forbid_unknown_fields=True):
    """One command."""


class OfOrganization(Command, frozen=True):
    """A change of one organization."""

    organization: str


class Link(OfOrganization, frozen=True, tag="link"):
    """Link an organization, or relink it."""

    link: FinanceOperationsLink


class Unlink(OfOrganization, frozen=True, tag="unlink"):
    """Take the link away; the F&O environment goes on answering."""


class Break(OfOrganization, frozen=True, tag="break"):
    """Set a fault."""

    fault: Fault


class Heal(OfOrganization, frozen=True, tag="heal"):
    """Drop an organization's faults: all, or those set for one kind."""

    kind: Scope = "any"


class OfPeople(Command, frozen=True):
    """A change of people, or of where they sign in."""


class AddTenant(Command, frozen=True, tag="add_tenant"):
    """Add a tenant, or replace the one of the same id."""

    tenant: Tenant


class AddApp(Command, frozen=True, tag="add_app"):
    """Add an app registration or managed identity, or replace it."""

    app: App


class AddUser(OfPeople, frozen=True, tag="add_user"):
    """Add a person, or replace it."""

    user: User


class AnswerDevice(OfPeople, frozen=True, tag="answer_device"):
    """Let a person type a device code and sign in; without a person: it is declined."""

    user_code: str
    user: str = ""


class PendingDevices(OfPeople, frozen=True, tag="pending_devices"):
    """Ask for the device codes that nobody has answered."""


class ExpireDevices(OfPeople, frozen=True, tag="expire_devices"):
    """Let every device code that nobody has answered be too old."""


class SignIn(OfPeople, frozen=True, tag="sign_in"):
    """Let a person sign in elsewhere, as with `az login`: ask for a token that it then has."""

    user: str
    client_id: str
    resource: str
    tenant: str = ""


class AddOrganization(Command, frozen=True, tag="add_organization"):
    """Add an organization, or replace it with its counts and faults."""

    organization: Organization


class AddRows(OfOrganization, frozen=True, tag="add_rows"):
    """Add rows to a table, which comes to be if it was not there."""

    entity_set: str
    rows: list[dict[str, object]]


class SetRoles(OfOrganization, frozen=True, tag="set_roles"):
    """Give an app's user these security roles and no other."""

    client_id: str
    roles: tuple[str, ...]


class Deny(OfOrganization, frozen=True, tag="deny"):
    """Take single privileges away from an app's user, whatever its roles; those of before are given back."""

    client_id: str
    privileges: tuple[str, ...]


class SetClock(Command, frozen=True, tag="set_clock"):
    """Set how many seconds this world's clock is ahead, or that of one of its hosts beside it."""

    seconds: float
    host: str = ""


class SetSite(Command, frozen=True, tag="set_site"):
    """Say where a public host stands on loopback; an empty URL takes it away."""

    host: str
    url: str


class SetPace(OfOrganization, frozen=True, tag="set_pace"):
    """Say how long an organization waits for receivers of what its steps send."""

    pace: Pace


class Overrule(OfOrganization, frozen=True, tag="overrule"):
    """Let a plug-in of the organization's own set columns of each row that is written to a table."""

    entity_set: str
    columns: dict[str, object]


class RaiseEvent(OfOrganization, frozen=True, tag="raise_event"):
    """Let Finance & Operations tell of a business event, by a message of the organization."""

    message: str
    parameters: dict[str, object]


class AddSecret(Command, frozen=True, tag="add_secret"):
    """Give an app one more secret."""

    client_id: str
    secret: Secret


class RotateSecret(Command, frozen=True, tag="rotate_secret"):
    """Give an app this secret and take away every other."""

    client_id: str
    secret: Secret


class ExpireSecrets(Command, frozen=True, tag="expire_secrets"):
    """Let every secret of an app expire now."""

    client_id: str


class SetCertificates(Command, frozen=True, tag="set_certificates"):
    """Register these certificates with an app, PEM, instead of those it had."""

    client_id: str
    certificates: tuple[str, ...]


class SetAccess(Command, frozen=True, tag="set_access"):
    """Say where an app has an application user, and whether F&O lists it."""

    client_id: str
    organizations: tuple[str, ...] | None = None
    finance_operations: bool = True


class SetDirectoryAccess(Command, frozen=True, tag="set_directory_access"):
    """Grant an app Application.Read.All of Microsoft Graph, or take it away."""

    client_id: str
    reads_applications: bool


class SetPlatformAccess(Command, frozen=True, tag="set_platform_access"):
    """Say whether an app may read environments of the Power Platform, and what concerns the tenant as a whole."""

    client_id: str
    allowed: bool
    administers: bool = False


class SetEnvironment(OfOrganization, frozen=True, tag="set_environment"):
    """Say how the Power Platform has an organization's environment."""

    environment: Environment


class SetEntity(OfOrganization, frozen=True, tag="set_entity"):
    """Give an entity set of the F&O environment these rows and no other."""

    entity_set: str
    rows: list[dict[str, object]]


class HideEntities(OfOrganization, frozen=True, tag="hide_entities"):
    """Let nobody read these entity sets of the F&O environment; none: everybody who is let in reads all."""

    entity_sets: tuple[str, ...]


class SetWrites(OfOrganization, frozen=True, tag="set_writes"):
    """Say what becomes of writes of these entity sets of the F&O environment; at first all are read-only."""

    how: Literal["taken", "read_only", "forbidden"]
    entity_sets: tuple[str, ...]


class RevokeTokens(OfOrganization, frozen=True, tag="revoke_tokens"):
    """Refuse every token issued so far, for this organization and its F&O environment."""


class SetConcurrency(OfOrganization, frozen=True, tag="set_concurrency"):
    """Let an F&O environment answer 429 to whatever is beyond so many requests at once."""

    limit: int


class RotateKeys(Command, frozen=True, tag="rotate_keys"):
    """Let Entra sign tokens with a new key from now on."""

    withdraw: bool


class SetTokenLifetime(Command, frozen=True, tag="set_token_lifetime"):
    """Let tokens issued from now on live this many seconds."""

    seconds: int


class Calls(Command, frozen=True, tag="calls"):
    """Ask for an organization's number of calls by kind."""

    organization: str


class ReceivedAt(Command, frozen=True, tag="received"):
    """Ask for what was posted to a host."""

    host: str


class Refused(Command, frozen=True, tag="refused"):
    """Ask for the hosts that clients asked the proxy for and that are not part of the world."""


class Reset(Command, frozen=True, tag="reset"):
    """Return everything to the start."""


class Play(Command, frozen=True, tag="play"):
    """Begin another world, under the same authority, keys and ports."""

    world: World


type AnyCommand = (
    Link
    | SetClock
    | Unlink
    | Break
    | Heal
    | AddTenant
    | AddApp
    | AddUser
    | AnswerDevice
    | PendingDevices
    | ExpireDevices
    | SignIn
    | AddOrganization
    | AddRows
    | SetRoles
    | SetSite
    | SetPace
    | Overrule
    | RaiseEvent
    | Deny
    | AddSecret
    | RotateSecret
    | ExpireSecrets
    | SetCertificates
    | SetAccess
    | SetDirectoryAccess
    | SetPlatformAccess
    | SetEnvironment
    | SetEntity
    | HideEntities
    | SetWrites
    | RevokeTokens
    | SetConcurrency
    | RotateKeys
    | SetTokenLifetime
    | Calls
    | ReceivedAt
    | Refused
    | Reset
    | Play
)
