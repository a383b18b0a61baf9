"""Managed identity on Service Bus: the real SDK, our credential, and a broker that checks each token."""

import asyncio
import re
import time
from types import SimpleNamespace

import jwt
import pytest
from azure.core.credentials import AccessToken
from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient
from azure.servicebus.exceptions import (
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusConnectionError,
)
from cryptography.hazmat.primitives.asymmetric import rsa

from integration.config.keys.model import ServiceBusTarget
from integration.delivery.shipment import Shipment
from integration.delivery.targets.service_bus import Namespaces
from integration.delivery.targets.service_bus.target import ServiceBus as Target
from integration.errors import TargetUnavailable
from integration.events.event import Event
from integration.identity import AppIdentity
from tests.contract.identity.conftest import AUDIENCE, ISSUER, NAMESPACE
from tests.fixtures.dynamics import CLIENT_ID, USER_IDENTITY

EVENT = Event(id="e1", source="/s", type="t", organization="contoso", data=b'{"a":1}')
NO_RETRIES = {"retry_total": 0}


def client(guarded, credential) -> ServiceBusClient:
    return ServiceBusClient(NAMESPACE, credential, **guarded.options, **NO_RETRIES)


async def send(guarded, credential, queue="orders", text="hello") -> None:
    async with client(guarded, credential) as made, made.get_queue_sender(queue) as sender:
        await sender.send_messages(ServiceBusMessage(text))


def handing_out(token: str):
    """Return a credential that hands out one token, as a client that cheats would."""

    async def get_token(*_scopes, **_options):
        return AccessToken(token, int(time.time()) + 3600)

    return SimpleNamespace(get_token=get_token)


async def token_of(identity: str, resource: str = AUDIENCE) -> str:
    async with AppIdentity(identity) as credential:
        return (await credential.get_token(f"{resource}/.default")).token


async def refusal(guarded, token: str) -> str:
    """Return what the broker says to a token; behind a custom endpoint the SDK keeps it as the inner exception."""
    with pytest.raises(ServiceBusConnectionError) as caught:
        await send(guarded, handing_out(token))
    return str(caught.value.inner_exception)


async def test_an_identity_with_roles_sends_receives_and_completes(guarded):
    async with AppIdentity(USER_IDENTITY) as credential:
        await send(guarded, credential)
        async with client(guarded, credential) as made, made.get_queue_receiver("orders") as receiver:
            [message] = await receiver.receive_messages(max_message_count=1, max_wait_time=10)
            assert str(message) == "hello"
            await receiver.complete_message(message)
    assert guarded.bus.control.counts("orders") | {"active": 0, "locked": 0} == guarded.bus.control.counts("orders")


async def test_roles_are_those_of_the_identity_and_of_the_entity(guarded):
    async with AppIdentity() as credential:  # may listen, and send to one queue only
        await send(guarded, credential, "own")
        with pytest.raises((ServiceBusAuthenticationError, ServiceBusAuthorizationError), match="'Send' claim"):
            await send(guarded, credential, "orders")


async def test_an_app_without_a_role_may_do_nothing(guarded, dynamics):
    token = dynamics.token(AUDIENCE)
    assert jwt.decode(token, options={"verify_signature": False})["appid"] == CLIENT_ID
    with pytest.raises((ServiceBusAuthenticationError, ServiceBusAuthorizationError), match="'Send' claim"):
        await send(guarded, handing_out(token))


def forged(claims: dict, key=None, algorithm="RS256", **headers) -> str:
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)


async def test_a_token_for_another_resource_is_refused(guarded):
    token = await token_of(USER_IDENTITY, "https://eventgrid.azure.net")
    assert re.search("InvalidAudience", await refusal(guarded, token))


async def test_an_expired_token_is_refused(guarded, dynamics):
    dynamics.control.set_token_lifetime(1)
    token = await token_of(USER_IDENTITY)
    ends = jwt.decode(token, options={"verify_signature": False})["exp"]
    await asyncio.sleep(max(0, ends - time.time()))
    assert re.search("ExpiredToken", await refusal(guarded, token))


@pytest.mark.parametrize("how", ["unsigned", "own key", "own key under a known id", "changed", "not a token"])
async def test_a_token_that_the_issuer_did_not_sign_is_refused(guarded, entra, how):
    good = await token_of(USER_IDENTITY)
    claims = jwt.decode(good, options={"verify_signature": False})
    known = entra.keys[0]["kid"]
    head, _, rest = good.partition(".")
    other = forged(claims | {"oid": "somebody else"}).split(".")[1]
    tokens = {
        "unsigned": jwt.encode(claims, None, algorithm="none", headers={"kid": known}),
        "own key": forged(claims, kid="own"),
        "own key under a known id": forged(claims, kid=known),
        "changed": f"{head}.{other}.{rest.partition('.')[2]}",
        "not a token": "eyJ.e30.",
    }
    assert re.search(r"InvalidSignature|MalformedToken", await refusal(guarded, tokens[how]))
    await send(guarded, handing_out(good))


async def test_the_token_names_the_issuer_and_the_identity(guarded):
    claims = jwt.decode(await token_of(USER_IDENTITY, f"{AUDIENCE}/"), options={"verify_signature": False})
    assert (claims["iss"], claims["aud"], claims["appid"]) == (ISSUER, f"{AUDIENCE}/", USER_IDENTITY)


async def test_the_target_delivers_with_the_managed_identity(guarded):
    identities = {name: AppIdentity(name) for name in ("", USER_IDENTITY)}
    environ = guarded.settings("Bus", USER_IDENTITY) | guarded.settings("Poor")
    namespaces = Namespaces(environ, identities.__getitem__)
    good, poor = (
        Target(ServiceBusTarget(name=name, connection=name, queue="orders"), namespaces) for name in ("Bus", "Poor")
    )
    await good.deliver(Shipment(EVENT, "route"))
    with pytest.raises(TargetUnavailable, match="needs the right Send"):
        await poor.deliver(Shipment(EVENT, "route"))
    for each in (good, poor, namespaces, *identities.values()):
        await each.close()
    assert guarded.bus.control.counts("orders")["active"] == 1


async def test_without_an_identity_a_delivery_waits(guarded, monkeypatch):
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    identity = AppIdentity(USER_IDENTITY)
    namespaces = Namespaces(guarded.settings("Bus", USER_IDENTITY), lambda _: identity)
    target = Target(ServiceBusTarget(name="t", connection="Bus", queue="orders"), namespaces)
    with pytest.raises(TargetUnavailable, match="no token of the managed identity"):
        await target.deliver(Shipment(EVENT, "route"))
    for each in (target, namespaces, identity):
        await each.close()
