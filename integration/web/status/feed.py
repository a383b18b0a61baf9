"""The incidents as an Atom feed (RFC 4287): an entry an incident, updated when it ends."""

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from integration.operations.status_shapes import IncidentStatus, Status
from integration.plain_text import plain

_ATOM = "http://www.w3.org/2005/Atom"
ENTRIES = 50
"""How many are in it, the latest first."""


def feed(status: Status, page: str) -> bytes:
    """Write the feed.

    Args:
        status: With its incidents.
        page: The absolute URL of the status page, which identifies the feed.
    """
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed")
    _text(root, "id", page)
    _text(root, "title", "fno-link: incidents")
    ET.SubElement(root, f"{{{_ATOM}}}link", {"rel": "alternate", "href": page})
    ET.SubElement(root, f"{{{_ATOM}}}link", {"rel": "self", "href": f"{page}?format=atom"})
    author = ET.SubElement(root, f"{{{_ATOM}}}author")
    _text(author, "name", "fno-link")
    incidents = _latest((*status.open_incidents, *status.ended_incidents))
    _text(root, "updated", _time(_changed(incidents[0]) if incidents else status.at))
    for incident in incidents:
        _entry(root, incident, page)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _entry(root: ET.Element, incident: IncidentStatus, page: str) -> None:
    entry = ET.SubElement(root, f"{{{_ATOM}}}entry")
    state = "open" if incident.ended_at is None else "over"
    _text(entry, "id", f"urn:fno-link:incident:{incident.id}")
    _text(entry, "title", f"{incident.subject}: {incident.check} ({incident.code or 'no code'}), {state}")
    _text(entry, "updated", _time(_changed(incident)))
    _text(entry, "published", _time(incident.since))
    ET.SubElement(entry, f"{{{_ATOM}}}link", {"rel": "alternate", "href": f"{page}#incident-{incident.id}"})
    ET.SubElement(entry, f"{{{_ATOM}}}category", {"term": state})
    _text(entry, "summary", " ".join(filter(None, (incident.message, incident.hint))))


def _latest(incidents: Sequence[IncidentStatus]) -> list[IncidentStatus]:
    return sorted(incidents, key=_changed, reverse=True)[:ENTRIES]


def _changed(incident: IncidentStatus) -> datetime:
    return incident.ended_at or incident.since


def _text(parent: ET.Element, name: str, text: str) -> None:
    # XML has no form at all for most control characters: what is not plain is not in it.
    ET.SubElement(parent, f"{{{_ATOM}}}{name}").text = plain(text)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
