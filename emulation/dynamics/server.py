"""The emulated world, running: proxy, services, managed-identity endpoint and control API in one event loop."""

import asyncio
import secrets
import ssl
from pathlib import Path
from typing import Any, Literal

import msgspec

from emulation.dynamics.app import EmulatedServices
from emulation.dynamics.certificates import FLAWS, Certificates, Flaw
from emulation.dynamics.control_api import ControlApi
from emulation.dynamics.managed_identity import PATH, ManagedIdentityEndpoint
from emulation.dynamics.proxy import ConnectProxy
from emulation.dynamics.sending.sender import Sender
from emulation.dynamics.state import State
from emulation.dynamics.world import ENTRA_HOSTS, World
from emulation.loopback import LoopbackServer

NO_PROXY = "127.0.0.1,localhost"


class Ready(msgspec.Struct, frozen=True):
    """What a client needs to know of a running world.

    Args:
        control: The control API's base URL.
        environ: Environment variables that lead any HTTPS client into the world.
        identity_environ: Further ones that give it the managed identity.
        ports: The loopback ports by name: proxy, services, control, identity.
    """

    control: str
    environ: dict[str, str]
    identity_environ: dict[str, str]
    ports: dict[str, int]


class Server:
    """The emulated world, running.

    Args:
        world: What exists at the start.
        folder: Where the authority's certificate goes.
        port: The proxy's port; 0 takes a free one.
    """

    def __init__(self, world: World, folder: Path, port: int = 0) -> None:
        self._state = State(world)
        self._sender = Sender()
        self._certificates = Certificates(folder)
        self._port = port
        self._identity_header = secrets.token_hex(16)
        tls = self._certificates.context("localhost")
        tls.sni_callback = self._choose_certificate
        self._services = LoopbackServer(EmulatedServices(self._state, self._sender, self._reset), tls=tls, dated=False)
        self._identity = LoopbackServer(
            ManagedIdentityEndpoint(self._state, self._identity_header, self._reset_identity)
        )
        self._control = LoopbackServer(ControlApi(self._state, self._sender, self._drop))
        self._servers = (self._services, self._identity, self._control)
        self._proxy = ConnectProxy(self._admit, self._services.port)
        self._listener: asyncio.Server | None = None

    async def start(self) -> Ready:
        """Begin to serve; return once every port takes connections."""
        await asyncio.gather(*(server.start() for server in self._servers))
        self._listener = await asyncio.start_server(self._proxy.serve, "127.0.0.1", self._port)
        return self._ready(self._listener.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """End every connection and close every port."""
        if self._listener:
            self._listener.close()
        await self._sender.aclose()
        await asyncio.gather(*(server.stop() for server in self._servers))
        await self._proxy.close()

    def _ready(self, proxy_port: int) -> Ready:
        proxy, authority = f"http://127.0.0.1:{proxy_port}", str(self._certificates.ca_file)
        return Ready(
            control=f"http://127.0.0.1:{self._control.port}",
            environ={
                # Python's urllib prefers the lower-case names, so both are set.
                "HTTPS_PROXY": proxy,
                "https_proxy": proxy,
                "NO_PROXY": NO_PROXY,
                "no_proxy": NO_PROXY,
                "SSL_CERT_FILE": authority,
                "REQUESTS_CA_BUNDLE": authority,
                "CURL_CA_BUNDLE": authority,
                "NODE_EXTRA_CA_CERTS": authority,
            },
            identity_environ={
                "IDENTITY_ENDPOINT": f"http://127.0.0.1:{self._identity.port}{PATH}",
                "IDENTITY_HEADER": self._identity_header,
            },
            ports={
                "proxy": proxy_port,
                "services": self._services.port,
                "control": self._control.port,
                "identity": self._identity.port,
            },
        )

    def _admit(self, host: str) -> bool:
        if not self._state.exists(host):
            self._state.records.refuse(host)
            return False
        organizations, kinds = self._state.at_host(host)
        if organizations and host not in ENTRA_HOSTS:
            self._state.records.count(organizations[0].name, "connect")
        return not any(organization.faults.take_at_connect(kinds, "unreachable") for organization in organizations)

    def _choose_certificate(self, connection: ssl.SSLObject | Any, name: str | None, _context: ssl.SSLContext) -> None:
        if name is None or not self._state.exists(name):
            return
        organizations, kinds = self._state.at_host(name)
        known = [organization.faults for organization in organizations]
        flaw: Flaw | Literal[""] = ""
        for each, effect in FLAWS.items():
            if any(faults.take_at_connect(kinds, effect) for faults in known):
                flaw = each
                break
        connection.context = self._certificates.context(name, flaw)

    def _reset(self, port: int) -> None:
        self._proxy.reset(port)

    def _reset_identity(self, port: int) -> None:
        self._identity.reset(port)

    def _drop(self, hosts: frozenset[str]) -> None:
        self._proxy.drop(hosts)
