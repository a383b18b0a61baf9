"""Ask the linked environment: a token, a row, the application's user, its own business events."""

from collections.abc import Mapping, Sequence

import msgspec

from integration.cli.doctor import beyond
from integration.cli.doctor.asking import attempt, refused
from integration.cli.doctor.business_events import (
    ACTIVE,
    ENDPOINT_COLUMNS,
    ENDPOINTS,
    VAULTS,
    judge_active,
    judge_endpoints,
    judge_vaults,
)
from integration.cli.doctor.environment_user import (
    CLIENT_COLUMNS,
    CLIENTS_SET,
    ROLE_COLUMNS,
    ROLES_SET,
    USER_OF_THE_APP,
    judge_roles,
    user_of,
)
from integration.cli.doctor.look import look_yourself
from integration.cli.doctor.step import LINK, Finding, Step, passed, skipped
from integration.config.keys.model import Organization
from integration.errors import Forbidden, LinkUnknown, UnexpectedAnswer
from integration.finance_operations import FinanceOperations
from integration.identity import Tokens
from integration.links import Link, Linked
from integration.registration.business_events.entities import ACTIVE_COLUMNS, ACTIVE_SET, ENDPOINTS_SET

INSIDE = (USER_OF_THE_APP, ENDPOINTS, VAULTS, ACTIVE)

type Rows = Sequence[Mapping[str, object]]


class Asked(msgspec.Struct, frozen=True):
    """Whom to ask, and as whom.

    Args:
        organization: Whose environment.
        client: Asks it.
        tokens: Gives the bearer tokens.
        client_id: The application's id; empty: a person or a system-assigned managed identity calls.
        vaults: Hosts of the key vaults of the endpoints that sources declare, by the endpoint's name in lower case.
    """

    organization: Organization
    client: FinanceOperations
    tokens: Tokens
    client_id: str
    vaults: Mapping[str, Sequence[str]] = {}

    async def rows(
        self, link: Linked, entity_set: str, columns: Sequence[str], where: Mapping[str, str] | None = None
    ) -> tuple[Rows, LinkUnknown | None]:
        """Read rows, or say why there are none to be had."""
        found, error = await attempt(self.client.rows(self.organization, link, entity_set, columns, where))
        return found or [], error


async def environment(asked: Asked, link: Link | None) -> list[Finding]:
    """Ask the linked environment.

    Args:
        asked: Whom to ask.
        link: The link; None: it is not known.
    """
    if not isinstance(link, Linked) or not link.trusted:
        why = "there is no environment" if not isinstance(link, Linked) else "the environment is not trusted"
        return [skipped(step, why, LINK) for step in (beyond.ENVIRONMENT_TOKEN, beyond.ENVIRONMENT_READ, *INSIDE)]
    _, error = await attempt(asked.client.token(asked.organization, link))
    if error is not None:
        why, because = "there is no token", beyond.ENVIRONMENT_TOKEN
        rest = [skipped(step, why, because) for step in (beyond.ENVIRONMENT_READ, *INSIDE)]
        return [refused(beyond.ENVIRONMENT_TOKEN, error), *rest]
    found = [passed(beyond.ENVIRONMENT_TOKEN, f"by {asked.tokens.cause(asked.organization)} for {link.url}")]
    _, error = await attempt(asked.client.probe(asked.organization, link))
    if error is not None:
        rest = [skipped(step, "it lets nobody read", beyond.ENVIRONMENT_READ) for step in INSIDE]
        return [*found, refused(beyond.ENVIRONMENT_READ, error), *rest]
    found.append(passed(beyond.ENVIRONMENT_READ, "one row read"))
    return [*found, await _user(asked, link), *await _business_events(asked, link)]


async def _user(asked: Asked, link: Linked) -> Finding:
    if not asked.client_id:
        return look_yourself(USER_OF_THE_APP, "it is not the application of a client id that calls")
    clients, error = await asked.rows(link, CLIENTS_SET, CLIENT_COLUMNS, {"AADClientId": asked.client_id})
    if error is not None:
        return _untold(USER_OF_THE_APP, error)
    user = user_of(clients)
    if not user:
        return look_yourself(USER_OF_THE_APP, f"{CLIENTS_SET} shows no row of {asked.client_id}")
    roles, error = await asked.rows(link, ROLES_SET, ROLE_COLUMNS, {"UserId": user})
    return _untold(USER_OF_THE_APP, error) if error else judge_roles(user, roles)


async def _business_events(asked: Asked, link: Linked) -> list[Finding]:
    endpoints, error = await asked.rows(link, ENDPOINTS_SET, ENDPOINT_COLUMNS)
    if error is not None:
        why = "the endpoints could not be read"
        return [_untold(ENDPOINTS, error), *(skipped(step, why, ENDPOINTS) for step in (VAULTS, ACTIVE))]
    active, error = await asked.rows(link, ACTIVE_SET, ACTIVE_COLUMNS)
    found = [judge_endpoints(endpoints, active)]
    if not endpoints:
        return [*found, *(skipped(step, "there is no endpoint", ENDPOINTS) for step in (VAULTS, ACTIVE))]
    events = _untold(ACTIVE, error) if error else judge_active(endpoints, active)
    return [*found, judge_vaults(endpoints, asked.organization.key_vaults, asked.vaults), events]


def _untold(step: Step, error: LinkUnknown) -> Finding:
    """Return the finding for an entity that is not told: a right that fno-link itself does not need is no failure."""
    if isinstance(error, Forbidden):
        return look_yourself(step, "the application's user may not read it")
    if isinstance(error, UnexpectedAnswer) and error.status in (400, 404):
        return look_yourself(step, f"this version of Finance & Operations does not tell it ({error.status})")
    return refused(step, error)
