"""The emulated Entra, by the real msal."""

import base64
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import jwt
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from emulation.dynamics import Api, App, ControlRefused, Granted, Secret, User
from tests.fixtures.dynamics import CHINA_TENANT, OTHER_TENANT, SYSTEM_IDENTITY, US_TENANT, USER_IDENTITY, Playground

AUTHORITY = "https://login.microsoftonline.com"


def acquire(
    credential: object, resource: str, tenant: str, *, client_id: str = Playground.client_id, host: str = AUTHORITY
):
    app = msal.ConfidentialClientApplication(client_id, client_credential=credential, authority=f"{host}/{tenant}")
    return app.acquire_token_for_client([f"{resource}/.default"])


def key_and_certificate(name: str = "fno-link") -> tuple[str, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return pem, certificate


def as_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("tenant", ["contoso.onmicrosoft.com", Playground.tenant.id])
def test_msal_gets_a_token_by_secret(dynamics: Playground, tenant: str):
    organization = dynamics.organization()
    answer = acquire(dynamics.client_secret, organization.base_url(), tenant)
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3599
    assert dynamics.control.calls(organization.name)["token"] == 1


@pytest.mark.parametrize(
    ("tenant", "host", "url"),
    [
        (US_TENANT.id, "https://login.microsoftonline.us", "https://{name}.crm.microsoftdynamics.us"),
        (CHINA_TENANT.domain, "https://login.chinacloudapi.cn", "https://{name}.crm.dynamics.cn"),
        (CHINA_TENANT.id, "https://login.partner.microsoftonline.cn", "https://{name}.crm.dynamics.cn"),
    ],
)
def test_every_cloud_has_its_own_authority(dynamics: Playground, tenant: str, host: str, url: str):
    dynamics.control.add_app(App("sovereign", tenant=tenant, secrets=(Secret("s"),)))
    organization = dynamics.organization(tenant=tenant, url=url)
    answer = acquire("s", organization.base_url(), tenant, client_id="sovereign", host=host)
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    who = httpx.get(f"{organization.base_url()}/api/data/v9.2/WhoAmI", headers=headers)
    assert who.json()["OrganizationId"] == organization.id()


def test_a_tenant_is_unknown_to_the_entra_of_another_cloud(dynamics: Playground):
    with pytest.raises(ValueError, match="authority configuration"):
        acquire("s", "https://x.crm.dynamics.com", US_TENANT.id)
    answer = httpx.get(f"{AUTHORITY}/{US_TENANT.id}/v2.0/.well-known/openid-configuration")
    assert answer.status_code == 400
    assert answer.json()["error_codes"] == [90002]


def test_msal_validates_an_unusual_authority_by_instance_discovery(dynamics: Playground):
    answer = httpx.get(
        f"{AUTHORITY}/common/discovery/instance",
        params={"api-version": "1.1", "authorization_endpoint": f"{AUTHORITY}/common/oauth2/v2.0/authorize"},
    ).json()
    assert answer["tenant_discovery_endpoint"].endswith("/v2.0/.well-known/openid-configuration")
    assert "login.windows.net" in answer["metadata"][0]["aliases"]
    with pytest.raises(ValueError, match="invalid_instance"):
        acquire("s", "https://x.crm.dynamics.com", "t", host="https://login.contoso.example")
    assert dynamics.control.refused() == []


def test_a_wrong_secret_is_aadsts7000215(dynamics: Playground):
    answer = acquire("wrong", dynamics.organization().base_url(), dynamics.tenant.id)
    assert (answer["error"], answer["error_codes"]) == ("invalid_client", [7000215])
    assert answer["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")


def test_an_expired_secret_is_aadsts7000222_and_a_new_one_works(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.expire_secrets(dynamics.client_id)
    answer = acquire(dynamics.client_secret, organization.base_url(), dynamics.tenant.id)
    assert (answer["error"], answer["error_codes"]) == ("invalid_client", [7000222])
    dynamics.control.set_secret(dynamics.client_id, "new", expires_in=3600)
    assert "access_token" in acquire("new", organization.base_url(), dynamics.tenant.id)


def test_a_rotated_secret_ends_the_old_one(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.rotate_secret(dynamics.client_id, "second")
    assert "access_token" in acquire("second", organization.base_url(), dynamics.tenant.id)
    refused = acquire(dynamics.client_secret, organization.base_url(), dynamics.tenant.id)
    assert refused["error_codes"] == [7000215]


def test_an_unknown_app_and_an_app_of_another_tenant_are_aadsts700016(dynamics: Playground):
    url = dynamics.organization().base_url()
    assert acquire("s", url, dynamics.tenant.id, client_id="nobody")["error_codes"] == [700016]
    assert acquire(dynamics.client_secret, url, OTHER_TENANT.id)["error_codes"] == [700016]


def test_a_resource_that_the_tenant_does_not_have_is_aadsts500011(dynamics: Playground):
    answer = acquire(dynamics.client_secret, "https://unknown.crm.dynamics.com", dynamics.tenant.id)
    assert (answer["error"], answer["error_codes"]) == ("invalid_resource", [500011])


@pytest.mark.parametrize("how", ["sha1 thumbprint", "sha256 thumbprint"])
def test_msal_gets_a_token_by_certificate(dynamics: Playground, how: str):
    private_key, certificate = key_and_certificate()
    dynamics.control.set_certificates(dynamics.client_id, as_pem(certificate))
    credential = {"private_key": private_key, "public_certificate": as_pem(certificate)}
    if how == "sha1 thumbprint":
        credential = {"private_key": private_key, "thumbprint": certificate.fingerprint(hashes.SHA1()).hex()}  # noqa: S303 (x5t)
    assert "access_token" in acquire(credential, dynamics.organization().base_url(), dynamics.tenant.id)


def test_a_certificate_that_is_not_registered_is_aadsts700027(dynamics: Playground):
    private_key, certificate = key_and_certificate()
    credential = {"private_key": private_key, "public_certificate": as_pem(certificate)}
    assert acquire(credential, dynamics.organization().base_url(), dynamics.tenant.id)["error_codes"] == [700027]


def test_an_assertion_signed_by_another_key_is_refused(dynamics: Playground):
    _, registered = key_and_certificate()
    other_key, _ = key_and_certificate()
    dynamics.control.set_certificates(dynamics.client_id, as_pem(registered))
    credential = {"private_key": other_key, "thumbprint": registered.fingerprint(hashes.SHA1()).hex()}  # noqa: S303 (x5t)
    answer = acquire(credential, dynamics.organization().base_url(), dynamics.tenant.id)
    assert answer["error_codes"] == [700027]
    assert "signature" in answer["error_description"]


@contextmanager
def managed_identity(dynamics: Playground, monkeypatch: pytest.MonkeyPatch) -> Iterator[requests.Session]:
    for name, value in dynamics.identity_environ.items():
        monkeypatch.setenv(name, value)
    with requests.Session() as session:
        yield session


@pytest.mark.parametrize(
    ("identity", "client_id"),
    [
        (msal.SystemAssignedManagedIdentity(), SYSTEM_IDENTITY),
        (msal.UserAssignedManagedIdentity(client_id=USER_IDENTITY), USER_IDENTITY),
    ],
)
def test_msal_gets_a_token_by_managed_identity(
    dynamics: Playground, monkeypatch: pytest.MonkeyPatch, identity: object, client_id: str
):
    organization = dynamics.organization()
    with managed_identity(dynamics, monkeypatch) as session:
        client = msal.ManagedIdentityClient(identity, http_client=session)
        answer = client.acquire_token_for_client(resource=organization.base_url())
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    who = httpx.get(f"{organization.base_url()}/api/data/v9.2/WhoAmI", headers=headers)
    assert who.status_code == 200
    assert client_id in (SYSTEM_IDENTITY, USER_IDENTITY)


def test_the_identity_endpoint_wants_its_header_and_knows_its_identities(dynamics: Playground):
    endpoint = dynamics.identity_environ["IDENTITY_ENDPOINT"]
    query = {"api-version": "2019-08-01", "resource": dynamics.organization().base_url()}
    assert httpx.get(endpoint, params=query, headers={"X-IDENTITY-HEADER": "guess"}).status_code == 401
    headers = {"X-IDENTITY-HEADER": dynamics.identity_environ["IDENTITY_HEADER"]}
    assert httpx.get(endpoint, params=query | {"client_id": "x"}, headers=headers).status_code == 400
    assert httpx.get(endpoint, params=query, headers=headers).status_code == 200


def test_a_throttled_token_endpoint_says_when_to_come_back(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.throttle(organization.name, 7, kind="token")
    form = {
        "grant_type": "client_credentials",
        "client_id": dynamics.client_id,
        "client_secret": dynamics.client_secret,
        "scope": f"{organization.base_url()}/.default",
    }
    answer = httpx.post(f"{AUTHORITY}/{dynamics.tenant.id}/oauth2/v2.0/token", data=form)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    dynamics.control.heal(organization.name)
    assert httpx.post(f"{AUTHORITY}/{dynamics.tenant.id}/oauth2/v2.0/token", data=form).status_code == 200


@pytest.mark.parametrize("kind", ["discovery", "token"])
def test_an_entra_that_hangs_answers_nothing(dynamics: Playground, kind):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, "hang", kind=kind)
    with pytest.raises(requests.exceptions.RequestException, match="timed out"):
        msal.ConfidentialClientApplication(
            dynamics.client_id,
            client_credential=dynamics.client_secret,
            authority=f"{AUTHORITY}/{dynamics.tenant.id}",
            timeout=0.3,
        ).acquire_token_for_client([f"{organization.base_url()}/.default"])
    assert dynamics.control.calls(organization.name)[kind] >= 1  # msal itself tries discovery twice


def test_the_first_version_of_the_endpoint_takes_a_resource(dynamics: Playground):
    url = dynamics.organization().base_url()
    form = {
        "grant_type": "client_credentials",
        "client_id": dynamics.client_id,
        "client_secret": dynamics.client_secret,
        "resource": url,
    }
    assert "access_token" in httpx.post(f"{AUTHORITY}/{dynamics.tenant.id}/oauth2/token", data=form).json()


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"scope": "https://x.crm.dynamics.com/user_impersonation"}, 1002012),
        ({"grant_type": "password"}, 70003),
        ({"client_secret": ""}, 7000218),
    ],
)
def test_a_malformed_request_gets_its_own_code(dynamics: Playground, change: dict[str, str], number: int):
    form = {
        "grant_type": "client_credentials",
        "client_id": dynamics.client_id,
        "client_secret": dynamics.client_secret,
        "scope": f"{dynamics.organization().base_url()}/.default",
    }
    answer = httpx.post(f"{AUTHORITY}/{dynamics.tenant.id}/oauth2/v2.0/token", data=form | change)
    assert answer.json()["error_codes"] == [number]


def test_the_identity_endpoint_fails_like_the_token_endpoint(dynamics: Playground):
    organization = dynamics.organization()
    endpoint = dynamics.identity_environ["IDENTITY_ENDPOINT"]
    query = {"api-version": "2019-08-01", "resource": organization.base_url()}
    headers = {"X-IDENTITY-HEADER": dynamics.identity_environ["IDENTITY_HEADER"]}
    dynamics.control.throttle(organization.name, 5, kind="token", times=1)
    throttled = httpx.get(endpoint, params=query, headers=headers)
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "5")
    dynamics.control.break_(organization.name, "reset", kind="token", times=1)
    with pytest.raises(httpx.ReadError, match="reset"):
        httpx.get(endpoint, params=query, headers=headers)
    assert httpx.get(endpoint, params=query, headers=headers).status_code == 200


def test_tokens_are_signed_by_the_published_key_and_name_app_tenant_and_audience(dynamics: Playground):
    organization = dynamics.organization()
    document = httpx.get(f"{AUTHORITY}/{dynamics.tenant.domain}/v2.0/.well-known/openid-configuration").json()
    published = jwt.PyJWKSet.from_dict(httpx.get(document["jwks_uri"]).json())
    token = dynamics.token(organization.base_url())
    key = published[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=organization.base_url())
    assert (claims["appid"], claims["tid"]) == (dynamics.client_id, dynamics.tenant.id)
    assert claims["exp"] - claims["iat"] == 3599
    assert document["issuer"].split("/")[3] == dynamics.tenant.id


API = App(
    "0a1b2c3d-0000-4000-8000-0000000000a1",
    api=Api(uris=("api://fno-link",), roles=("link.read", "events.read")),
)
CALLER = App(
    "0a1b2c3d-0000-4000-8000-0000000000a2",
    secrets=(Secret("s"),),
    granted=(Granted(API.client_id, ("link.read", "never.declared")),),
)


def signed(document: dict[str, str], token: str, audience: str) -> dict[str, object]:
    """Check a token as its audience does: by what is published now."""
    published = jwt.PyJWKSet.from_dict(httpx.get(document["jwks_uri"]).json())
    key = published[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=document["issuer"])


@pytest.mark.parametrize(("version", "named"), [(1, "appid"), (2, "azp")])
def test_an_application_gets_a_token_with_its_roles_for_another(dynamics: Playground, version: int, named: str):
    exposed = Api(uris=API.api.uris, roles=API.api.roles, token_version=version)
    dynamics.control.add_app(App(API.client_id, api=exposed))
    dynamics.control.add_app(CALLER)
    token = acquire("s", "api://fno-link", dynamics.tenant.id, client_id=CALLER.client_id)["access_token"]
    path = "/v2.0/.well-known/openid-configuration" if version == 2 else "/.well-known/openid-configuration"
    document = httpx.get(f"{AUTHORITY}/{dynamics.tenant.id}{path}").json()
    claims = signed(document, token, API.client_id if version == 2 else "api://fno-link")
    assert (claims["roles"], claims[named]) == (["link.read"], CALLER.client_id)
    assert claims["ver"] == f"{version}.0"


def test_without_a_role_the_token_says_nothing_of_roles_or_is_not_given(dynamics: Playground):
    dynamics.control.add_app(API)
    dynamics.control.add_app(App(CALLER.client_id, secrets=(Secret("s"),)))
    answer = acquire("s", API.client_id, dynamics.tenant.id, client_id=CALLER.client_id)
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (claims["aud"], "roles" in claims) == (API.client_id, False)
    dynamics.control.add_app(App(API.client_id, api=Api(assignment_required=True)))
    refused = acquire("s", API.client_id, dynamics.tenant.id, client_id=CALLER.client_id)
    assert refused["error_codes"] == [501051]


def test_a_person_has_its_roles_through_the_application_it_uses(dynamics: Playground):
    cli = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    dynamics.control.add_app(API)
    ada = "ada@contoso.onmicrosoft.com"
    dynamics.control.add_user(User(ada, granted=(Granted(API.client_id, ("events.read",)),)))
    with pytest.raises(ControlRefused, match="AADSTS65001"):
        dynamics.control.sign_in(ada, cli, "api://fno-link")
    exposed = Api(uris=API.api.uris, roles=API.api.roles, pre_authorized=(cli,))
    dynamics.control.add_app(App(API.client_id, api=exposed))
    claims = jwt.decode(
        dynamics.control.sign_in(ada, cli, "api://fno-link"),
        options={"verify_signature": False},
    )
    assert (claims["roles"], claims["appid"], claims["scp"]) == (["events.read"], cli, "user_impersonation")


def test_a_new_key_signs_and_the_old_one_is_published_until_it_is_withdrawn(dynamics: Playground):
    dynamics.control.add_app(API)
    dynamics.control.add_app(CALLER)
    document = httpx.get(f"{AUTHORITY}/{dynamics.tenant.id}/.well-known/openid-configuration").json()

    def token() -> str:
        return acquire("s", "api://fno-link", dynamics.tenant.id, client_id=CALLER.client_id)["access_token"]

    before = token()
    dynamics.control.rotate_keys()
    after = token()
    for each in (before, after):
        assert signed(document, each, "api://fno-link")
    dynamics.control.rotate_keys(withdraw=True)
    with pytest.raises(KeyError):
        signed(document, after, "api://fno-link")
    assert signed(document, token(), "api://fno-link")


def test_an_assertion_for_another_audience_or_out_of_time_has_its_own_code(dynamics: Playground):
    private_key, certificate = key_and_certificate()
    dynamics.control.set_certificates(dynamics.client_id, as_pem(certificate))
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).decode().rstrip("=")
    endpoint = f"{AUTHORITY}/{dynamics.tenant.id}/oauth2/v2.0/token"
    scope = f"{dynamics.organization().base_url()}/.default"
    now = int(dt.datetime.now(dt.UTC).timestamp())

    def answer(**changes: object):
        claims = {"aud": endpoint, "iss": dynamics.client_id, "sub": dynamics.client_id, "exp": now + 600}
        assertion = jwt.encode(claims | changes, private_key, algorithm="PS256", headers={"x5t#S256": thumbprint})
        form = {
            "grant_type": "client_credentials",
            "client_id": dynamics.client_id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            "scope": scope,
        }
        return httpx.post(endpoint, data=form).json().get("error_codes")

    assert answer() is None
    assert answer(aud="https://login.microsoftonline.us/t/oauth2/v2.0/token") == [700023]
    assert answer(exp=now - 600) == [700024]
    assert answer(iss="another-app") == [700027]
    assert answer(sub="another-app") == [700027]
