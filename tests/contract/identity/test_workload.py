"""Workload identity: the token of a pod's service account is exchanged for one of Entra, by the real msal."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulation.dynamics import App
from emulation.dynamics.world import Federated
from integration.errors import Unauthenticated
from integration.identity.app_identity import AppIdentity
from integration.identity.entra import managed_grant
from integration.identity.managed import may_be_managed

ISSUER = "https://oidc.example/cluster/"
SUBJECT = "system:serviceaccount:integration:fno-link"
CLIENT = "0a1b2c3d-0000-4000-8000-0000000000fd"
SCOPE = "https://storage.azure.com/.default"


class Pod:
    """What Azure Workload Identity's webhook puts into a pod, and the cluster that signs."""

    def __init__(self, dynamics, folder, monkeypatch) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        identity = App(CLIENT, managed_identity="user", federated=(Federated(ISSUER, SUBJECT, public.decode()),))
        dynamics.control.add_app(identity)
        self.file = folder / "azure-identity-token"
        self.project()
        monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(self.file))
        monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
        monkeypatch.setenv("AZURE_TENANT_ID", dynamics.tenant.id)
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/")

    def project(self, **changes):
        """Write the token, as the kubelet does."""
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": SUBJECT, "aud": ["api://AzureADTokenExchange"], "iat": now, "exp": now + 3600}
        self.file.write_text(jwt.encode(claims | changes, self.key, algorithm="RS256"))


@pytest.fixture
def pod(dynamics, tmp_path, monkeypatch):
    return Pod(dynamics, tmp_path, monkeypatch)


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("client_id", ["", CLIENT])
def test_a_pod_gets_a_token_of_its_identity(pod, client_id):
    grant = managed_grant(client_id, SCOPE)
    assert claims_of(grant.token)["appid"] == CLIENT
    assert may_be_managed({"AZURE_FEDERATED_TOKEN_FILE": str(pod.file)})


async def test_the_azure_sdks_get_it_too(pod):
    async with AppIdentity(CLIENT) as identity:
        token = await identity.get_token(SCOPE)
    assert claims_of(token.token)["aud"] == "https://storage.azure.com"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://oidc.example/another/"}, "AADSTS700211"),
        ({"aud": "https://kubernetes.default.svc"}, "AADSTS700212"),
        ({"sub": "system:serviceaccount:default:default"}, "AADSTS700213"),
        ({"exp": 1}, "AADSTS700024"),
    ],
)
def test_what_entra_does_not_take_is_told_with_its_code_and_what_to_do(pod, changes, code):
    pod.project(**changes)
    with pytest.raises(Unauthenticated, match=code) as refused:
        managed_grant(CLIENT, SCOPE)
    assert refused.value.hint


def test_a_renewed_token_is_read_anew_and_one_that_is_gone_is_told(pod):
    pod.project(exp=1)
    with pytest.raises(Unauthenticated):
        managed_grant(CLIENT, SCOPE)
    pod.project()
    assert managed_grant(CLIENT, SCOPE).token
    pod.file.unlink()
    with pytest.raises(Unauthenticated, match="cannot be read"):
        managed_grant(CLIENT, SCOPE)


def test_a_pod_without_its_tenant_says_what_is_missing(pod, monkeypatch):
    monkeypatch.delenv("AZURE_TENANT_ID")
    with pytest.raises(Unauthenticated, match="AZURE_TENANT_ID"):
        managed_grant(CLIENT, SCOPE)
