"""What of a dead letter or a parked delivery must not be under way twice, or out of turn: what it is about."""

from collections.abc import Hashable

from integration.config.keys.model import Configuration
from integration.dead_letters import Record
from integration.errors import TemplateField
from integration.events.event import Event
from integration.routing.templates import Template


class Order:
    """Names what a record is about: its event, the event's subject, and the session in which its target gets it.

    Args:
        configuration: The checked configuration.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._targets = {route.name: route.target for route in configuration.routes}
        self._sessions = {
            name: Template.compile(text, landing="session")
            for name, target in configuration.targets.items()
            if (text := getattr(target, "session", ""))
        }

    def of(self, record: Record) -> frozenset[Hashable]:
        """Name what it is about: two that share one of these keep their order.

        The event, since two of its deliveries would hold each other's claim; its subject, as far as the sender names
        one (Finance & Operations leaves it empty); and the session, which is what a receiver keeps in order.

        Args:
            record: As it was stored. One without an event is about nothing but itself.
        """
        about: set[Hashable] = {("event", record.organization, record.key)}
        if record.event is not None:
            if record.event.subject:
                about.add(("subject", record.organization, record.event.subject))
            target = self._targets.get(record.route, record.target)
            if session := self._session(target, record.event):
                about.add(("session", target, session))
        return frozenset(about)

    def _session(self, target: str, event: Event) -> str:
        template = self._sessions.get(target)
        try:
            return template.render(event) if template is not None else ""
        except TemplateField:
            return ""  # its delivery says what is wrong
