"""What `[sources.NAME.finance_operations]` must be beyond its types.

Sources: the pages "Business events overview" (which fields an endpoint has) and "Manage business event endpoints" (its
types; endpoints are synchronized to the service endpoints of a linked Dataverse, names included).
"""

from collections import Counter
from collections.abc import Callable, Iterator

from integration.config.keys.business_events import BusinessEvents
from integration.config.keys.model import Configuration, EventGridSource, Source, StorageQueueSource
from integration.config.reading.judging import Judged
from integration.errors import Problem


def endpoint_of(source: Source, owner: str) -> str:
    """Return the name of the endpoint in Finance & Operations that sends to a source.

    Args:
        source: Declares business events.
        owner: Whose it is.
    """
    return source.finance_operations.endpoint or f"{owner}-{source.name}"


def _business_events(judged: Judged) -> Iterator[Problem]:
    if {judged.at("events"), judged.at("legal_entities")} & judged.open:
        return
    events, entities = judged.fields.get("events", ()), judged.fields.get("legal_entities", ())
    if not events and judged.cls(**judged.fields) != judged.cls():
        yield Problem(judged.at("events"), "names no business event", "the ids of the catalog; or leave the table out")
    for key, named in (("events", events), ("legal_entities", entities)):
        for name, count in Counter(each.lower() for each in named).items():
            if count > 1:
                yield Problem(judged.at(key), f"`{name}` is named {count} times", "each once, in any case")


def business_event_problems(configuration: Configuration) -> Iterator[Problem]:
    """Report what cannot be for the kind of a source, and endpoints that two sources would share."""
    owner = configuration.registration.owner
    seen: dict[tuple[str, str], str] = {}
    for name, source in configuration.sources.items():
        declared = source.finance_operations
        if not declared.is_declared:
            continue
        place = f"sources.{name}.finance_operations"
        for key, message, hint in _of_kind(source, declared, owner):
            yield Problem(place + key, message, hint, configuration.file)
        shared = (source.organization, endpoint_of(source, owner).lower())
        if shared in seen:
            message = f"the endpoint {shared[1]!r} sends to sources.{seen[shared]} already"
            yield Problem(f"{place}.endpoint", message, "each source its own", configuration.file)
        seen.setdefault(shared, name)


def _of_kind(source: Source, declared: BusinessEvents, owner: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(source, StorageQueueSource):
        hint = "an http, service_bus, event_grid or event_hub source"
        yield "", "Finance & Operations cannot send to a Storage queue", hint
    elif isinstance(source, EventGridSource) and not declared.url:
        yield ".url", "is missing", "the endpoint of the Event Grid topic that the source's subscription is of"
    elif not isinstance(source, EventGridSource) and declared.url:
        yield ".url", "is of Event Grid", "of an HTTPS endpoint the URL is the secret in the key vault"
    if declared.endpoint.startswith(f"{owner}: "):
        message = f"begins with `{owner}: `, as service endpoints do that are registered in Dataverse"
        yield ".endpoint", message, "Finance & Operations synchronizes its endpoints to there: give it another name"


ENTRIES: dict[type, Callable[[Judged], Iterator[Problem]]] = {BusinessEvents: _business_events}
