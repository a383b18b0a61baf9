"""A first configuration from a handful of answers, as text."""

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from integration.clouds import CLOUDS, CloudName

type SourceKind = Literal["http", "service_bus", "service_bus_topic", "storage_queue", "event_grid", "event_hub"]
type TargetKind = Literal["webhook", "storage_queue", "service_bus", "service_bus_topic", "teams", "finance_operations"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_UNWRITABLE = re.compile(r'[\\"\x00-\x1f\x7f]')
_NOT_OF_A_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 40


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What has been answered; until then, something that is good.

    Args:
        organization: The URL of the Dataverse organization.
        tenant: Domain or id of its tenant.
        source_kind: By what events come.
        source: What the source is called.
        entity: The queue, topic or event hub that it reads.
        subscription: The subscription, of a topic.
        target_kind: By what they go on.
        target: What the target is called.
        to: URL, queue, topic or path that they go to.
        events: Types of events that are taken, with commas between them.
    """

    organization: str = "https://contoso.crm.dynamics.com"
    tenant: str = "contoso.onmicrosoft.com"
    source_kind: SourceKind = "http"
    source: str = "erp"
    entity: str = "erp-events"
    subscription: str = "fno-link"
    target_kind: TargetKind = "storage_queue"
    target: str = "orders"
    to: str = "orders"
    events: str = "*"

    @property
    def name(self) -> str:
        """What the organization is called: the first label of its host."""
        label = _host(self.organization).partition(".")[0]
        return _NOT_OF_A_NAME.sub("-", label).strip("-")[:_LONGEST_NAME].strip("-") or "organization"

    @property
    def cloud(self) -> CloudName:
        """The cloud that the organization's host is of; where it is of none, the check says so."""
        host = _host(self.organization)
        for name, cloud in CLOUDS.items():
            if host.endswith(cloud.dataverse):
                return name
        return "public"

    def written(self) -> str:
        """Return the configuration."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "# The configuration of fno-link: `fno-link config check` judges it, docs/reference/configuration.md"
        yield "# explains every key. Secrets are app settings: any text may hold %SETTING%."
        yield ""
        yield "[[organizations]]"
        yield f"name = {quoted(self.name)}"
        yield f"url = {quoted(self.organization)}"
        yield f"tenant = {quoted(self.tenant)}"
        if self.cloud != "public":
            yield f"cloud = {quoted(self.cloud)}"
        yield ""
        yield "# Where events come from."
        yield f"[sources.{key(self.source)}]"
        yield from self._source()
        yield ""
        yield "# Where they go."
        yield f"[targets.{key(self.target)}]"
        yield from self._target()
        yield ""
        yield "# fno-link's own alerts: the link is lost, moved, cannot be asked."
        yield f"[targets.{key(self._alerts)}]"
        yield 'kind = "storage_queue"'
        yield f"queue = {quoted(self._alerts)}"
        yield ""
        yield f"# An alert about {self._alerts} is never sent there: somebody else must hear it."
        yield "[targets.about-targets]"
        yield 'kind = "storage_queue"'
        yield 'queue = "about-targets"'
        yield ""
        yield "# Which of them go there; `fno-link routes test FILE` explains it."
        yield "[[routes]]"
        yield f"name = {quoted(self.target)}"
        yield f"sources = [{quoted(self.source)}]"
        yield f"event_types = [{', '.join(quoted(each.strip()) for each in self.events.split(','))}]"
        yield f"target = {quoted(self.target)}"
        yield ""
        yield "[[routes]]"
        yield f"name = {quoted(self._alerts)}"
        yield 'event_types = ["fno-link.*"]'
        yield f"target = {quoted(self._alerts)}"
        yield ""
        yield "[[routes]]"
        yield 'name = "about-targets"'
        yield 'event_types = ["fno-link.target.*"]'
        yield 'target = "about-targets"'

    @property
    def _alerts(self) -> str:
        return "operators" if "operators" not in (self.target, self.to) else "alerts"

    def _source(self) -> Iterator[str]:
        yield f"kind = {quoted(self.source_kind.removesuffix('_topic'))}"
        yield f"organization = {quoted(self.name)}"
        match self.source_kind:
            case "service_bus" | "storage_queue":
                yield f"queue = {quoted(self.entity)}"
            case "service_bus_topic":
                yield f"topic = {quoted(self.entity)}"
                yield f"subscription = {quoted(self.subscription)}"
            case "event_hub":
                yield f"event_hub = {quoted(self.entity)}"
            case "http" | "event_grid":
                pass

    def _target(self) -> Iterator[str]:
        yield f"kind = {quoted(self.target_kind.removesuffix('_topic'))}"
        match self.target_kind:
            case "webhook":
                yield f"url = {quoted(self.to)}"
                yield f'secret = "%{setting(self.target, "SECRET")}%"'
            case "teams":
                yield f"url = {quoted(self.to)}"
            case "storage_queue" | "service_bus":
                yield f"queue = {quoted(self.to)}"
            case "service_bus_topic":
                yield f"topic = {quoted(self.to)}"
            case "finance_operations":
                yield f"path = {quoted(self.to)}"


def quoted(text: str) -> str:
    """Return a text as a basic string of TOML."""
    return '"' + _UNWRITABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + '"'


def key(text: str) -> str:
    """Return a key of TOML, quoted where it must be."""
    return text if _BARE.fullmatch(text) else quoted(text)


def setting(target: str, what: str) -> str:
    """Return the name of an app setting of a target."""
    return f"{re.sub(r'[^A-Z0-9]+', '_', target.upper()).strip('_') or 'TARGET'}_{what}"


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
