"""Does the organization answer, and are we somebody in it?"""

from integration.config.keys.model import Organization
from integration.dataverse import Dataverse
from integration.health.check import Answer
from integration.health.probes.asking import ASK_WITHIN_SECONDS, answered


class DataverseProbe:
    """Asks WhoAmI.

    Args:
        dataverse: Makes the call.
        within: Seconds that it may take.
    """

    def __init__(self, *, dataverse: Dataverse, within: float = ASK_WITHIN_SECONDS) -> None:
        self._dataverse = dataverse
        self._within = within

    async def ask(self, organization: Organization) -> Answer:
        """Ask.

        Args:
            organization: Whom.
        """
        question, name = self._question(organization), organization.name
        return await answered(
            question, within=self._within, whom=organization.url, check="dataverse", organization=name
        )

    async def _question(self, organization: Organization) -> Answer:
        identity = await self._dataverse.who_am_i(organization)
        return Answer(health="ok", facts={"organization_id": identity.organization_id, "user_id": identity.user_id})
