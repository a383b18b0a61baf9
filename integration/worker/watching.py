"""The parts of the watch: what asks, what is remembered, and the round that puts them together."""

from functools import cached_property
from typing import TYPE_CHECKING

from integration.config import credentials
from integration.storage.names import LINKS
from integration.worker.app_probe import app_probe_of
from integration.worker.parts import Parts

if TYPE_CHECKING:
    from integration.health.probes.organization import OrganizationProbe
    from integration.health.probes.platform import PlatformProbe
    from integration.health.round import Round


class WatchParts(Parts):
    """What the health timer needs; each part is built at its first use."""

    @cached_property
    def organization_probe(self) -> "OrganizationProbe":
        """What asks of one organization."""
        from integration.finance_operations import FinanceOperations  # noqa: PLC0415  # only the timer needs it
        from integration.health.probes.over_clients import (  # noqa: PLC0415  # only the timer needs it
            drift_probe,
            organization_probe,
        )
        from integration.health.probes.registrations import Registrations  # noqa: PLC0415  # only the timer needs it
        from integration.microsoft_graph import MicrosoftGraph  # noqa: PLC0415  # only the timer needs it
        from integration.operations.registration import app_address  # noqa: PLC0415  # only the timer needs it

        graph = MicrosoftGraph(self.http, self.tokens)
        registrations = Registrations(graph=graph, table=lambda: self.storage.table(LINKS), clock=self._clock)
        self._kept(registrations, registrations.aclose)
        return organization_probe(
            http=self.http,
            tokens=self.tokens,
            dataverse=self.dataverse,
            links=self.links,
            registrations=registrations,
            credentials_for=lambda organization: credentials(self._environ, organization.name),
            settings=self.configuration.health,
            clock=self._clock,
            drift=drift_probe(
                dataverse=self.dataverse,
                finance_operations=FinanceOperations(self.http, self.tokens, clock=self._clock),
                configuration=self.configuration,
                environ=self._environ,
                address=lambda: app_address("", self._environ),
                clock=self._clock,
            ),
        )

    @cached_property
    def platform_probe(self) -> "PlatformProbe | None":
        """What asks the platform; what it says is kept in the rows of the organizations."""
        from integration.health.probes.over_clients import platform_probe  # noqa: PLC0415  # only the timer needs it

        return platform_probe(
            http=self.http,
            tokens=self.tokens,
            dataverse=self.dataverse,
            settings=self.configuration.health,
            clock=self._clock,
        )

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
                takes_tokens=bool(configuration.clients),
                storage=self.storage,
                standings=self.standings,
                incidents=self.incidents,
                history=self.history,
                probe=self.organization_probe,
                platform=self.platform_probe,
                app=app_probe_of(self),
                notices=notices,
                releases=self.releases,
                counts=self.sums,
                dead_man=DeadMan(configuration.health.dead_man_url, lambda: self.webhook_http),
                clock=self._clock,
            )
        )
