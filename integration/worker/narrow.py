"""What a worker can be asked and ordered by who may see some organizations."""

from functools import cached_property
from typing import TYPE_CHECKING

from integration.config.keys.groups import groups_of
from integration.health.source_rows import SourceRows
from integration.operations.incidents import IncidentOperations
from integration.operations.links import LinkOperations
from integration.operations.maintenance import MaintenanceOperations
from integration.operations.status import Rows as StatusRows
from integration.operations.status import StatusOperations
from integration.operations.visible.journal import VisibleControlNumbers, VisibleEventOrders, VisibleEvents
from integration.operations.visible.kept import VisibleDeadLetters, VisibleParked
from integration.operations.visible.rows import NoCircuits, Subjects, VisibleIncidents, VisibleStandings, VisibleSums
from integration.operations.visible.sight import Sight
from integration.web.control_numbers import ControlNumberPages
from integration.web.dead_letters import DeadLetterPages
from integration.web.events import EventPages
from integration.web.health import HealthPages, Rows
from integration.web.incidents import IncidentPages
from integration.web.links import LinkPages
from integration.web.maintenance import MaintenancePages
from integration.web.parked import ParkedPages
from integration.web.status.pages import StatusPages

if TYPE_CHECKING:
    from integration.worker.faces import Faces


class NarrowFaces:
    """The handlers of the operations that take a token, over the same parts.

    Args:
        whole: The worker.
        sees: The names of the organizations.
    """

    def __init__(self, whole: "Faces", sees: frozenset[str]) -> None:
        self._whole = whole
        self._clock = whole.clock
        self._sight = Sight(sees)
        self._configuration = self._sight.of(whole.configuration)
        subjects = Subjects(self._sight, self._configuration.sources)
        self._standings = VisibleStandings(whole.storage, subjects)
        self._incidents = VisibleIncidents(whole.storage, self._clock, subjects)
        self._sums = VisibleSums(whole.storage, self._clock, subjects)
        self._circuits = NoCircuits(whole.storage)

    @cached_property
    def link_pages(self) -> LinkPages:
        """The link endpoints."""
        operations = LinkOperations(self._configuration.organizations, self._whole.links)
        return LinkPages(operations, self._configuration.cache, self._clock)

    @cached_property
    def dead_letter_pages(self) -> DeadLetterPages:
        """The dead-letter endpoints."""
        return DeadLetterPages(VisibleDeadLetters(self._whole.dead_letters, self._whole.replays, self._sight))

    @cached_property
    def parked_pages(self) -> ParkedPages:
        """The endpoints of parked deliveries."""
        return ParkedPages(VisibleParked(self._whole.dead_letters, self._whole.releases, self._sight))

    @cached_property
    def _events(self) -> VisibleEvents:
        whole, groups = self._whole, groups_of(self._configuration)
        return VisibleEvents(whole.listing, whole.dead_letters, whole.payloads, groups, self._clock, sight=self._sight)

    @cached_property
    def event_pages(self) -> EventPages:
        """The endpoints of events."""
        orders = VisibleEventOrders(
            events=self._events,
            listing=self._whole.listing,
            replays=self._whole.replays,
            event_replays=self._whole.event_replays,
            payloads=self._whole.payloads,
            clock=self._clock,
        )
        orders.sight = self._sight
        return EventPages(self._events, orders)

    @cached_property
    def incident_pages(self) -> IncidentPages:
        """The endpoints of incidents."""
        return IncidentPages(IncidentOperations(self._standings, self._incidents, self._whole.history, self._clock))

    @cached_property
    def maintenance_pages(self) -> MaintenancePages:
        """The endpoints of maintenance."""
        organizations, windows = self._configuration.organizations, self._configuration.health.maintenance
        return MaintenancePages(
            MaintenanceOperations(organizations, windows, self._incidents, self._standings, self._clock)
        )

    @cached_property
    def control_number_pages(self) -> ControlNumberPages:
        """The endpoints of the out-of-order mark."""
        return ControlNumberPages(VisibleControlNumbers(self._whole.newest_rows, self._clock, self._sight))

    @cached_property
    def status_pages(self) -> StatusPages:
        """The status page, and badges."""
        rows = StatusRows(
            standings=self._standings, circuits=self._circuits, sums=self._sums, incidents=self._incidents
        )
        events = self._events if self._configuration.journal.enabled else None
        return StatusPages(StatusOperations(self._configuration, rows, self._clock), events, self._clock)

    @cached_property
    def health_pages(self) -> HealthPages:
        """The health endpoints."""
        configuration = self._configuration
        return HealthPages(
            settings=configuration.health,
            organizations=tuple(configuration.organizations),
            targets=(),
            sources=[name for name, source in configuration.sources.items() if source.enabled],
            rows=Rows(self._standings, self._circuits, SourceRows(self._whole.storage), self._incidents),
            clock=self._clock,
        )
