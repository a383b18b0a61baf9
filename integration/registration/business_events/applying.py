"""Write what `--experimental` allows, one request after the other.

Each makes one row so; a kill between any two leaves what the next run reads and goes on from.
"""

from collections.abc import Callable, Sequence

from integration.config.keys.model import Organization
from integration.errors import FnoLinkError
from integration.finance_operations import FinanceOperations
from integration.links.values import Linked
from integration.registration.applying import Applied
from integration.registration.plan import Change


async def apply_experimental(
    client: FinanceOperations,
    organization: Organization,
    link: Linked,
    changes: Sequence[Change],
    told: Callable[[Change], None] = lambda _: None,
) -> Applied:
    """Write to the environment what is marked `experimental`.

    Args:
        client: Writes.
        organization: Whose credentials.
        link: The environment that was compared.
        changes: The plan's.
        told: Called with each change that was made.
    """
    done: list[Change] = []
    for change in changes:
        if change.action != "experimental" or change.write is None:
            continue
        try:
            await client.write(organization, link, change.write)
        except FnoLinkError as error:
            return Applied(done=tuple(done), stopped_at=change, error=error)
        done.append(change)
        told(change)
    return Applied(done=tuple(done))
