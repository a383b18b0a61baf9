"""Is the organization linked, and to which environment?"""

from collections.abc import Awaitable
from typing import Protocol

from integration.clock import Clock, SystemClock
from integration.config.keys.model import Organization
from integration.errors import Busy
from integration.health.check import Answer
from integration.health.probes.asking import ASK_WITHIN_SECONDS, answered
from integration.links.values import Link, Linked, NotLinked

NOT_LINKED_HINT = "Open the environment in the Power Platform admin center and check its Finance and Operations URL."


UNFAMILIAR_HINT = (
    "The code is a generic one, and the message does not speak of the integration: the cause may be another plug-in "
    "inside the call. Look at the environment's plug-in trace log. If the message is a translation of the known one, "
    "add a regular expression for it to `wordings` in [health]."
)


class Refreshes(Protocol):
    """What this check needs of the link resolver."""

    def refresh(self, name: str) -> Awaitable[Link]:
        """Ask past the cache, once in the fleet, and write the answer through it; raises LinkUnknown."""
        ...


class LinkProbe:
    """Asks which environment the organization is linked to, through the resolver: everybody gets the answer.

    Args:
        links: The resolver.
        clock: Sleeps while another instance is asking.
        within: Seconds that it may take; a call that takes longer ends behind it, and its answer is kept.
    """

    def __init__(self, *, links: Refreshes, clock: Clock | None = None, within: float = ASK_WITHIN_SECONDS) -> None:
        self._links = links
        self._clock = clock or SystemClock()
        self._within = within

    async def ask(self, organization: Organization) -> Answer:
        """Ask.

        Args:
            organization: Whom.

        Returns:
            `ok` with the environment; `bad` where Dataverse says that there is none; else `unknown`.
        """
        question, name = self._question(organization), organization.name
        return await answered(question, within=self._within, whom=organization.url, check="link", organization=name)

    async def _question(self, organization: Organization) -> Answer:
        link = await self._refreshed(organization)
        if isinstance(link, Linked):
            return Answer(health="ok", link=link)
        return judge(link)

    async def _refreshed(self, organization: Organization) -> Link:
        while True:
            try:
                return await self._links.refresh(organization.name)
            except Busy as busy:
                # Somebody else in the fleet is asking a slow Dataverse: his answer is ours, too, once it is there.
                if busy.retry_after is None:
                    raise
                await self._clock.sleep(busy.retry_after)


def judge(link: NotLinked) -> Answer:
    """Say what an organization that is not linked is told of; pure.

    Args:
        link: Dataverse's answer. Its code is generic: where its words do not speak of the integration, they are quoted.
    """
    if link.familiar:
        return Answer(health="bad", code=link.code, message=link.message, hint=NOT_LINKED_HINT)
    return Answer(
        health="bad",
        code=link.code,
        message=f'Dataverse answers {link.code} and "{link.message}", which does not speak of the integration.',
        hint=UNFAMILIAR_HINT,
        facts={"familiar": "no"},
    )
