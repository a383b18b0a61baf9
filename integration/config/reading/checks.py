"""What a single value or entry must be beyond its type: pure functions that return faults.

`check_text` judges one string by its annotation, `check_fields` the fields of one entry together.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from msgspec import inspect

from integration.clouds import CLOUDS
from integration.config.keys import model
from integration.config.reading import business_events, sending, watching
from integration.config.reading.judging import LOOPBACK, Fault, Judged, MissingConnection, parsed, positive
from integration.config.reading.schedule import HINT as SCHEDULE_HINT
from integration.config.reading.schedule import schedule_fault
from integration.config.settings.connections import NAMESPACE, connection_fault, entity_fault, namespace_fault
from integration.config.settings.settings import STORAGE
from integration.errors import Problem

HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}")
WORKFLOWS = (".logic.azure.com", ".api.powerplatform.com")
CONNECTORS = (".webhook.office.com", "outlook.office.com")
HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LONGEST_ATTEMPT = timedelta(seconds=100)
SHORTEST_LEASE = timedelta(seconds=1)

type Check = Callable[[str], Fault | None]


def check_text(kind: inspect.StrType, text: str, extra: Mapping[str, Any]) -> Fault | None:
    """Judge one string by the constraints of its annotation."""
    hint = str(extra.get("hint", ""))
    if kind.min_length is not None and len(text) < kind.min_length:
        return Fault("is empty", hint)
    if kind.max_length is not None and len(text) > kind.max_length:
        return Fault(f"is {len(text)} characters long", f"at most {kind.max_length}")
    if kind.pattern is not None and not re.search(kind.pattern, text):
        return Fault("{} is not allowed", hint)
    check = CHECKS.get(str(extra.get("check", "")))
    return check(text) if check else None


def check_schedule(text: str) -> Fault | None:
    """Judge an NCRONTAB expression."""
    fault = schedule_fault(text)
    return Fault(f"{{}} {fault}", SCHEDULE_HINT) if fault else None


def check_organization_url(text: str) -> Fault | None:
    """Judge a Dataverse URL, all but its cloud."""
    hint = "https://NAME.crm.dynamics.com, as the Power Platform admin center shows it"
    url = parsed(text)
    if url is None or url.scheme != "https" or not HOST.fullmatch((url.hostname or "").lower()):
        return Fault("{} is no https URL", hint)
    if (
        url.netloc.lower() not in (url.hostname, f"{url.hostname}:443")
        or url.path not in ("", "/")
        or url.query
        or url.fragment
    ):
        return Fault("{} is more than a scheme and a host", hint)
    return None


def check_webhook_url(text: str) -> Fault | None:
    """Judge a target's URL; templates may stand in path and query only."""
    url = parsed(text)
    if url is None or url.scheme not in ("https", "http") or not url.hostname:
        return Fault("{} is no https URL", "https://host/path")
    if url.username is not None or url.password is not None:
        return Fault("the URL holds a user name or password", "send a header from an app setting instead")
    if "{" in url.netloc or "}" in url.netloc:
        return Fault("{} has a template in its host", "templates may stand in path and query")
    if url.fragment:
        return Fault("{} has a fragment", "leave out # and what follows it")
    if url.scheme == "http" and url.hostname not in LOOPBACK:
        return Fault("{} is not encrypted", "https; http only on localhost")
    return None


def check_topic_endpoint(text: str) -> Fault | None:
    """Judge the endpoint of an Event Grid topic."""
    if "{" in text or "}" in text:
        return Fault("{} holds a template", "the endpoint is the same for every event")
    return check_webhook_url(text)


def check_workflow_url(text: str) -> Fault | None:
    """Judge the URL of a workflow of Microsoft Teams; the faults name neither it nor a part of it."""
    url = parsed(text)
    if url is None or url.scheme not in ("https", "http") or not url.hostname:
        return Fault("is no https URL", "copy the whole URL from the workflow into the app setting")
    if url.scheme == "http" and url.hostname not in LOOPBACK:
        return Fault("is not encrypted", "https; http only on localhost")
    if url.hostname.endswith(CONNECTORS):
        hint = "in Teams, add the workflow that posts to a channel when a webhook request is received, and take its URL"
        return Fault("is of an Office 365 connector, which Microsoft has retired", hint)
    if url.hostname.endswith(WORKFLOWS) and "sig=" not in url.query:
        hint = "let anyone trigger the workflow, save it, and copy its URL again, with everything up to sig=…"
        return Fault("lacks its signature, without which nobody may call the workflow", hint)
    return None


CHECKS: dict[str, Check] = {
    "schedule": check_schedule,
    "organization_url": check_organization_url,
    "webhook_url": check_webhook_url,
    "topic_endpoint": check_topic_endpoint,
    "workflow_url": check_workflow_url,
    **sending.CHECKS,
    **watching.CHECKS,
}


def check_fields(judged: Judged) -> Iterator[Problem]:
    """Judge the fields of one entry together."""
    yield from positive(judged, "silent_after")
    check = ENTRIES.get(judged.cls)
    if check:
        yield from check(judged)


def _organization(judged: Judged) -> Iterator[Problem]:
    url, cloud = judged.known("url"), judged.known("cloud")
    if not isinstance(url, str) or cloud is None:
        return
    host = urlsplit(url).hostname or ""
    if any(host.endswith(suffix) for each in CLOUDS.values() for suffix in each.finance_operations):
        yield Problem(
            judged.at("url"),
            f"{host} is a Finance & Operations environment",
            "give the URL of the Dataverse environment; fno-link finds the linked one by itself",
        )
        return
    if host.endswith(CLOUDS[cloud].dataverse):
        return
    clouds = [name for name, each in CLOUDS.items() if host.endswith(each.dataverse)]
    expected = " or ".join(CLOUDS[cloud].dataverse)
    yield Problem(
        judged.at("url"),
        f"{host} is not a Dataverse host of the cloud {cloud}",
        f'cloud = "{clouds[0]}"?' if clouds else f"a host that ends with {expected}",
    )


def _cache(judged: Judged) -> Iterator[Problem]:
    yield from positive(judged, "refresh_after", "expire_after", "not_linked_for", "share_check")
    refresh, expire = judged.known("refresh_after"), judged.known("expire_after")
    if refresh is not None and expire is not None and refresh > expire:
        yield Problem(judged.at("refresh_after"), "is longer than expire_after", "refresh before the answer expires")


def _delivery(judged: Judged) -> Iterator[Problem]:
    yield from positive(judged, "park_for", "give_up_after")
    yield from _waits(judged)


def _breaker(judged: Judged) -> Iterator[Problem]:
    yield from positive(judged, "window", "open_for", "open_at_most")
    first, longest = judged.known("open_for"), judged.known("open_at_most")
    if first is not None and longest is not None and first > longest:
        yield Problem(judged.at("open_for"), "is longer than open_at_most", "doubling ends there")


def _journal(judged: Judged) -> Iterator[Problem]:
    yield from positive(judged, "keep")
    lease = judged.fields.get("lease")
    if lease is not None and lease < SHORTEST_LEASE:
        yield Problem(judged.at("lease"), "is shorter than a run takes", "at least 1s")


def _waits(judged: Judged) -> Iterator[Problem]:
    for index, wait in enumerate(judged.fields.get("retry_after", ())):
        if wait <= timedelta(0):
            yield Problem(f"{judged.at('retry_after')}[{index}]", "must be longer than nothing")


def _webhook(judged: Judged) -> Iterator[Problem]:
    yield from _waits(judged)
    yield from positive(judged, "timeout")
    timeout = judged.fields.get("timeout")
    if timeout is not None and timeout > LONGEST_ATTEMPT:
        yield Problem(judged.at("timeout"), "is longer than one run may take", "at most 100s")
    if judged.fields.get("validate") and not judged.fields.get("origin"):
        yield Problem(judged.at("origin"), "is needed with validate", "a DNS name that stands for this system")
    for name, value in judged.fields.get("headers", {}).items():
        place = f"{judged.at('headers')}.{name if HEADER.fullmatch(name) else '?'}"
        if not HEADER.fullmatch(name):
            yield Problem(place, f"{name!r} is no header name")
        elif not value.isascii() or not value.isprintable():
            yield Problem(place, "the value is not printable ASCII")


def _storage_queue(judged: Judged) -> Iterator[Problem]:
    yield from _waits(judged)
    connection = judged.known("connection")
    if connection is None or judged.environ is None or judged.known("enabled") is not True:
        return
    fault = connection_fault(connection, judged.environ)
    if fault:
        hint = f"set {connection}, or {connection}__queueServiceUri for a managed identity"
        if issubclass(judged.cls, model.StorageQueueSource):
            hint += "; a source is switched off by enabled = false"
        yield MissingConnection(judged.at("connection"), fault, hint)


def _service_bus_source(judged: Judged) -> Iterator[Problem]:
    yield from _one_entity(judged, ("queue",), ("topic", "subscription"))
    yield from _namespace(judged, "queue", "topic")


def _service_bus_target(judged: Judged) -> Iterator[Problem]:
    yield from _waits(judged)
    yield from _one_entity(judged, ("queue",), ("topic",))
    yield from _namespace(judged, "queue", "topic")


def _one_entity(judged: Judged, *choices: tuple[str, ...]) -> Iterator[Problem]:
    keys = [key for choice in choices for key in choice]
    if any(judged.at(key) in judged.open for key in keys):
        return
    written = tuple(key for key in keys if judged.fields.get(key))
    if written not in choices:
        has = " and ".join(written) or "no entity"
        hint = " or ".join(f"{' with '.join(choice)}" for choice in choices)
        yield Problem(judged.place, f"names {has}", hint)


def _event_hub_source(judged: Judged) -> Iterator[Problem]:
    yield from _namespace(judged, "event_hub")


def _namespace(judged: Judged, *keys: str) -> Iterator[Problem]:
    connection = judged.known("connection")
    if connection is None or judged.environ is None or judged.known("enabled") is not True:
        return
    fault = connection_fault(connection, judged.environ, NAMESPACE)
    if fault:
        hint = f"set {connection}, or {connection}__fullyQualifiedNamespace for a managed identity"
        if issubclass(judged.cls, model.ServiceBusSource | model.EventHubSource):
            hint += "; a source is switched off by enabled = false"
        yield MissingConnection(judged.at("connection"), fault, hint)
        return
    fault = namespace_fault(connection, judged.environ)
    if fault:
        yield Problem(judged.at("connection"), fault, "NAME.servicebus.windows.net, without a scheme and a path")
    fault = entity_fault(
        connection, judged.environ, _entities(judged, keys), exact=issubclass(judged.cls, model.ServiceBusTarget)
    )
    if fault:
        hint = "use a connection string of the namespace, or one of this entity"
        yield Problem(judged.at("connection"), fault, hint)


def _entities(judged: Judged, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return how the one entity may be written, by the key that names it; nothing where it is not known."""
    names = [name for name in map(judged.known, keys) if name]
    if len(names) != 1:
        return ()
    subscription = judged.fields.get("subscription")
    return (names[0], f"{names[0]}/subscriptions/{subscription}") if subscription else (names[0],)


def _event_grid_target(judged: Judged) -> Iterator[Problem]:
    yield from _waits(judged)
    yield from positive(judged, "timeout")
    timeout = judged.fields.get("timeout")
    if timeout is not None and timeout > LONGEST_ATTEMPT:
        yield Problem(judged.at("timeout"), "is longer than one run may take", "at most 100s")
    if judged.fields.get("key") and judged.fields.get("client_id"):
        yield Problem(judged.at("client_id"), "is not used with a key", "leave one of the two out")


def _http(judged: Judged) -> Iterator[Problem]:
    if judged.environ is None or judged.fields.get("enabled") is False:
        return
    fault = connection_fault(STORAGE, judged.environ)
    if fault:
        yield MissingConnection(judged.place, fault, f"accepted events are kept on a queue of {STORAGE}: set it")


def _over_http(judged: Judged) -> Iterator[Problem]:
    yield from _waits(judged)
    yield from positive(judged, "timeout")
    timeout = judged.fields.get("timeout")
    if timeout is not None and timeout > LONGEST_ATTEMPT:
        yield Problem(judged.at("timeout"), "is longer than one run may take", "at most 100s")


ENTRIES: dict[type, Callable[[Judged], Iterator[Problem]]] = {
    model.Organization: _organization,
    model.Cache: _cache,
    model.Delivery: _delivery,
    model.Breaker: _breaker,
    model.OwnBreaker: _breaker,
    model.Journal: _journal,
    model.WebhookTarget: _webhook,
    model.StorageQueueSource: _storage_queue,
    model.StorageQueueTarget: _storage_queue,
    model.HttpSource: _http,
    model.EventGridSource: _http,
    model.ServiceBusSource: _service_bus_source,
    model.ServiceBusTarget: _service_bus_target,
    model.EventHubSource: _event_hub_source,
    model.EventGridTarget: _event_grid_target,
    model.FinanceOperationsTarget: _over_http,
    model.TeamsTarget: _over_http,
    **business_events.ENTRIES,
    **sending.ENTRIES,
    **watching.ENTRIES,
}
