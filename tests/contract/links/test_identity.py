"""Tokens by the real msal from the emulated Entra."""

import asyncio
import base64
import time

import pytest
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificate

from emulation.dynamics import App, Secret
from integration.config.keys.model import Credentials, Organization
from integration.errors import Throttled, Unauthenticated, Unreachable
from integration.identity import AppIdentity, Tokens, scope_for
from tests.contract.dynamics.test_entra import as_pem, key_and_certificate
from tests.fixtures.dynamics import SYSTEM_IDENTITY, USER_IDENTITY


@pytest.fixture
async def tokens_for():
    made = []

    def make(timeout=20.0, **credentials):
        made.append(Tokens(lambda _: Credentials(**credentials), timeout=timeout))
        return made[-1]

    yield make
    for tokens in made:
        await tokens.aclose()


def ours(organization, tenant="contoso.onmicrosoft.com"):
    return Organization(name=organization.name, url=organization.base_url(), tenant=tenant)


async def test_a_secret_gives_a_token_once_and_a_dropped_one_is_fetched_anew(dynamics, tokens_for, caplog):
    caplog.set_level("DEBUG")
    emulated = dynamics.organization()
    tokens = tokens_for(client_id=dynamics.client_id, client_secret=dynamics.client_secret)
    scope = scope_for(emulated.base_url())
    first = await tokens.token(ours(emulated), scope)
    assert await tokens.token(ours(emulated), scope) == first
    assert dynamics.control.calls(emulated.name)["token"] == 1
    tokens.drop(scope)
    second = await tokens.token(ours(emulated), scope)
    assert dynamics.control.calls(emulated.name)["token"] == 2
    for secret in (first, second, dynamics.client_secret):
        assert secret not in caplog.text


@pytest.mark.parametrize("form", ["pem", "pfx"])
async def test_a_certificate_gives_a_token(dynamics, tokens_for, form):
    emulated = dynamics.organization()
    key, certificate = key_and_certificate()
    dynamics.control.set_certificates(dynamics.client_id, as_pem(certificate))
    if form == "pem":
        setting = key + as_pem(certificate)
    else:
        private = serialization.load_pem_private_key(key.encode(), None)
        public = load_pem_x509_certificate(as_pem(certificate).encode())
        encryption = serialization.BestAvailableEncryption(b"word")
        setting = base64.b64encode(
            pkcs12.serialize_key_and_certificates(b"x", private, public, None, encryption)
        ).decode()
    tokens = tokens_for(
        client_id=dynamics.client_id,
        client_certificate=setting,
        client_certificate_password="word" if form == "pfx" else "",
    )
    assert await tokens.token(ours(emulated), scope_for(emulated.base_url()))


async def test_a_wrong_secret_says_so(dynamics, tokens_for):
    emulated = dynamics.organization()
    tokens = tokens_for(client_id=dynamics.client_id, client_secret="wrong")
    with pytest.raises(Unauthenticated, match="the client secret is wrong") as raised:
        await tokens.token(ours(emulated), scope_for(emulated.base_url()))
    assert "value, not its id" in raised.value.hint
    assert raised.value.remote_code == "AADSTS7000215"


async def test_an_expired_secret_says_so(dynamics, tokens_for):
    emulated = dynamics.organization()
    dynamics.control.add_app(App("0a1b2c3d-0000-4000-8000-0000000000ee", secrets=(Secret("old"),)))
    dynamics.control.expire_secrets("0a1b2c3d-0000-4000-8000-0000000000ee")
    tokens = tokens_for(client_id="0a1b2c3d-0000-4000-8000-0000000000ee", client_secret="old")
    with pytest.raises(Unauthenticated, match="expired") as raised:
        await tokens.token(ours(emulated), scope_for(emulated.base_url()))
    assert raised.value.remote_code == "AADSTS7000222"


async def test_an_unknown_client_and_an_unknown_tenant_say_so(dynamics, tokens_for):
    emulated = dynamics.organization()
    scope = scope_for(emulated.base_url())
    with pytest.raises(Unauthenticated) as raised:
        await tokens_for(client_id="nobody", client_secret="x").token(ours(emulated), scope)
    assert raised.value.remote_code == "AADSTS700016"
    known = tokens_for(client_id=dynamics.client_id, client_secret=dynamics.client_secret)
    with pytest.raises(Unauthenticated) as raised:
        await known.token(ours(emulated, "nowhere.onmicrosoft.com"), scope)
    assert raised.value.remote_code == "AADSTS90002"


async def test_a_throttling_or_failing_entra_is_not_a_refusal(dynamics, tokens_for):
    emulated = dynamics.organization()
    scope = scope_for(emulated.base_url())
    tokens = tokens_for(client_id=dynamics.client_id, client_secret=dynamics.client_secret)
    dynamics.control.throttle(emulated.name, "7", kind="token", times=1)
    with pytest.raises(Throttled) as raised:
        await tokens.token(ours(emulated), scope)
    assert raised.value.retry_after == 7
    dynamics.control.break_(emulated.name, "unavailable", kind="token", times=1)
    with pytest.raises(Unreachable):
        await tokens.token(ours(emulated), scope)
    dynamics.control.break_(emulated.name, "reset", kind="token", times=1)
    with pytest.raises(Unreachable):
        await tokens.token(ours(emulated), scope)
    assert await tokens.token(ours(emulated), scope)


async def test_an_entra_that_hangs_does_not_block_the_loop(dynamics, tokens_for):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, "hang", kind="token")
    tokens = tokens_for(timeout=1.0, client_id=dynamics.client_id, client_secret=dynamics.client_secret)
    waiting = asyncio.create_task(tokens.token(ours(emulated), scope_for(emulated.base_url())))
    beats = 0
    while not waiting.done():
        await asyncio.sleep(0.01)
        beats += 1
    with pytest.raises(Unreachable, match="within 1 s"):
        await waiting
    assert beats >= 20
    dynamics.control.heal(emulated.name)
    assert await tokens.token(ours(emulated), scope_for(emulated.base_url()))


@pytest.mark.parametrize("client_id", ["", USER_IDENTITY])
async def test_without_a_secret_the_managed_identity_signs_in(dynamics, tokens_for, monkeypatch, client_id):
    for name, value in dynamics.identity_environ.items():
        monkeypatch.setenv(name, value)
    emulated = dynamics.organization()
    tokens = tokens_for(client_id=client_id)
    token = await tokens.token(ours(emulated), scope_for(emulated.base_url()))
    claims = token.split(".")[1]
    decoded = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)).decode()
    assert (client_id or SYSTEM_IDENTITY) in decoded


async def test_where_there_is_no_managed_identity_the_message_names_the_settings(dynamics, tokens_for, monkeypatch):
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")
    emulated = dynamics.organization()
    with pytest.raises(Unauthenticated, match="_CLIENT_ID"):
        await tokens_for().token(ours(emulated), scope_for(emulated.base_url()))


async def test_the_app_s_identity_is_a_credential_of_the_azure_sdks(dynamics, monkeypatch):
    for name, value in dynamics.identity_environ.items():
        monkeypatch.setenv(name, value)
    emulated = dynamics.organization()
    async with AppIdentity(USER_IDENTITY) as credential:
        assert isinstance(credential, AsyncTokenCredential)
        scope = scope_for(emulated.base_url())
        token = await credential.get_token(scope)
        info = await credential.get_token_info(scope)
        assert token.token == info.token
        assert 0 < token.expires_on - time.time() < 3700
        await credential.get_token(scope, claims='{"access_token":{}}')
        assert dynamics.control.calls(emulated.name)["token"] == 2
        with pytest.raises(ValueError, match="one scope"):
            await credential.get_token(scope, scope)


async def test_the_app_s_identity_raises_what_the_azure_sdks_understand(dynamics, monkeypatch):
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")
    async with AppIdentity() as credential:
        with pytest.raises(ClientAuthenticationError):
            await credential.get_token("https://storage.azure.com/.default")
    for name, value in dynamics.identity_environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token")
    async with AppIdentity() as credential:
        with pytest.raises(ServiceRequestError):
            await credential.get_token("https://storage.azure.com/.default")
