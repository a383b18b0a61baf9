"""A namespace that the emulated Entra's identities may use: production names, TLS, no key."""

import os
from collections.abc import Iterator

import httpx
import pytest
import trustme

from emulation.service_bus import BrokerConfig, EntraConfig, Key, QueueConfig, RoleConfig, ServiceBus
from tests.fixtures.dynamics import SYSTEM_IDENTITY, TENANT, USER_IDENTITY, Playground

NAMESPACE = "contoso.servicebus.windows.net"
AUDIENCE = "https://servicebus.azure.net"
ISSUER = f"https://sts.windows.net/{TENANT.id}/"


class GuardedBus:
    """A broker that takes tokens of the emulated tenant, and how to reach it under its production name."""

    def __init__(self, bus: ServiceBus, authorities: str) -> None:
        self.bus = bus
        self.authorities = authorities
        self.endpoint = f"sb://localhost:{bus.tls_port}"

    @property
    def options(self) -> dict[str, str]:
        """What the SDK's client takes."""
        return {"custom_endpoint_address": self.endpoint, "connection_verify": self.authorities}

    def settings(self, name: str, client_id: str = "") -> dict[str, str]:
        """Return the app settings of an identity-based connection."""
        found = {
            f"{name}__fullyQualifiedNamespace": NAMESPACE,
            f"{name}__customEndpointAddress": self.endpoint,
            f"{name}__connectionVerify": self.authorities,
            f"{name}__credential": "managedidentity",
        }
        return found | ({f"{name}__clientId": client_id} if client_id else {})


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authority")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    return folder


@pytest.fixture
def entra(dynamics: Playground, monkeypatch: pytest.MonkeyPatch) -> EntraConfig:
    """Return whose tokens are accepted: the keys are read where anybody reads them, from the tenant's key document."""
    for name, value in dynamics.identity_environ.items():
        monkeypatch.setenv(name, value)
    keys = httpx.get(f"https://login.microsoftonline.com/{TENANT.id}/discovery/v2.0/keys").json()["keys"]
    roles = (
        RoleConfig(principal=USER_IDENTITY, rights=("send", "listen")),
        RoleConfig(principal=SYSTEM_IDENTITY, rights=("listen",)),
        RoleConfig(principal=SYSTEM_IDENTITY, rights=("send",), entity="own"),
    )
    return EntraConfig(issuer=ISSUER, keys=tuple(keys), roles=roles)


@pytest.fixture
def guarded(entra, certificate) -> Iterator[GuardedBus]:
    queues = (QueueConfig(name="orders"), QueueConfig(name="own"))
    config = BrokerConfig(keys=(Key(name="unused", key=os.urandom(16).hex()),), queues=queues, entra=entra)
    with ServiceBus(config, certificate=certificate / "server.pem") as bus:
        yield GuardedBus(bus, str(certificate / "authority.pem"))
