"""The checks of one organization, in order: what one of them explains is not asked of the next."""

from collections.abc import Mapping

import msgspec

from integration.clock import Clock
from integration.config.keys.model import Organization
from integration.health.check import Answer, Kind, not_asked
from integration.health.maintenance.platform import PlatformView, agreement, second_view
from integration.health.probes.causes import Causes
from integration.health.probes.credential import CredentialProbe
from integration.health.probes.dataverse import DataverseProbe
from integration.health.probes.drift import DriftProbe
from integration.health.probes.finance_operations import FinanceOperationsProbe
from integration.health.probes.link import LinkProbe
from integration.health.probes.remembered import Past, resting
from integration.health.probes.sender import SenderProbe
from integration.health.probes.token import TokenProbe
from integration.health.probes.trust import trust
from integration.links.values import Linked


class OrganizationProbe:
    """Asks token, dataverse, link and finance_operations, tells trust from the link, others beside.

    Args:
        token: Asks Entra.
        dataverse: Asks WhoAmI.
        link: Asks for the link.
        finance_operations: Asks the linked environment; None: that is switched off.
        credential: Asks how long the credential is good; None: it is not asked.
        sender: Asks for failed system jobs of the organization's steps; None: it is not asked.
        drift: Compares what is registered with what is declared; None: that is switched off.
        clock: The time.
    """

    def __init__(  # noqa: PLR0913 (one question each)
        self,
        *,
        token: TokenProbe,
        dataverse: DataverseProbe,
        link: LinkProbe,
        finance_operations: FinanceOperationsProbe | None,
        clock: Clock,
        credential: CredentialProbe | None = None,
        sender: SenderProbe | None = None,
        drift: DriftProbe | None = None,
    ) -> None:
        self._token = token
        self._dataverse = dataverse
        self._link = link
        self._finance_operations = finance_operations
        self._credential = credential
        self._sender = sender
        self._drift = drift
        self._clock = clock

    async def ask(
        self,
        organization: Organization,
        *,
        past: Past | None = None,
        causes: Causes | None = None,
        platform: PlatformView | None = None,
    ) -> Mapping[Kind, Answer]:
        """Ask, one after the other, until one is not ok.

        Args:
            organization: Whom.
            past: The last answers: who asked not to be asked before some time is not asked before.
            causes: What this round has found out so far; give all organizations of one round the same.
            platform: What the Power Platform says of the environment: where the link is lost, whether it agrees.

        Returns:
            An answer for each of the eight kinds. Never raises for what a counterpart does.
        """
        past = past or {}
        answers: dict[Kind, Answer] = {
            **dict.fromkeys(_IN_ORDER, not_asked("token")),
            "credential": not_asked("switched off"),
        }
        answers["token"] = await self._token.ask(organization, remembered=past.get("token"), causes=causes)
        if self._credential is not None:
            answers["credential"] = await self._credential.ask(organization, token=answers["token"], causes=causes)
        if answers["token"].health != "ok":
            return answers
        answers |= dict.fromkeys(_BEHIND_DATAVERSE, not_asked("dataverse"))
        answers["dataverse"] = self._waits(past) or await self._dataverse.ask(organization)
        if answers["dataverse"].health != "ok":
            return answers
        answers["link"] = seen_twice(await self._link.ask(organization), platform)
        answers["trust"] = trust(answers["link"])
        answers["finance_operations"] = await self._reach(organization, answers["link"], past, causes)
        if self._sender is None:
            answers["sender"] = not_asked("switched off")
        else:
            answers["sender"] = await self._sender.ask(organization, organization.steps, remembered=past.get("sender"))
        if self._drift is None:
            answers["registration"] = not_asked("switched off")
        else:
            answers["registration"] = await self._drift.ask(
                organization,
                remembered=past.get("registration"),
                environment=_environment(answers["link"], answers["finance_operations"]),
            )
        return answers

    async def _reach(self, organization: Organization, link: Answer, past: Past, causes: Causes | None) -> Answer:
        if link.link is None:
            return not_asked("link")
        if self._finance_operations is None:
            return not_asked("switched off")
        return await self._finance_operations.ask(
            organization, link.link, remembered=past.get("finance_operations"), causes=causes
        )

    def _waits(self, past: Past) -> Answer | None:
        # All questions but two go to one host, which counts them together: who was told to wait at one waits at all.
        now = self._clock.now()
        asked: tuple[Kind, ...] = ("dataverse", "link", "sender", "registration")
        waits = [rests for kind in asked if (rests := resting(past.get(kind), now)) is not None]
        return max(waits, key=lambda answer: answer.retry_after or 0.0, default=None)


_BEHIND_DATAVERSE: tuple[Kind, ...] = ("dataverse", "link", "trust", "finance_operations", "sender", "registration")
_IN_ORDER: tuple[Kind, ...] = ("token", *_BEHIND_DATAVERSE)


def _environment(link: Answer, reached: Answer) -> Linked | None:
    """Return the environment that can be asked more; None where another check tells why it cannot."""
    return link.link if link.link is not None and link.link.trusted and not reached.is_unhealthy else None


def seen_twice(link: Answer, platform: PlatformView | None) -> Answer:
    """Add to a lost link what the Power Platform says of it, where it says anything.

    Args:
        link: What the link check was answered.
        platform: What the Power Platform says; None: nothing.
    """
    if link.health != "bad":
        return link
    said = second_view(platform, None)
    facts = {**link.facts, "second_view": said, "agrees": agreement(platform, None)} if said else link.facts
    return msgspec.structs.replace(link, facts=facts)
