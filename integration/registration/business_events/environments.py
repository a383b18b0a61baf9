"""The linked environments of organizations: found, seen and, seldom, written."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from integration.config.keys.model import Organization
from integration.finance_operations import FinanceOperations
from integration.registration.applying import Applied
from integration.registration.business_events.applying import apply_experimental
from integration.registration.business_events.seeing import AnswersLinks, Seen, Unseen, linked, see
from integration.registration.plan import Change

if TYPE_CHECKING:
    from integration.links.values import Linked


class Environments:
    """What is linked, by one client.

    Args:
        links: Ask for the link.
        client: Asks the environment.
    """

    def __init__(self, links: AnswersLinks, client: FinanceOperations) -> None:
        self._links = links
        self._client = client
        self._seen: dict[str, Linked] = {}

    async def see(self, organization: Organization, *, catalog: bool, writable: bool) -> Seen | Unseen:
        """Read the environment that an organization is linked to; arguments as of `seeing.see`."""
        link = await linked(self._links, organization)
        if isinstance(link, Unseen):
            self._seen.pop(organization.name, None)
            return link
        self._seen[organization.name] = link
        return await see(self._client, organization, link, catalog=catalog, writable=writable)

    async def apply(
        self, organization: Organization, changes: Sequence[Change], told: Callable[[Change], None]
    ) -> Applied:
        """Write what is marked `experimental` to the environment that was seen; arguments as of `applying`."""
        link = self._seen.get(organization.name)
        if link is None:
            return Applied()
        return await apply_experimental(self._client, organization, link, changes, told)
