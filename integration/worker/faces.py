"""What a worker can be asked and ordered: the operations, and the HTTP handlers that call them."""

from functools import cached_property
from typing import TYPE_CHECKING

from integration.config.keys.groups import groups_of
from integration.config.settings.settings import believes_headers
from integration.health.source_rows import SourceRows
from integration.operations.control_numbers import ControlNumberOperations
from integration.operations.dead_letters import DeadLetterOperations
from integration.operations.event_orders import EventOrders
from integration.operations.events import EventOperations
from integration.operations.incidents import IncidentOperations
from integration.operations.links import LinkOperations
from integration.operations.maintenance import MaintenanceOperations
from integration.operations.parked import ParkedOperations
from integration.operations.status import Rows as StatusRows
from integration.operations.status import StatusOperations
from integration.web.control_numbers import ControlNumberPages
from integration.web.dead_letters import DeadLetterPages
from integration.web.events import EventPages
from integration.web.health import HealthPages, Rows
from integration.web.incidents import IncidentPages
from integration.web.intake import Intake
from integration.web.links import LinkPages
from integration.web.maintenance import MaintenancePages
from integration.web.parked import ParkedPages
from integration.web.status.actions import Actions
from integration.web.status.operator import OperatorPages
from integration.web.status.pages import PublicStatusPages, StatusPages
from integration.worker.watching import WatchParts

if TYPE_CHECKING:
    from integration.callers import Gate
    from integration.worker.narrow import NarrowFaces


class Faces(WatchParts):
    """The operations and their HTTP handlers; each is built at its first use."""

    @cached_property
    def gate(self) -> "Gate":
        """Who stands before the operations that take a token."""
        from integration.callers.gate import Gate  # noqa: PLC0415  # imported with the first token: import budget
        from integration.callers.keys import SigningKeys  # noqa: PLC0415  # the same
        from integration.callers.token import Accepted  # noqa: PLC0415  # the same

        entra = self.configuration.entra
        accepted = Accepted.of(entra)
        keys = SigningKeys(entra, accepted.issuers["2.0"], self.http, self._clock)
        return Gate(
            accepted=accepted,
            keys=self._kept(keys, keys.aclose),
            clients=self.configuration.clients,
            clock=self._clock,
            tally=self.tally,
            believes_headers=believes_headers(self._environ) is True,
        )

    def narrowed(self, sees: frozenset[str]) -> "NarrowFaces":
        """Return the handlers for who may see some organizations.

        Args:
            sees: Their names.
        """
        from integration.worker.narrow import NarrowFaces  # noqa: PLC0415  # imported with the first token

        if sees not in self._narrowed:
            self._narrowed[sees] = NarrowFaces(self, sees)
        return self._narrowed[sees]

    @cached_property
    def _narrowed(self) -> "dict[frozenset[str], NarrowFaces]":
        return {}

    @cached_property
    def link_operations(self) -> LinkOperations:
        """What can be asked of links."""
        return LinkOperations(self.configuration.organizations, self.links)

    @cached_property
    def dead_letter_operations(self) -> DeadLetterOperations:
        """What can be asked and ordered of dead letters."""
        return DeadLetterOperations(self.dead_letters, self.replays)

    @cached_property
    def parked_operations(self) -> ParkedOperations:
        """What can be asked and ordered of parked deliveries."""
        return ParkedOperations(self.dead_letters, self.releases)

    @cached_property
    def event_operations(self) -> EventOperations:
        """What can be asked of events."""
        groups = groups_of(self.configuration)
        return EventOperations(self.listing, self.dead_letters, self.payloads, groups, self._clock)

    @cached_property
    def event_orders(self) -> EventOrders:
        """What can be ordered of events."""
        return EventOrders(
            events=self.event_operations,
            listing=self.listing,
            replays=self.replays,
            event_replays=self.event_replays,
            payloads=self.payloads,
            clock=self._clock,
        )

    @cached_property
    def incident_operations(self) -> IncidentOperations:
        """What can be asked and ordered of incidents."""
        return IncidentOperations(self.standings, self.incidents, self.history, self._clock)

    @cached_property
    def maintenance_operations(self) -> MaintenanceOperations:
        """What can be asked and ordered of maintenance."""
        windows = self.configuration.health.maintenance
        organizations = self.configuration.organizations
        return MaintenanceOperations(organizations, windows, self.incidents, self.standings, self._clock)

    @cached_property
    def control_number_operations(self) -> ControlNumberOperations:
        """What can be asked and ordered of ControlNumbers."""
        return ControlNumberOperations(self.newest_rows, self._clock)

    @cached_property
    def intake(self) -> Intake:
        """HTTP intake; it knows nothing of links and targets, so their trouble is not its trouble."""
        return Intake(self.storage, self._clock)

    @cached_property
    def link_pages(self) -> LinkPages:
        """The link endpoints."""
        return LinkPages(self.link_operations, self.configuration.cache, self._clock)

    @cached_property
    def dead_letter_pages(self) -> DeadLetterPages:
        """The dead-letter endpoints."""
        return DeadLetterPages(self.dead_letter_operations)

    @cached_property
    def parked_pages(self) -> ParkedPages:
        """The endpoints of parked deliveries."""
        return ParkedPages(self.parked_operations)

    @cached_property
    def event_pages(self) -> EventPages:
        """The endpoints of events."""
        return EventPages(self.event_operations, self.event_orders)

    @cached_property
    def incident_pages(self) -> IncidentPages:
        """The endpoints of incidents."""
        return IncidentPages(self.incident_operations)

    @cached_property
    def maintenance_pages(self) -> MaintenancePages:
        """The endpoints of maintenance."""
        return MaintenancePages(self.maintenance_operations)

    @cached_property
    def control_number_pages(self) -> ControlNumberPages:
        """The endpoints of the out-of-order mark."""
        return ControlNumberPages(self.control_number_operations)

    @cached_property
    def status_actions(self) -> Actions:
        """What the forms of the status page do."""
        return Actions(self.incident_operations, self.parked_operations, self.dead_letter_operations)

    @cached_property
    def status_operations(self) -> StatusOperations:
        """What can be asked of how everything stands."""
        rows = StatusRows(
            standings=self.standings, circuits=self.circuit_rows, sums=self.sums, incidents=self.incidents
        )
        return StatusOperations(self.configuration, rows, self._clock)

    @cached_property
    def status_pages(self) -> StatusPages:
        """The status page, and badges."""
        events = self.event_operations if self.configuration.journal.enabled else None
        return StatusPages(self.status_operations, events, self._clock)

    @cached_property
    def operator_pages(self) -> OperatorPages:
        """The status page with its forms."""
        settings = self.configuration.status
        return OperatorPages(
            settings=settings, show=self.status_pages.show, actions=self.status_actions, clock=self._clock
        )

    @cached_property
    def public_status_pages(self) -> PublicStatusPages:
        """The status page that anybody may see."""
        return PublicStatusPages(self.status_operations, self._clock)

    @cached_property
    def health_pages(self) -> HealthPages:
        """The health endpoints."""
        configuration = self.configuration
        return HealthPages(
            settings=configuration.health,
            organizations=tuple(configuration.organizations),
            targets=[name for name, target in configuration.targets.items() if target.enabled],
            sources=[name for name, source in configuration.sources.items() if source.enabled],
            rows=self.health_rows,
            clock=self._clock,
        )

    @cached_property
    def health_rows(self) -> Rows:
        """Where the pages read how everything stands."""
        return Rows(self.standings, self.circuit_rows, SourceRows(self.storage), self.incidents)
