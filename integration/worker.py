"""The composition root: from a checked configuration to one lazily built Worker a process."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from integration.clock import Clock, SystemClock
from integration.config import Configuration, credentials
from integration.config.model import HttpSource
from integration.dead_letters import DeadLetters, Record, reasons
from integration.delivery import Envelope, Pipeline, Poison, Release, Releases, decode_continuation
from integration.delivery.envelope import PAYLOADS, redeem
from integration.delivery.envelope import QUEUE as EVENTS
from integration.delivery.guard import Guard
from integration.delivery.retries import QUEUE as RETRIES
from integration.delivery.retries import Retries
from integration.delivery.targets import OpenTargets
from integration.errors import CorruptRecord, FnoLinkError, StorageUnavailable
from integration.events.inbound import Inbound, Limits, Property
from integration.health import States, Watch
from integration.links.values import Link, Linked
from integration.routing.table import RouteTable
from integration.storage import Storage
from integration.web.intake import Intake
from integration.web.links import LinkPages

if TYPE_CHECKING:
    from datetime import datetime

    import httpx

    from integration.config.model import Organization, Source
    from integration.dataverse import Dataverse
    from integration.delivery.bus import Namespaces
    from integration.identity import AppIdentity, Tokens
    from integration.links import LinkResolver
    from integration.links.identities import Identities

log = logging.getLogger("fno_link.worker")


class Worker:
    """Everything that lives as long as the process; each part is built at its first use.

    Args:
        configuration: The checked configuration.
        table: Its compiled routes.
        environ: The app settings.
        clock: The time.
        rng: Jitter.
    """

    def __init__(
        self,
        configuration: Configuration,
        table: RouteTable,
        environ: Mapping[str, str],
        *,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.configuration = configuration
        self.table = table
        self._environ = environ
        self._clock = clock or SystemClock()
        self._rng = rng or random.Random()  # noqa: S311  # jitter, no secret
        self._background: set[asyncio.Task[None]] = set()
        self._identities: dict[str, AppIdentity] = {}
        self._closing = AsyncExitStack()

    @cached_property
    def http(self) -> "httpx.AsyncClient":
        """The client for Dynamics and Entra."""
        from integration.dataverse import open_http_client  # noqa: PLC0415  # imported at first use: import budget

        client = open_http_client()
        return self._kept(client, client.aclose)

    @cached_property
    def webhook_http(self) -> "httpx.AsyncClient":
        """The client for targets: receivers that hang must not take the connections that the link needs."""
        from integration.dataverse import open_http_client  # noqa: PLC0415  # imported at first use: import budget

        client = open_http_client()
        return self._kept(client, client.aclose)

    @cached_property
    def tokens(self) -> "Tokens":
        """Entra tokens."""
        from integration.identity import Tokens  # noqa: PLC0415  # imported at first use: import budget

        tokens = Tokens(lambda organization: credentials(self._environ, organization.name), clock=self._clock)
        return self._kept(tokens, tokens.aclose)

    @cached_property
    def storage(self) -> Storage:
        """The storage accounts."""
        storage = Storage(self._environ, self._app_identity)
        return self._kept(storage, storage.close)

    @cached_property
    def dataverse(self) -> "Dataverse":
        """The Dataverse client."""
        from integration.dataverse import Dataverse  # noqa: PLC0415  # imported at first use: import budget

        return Dataverse(self.http, self.tokens)

    @cached_property
    def links(self) -> "LinkResolver":
        """The link resolver, with the shared tier in the worker's own storage account."""
        from integration.links import LinkResolver  # noqa: PLC0415  # imported at first use: import budget
        from integration.links.table import TABLE, TableTier  # noqa: PLC0415  # imported at first use: import budget
        from integration.links.tenants import Tenants  # noqa: PLC0415  # imported at first use: import budget

        resolver = LinkResolver(
            self.configuration.organizations.values(),
            self.dataverse,
            Tenants(self.http),
            tokens=self.tokens,
            shared=TableTier(lambda: self.storage.table(TABLE)),
            cache=self.configuration.cache,
            clock=self._clock,
            random=self._rng,
        )
        resolver.subscribe(self._link_seen)
        return self._kept(resolver, resolver.aclose)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """Dead letters and parked deliveries."""
        return DeadLetters(self.storage)

    @cached_property
    def retries(self) -> Retries:
        """The retry queue."""
        return Retries(self.storage)

    @cached_property
    def targets(self) -> OpenTargets:
        """The targets by name."""
        targets = OpenTargets(
            self.configuration.targets,
            self.storage,
            lambda: self.webhook_http,
            namespaces=lambda: self.namespaces,
            credential=self._app_identity,
        )
        return self._kept(targets, targets.close)

    @cached_property
    def namespaces(self) -> "Namespaces":
        """The Service Bus clients."""
        from integration.delivery.bus import Namespaces  # noqa: PLC0415  # imported at first use: import budget

        namespaces = Namespaces(self._environ, self._app_identity)
        return self._kept(namespaces, namespaces.close)

    @cached_property
    def pipeline(self) -> Pipeline:
        """From an accepted message to its deliveries."""
        return Pipeline(
            configuration=self.configuration,
            table=self.table,
            links=self.links,
            targets=self.targets,
            dead_letters=self.dead_letters,
            retries=self.retries,
            clock=self._clock,
            rng=self._rng,
            guard=Guard(self.configuration, self.identities, clock=self._clock),
        )

    @cached_property
    def identities(self) -> "Identities":
        """Who we are in each organization."""
        from integration.links.identities import Identities  # noqa: PLC0415  # imported at first use: import budget
        from integration.links.table import TABLE  # noqa: PLC0415  # imported at first use: import budget

        identities = Identities(
            self.dataverse,
            lambda organization: credentials(self._environ, organization.name).client_id,
            table=lambda: self.storage.table(TABLE),
            clock=self._clock,
        )
        return self._kept(identities, identities.aclose)

    @cached_property
    def releases(self) -> Releases:
        """Releases of parked deliveries."""
        return Releases(
            configuration=self.configuration,
            links=self.links,
            dead_letters=self.dead_letters,
            pipeline=self.pipeline,
            retries=self.retries,
            clock=self._clock,
        )

    @cached_property
    def poison(self) -> Poison:
        """What is inside messages that could not be processed."""
        return Poison(self.configuration.sources, self.storage, self.retries)

    @cached_property
    def states(self) -> States:
        """What the health watch remembers."""
        return States(self.storage)

    @cached_property
    def watch(self) -> Watch:
        """The health watch."""
        return Watch(
            organizations=self.configuration.organizations,
            settings=self.configuration.health,
            prober=self.links,
            states=self.states,
            pipeline=self.pipeline,
            releases=self.releases,
            clock=self._clock,
        )

    @cached_property
    def intake(self) -> Intake:
        """HTTP intake; it knows nothing of links and targets, so their trouble is not its trouble."""
        return Intake(self.storage, self._clock)

    @cached_property
    def link_pages(self) -> LinkPages:
        """The link endpoints."""
        return LinkPages(self.configuration.organizations, self.links, self.configuration.cache)

    async def take_envelope(self, message: bytes) -> None:
        """Process one message of `fno-link-events`.

        Raises:
            StorageUnavailable: Something could not be stored; the message must come back.
        """
        try:
            envelope = Envelope.decode(message)
            body = await redeem(envelope, self.storage)
        except CorruptRecord as corrupt:
            await self.bury_message(EVENTS, message, corrupt.code, str(corrupt), corrupt.hint)
            return
        await self.take(
            envelope.source,
            body,
            received_at=envelope.received_at,
            content_type=envelope.content_type,
            headers=envelope.headers,
        )
        if envelope.payload:
            try:
                await self.storage.blobs(PAYLOADS).delete(envelope.payload)
            except StorageUnavailable:
                log.warning("the claim-check %s is left behind", envelope.payload)

    async def take(  # noqa: PLR0913  # a message has these parts
        self,
        source: str,
        body: bytes,
        *,
        received_at: "datetime",
        content_type: str = "",
        headers: Mapping[str, str] | None = None,
        properties: Mapping[str, Property] | None = None,
    ) -> None:
        """Process one message of a source.

        Args:
            source: The configured source.
            body: As it came.
            received_at: When it was accepted from its sender.
            content_type: As sent.
            headers: Those that decoding reads.
            properties: A broker's application properties.

        Raises:
            StorageUnavailable: Something could not be stored; the message must come back.
        """
        configured = self.configuration.sources.get(source)
        if configured is None:
            message = f"the source {source} is no longer in the configuration"
            await self.bury_message(source, body, reasons.UNKNOWN_SOURCE, message, "Configure it again, then replay.")
            return
        organization = self.configuration.organizations[configured.organization]
        inbound = Inbound(
            body=body,
            ingress=source,
            organization=organization.name,
            organization_url=organization.url,
            received_at=received_at,
            content_type=content_type,
            headers=dict(headers or {}),
            properties=dict(properties or {}),
            limits=_limits(configured),
        )
        await self.pipeline.receive(inbound)

    async def take_continuation(self, message: bytes) -> None:
        """Process one message of `fno-link-retries`.

        Raises:
            StorageUnavailable: Something could not be stored; the message must come back.
        """
        try:
            continuation = decode_continuation(message)
            if isinstance(continuation, Release):
                await self.releases.run(continuation)
            else:
                await self.pipeline.resume(continuation)
        except CorruptRecord as corrupt:
            await self.bury_message(RETRIES, message, corrupt.code, str(corrupt), corrupt.hint)

    async def take_poison(self, queue: str, message: bytes) -> None:
        """Make a dead letter of a message that could not be processed in many attempts.

        Args:
            queue: The queue, or the source, whose message it was.
            message: The message; what its sender sent is kept of an envelope or a retry message, not our wrapping.

        Raises:
            StorageUnavailable: It could not be stored; the message must come back.
        """
        text = f"the function failed on this message of {queue} too often; the host's log has the exceptions"
        record = self._buried(queue, message, reasons.POISON, text, "Mend the cause in the log, then replay it.")
        await self._bury(await self.poison.unwrap(queue, message, record))

    async def bury_message(self, source: str, body: bytes, reason: str, message: str, hint: str) -> None:
        """Keep a message that no event can be made of as a dead letter.

        Raises:
            StorageUnavailable: It is not known to be kept.
        """
        await self._bury(self._buried(source, body, reason, message, hint))

    async def _bury(self, record: Record) -> None:
        path = await self.dead_letters.bury(record)
        log.error("a message of %s is a dead letter (%s: %s): %s", record.source, record.reason, record.message, path)

    def _buried(self, source: str, body: bytes, reason: str, message: str, hint: str) -> Record:
        now = self._clock.now()
        return Record(
            organization=self._organization_of(source),
            reason=reason,
            message=message,
            hint=hint,
            accepted_at=now,
            recorded_at=now,
            source=source,
            body=body,
        )

    def _organization_of(self, source: str) -> str:
        configured = self.configuration.sources.get(source)
        return configured.organization if configured else "unknown"

    async def close(self) -> None:
        """Close everything that was built, the latest first."""
        for task in list(self._background):
            task.cancel()
        await self._closing.aclose()

    def _kept[T](self, part: T, close: Callable[[], Awaitable[object]]) -> T:
        self._closing.push_async_callback(close)
        return part

    def _app_identity(self, client_id: str) -> "AppIdentity":
        from integration.identity import AppIdentity  # noqa: PLC0415  # imported at first use: import budget

        if client_id not in self._identities:
            identity = AppIdentity(client_id, clock=self._clock)
            self._identities[client_id] = self._kept(identity, identity.close)
        return self._identities[client_id]

    def _link_seen(self, organization: "Organization", before: Link | None, after: Link) -> None:
        """Order a release when a link is back or has moved: whoever sees it first, not only the timer."""
        if not isinstance(after, Linked) or (isinstance(before, Linked) and before.same_environment(after)):
            return
        task = asyncio.get_running_loop().create_task(self._order_release(organization.name, moved=True))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _order_release(self, organization: str, *, moved: bool) -> None:
        try:
            await self.releases.order(organization, moved=moved)
        except FnoLinkError:
            log.exception("the release of %s is left to the health timer", organization)


def _limits(source: "Source") -> Limits:
    """Decode what intake has accepted: a source may take more than the default."""
    if isinstance(source, HttpSource) and source.max_body > Limits().max_bytes:
        return Limits(max_bytes=source.max_body)
    return Limits()
