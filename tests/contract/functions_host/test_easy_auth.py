"""App Service authentication before a host, with tokens that the real msal got from the emulated Entra."""

import base64
import json

import httpx
import msal
import msgspec
import pytest

from emulation.dynamics import Api, App, Granted, Secret
from emulation.functions_host import easy_auth
from emulation.functions_host.errors import HostError
from emulation.functions_host.settings import Settings

OWN = "0a1b2c3d-0000-4000-8000-0000000000c1"
PORTAL = "0a1b2c3d-0000-4000-8000-0000000000c2"
URI = "api://fno-link"


async def echo(scope, _receive, send):
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": msgspec.json.encode(headers)})


@pytest.fixture
def world(dynamics):
    dynamics.control.add_app(App(OWN, api=Api(uris=(URI,), roles=("link.read", "events.read"))))
    granted = (Granted(OWN, ("link.read", "events.read")),)
    dynamics.control.add_app(App(PORTAL, secrets=(Secret("s"),), granted=granted))
    return dynamics


def bearer(world, resource=URI):
    authority = f"https://login.microsoftonline.com/{world.tenant.id}"
    app = msal.ConfidentialClientApplication(
        PORTAL, client_credential="s", authority=authority, token_cache=msal.TokenCache()
    )
    return {"authorization": f"Bearer {app.acquire_token_for_client([f'{resource}/.default'])['access_token']}"}


def settings(told, enabled="True"):
    return Settings({easy_auth.ENABLED: enabled, easy_auth.CONFIG: json.dumps(told)})


def asking(world, *, issuer="https://sts.windows.net/{}/", allowed=(), **asked):
    registration = {"openIdIssuer": issuer.format(world.tenant.id), "clientId": OWN}
    validation = {
        "allowedAudiences": [URI], "defaultAuthorizationPolicy": {"allowedApplications": allowed},
    }  # fmt: skip
    asked = {"requireAuthentication": True, "unauthenticatedClientAction": "Return401", **asked}
    directory = {"registration": registration, "validation": validation}
    told = {"globalValidation": asked, "identityProviders": {"azureActiveDirectory": directory}}
    front = easy_auth.before(echo, settings(told))

    async def ask(headers=None, path="/api/x"):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://host") as client:
            return await client.get(path, headers=headers or {})

    return ask


async def test_a_good_token_becomes_headers_and_forged_ones_are_gone(world):
    ask = asking(world, allowed=[PORTAL])
    forged = {"X-MS-CLIENT-PRINCIPAL": "mine", "x-ms-client-principal-name": "root", "x-ms-token-aad-id-token": "t"}
    seen = (await ask(bearer(world) | forged)).json()
    told = json.loads(base64.b64decode(seen["x-ms-client-principal"]))
    claims = [(each["typ"], each["val"]) for each in told["claims"]]
    assert told["auth_typ"] == seen["x-ms-client-principal-idp"] == "aad"
    assert ("http://schemas.microsoft.com/identity/claims/tenantid", world.tenant.id) in claims
    identity = dict(claims)["http://schemas.microsoft.com/identity/claims/objectidentifier"]
    assert seen["x-ms-client-principal-id"] == identity
    assert [value for name, value in claims if name == "roles"] == ["link.read", "events.read"]
    assert dict(claims)["appid"] == PORTAL
    assert not {"x-ms-client-principal-name", "x-ms-token-aad-id-token"} & set(seen)


async def test_who_has_no_good_token_is_refused_before_the_host(world):
    ask = asking(world)
    for shown in ({}, {"authorization": "Bearer a.b.c"}, bearer(world, "https://graph.microsoft.com")):
        assert (await ask(shown)).status_code == 401
    # Azure's own trap: an issuer of version 2.0 does not take tokens of version 1.0.
    other = asking(world, issuer="https://login.microsoftonline.com/{}/v2.0")
    assert (await other(bearer(world))).status_code == 401
    assert (await asking(world, allowed=[OWN])(bearer(world))).status_code == 403


async def test_a_key_that_is_withdrawn_after_a_new_one_is_known_opens_nothing(world):
    ask, before = asking(world), bearer(world)
    assert (await ask(before)).status_code == 200
    world.control.rotate_keys(withdraw=True)
    assert (await ask(bearer(world))).status_code == 200
    assert (await ask(before)).status_code == 401


async def test_excluded_paths_and_anonymous_ones_pass_without_headers(world):
    forged = {"x-ms-client-principal": "mine", "authorization": "Bearer a.b.c"}
    ask = asking(world, excludedPaths=["/api/events", "/public/*"])
    for path in ("/api/events", "/API/Events/contoso", "/public/x"):
        answer = await ask(forged, path)
        assert answer.status_code == 200
        assert "x-ms-client-principal" not in answer.json()
    assert (await ask(forged, "/api/eventsandmore")).status_code == 401
    anonymous = await asking(world, unauthenticatedClientAction="AllowAnonymous")(forged)
    assert (anonymous.status_code, "x-ms-client-principal" in anonymous.json()) == (200, False)


async def test_while_the_issuer_is_away_nobody_is_let_in(world):
    name = world.organization().name
    shown = bearer(world)
    world.control.break_(name, "unavailable", kind="discovery")
    assert (await asking(world)(shown)).status_code == 500


def test_it_is_off_unless_it_is_on_and_what_it_is_told_must_be_readable():
    assert easy_auth.before(echo, settings({}, "false")) is echo
    with pytest.raises(HostError, match=easy_auth.CONFIG):
        easy_auth.before(echo, settings({}))
    with pytest.raises(HostError, match=easy_auth.CONFIG):
        easy_auth.read(Settings({easy_auth.ENABLED: "true"}))
