"""Does Entra give a token for the organization?"""

from integration.clock import Clock
from integration.config.keys.model import Organization
from integration.health.check import OK, Answer
from integration.health.probes.asking import ASK_WITHIN_SECONDS, answered, caught
from integration.health.probes.causes import Causes
from integration.health.probes.remembered import Remembered, resting
from integration.identity import Tokens, scope_for


class TokenProbe:
    """Asks for a token for Dataverse.

    A token that is kept is one: Entra is asked when it has to be renewed, as it is for any call.

    Args:
        tokens: Gives the tokens.
        clock: The time.
        within: Seconds that it may take.
    """

    def __init__(self, *, tokens: Tokens, clock: Clock, within: float = ASK_WITHIN_SECONDS) -> None:
        self._tokens = tokens
        self._clock = clock
        self._within = within

    async def ask(
        self,
        organization: Organization,
        *,
        resource: str = "",
        remembered: Remembered | None = None,
        causes: Causes | None = None,
    ) -> Answer:
        """Ask.

        Args:
            organization: Whose credentials and tenant.
            resource: The URL that the token is for; empty: the organization's own.
            remembered: The last answer: where Entra asked for a wait, it is kept.
            causes: What this round knows; Entra is not asked again where it answers nobody of this tenant.

        Returns:
            `unknown` where there is none, also where Entra refuses: that says nothing of the link. `cause` names the
            tenant where Entra itself does not answer.
        """
        scope = scope_for(resource or organization.url)
        try:
            if self._tokens.holds(organization, scope):
                return OK
            cause = self._tokens.cause(organization)
        except Exception as error:  # noqa: BLE001  # its credentials cannot be had: nobody is asked
            return caught(error)
        rests = resting(remembered, self._clock.now())
        if rests is not None:
            return rests

        async def question() -> Answer:
            asked, name = self._question(organization, scope), organization.name
            return await answered(asked, within=self._within, whom="Microsoft Entra", check="token", organization=name)

        return await causes.ask(cause, question) if causes is not None else await question()

    async def _question(self, organization: Organization, scope: str) -> Answer:
        await self._tokens.token(organization, scope)
        return OK
