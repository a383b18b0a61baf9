"""The link resolver."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from random import Random
from types import TracebackType
from typing import Self

from integration.clock import Clock, SystemClock
from integration.clouds import CloudName, organization_url
from integration.config import credentials, load
from integration.config.keys.addresses import name_of
from integration.config.keys.model import Cache, Credentials, Organization
from integration.dataverse import Dataverse, open_http_client
from integration.dataverse.connection import CALL_TIMEOUT_SECONDS
from integration.errors import ConfigurationError, LinkUnknown, Problem, UnknownOrganization
from integration.identity import Tokens, scope_for
from integration.links.asking import Asker
from integration.links.decide import Policy, Step, next_step
from integration.links.entry import Entry
from integration.links.loading import Loader
from integration.links.shared import SharedTier
from integration.links.tenants import Tenants
from integration.links.values import Link, Linked
from integration.loggers import logger
from integration.single_flight import SingleFlight

type Subscriber = Callable[[Organization, Link | None, Link], None]
"""Called with the organization, the answer before (None: the first) and the answer now."""

_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")

log = logger("links")


class LinkResolver:
    """Tells which F&O environment each organization is linked to.

    Answers are remembered in this process, and shared with other instances where there is a shared tier. A fresh hit
    takes no lock and suspends nothing.

    Args:
        organizations: Those it knows.
        dataverse: Asked when nothing is known.
        tenants: For the trust rules.
        tokens: Those for an environment that is no longer the linked one are dropped.
        shared: The shared tier; None: memory alone. The resolver closes it.
        cache: How long answers serve.
        policy: Instead of `cache`, with the times that are not configured.
        clock: Time.
        random: For back-off.
    """

    __slots__ = (
        "_asker",
        "_compares",
        "_entries",
        "_loader",
        "_loads",
        "_monotonic",
        "_owned",
        "_probes",
        "_shared",
        "_subscribers",
        "_tokens",
    )

    def __init__(  # noqa: PLR0913 (its collaborators)
        self,
        organizations: Iterable[Organization],
        dataverse: Dataverse,
        tenants: Tenants,
        *,
        tokens: Tokens | None = None,
        shared: SharedTier | None = None,
        cache: Cache | None = None,
        policy: Policy | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._monotonic = clock.monotonic
        self._entries = {organization.name: Entry(organization) for organization in organizations}
        self._tokens = tokens
        self._shared = shared
        self._asker = Asker(dataverse, tenants, clock)
        self._loader = Loader(
            self._asker,
            shared=shared,
            policy=policy or Policy.of(cache or Cache(), call_timeout=CALL_TIMEOUT_SECONDS),
            clock=clock,
            random=random or Random(),  # noqa: S311 (spreads calls, guards nothing)
            installed=self._installed,
        )
        self._loads: SingleFlight[str, Link] = SingleFlight()
        self._probes: SingleFlight[str, Link] = SingleFlight()
        self._compares: SingleFlight[str, None] = SingleFlight()
        self._subscribers: list[Subscriber] = []
        self._owned = AsyncExitStack()

    @classmethod
    def for_organization(  # noqa: PLR0913 (one organization's whole configuration)
        cls,
        url: str,
        *,
        tenant: str,
        name: str = "",
        client_id: str = "",
        client_secret: str = "",
        client_certificate: str = "",
        client_certificate_password: str = "",
        cloud: CloudName = "public",
        trusted_hosts: Sequence[str] = (),
        cache: Cache | None = None,
        shared: SharedTier | None = None,
        wordings: Sequence[str] = (),
    ) -> Self:
        """Make a resolver for one organization, for any asyncio program; use it with `async with`.

        Args:
            url: `https://contoso.crm.dynamics.com`.
            tenant: Domain or id.
            name: What `resolve` is asked for; empty: the first label of the host (`contoso`).
            client_id: Of the app registration; alone: of a user-assigned managed identity.
            client_secret: Or a certificate; neither: managed identity.
            client_certificate: PEM with its key, or base64 PFX.
            client_certificate_password: Of the certificate's key.
            cloud: Which Microsoft cloud.
            trusted_hosts: Extra host suffixes of trusted F&O environments.
            cache: How long answers serve.
            shared: The shared tier (`TableTier`); None: memory alone.
            wordings: Regular expressions by which a localised "not integrated" is known.

        Raises:
            ConfigurationError: The URL is not a bare https URL.
        """
        bare = url.strip().lower().removesuffix("/")
        host = bare.removeprefix("https://")
        if bare == host or not _HOST.fullmatch(host):
            raise ConfigurationError([Problem("url", f"not a bare https URL: {url[:200]!r}", "https://{host}")])
        organization = Organization(
            name=name or host.partition(".")[0],
            url=organization_url(bare),
            tenant=tenant.strip(),
            cloud=cloud,
            trusted_hosts=tuple(trusted_hosts),
        )
        one = Credentials(
            client_id=client_id,
            client_secret=client_secret,
            client_certificate=client_certificate,
            client_certificate_password=client_certificate_password,
        )
        return cls._opened([organization], lambda _: one, cache, shared, wordings)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, *, shared: SharedTier | None = None) -> Self:
        """Make a resolver for the organizations of fno-link.toml, with the credentials of the environment variables.

        Args:
            environ: Instead of the process's environment variables.
            shared: The shared tier (`TableTier`); None: memory alone.

        Raises:
            ConfigurationError: With all problems.
        """
        environ = os.environ if environ is None else environ
        # Offline: a program that only asks for links needs neither the queues nor the targets of the worker.
        configuration = load(environ, offline=True)
        organizations = configuration.organizations.values()
        open_settings = [
            Problem(f"organizations.{organization.name}", "uses an app setting that is not set", "set it")
            for organization in organizations
            if "%" in f"{organization.url}{organization.tenant}"
        ]
        if open_settings:
            raise ConfigurationError(open_settings)
        return cls._opened(
            organizations,
            lambda organization: credentials(environ, organization.name),
            configuration.cache,
            shared,
            configuration.health.wordings,
        )

    @classmethod
    def _opened(
        cls,
        organizations: Iterable[Organization],
        credentials_for: Callable[[Organization], Credentials],
        cache: Cache | None,
        shared: SharedTier | None,
        wordings: Sequence[str],
    ) -> Self:
        http = open_http_client()
        tokens = Tokens(credentials_for)
        resolver = cls(
            organizations,
            Dataverse(http, tokens, wordings=wordings),
            Tenants(http),
            tokens=tokens,
            shared=shared,
            cache=cache,
        )
        resolver._owned.push_async_callback(http.aclose)
        resolver._owned.push_async_callback(tokens.aclose)
        return resolver

    async def resolve(self, name: str) -> Link:
        """Return the organization's link.

        A value older than `refresh_after` is returned at once while one refresh runs behind it; one older than
        `expire_after` is waited for.

        Args:
            name: The organization's configured name.

        Returns:
            `Linked` or `NotLinked`, both definite.

        Raises:
            UnknownOrganization: Nothing of this name is configured.
            LinkUnknown: The subclass says why, `retry_after` when it will be asked again.
        """
        try:
            entry = self._entries[name]
        except KeyError:
            raise self._unknown(name) from None
        if self._monotonic() < entry.quick_until:
            return entry.link  # pyright: ignore[reportReturnType] (quick_until is -inf while there is no link)
        return await self._resolve(entry)

    def cached(self, name: str) -> Link | None:
        """Return the link if that needs no waiting and no refresh, else None: then `await resolve(name)`.

        Args:
            name: The organization's configured name.
        """
        try:
            entry = self._entries[name]
        except KeyError:
            return None
        return entry.link if self._monotonic() < entry.quick_until else None

    async def refresh(self, name: str) -> Link:
        """Ask Dataverse now, whatever is remembered, and share the answer.

        A back-off that Dataverse asked for is kept nevertheless.

        Args:
            name: The organization's configured name.

        Raises:
            UnknownOrganization: Nothing of this name is configured.
            LinkUnknown: The subclass says why; what was remembered stays, stale.
        """
        entry = self._entry(name)
        return await self._probes.join(name, lambda: self._loader.load(entry, forced=True))

    def standing(self) -> dict[str, Link]:
        """Give the links that are remembered here, by organization, however old; nothing is asked for."""
        return {name: entry.link for name, entry in self._entries.items() if entry.link is not None}

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call back on every definite new answer, from Dataverse or from another instance.

        Args:
            subscriber: Called on the loop's thread; what it raises is logged and harms nothing.

        Returns:
            A function that ends the subscription.
        """
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def name_of(self, said: str) -> str:
        """Return the configured name of an organization that is given by its name, URL or host."""
        return name_of((entry.organization for entry in self._entries.values()), said)

    def known(self, name: str) -> bool:
        """Tell whether an organization of this name is configured."""
        return name in self._entries

    async def aclose(self) -> None:
        """Cancel what is under way and close what the resolver owns."""
        for flights in (self._loads, self._probes, self._compares):
            await flights.aclose()
        await self._asker.aclose()
        if self._shared is not None:
            await self._shared.aclose()
        await self._owned.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _resolve(self, entry: Entry) -> Link:
        name = entry.organization.name
        compared = False
        while True:
            step = next_step(entry, self._monotonic(), shared=self._loader.sharing and not compared)
            if step is Step.COMPARE:
                await self._compares.join(name, lambda: self._loader.compare(entry))
                compared = True
                continue
            if step is Step.LOAD:
                return await self._loads.join(name, lambda: self._loader.load(entry))
            if step is Step.REFUSE:
                raise self._refusal(entry)
            if step is Step.SERVE_AND_COMPARE:
                self._compares.start(name, lambda: self._loader.compare(entry))
            if step is Step.SERVE_AND_REFRESH:
                self._loads.start(name, lambda: self._loader.load(entry))
            if entry.link is not None:
                return entry.link

    def _refusal(self, entry: Entry) -> LinkUnknown:
        left = entry.not_before - self._monotonic()
        return entry.failure.error(left) if entry.failure is not None else LinkUnknown(retry_after=left)

    def _entry(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise self._unknown(name) from None

    def _unknown(self, name: str) -> UnknownOrganization:
        return UnknownOrganization(f"No organization named {name[:80]!r} is configured.")

    def _installed(self, entry: Entry, before: Link | None, after: Link) -> None:
        if before == after:
            return
        if isinstance(before, Linked) and self._tokens is not None:
            moved = not (isinstance(after, Linked) and before.same_environment(after))
            if moved:
                self._tokens.drop(scope_for(before.url))
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(entry.organization, before, after)
            except Exception:
                log.exception("a subscriber to the link of %s failed", entry.organization.name)
