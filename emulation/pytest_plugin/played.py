"""One's own configuration at work: what a test sends it, asks it, and changes around it."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from emulation.dynamics import Control
from emulation.failure import BAD, Failed
from emulation.local.checking import Refused
from emulation.local.document import Document, Unreadable, read
from emulation.local.given import Given, given
from emulation.local.home import Home, Source, State
from emulation.local.state import state_of
from emulation.local.world import LocalWorld
from emulation.receivers import Receivers
from emulation.sending.app import App
from emulation.sending.following import Following
from emulation.sending.message import message_of
from emulation.sending.outcome import Became
from emulation.sending.samples import sample
from emulation.sending.ways import Sending, Sent, send
from emulation.service_bus import ServiceBus

WITHIN = 120.0
"""Seconds after which what was sent should have become something."""


class LocalApp:
    """The function app with one's own configuration, and everything around it.

    Attributes:
        state: Where everything is: sources, organizations, keys.

    Args:
        world: What runs.
        document: The configuration.
    """

    def __init__(self, world: LocalWorld, document: Document) -> None:
        self._world = world
        self.state: State = state_of(world, document)

    @property
    def url(self) -> str:
        """The base URL of the function app, without a slash at its end."""
        return self.state.app

    @property
    def key(self) -> str:
        """Its default key: opens every function."""
        return self.state.key

    @property
    def log(self) -> str:
        """What the function app has logged."""
        return self._world.host.log

    @property
    def storage(self) -> str:
        """The connection string of its storage account."""
        return self._world.storage

    @property
    def settings(self) -> Mapping[str, str]:
        """Its app settings, those that were made up too."""
        return dict(self._world.values)

    @property
    def dynamics(self) -> Control:
        """What changes the organizations: `unlink("contoso")`, `throttle`, `break_`, `set_clock`."""
        return self._world.dynamics.control

    @property
    def dynamics_environ(self) -> Mapping[str, str]:
        """The environment variables that lead a client of one's own to the emulated Dynamics."""
        return self._world.dynamics.environ

    @property
    def receivers(self) -> Receivers:
        """Who gets what is sent to webhooks: `received("orders", at_least=1, within=60)`, `fail("orders", 503)`."""
        return self._world.receivers

    def broker(self, connection: str = "ServiceBus") -> ServiceBus:
        """Return the namespace behind a connection of Service Bus.

        Args:
            connection: The app setting that leads to it.

        Raises:
            KeyError: The configuration has none of that name.
        """
        return self._world.brokers.running[connection]

    def source(self, name: str) -> Source:
        """Return where a source is reached.

        Args:
            name: The source.

        Raises:
            KeyError: There is none, or it is switched off.
        """
        return {each.name: each for each in self.state.sources}[name]

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Ask the HTTP API with the app's key.

        Args:
            method: `GET`, `POST` …
            path: Behind `/api/`: `organizations/contoso/link`.
            body: Sent as JSON; None: there is none.
            headers: Further ones, `_` for `-`.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else msgspec.json.encode(body)
        with httpx.Client(trust_env=False, timeout=WITHIN) as client:
            shown = {"x-functions-key": self.key, "content-type": "application/json", **named}
            return client.request(method, f"{self.url}/api/{path}", content=content, headers=shown)

    def sample(self, name: str, source: str = "") -> bytes:
        """Return a message of Finance & Operations, Dataverse or Event Grid with ids of its own.

        Args:
            name: As `fno-link send --sample list` names it.
            source: Of whose organization it is; empty: as it is written.
        """
        organization = self.source(source).organization if source else ""
        return sample(name, self.state.organizations.get(organization, ""))

    def send(self, source: str, body: bytes | str | Mapping[str, Any], *, session: str = "") -> Sent:
        """Send a message as its real sender does, by whatever kind of source it is.

        Args:
            source: The source.
            body: The message; a mapping is sent as JSON.
            session: SessionId of a Service Bus message.
        """
        to = self.source(source)
        message = message_of(_bytes(body), to.organization)
        return send(
            Sending(
                message=message,
                source=to,
                key=self.state.key_of(to),
                organization_url=self.state.urls.get(to.organization, ""),
                as_sender=message.shape,
                session=session,
                say=lambda _: None,
            )
        )

    def deliver(
        self, source: str, body: bytes | str | Mapping[str, Any], *, session: str = "", within: float = WITHIN
    ) -> list[Became]:
        """Send a message, and wait until nothing of it is open: deferred, or not begun.

        Args:
            source: The source.
            body: The message, as of `send`.
            session: SessionId of a Service Bus message.
            within: Seconds to wait; what is still open then is returned as it is.

        Returns:
            What became of each event in it.

        Raises:
            AssertionError: It was not accepted.
        """
        began, to = datetime.now(UTC), self.source(source)
        sent = self.send(source, body, session=session)
        if not sent.accepted:
            msg = f"{source} has not accepted it: {sent.status or ''} {sent.answer}".strip()
            raise AssertionError(msg)
        ids = message_of(_bytes(body), to.organization).ids
        with App(self.url, self.key) as app:
            following = Following(app, source, to.organization, began, lambda _: None)
            return following.wait(ids, max(1, len(ids)), within)

    def begin_anew(self) -> None:
        """Empty and heal the receivers, and let Dynamics be as it was at the start."""
        self._world.begin_anew()


def _bytes(body: bytes | str | Mapping[str, Any]) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else msgspec.json.encode(body)


@contextmanager
def playing(configuration: Path, folder: Path, settings: Mapping[str, str]) -> Generator[LocalApp]:
    """Run a configuration in the local world, on free ports and apart from any `fno-link local`.

    Args:
        configuration: The file.
        folder: Where this world keeps its things.
        settings: App settings that win over the environment and local.settings.json.

    Raises:
        Failed: It cannot be used, or something does not start.
    """
    found = given(str(configuration), configuration.parent)
    over = Given(found.configuration, found.file, {**found.local, **settings}, {**found.environ, **settings})
    try:
        document = read(over.configuration)
    except Unreadable as error:
        raise Failed("Configuration", str(error), "It is TOML, see toml.io.", exit_code=BAD) from error
    home = Home(over.configuration, folder)
    with (
        home.taken(keep=False),
        LocalWorld(home, port=0, usual=0, keep=False, follows=False, say=lambda _: None) as world,
    ):
        try:
            world.play(over, document)
            world.stand(unless=lambda: False)
        except Refused as refused:
            msg = f"{over.configuration} cannot be used: {refused}"
            raise Failed("Configuration", msg, "`fno-link config check` explains it.", exit_code=BAD) from refused
        yield LocalApp(world, document)
