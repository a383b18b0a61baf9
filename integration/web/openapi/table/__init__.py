"""What is said of each operation, by its name; one module a part of the API."""

from collections.abc import Mapping

from integration.operations import event_orders, event_shapes, incident_shapes, kept, parked
from integration.web.openapi.described import Described, Tag
from integration.web.openapi.table import events, health, incidents, intake, letters, links, maintenance, status

NAMES: Mapping[type, str] = {
    event_orders.Ordered: "EventReplay",
    event_shapes.Summary: "EventSummary",
    event_shapes.Whole: "Event",
    incident_shapes.Summary: "IncidentSummary",
    incident_shapes.Whole: "Incident",
    kept.Summary: "LetterSummary",
    kept.Whole: "Letter",
    parked.Ordered: "ReleaseOrdered",
}
"""What structs are called that are one of several of their name."""
TAGS: Mapping[Tag, str] = {
    "links": "Which environment an organization is linked to.",
    "intake": "Where senders put events.",
    "events": "What became of each event.",
    "dead letters": "Deliveries that could not be made: look at them, replay or purge them.",
    "parked": "Deliveries that wait for the link.",
    "incidents": "What is wrong, and who works on it.",
    "maintenance": "When alerts are silent.",
    "state": "How everything stands.",
}
OPERATIONS: Mapping[str, Described] = {
    **links.OPERATIONS,
    **intake.OPERATIONS,
    **events.OPERATIONS,
    **letters.OPERATIONS,
    **incidents.OPERATIONS,
    **maintenance.OPERATIONS,
    **health.OPERATIONS,
    **status.OPERATIONS,
}
WEBHOOKS: Mapping[str, Described] = intake.WEBHOOKS
