"""What `[sources.NAME.dataverse]` must be beyond its types: refused here is what Dataverse, or its users, would regret.

Sources: the pages "Use webhooks to create external handlers for server events", "Azure integration" (Service Bus
endpoints take asynchronous steps only), "Register a plug-in" (asynchronous steps belong to the post-operation stage),
"Define entity images", "Enable virtual tables to support Dataverse events" and "Business events and data events".
"""

from collections import Counter
from collections.abc import Callable, Iterator

from integration.config.keys.model import (
    Configuration,
    EventGridSource,
    EventHubSource,
    HttpSource,
    ServiceBusSource,
    Source,
    StorageQueueSource,
)
from integration.config.keys.senders import Image, Sender, Steps
from integration.config.reading.judging import LOOPBACK, Fault, Judged, parsed
from integration.config.settings.substitution import WHOLE
from integration.errors import Problem

ROWS = frozenset({"Create", "Update", "Delete"})
VIRTUAL = "mserp_"
EXTERNAL = "OnExternal"
SAS_KEY_LENGTH = 44
BEHIND_NAME = (ServiceBusSource, EventHubSource)


def check_sender_url(text: str) -> Fault | None:
    """Judge where Dataverse is to send to."""
    if not text:
        return None
    url = parsed(text)
    if url is None or url.scheme not in ("https", "http") or not url.hostname:
        return Fault("{} is no https URL", "https://host/path")
    if url.username is not None or url.password is not None:
        return Fault("the URL holds a user name or password", "Dataverse proves itself by `key`")
    if url.query or url.fragment:
        return Fault("the URL has a query or a fragment", "a key belongs into `key`, from an app setting")
    if url.scheme == "http" and url.hostname not in LOOPBACK:
        return Fault("{} is not encrypted: Dataverse would send its key in the clear", "https; http only on localhost")
    return None


def check_sender_key(text: str) -> Fault | None:
    """Judge a secret, which is never shown."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return Fault("is no key: it has spaces or characters that are not ASCII", "copy the key again")
    return None


def _steps(judged: Judged) -> Iterator[Problem]:
    messages = judged.fields.get("messages", ())
    if judged.cls is Steps and not messages and judged.at("messages") not in judged.open:
        yield Problem(judged.at("messages"), "names no message", "Create, Update, Delete …")
    yield from _of_tables(judged, messages)
    yield from _when(judged, messages)
    images: tuple[Image, ...] = judged.fields.get("images", ())
    for alias, count in Counter(image.alias.lower() for image in images).items():
        if count > 1:
            yield Problem(judged.at("images"), f"two images are called `{alias}`", "each alias once")
    for index, image in enumerate(images):
        where = f"{judged.at('images')}[{index}].type"
        if image.type != "post" and "Create" in messages:
            yield Problem(where, "before a Create there is no row", 'type = "post", or steps of their own for Create')
        if image.type != "pre" and "Delete" in messages:
            yield Problem(where, "after a Delete there is no row", 'type = "pre", or steps of their own for Delete')
        if image.type != "pre" and judged.known("stage") in {"pre_validation", "pre_operation"}:
            yield Problem(where, "before the operation there is no row as it will be", 'type = "pre"')


def _of_tables(judged: Judged, messages: tuple[str, ...]) -> Iterator[Problem]:
    tables = judged.fields.get("tables", ())
    if judged.at("tables") in judged.open:
        return
    about_rows = [each for each in messages if each in ROWS or each.startswith(EXTERNAL)]
    if about_rows and not tables:
        message = f"{', '.join(about_rows)} without a table would tell of every row of every table"
        yield Problem(judged.at("tables"), message, "name the tables")
    if judged.fields.get("attributes") and set(messages) - {"Update"}:
        others = ", ".join(each for each in messages if each != "Update")
        yield Problem(
            judged.at("attributes"),
            f"filter Update only, not {others}",
            "steps of their own for Update: [[sources.NAME.dataverse.steps]]",
        )


def _when(judged: Judged, messages: tuple[str, ...]) -> Iterator[Problem]:
    mode, stage = judged.known("mode"), judged.known("stage")
    if mode == "async" and stage in {"pre_validation", "pre_operation"}:
        yield Problem(judged.at("stage"), "an asynchronous step runs after the operation", 'stage = "post_operation"')
    tables = judged.fields.get("tables", ())
    virtual = [each for each in (*messages, *tables) if each.startswith((VIRTUAL, EXTERNAL))]
    if virtual and (mode == "sync" or stage in {"pre_validation", "pre_operation"}):
        message = f"{virtual[0]} is of Finance & Operations, whose events are told after the operation and behind it"
        place = judged.at("mode" if mode == "sync" else "stage")
        yield Problem(place, message, 'mode = "async" and stage = "post_operation"')


def _sender(judged: Judged) -> Iterator[Problem]:
    yield from _steps(judged)
    if {judged.at(key) for key in ("messages", "steps", "key")} & judged.open:
        return
    if not judged.fields.get("messages") and not judged.fields.get("steps"):
        if judged.cls(**judged.fields) != judged.cls():
            yield Problem(judged.at("messages"), "names no message", "Create, Update, Delete …; or leave the table out")
    elif not judged.fields.get("key"):
        yield Problem(judged.at("key"), "is missing", "the secret that Dataverse sends with, from an app setting")


def sender_problems(configuration: Configuration) -> Iterator[Problem]:
    """Report what a sender cannot be for the kind of its source, and steps that are declared twice."""
    for name, source in configuration.sources.items():
        sender = source.dataverse
        if sender.is_declared:
            for key, message, hint in (*_of_kind(source, sender), *_twice(sender)):
                yield Problem(f"sources.{name}.dataverse{key}", message, hint, configuration.file)


def sender_warnings(configuration: Configuration) -> Iterator[Problem]:
    """Warn of a webhook for events of Finance & Operations, which Microsoft's page does not list for them."""
    for name, source in configuration.sources.items():
        if not isinstance(source, HttpSource):
            continue
        for place, steps in _placed(source.dataverse):
            if any(each.startswith((VIRTUAL, EXTERNAL)) for each in (*steps.messages, *steps.tables)):
                yield Problem(
                    f"sources.{name}.dataverse{place}",
                    "events of Finance & Operations by a webhook: Microsoft lists Service Bus, Event Grid and Event "
                    "Hubs for them",
                    "see that they arrive before you rely on it, or use a Service Bus source",
                    configuration.file,
                )


def _placed(sender: Sender) -> Iterator[tuple[str, Steps]]:
    declared = sender.every_steps
    own = len(declared) - len(sender.steps)
    for index, steps in enumerate(declared):
        yield (f".steps[{index - own}]" if index >= own else ""), steps


def _of_kind(source: Source, sender: Sender) -> Iterator[tuple[str, str, str]]:
    if isinstance(source, StorageQueueSource):
        yield "", "Dataverse cannot send to a Storage queue", "an http, service_bus, event_grid or event_hub source"
        return
    if not isinstance(source, HttpSource):
        yield from _behind(sender)
    if not isinstance(source, HttpSource | EventGridSource) and sender.url:
        yield ".url", "is of webhooks and Event Grid", "namespace = the host of the namespace"
    if isinstance(source, EventGridSource) and not sender.url:
        yield ".url", "is missing", "the endpoint of the Event Grid topic that the source's subscription is of"
    if not isinstance(source, BEHIND_NAME):
        if sender.namespace:
            yield ".namespace", "is of Service Bus and Event Hubs", "leave it out"
        if sender.user_claim != "none":
            yield ".user_claim", "is of Service Bus and Event Hubs", "leave it out"
    else:
        yield from _shared_access(sender)
    if not isinstance(source, EventGridSource) and sender.event_schema != "cloud_events":
        yield ".event_schema", "is of Event Grid", "leave it out"


def _behind(sender: Sender) -> Iterator[tuple[str, str, str]]:
    for place, steps in _placed(sender):
        if steps.mode == "sync":
            yield f"{place}.mode", "only a webhook takes synchronous steps", 'mode = "async"'
    if sender.authentication != "webhook_key":
        yield ".authentication", "is of webhooks", "leave it out"


def _shared_access(sender: Sender) -> Iterator[tuple[str, str, str]]:
    if not sender.key_name:
        yield ".key_name", "is missing", "the name of a shared access rule with the right to send, and with it alone"
    if not WHOLE.fullmatch(sender.key) and len(sender.key) != SAS_KEY_LENGTH:
        message = f"is {len(sender.key)} characters long, the key of a shared access rule {SAS_KEY_LENGTH}"
        yield ".key", message, "the primary key of the rule, not its connection string"


def _twice(sender: Sender) -> Iterator[tuple[str, str, str]]:
    seen: dict[tuple[str, str, str], str] = {}
    for place, steps in _placed(sender):
        for message in steps.messages:
            for table in steps.tables or ("",):
                key = (message.lower(), table, steps.stage)
                if key in seen:
                    of = f" of {table}" if table else ""
                    yield f"{place}.messages", f"{message}{of} is declared twice in {steps.stage}", "one step for each"
                seen.setdefault(key, place)


CHECKS: dict[str, Callable[[str], Fault | None]] = {
    "sender_url": check_sender_url,
    "sender_key": check_sender_key,
}
ENTRIES: dict[type, Callable[[Judged], Iterator[Problem]]] = {
    Steps: _steps,
    Sender: _sender,
}
