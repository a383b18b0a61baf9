"""The organization in which something happens, as a sender sees it."""

from collections.abc import Callable
from dataclasses import dataclass

from emulation.dynamics.pace import Pace
from emulation.dynamics.sending.context import Caller
from emulation.dynamics.state import OrganizationState, State
from emulation.dynamics.tables import seeds
from emulation.dynamics.tables.store import Store


@dataclass(frozen=True, slots=True)
class Where:
    """The organization in which something happens.

    Args:
        store: Its rows.
        caller: Who did it.
        host: Its host.
        sites: Where hosts stand.
        pace: How patient it is.
        is_current: Tells whether it is still part of the world.
    """

    store: Store
    caller: Caller
    host: str
    sites: dict[str, str]
    pace: Pace
    is_current: Callable[[], bool]


def place(state: State, organization: OrganizationState, user: str, principal: str, agent: str) -> Where:
    """Return where a user does something.

    Args:
        state: The world.
        organization: The organization.
        user: The user's id there.
        principal: The object id of its principal.
        agent: Its User-Agent.
    """
    configured = organization.organization
    caller = Caller(
        configured.id(),
        configured.unique_name(),
        seeds.identity(configured, "businessunit"),
        user,
        principal,
        agent,
    )
    return Where(
        Store(state, organization),
        caller,
        configured.hosts()[0],
        state.sites,
        organization.pace,
        lambda: state.organizations.get(organization.name) is organization,
    )
