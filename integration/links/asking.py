"""Asking Dataverse for the link, and judging an answer wherever it comes from."""

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Organization
from integration.dataverse import Dataverse, Details, NotIntegrated
from integration.dataverse.answers import check_details
from integration.dataverse.wording import speaks_of_integration
from integration.links.tenants import Tenants
from integration.links.trust import distrust
from integration.links.values import Link, Linked, NotLinked


class Asker:
    """Turns Dataverse's answers into links.

    Args:
        dataverse: Makes the call.
        tenants: Gives the configured tenant's id, for the trust rules.
        clock: Time.
    """

    def __init__(self, dataverse: Dataverse, tenants: Tenants, clock: Clock) -> None:
        self._dataverse = dataverse
        self._tenants = tenants
        self._clock = clock

    async def ask(self, organization: Organization) -> Link:
        """Make the call.

        Raises:
            LinkUnknown: No definite answer; the subclass says why.
        """
        answer = await self._dataverse.integration_details(organization)
        checked_at = self._clock.now()
        if isinstance(answer, NotIntegrated):
            return NotLinked(code=answer.code, message=answer.message, checked_at=checked_at, familiar=answer.familiar)
        reason = distrust(answer.url, answer.tenant_id, organization, await self._tenants.id_of(organization))
        return Linked(
            url=answer.url,
            tenant_id=answer.tenant_id,
            id=answer.id,
            trusted=not reason,
            distrust=reason,
            checked_at=checked_at,
            is_unified_database=answer.is_unified_database,
            lifecycle_status=answer.lifecycle_status,
        )

    async def judge(self, organization: Organization, link: Link) -> Link:
        """Check and judge a shared answer like one from the network: storage is not trusted more.

        Raises:
            UnexpectedAnswer: Its url or ids are not what the link call answers.
            LinkUnknown: The configured tenant's id could not be found out.
        """
        if isinstance(link, NotLinked):
            # A row of an earlier version does not say it, and another process may know other wordings.
            familiar = speaks_of_integration(link.message, self._dataverse.wordings)
            return msgspec.structs.replace(link, familiar=familiar)
        details = check_details(Details(url=link.url, tenant_id=link.tenant_id, id=link.id))
        reason = distrust(details.url, details.tenant_id, organization, await self._tenants.id_of(organization))
        return Linked(
            url=details.url,
            tenant_id=details.tenant_id,
            id=details.id,
            trusted=not reason,
            distrust=reason,
            checked_at=link.checked_at,
            is_unified_database=link.is_unified_database,
            lifecycle_status=link.lifecycle_status,
        )

    async def aclose(self) -> None:
        """Stop asking for tenants."""
        await self._tenants.aclose()
