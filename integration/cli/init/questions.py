"""What `fno-link init` asks, in this order."""

from collections.abc import Callable

import msgspec

from integration.cli.init.draft import Draft, setting

NAMED: dict[str, str] = {
    "http": "whoever posts to /api/events/NAME: F&O and Dataverse by HTTPS",
    "service_bus": "a queue of Service Bus",
    "service_bus_topic": "a subscription of a Service Bus topic",
    "storage_queue": "a Storage queue",
    "event_grid": "Event Grid",
    "event_hub": "an event hub",
    "webhook": "a webhook, signed",
    "teams": "a channel of Microsoft Teams",
    "finance_operations": "the linked F&O environment: a custom service",
}
SOURCES = ("http", "service_bus", "service_bus_topic", "storage_queue", "event_grid", "event_hub")
TARGETS = ("storage_queue", "webhook", "service_bus", "service_bus_topic", "teams", "finance_operations")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question.

    Args:
        field: The field of the draft that it fills; its option is called so, too.
        words: What is asked.
        proposed: The answer that an empty one stands for; empty: there is none.
        choices: The answers that there are; none: any text.
        asked: Whether it is asked at all.
    """

    field: str
    words: str
    proposed: Callable[[Draft], str]
    choices: tuple[str, ...] = ()
    asked: Callable[[Draft], bool] = lambda _draft: True

    @property
    def option(self) -> str:
        """The option that answers it."""
        return f"--{self.field.replace('_', '-')}"


def _to(draft: Draft) -> str:
    match draft.target_kind:
        case "webhook" | "teams":
            return f"%{setting(draft.target, 'URL')}%"
        case "finance_operations":
            return "/api/services/GROUP/SERVICE/OPERATION"
        case "storage_queue" | "service_bus" | "service_bus_topic":
            return draft.target


def _entity(draft: Draft) -> str:
    return "crm-events" if draft.source_kind == "service_bus_topic" else "erp-events"


QUESTIONS = (
    Question(field="organization", words="URL of the Dataverse organization", proposed=lambda _: ""),
    Question(
        field="tenant",
        words="Its Microsoft Entra tenant (domain or id)",
        proposed=lambda draft: f"{draft.name}.onmicrosoft.com",
    ),
    Question(field="source_kind", words="What sends events", proposed=lambda _: "http", choices=SOURCES),
    Question(field="source", words="What to call this source", proposed=lambda _: "erp"),
    Question(
        field="entity",
        words="The queue, topic or event hub that it reads",
        proposed=_entity,
        asked=lambda draft: draft.source_kind not in {"http", "event_grid"},
    ),
    Question(
        field="subscription",
        words="The topic's subscription",
        proposed=lambda _: "fno-link",
        asked=lambda draft: draft.source_kind == "service_bus_topic",
    ),
    Question(field="target_kind", words="Where events go", proposed=lambda _: "storage_queue", choices=TARGETS),
    Question(field="target", words="What to call this target", proposed=lambda _: "orders"),
    Question(field="to", words="Its URL, queue, topic or path (any text may hold %SETTING%)", proposed=_to),
    Question(
        field="events",
        words="Which events, by type, * for any text, commas between several",
        proposed=lambda _: "*",
    ),
)
