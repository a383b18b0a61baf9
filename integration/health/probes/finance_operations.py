"""Can the linked environment be reached, and may we read it?"""

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Organization
from integration.errors import Forbidden, Unauthenticated
from integration.finance_operations import FinanceOperations
from integration.health.check import Answer, not_asked
from integration.health.probes.asking import ASK_WITHIN_SECONDS, answered, of_error
from integration.health.probes.causes import Causes
from integration.health.probes.remembered import Remembered, resting
from integration.health.probes.token import TokenProbe
from integration.links.values import Linked


class FinanceOperationsProbe:
    """Reads one row of OData, with a token for this environment alone.

    Args:
        client: Makes the call.
        token: Asks for the token before it: that Entra gives none is no fault of the environment.
        clock: The time.
        within: Seconds that it may take.
    """

    def __init__(
        self, *, client: FinanceOperations, token: TokenProbe, clock: Clock, within: float = ASK_WITHIN_SECONDS
    ) -> None:
        self._client = client
        self._token = token
        self._clock = clock
        self._within = within

    async def ask(
        self,
        organization: Organization,
        link: Linked,
        *,
        remembered: Remembered | None = None,
        causes: Causes | None = None,
    ) -> Answer:
        """Ask.

        Args:
            organization: Whose credentials.
            link: Its environment; one that is not trusted is not asked, nor is a token for it.
            remembered: The last answer: where this environment asked for a wait, it is kept.
            causes: What this round knows.

        Returns:
            `bad` where the environment answers that we may not read; `unknown` where it does not answer, or something
            else than data. The environment is among the facts.
        """
        if not link.trusted:
            return not_asked("trust")
        environment = {"environment": link.url}
        same = remembered if remembered and remembered.answer.facts.get("environment") == link.url else None
        token = await self._token.ask(
            organization, resource=link.url, remembered=same if same and same.answer.cause else None, causes=causes
        )
        if token.health != "ok":
            return _with(token, environment)
        rests = resting(same, self._clock.now())
        if rests is not None and not rests.cause:
            return rests
        question, name = self._question(organization, link), organization.name
        answer = await answered(
            question, within=self._within, whom=link.url, check="finance_operations", organization=name
        )
        return _with(answer, environment)

    async def _question(self, organization: Organization, link: Linked) -> Answer:
        try:
            await self._client.probe(organization, link)
        except (Forbidden, Unauthenticated) as refused:
            return of_error("bad" if refused.status is not None else "unknown", refused)
        return Answer(health="ok")


def _with(answer: Answer, facts: dict[str, str]) -> Answer:
    return msgspec.structs.replace(answer, facts={**answer.facts, **facts})
