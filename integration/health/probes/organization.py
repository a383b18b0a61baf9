"""The checks of one organization, in order: what one of them explains is not asked of the next."""

from collections.abc import Mapping

from integration.clock import Clock
from integration.config.keys.model import Organization
from integration.health.check import Answer, Kind, not_asked
from integration.health.probes.causes import Causes
from integration.health.probes.dataverse import DataverseProbe
from integration.health.probes.finance_operations import FinanceOperationsProbe
from integration.health.probes.link import LinkProbe
from integration.health.probes.remembered import Past, resting
from integration.health.probes.token import TokenProbe
from integration.health.probes.trust import trust


class OrganizationProbe:
    """Asks token, dataverse, link and finance_operations, and tells trust from the link.

    Args:
        token: Asks Entra.
        dataverse: Asks WhoAmI.
        link: Asks for the link.
        finance_operations: Asks the linked environment; None: that is switched off.
        clock: The time.
    """

    def __init__(
        self,
        *,
        token: TokenProbe,
        dataverse: DataverseProbe,
        link: LinkProbe,
        finance_operations: FinanceOperationsProbe | None,
        clock: Clock,
    ) -> None:
        self._token = token
        self._dataverse = dataverse
        self._link = link
        self._finance_operations = finance_operations
        self._clock = clock

    async def ask(
        self, organization: Organization, *, past: Past | None = None, causes: Causes | None = None
    ) -> Mapping[Kind, Answer]:
        """Ask, one after the other, until one is not ok.

        Args:
            organization: Whom.
            past: The last answers: who asked not to be asked before some time is not asked before.
            causes: What this round has found out so far; give all organizations of one round the same.

        Returns:
            An answer for each of the five kinds. Never raises for what a counterpart does.
        """
        past = past or {}
        answers: dict[Kind, Answer] = {}
        answers["token"] = await self._token.ask(organization, remembered=past.get("token"), causes=causes)
        if answers["token"].health != "ok":
            return _behind("token", answers)
        answers["dataverse"] = self._waits(past) or await self._dataverse.ask(organization)
        if answers["dataverse"].health != "ok":
            return _behind("dataverse", answers)
        answers["link"] = await self._link.ask(organization)
        answers["trust"] = trust(answers["link"])
        linked = answers["link"].link
        if linked is None:
            answers["finance_operations"] = not_asked("link")
        elif self._finance_operations is None:
            answers["finance_operations"] = not_asked("switched off")
        else:
            answers["finance_operations"] = await self._finance_operations.ask(
                organization, linked, remembered=past.get("finance_operations"), causes=causes
            )
        return answers

    def _waits(self, past: Past) -> Answer | None:
        # Both questions go to one host, which counts them together: who was told to wait at one waits at both.
        now = self._clock.now()
        waits = [rests for kind in ("dataverse", "link") if (rests := resting(past.get(kind), now)) is not None]
        return max(waits, key=lambda answer: answer.retry_after or 0.0, default=None)


def _behind(failed: Kind, answers: Mapping[Kind, Answer]) -> Mapping[Kind, Answer]:
    kinds: tuple[Kind, ...] = ("token", "dataverse", "link", "trust", "finance_operations")
    return {kind: answers.get(kind, not_asked(failed)) for kind in kinds}
