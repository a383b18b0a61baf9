"""The parts of the watch: what asks, what is remembered, and the round that puts them together."""

from functools import cached_property
from typing import TYPE_CHECKING

from integration.config import credentials
from integration.storage.names import LINKS
from integration.worker.app_probe import app_probe_of
from integration.worker.parts import Parts

if TYPE_CHECKING:
    from integration.config.keys.model import Credentials, Organization
    from integration.health.probes.organization import OrganizationProbe
    from integration.health.probes.platform import PlatformProbe
    from integration.health.round import Round


class WatchParts(Parts):
    """What the health timer needs; each part is built at its first use."""

    @cached_property
    def organization_probe(self) -> "OrganizationProbe":
        """What asks of one organization."""
        from integration.finance_operations import FinanceOperations  # noqa: PLC0415  # imported at first use
        from integration.health.probes.credential import CredentialProbe  # noqa: PLC0415  # imported at first use
        from integration.health.probes.dataverse import DataverseProbe  # noqa: PLC0415  # imported at first use
        from integration.health.probes.finance_operations import FinanceOperationsProbe  # noqa: PLC0415  # as above
        from integration.health.probes.link import LinkProbe  # noqa: PLC0415  # imported at first use
        from integration.health.probes.organization import OrganizationProbe  # noqa: PLC0415  # imported at first use
        from integration.health.probes.registrations import Registrations  # noqa: PLC0415  # imported at first use
        from integration.health.probes.sender import SenderProbe  # noqa: PLC0415  # imported at first use
        from integration.health.probes.token import TokenProbe  # noqa: PLC0415  # imported at first use
        from integration.microsoft_graph import MicrosoftGraph  # noqa: PLC0415  # imported at first use

        settings, clock = self.configuration.health, self._clock
        within = settings.ask_within.total_seconds()
        token = TokenProbe(tokens=self.tokens, clock=clock, within=within)
        client = FinanceOperations(self.http, self.tokens, clock=clock)
        registrations = Registrations(
            graph=MicrosoftGraph(self.http, self.tokens), table=lambda: self.storage.table(LINKS), clock=clock
        )
        self._kept(registrations, registrations.aclose)
        return OrganizationProbe(
            token=token,
            dataverse=DataverseProbe(dataverse=self.dataverse, within=within),
            link=LinkProbe(links=self.links, within=within),
            finance_operations=FinanceOperationsProbe(client=client, token=token, clock=clock, within=within)
            if settings.finance_operations
            else None,
            credential=CredentialProbe(
                credentials_for=self._credentials,
                registrations=registrations,
                token=token,
                clock=clock,
                days_of=lambda one: settings.thresholds(one.name, one.health).credential_days,
                within=within,
            ),
            sender=SenderProbe(dataverse=self.dataverse, clock=clock, within=within),
            clock=clock,
        )

    @cached_property
    def platform_probe(self) -> "PlatformProbe":
        """What asks the platform; what it says is kept in the rows of the organizations."""
        from integration.health.probes.platform import PlatformProbe  # noqa: PLC0415  # imported at first use
        from integration.power_platform import PowerPlatform  # noqa: PLC0415  # imported at first use

        client = PowerPlatform(self.http, self.tokens, self.dataverse, clock=self._clock)
        within = self.configuration.health.ask_within.total_seconds()
        return PlatformProbe(client=client, clock=self._clock, within=within)

    @cached_property
    def watch(self) -> "Round":
        """The round that the health timer runs."""
        from integration.health.dead_man import DeadMan  # noqa: PLC0415  # only the timer needs it
        from integration.health.notices import Notices  # noqa: PLC0415  # only the timer needs it
        from integration.health.round import Parts as RoundParts  # noqa: PLC0415  # only the timer needs it
        from integration.health.round import Round  # noqa: PLC0415  # only the timer needs it

        configuration = self.configuration
        notices = Notices(
            pipeline=self.pipeline,
            standings=self.standings,
            organizations=configuration.organizations,
            sources=configuration.sources,
            page=configuration.health.page,
        )
        return Round(
            RoundParts(
                organizations=configuration.organizations,
                sources=configuration.sources,
                targets=[name for name, target in configuration.targets.items() if target.enabled],
                settings=configuration.health,
                storage=self.storage,
                standings=self.standings,
                incidents=self.incidents,
                history=self.history,
                probe=self.organization_probe,
                platform=self.platform_probe if configuration.health.platform else None,
                app=app_probe_of(self),
                notices=notices,
                releases=self.releases,
                counts=self.sums,
                dead_man=DeadMan(configuration.health.dead_man_url, lambda: self.webhook_http),
                clock=self._clock,
            )
        )

    def _credentials(self, organization: "Organization") -> "Credentials":
        return credentials(self._environ, organization.name)
