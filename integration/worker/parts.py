"""The parts of a Worker: each is built at its first use, from the checked configuration, and closed at the end."""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from integration import background
from integration.clock import Clock, SystemClock
from integration.config import Configuration, credentials
from integration.dead_letters import DeadLetters
from integration.delivery import EventReplays, Pipeline, Releases, Replays
from integration.delivery.breaking.circuit_rows import CircuitRows
from integration.delivery.breaking.circuits import Circuits
from integration.delivery.queued.arrivals import Arrivals
from integration.delivery.queued.queue import RetryQueue
from integration.delivery.screening.guard import Guard
from integration.delivery.screening.newest import Newest
from integration.delivery.screening.newest_rows import NewestRows
from integration.delivery.targets import OpenTargets
from integration.errors import FnoLinkError
from integration.faults import summary
from integration.health.counts import Counts
from integration.health.history import History
from integration.health.incidents import Incidents
from integration.health.standings import Standings
from integration.health.sums import Sums
from integration.journal import Journal, Listing, Payloads
from integration.links.values import Link, Linked
from integration.loggers import logger
from integration.routing.table import RouteTable
from integration.storage import Storage
from integration.storage.names import LINKS
from integration.tally import First, Key
from integration.worker.lost import LostMessages
from integration.worker.measured import counted

if TYPE_CHECKING:
    import httpx

    from integration.config.keys.model import Organization
    from integration.dataverse import Dataverse
    from integration.delivery.targets.pace import Pace
    from integration.delivery.targets.service_bus import Namespaces
    from integration.finance_operations import FinanceOperations
    from integration.identity import AppIdentity, Tokens
    from integration.links import LinkResolver
    from integration.links.identities import Identities

log = logger("worker")


class Parts:
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

    @property
    def clock(self) -> Clock:
        """The time."""
        return self._clock

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

        return Dataverse(self.http, self.tokens, wordings=self.configuration.health.wordings)

    @cached_property
    def links(self) -> "LinkResolver":
        """The link resolver, with the shared tier in the worker's own storage account."""
        from integration.links import LinkResolver  # noqa: PLC0415  # imported at first use: import budget
        from integration.links.table import TableTier  # noqa: PLC0415  # imported at first use: import budget
        from integration.links.tenants import Tenants  # noqa: PLC0415  # imported at first use: import budget

        resolver = LinkResolver(
            self.configuration.organizations.values(),
            self.dataverse,
            Tenants(self.http, self._clock),
            tokens=self.tokens,
            shared=TableTier(lambda: self.storage.table(LINKS)),
            cache=self.configuration.cache,
            clock=self._clock,
            random=self._rng,
        )
        resolver.subscribe(self._link_seen)
        return self._kept(resolver, resolver.aclose)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """Dead letters and parked deliveries."""
        return DeadLetters(self.storage, self.tally)

    @cached_property
    def retries(self) -> RetryQueue:
        """The retry queue."""
        return RetryQueue(self.storage, self._clock)

    @cached_property
    def journal(self) -> Journal | None:
        """What is remembered of each event; None where the configuration switches it off."""
        settings = self.configuration.journal
        if not settings.enabled:
            return None
        return Journal(self.storage, self._clock, self._rng, settings.keep, settings.lease)

    @cached_property
    def payloads(self) -> Payloads:
        """The events themselves, as far as they are kept."""
        return Payloads(self.storage, self._clock, self.configuration.journal.keep)

    @cached_property
    def listing(self) -> Listing:
        """The journal's rows, for who asks; they may be there where it is switched off by now."""
        return Listing(self.storage, self._clock)

    @cached_property
    def targets(self) -> OpenTargets:
        """The targets by name."""
        targets = OpenTargets(
            self.configuration.targets,
            self.storage,
            lambda: self.webhook_http,
            namespaces=lambda: self.namespaces,
            credential=self._app_identity,
            finance_operations=self._finance_operations,
        )
        return self._kept(targets, targets.close)

    @cached_property
    def pace(self) -> "Pace":
        """The turns at the linked environments, for all targets together."""
        from integration.delivery.targets.pace import Pace  # noqa: PLC0415  # imported at first use: import budget

        return Pace(self.configuration.delivery.calls_per_environment, self._clock)

    def _finance_operations(
        self,
    ) -> "tuple[dict[str, Organization], FinanceOperations, httpx.AsyncClient, Clock, Pace]":
        from integration.finance_operations import FinanceOperations  # noqa: PLC0415  # imported at first use: import budget

        client = FinanceOperations(self.http, self.tokens, clock=self._clock)
        return self.configuration.organizations, client, self.http, self._clock, self.pace

    @cached_property
    def circuits(self) -> Circuits:
        """The targets behind their circuit breakers."""
        common = self.configuration.delivery.breaker
        own = {name: target.breaker.overlaid_on(common) for name, target in self.configuration.targets.items()}
        return Circuits(self.targets, common, self._clock, own)

    @cached_property
    def circuit_rows(self) -> CircuitRows:
        """What the fleet knows of the circuits."""
        return CircuitRows(self.storage)

    @cached_property
    def counts(self) -> Counts:
        """What this process counts."""
        counts = Counts(self.storage, self._clock, uuid.uuid4().hex[:12])
        return self._kept(counts, counts.aclose)

    def tally(self, key: Key, first: First | None = None, /) -> None:
        """Count one; whatever is wrong with counting, nothing is delivered or kept a second time for it."""
        try:
            counted(key)
            self.counts.tally(key, first)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # what is counted has been done
            log.warning("not counted: %s", summary(error))

    @cached_property
    def sums(self) -> Sums:
        """What all processes have counted."""
        return Sums(self.storage, self._clock)

    @cached_property
    def history(self) -> History:
        """What became of each check."""
        return History(self.storage, self._clock)

    @cached_property
    def namespaces(self) -> "Namespaces":
        """The Service Bus clients."""
        from integration.delivery.targets.service_bus import Namespaces  # noqa: PLC0415  # imported at first use: import budget

        namespaces = Namespaces(self._environ, self._app_identity)
        return self._kept(namespaces, namespaces.close)

    @cached_property
    def pipeline(self) -> Pipeline:
        """From an accepted message to its deliveries."""
        return Pipeline(
            configuration=self.configuration,
            table=self.table,
            links=self.links,
            rows=self.dataverse,
            targets=self.circuits,
            dead_letters=self.dead_letters,
            retries=self.retries,
            clock=self._clock,
            rng=self._rng,
            guard=Guard(self.configuration, self.identities),
            journal=self.journal,
            payloads=self.payloads if self.configuration.journal.keep_payload else None,
            newest=self.newest,
            transitions=self.circuits.take_transitions,
            news=self.circuit_rows.note,
            told=self.circuit_rows.tell,
            tally=self.tally,
        )

    @cached_property
    def newest_rows(self) -> NewestRows:
        """The newest of each kind of business event, as all instances know it."""
        return NewestRows(self.storage)

    @cached_property
    def newest(self) -> Newest:
        """What was delivered last of each kind of business event; shared with the other instances by the journal's."""
        if not self.configuration.journal.enabled:
            return Newest(jump=self.configuration.journal.control_number_jump)
        newest = Newest(self.newest_rows, self._clock, jump=self.configuration.journal.control_number_jump)
        if self.journal is not None:
            self.journal.take_along(newest)
        return self._kept(newest, newest.aclose)

    @cached_property
    def identities(self) -> "Identities":
        """Who we are in each organization."""
        from integration.links.identities import Identities  # noqa: PLC0415  # imported at first use: import budget

        identities = Identities(
            self.dataverse,
            lambda organization: credentials(self._environ, organization.name).client_id,
            table=lambda: self.storage.table(LINKS),
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
    def replays(self) -> Replays:
        """Replays and purges of dead letters."""
        return Replays(
            configuration=self.configuration,
            dead_letters=self.dead_letters,
            pipeline=self.pipeline,
            retries=self.retries,
            storage=self.storage,
            clock=self._clock,
        )

    @cached_property
    def event_replays(self) -> EventReplays:
        """Replays of events."""
        return EventReplays(self.payloads, self.retries)

    @cached_property
    def arrivals(self) -> Arrivals:
        """What reads messages of every transport."""
        return Arrivals(self.configuration, lambda: self.retries, self._clock)

    @cached_property
    def lost(self) -> LostMessages:
        """Messages that no delivery can be made of."""
        return LostMessages(self.arrivals, self.dead_letters, lambda: self.journal, self._clock)

    @cached_property
    def standings(self) -> Standings:
        """What the health watch remembers of each subject."""
        return Standings(self.storage)

    @cached_property
    def incidents(self) -> Incidents:
        """The incidents that have ended, and the maintenance that was called."""
        return Incidents(self.storage, self._clock)

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
        task = background.start(self._order_release(organization.name, after))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _order_release(self, organization: str, link: Linked) -> None:
        try:
            await self.releases.order(organization, link)
        except FnoLinkError:
            log.exception("the release of %s is left to the health timer", organization)
