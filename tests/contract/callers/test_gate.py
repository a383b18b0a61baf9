"""The gate, with tokens that the real msal got from the emulated Entra, and keys that it rotates."""

import base64
import json
from collections import Counter
from datetime import UTC, datetime

import jwt
import msal
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from emulation.dynamics import Api, App, Granted, Secret
from integration.callers import Gate
from integration.callers.few_lines import MOST_LINES
from integration.callers.few_lines import WITHIN_SECONDS as WITHIN_A_MINUTE
from integration.callers.keys import FRESH_SECONDS, KEPT_SECONDS, MOST_FETCHES, WITHIN_SECONDS, SigningKeys
from integration.callers.token import Accepted
from integration.config.keys.clients import Client, Entra
from integration.dataverse import open_http_client
from integration.errors import CallerRefused, CallerUnknown, Unreachable
from tests.fake_clock import FakeClock
from tests.fixtures.dynamics import OTHER_TENANT

OWN = "0a1b2c3d-0000-4000-8000-0000000000b1"
PORTAL = "0a1b2c3d-0000-4000-8000-0000000000b2"
STRANGER = "0a1b2c3d-0000-4000-8000-0000000000b3"
URI = "api://fno-link"


class Counted:
    """A client that counts what it is asked for."""

    def __init__(self, http) -> None:
        self.http = http
        self.asked = Counter()

    def stream(self, method, url, **more):
        self.asked[url.rpartition("/")[2]] += 1
        return self.http.stream(method, url, **more)


@pytest.fixture
async def http():
    client = open_http_client()
    yield Counted(client)
    await client.aclose()


@pytest.fixture
def world(dynamics):
    def version(number):
        dynamics.control.add_app(
            App(OWN, api=Api(uris=(URI,), roles=("link.read", "events.read"), token_version=number))
        )

    version(1)
    dynamics.version = version
    granted = (Granted(OWN, ("link.read",)),)
    dynamics.control.add_app(App(PORTAL, secrets=(Secret("s"),), granted=granted))
    dynamics.control.add_app(App(STRANGER, secrets=(Secret("s"),), granted=granted))
    return dynamics


def token(dynamics, client_id=PORTAL, resource=URI):
    app = msal.ConfidentialClientApplication(
        client_id,
        client_credential="s",
        authority=f"https://login.microsoftonline.com/{dynamics.tenant.id}",
        token_cache=msal.TokenCache(),
    )
    return app.acquire_token_for_client([f"{resource}/.default"])["access_token"]


def gate_of(http, tenant, clock, *, refused=None, believes_headers=False):
    entra = Entra(tenant=tenant, audiences=(URI, OWN))
    accepted = Accepted.of(entra)
    return Gate(
        accepted=accepted,
        keys=SigningKeys(entra, accepted.issuers["2.0"], http, clock),
        clients=(Client(name="portal", app_id=PORTAL, organizations=("contoso",)),),
        clock=clock,
        tally=lambda key, first=None: refused.append((key, first)) if refused is not None else None,
        believes_headers=believes_headers,
    )


class EntraTime(FakeClock):
    """Entra's time of day, by which tokens are good; what is waited for passes as a test says."""

    def now(self):
        return datetime.now(UTC)


@pytest.fixture
def clock():
    return EntraTime()


@pytest.fixture
def gate(http, world, clock):
    return gate_of(http, world.tenant.id, clock)


def bearer(text):
    return {"authorization": f"Bearer {text}"}


@pytest.mark.parametrize("version", [1, 2])
async def test_a_client_with_the_role_is_let_in(world, gate, version):
    world.version(version)
    caller = await gate.admit(bearer(token(world)), "link.read")
    assert (caller.client, caller.sees) == ("portal", {"contoso"})


async def test_without_the_role_or_without_being_a_client_it_is_refused_and_counted(world, http, clock):
    refused = []
    gate = gate_of(http, world.tenant.id, clock, refused=refused)
    with pytest.raises(CallerRefused) as other_role:
        await gate.admit(bearer(token(world)), "operations.write")
    with pytest.raises(CallerRefused) as stranger:
        await gate.admit(bearer(token(world, STRANGER)), "link.read")
    with pytest.raises(CallerUnknown):
        await gate.admit({}, "link.read")
    assert str(other_role.value) == str(stranger.value)
    with pytest.raises(CallerUnknown):
        await gate.admit(bearer(forged := token(world) + "x"), "link.read")
    assert [(key.what, key.reason, first.message) for key, first in refused] == [
        ("refused", "CallerRefused", "portal has not the role operations.write"),
        ("refused", "CallerRefused", f"the application {STRANGER} is none of the clients"),
        ("refused", "CallerUnknown", "no token was shown"),
        ("refused", "CallerUnknown", refused[-1][1].message),
    ]
    assert not any(part in refused[-1][1].message for part in forged.split("."))


async def test_a_flood_of_callers_writes_few_lines_and_is_counted_whole(world, http, clock, caplog):
    refused = []
    gate = gate_of(http, world.tenant.id, clock, refused=refused)
    caplog.set_level("INFO", "fno_link.callers")
    for _ in range(500):
        with pytest.raises(CallerUnknown):
            await gate.admit({}, "link.read")
    assert (len(refused), len(caplog.records)) == (500, MOST_LINES)
    await clock.advance(WITHIN_A_MINUTE)
    with pytest.raises(CallerUnknown):
        await gate.admit({}, "link.read")
    assert "480 more" in caplog.records[-1].getMessage()


async def test_a_token_for_another_resource_or_tenant_is_no_reason_to_ask_entra(world, http, clock):
    gate = gate_of(http, OTHER_TENANT.id, clock)
    with pytest.raises(CallerUnknown):
        await gate.admit(bearer(token(world)), "link.read")
    gate = gate_of(http, world.tenant.id, clock)
    with pytest.raises(CallerUnknown):
        await gate.admit(bearer(token(world, resource="https://graph.microsoft.com")), "link.read")
    assert not http.asked


async def test_keys_are_fetched_once_and_a_new_one_is_found(world, http, gate):
    first = token(world)
    for _ in range(3):
        await gate.admit(bearer(first), "link.read")
    assert http.asked["keys"] == 1
    world.control.rotate_keys()
    await gate.admit(bearer(token(world)), "link.read")
    await gate.admit(bearer(first), "link.read")
    assert http.asked["keys"] == 2
    world.control.rotate_keys(withdraw=True)
    await gate.admit(bearer(token(world)), "link.read")
    with pytest.raises(CallerUnknown):
        await gate.admit(bearer(first), "link.read")


async def test_keys_that_are_a_day_old_are_looked_at_again(world, http, gate, clock):
    before = token(world)
    await gate.admit(bearer(before), "link.read")
    world.control.rotate_keys(withdraw=True)
    await clock.advance(FRESH_SECONDS + 1)
    with pytest.raises(CallerUnknown):
        await gate.admit(bearer(before), "link.read")
    assert http.asked["keys"] == 2


async def test_who_invents_key_ids_does_not_make_us_ask_without_end(world, http, gate, clock):
    claims = jwt.decode(token(world), options={"verify_signature": False})
    forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for number in range(20):
        forged = jwt.encode(claims, forger, "RS256", headers={"kid": f"k{number}"})
        with pytest.raises(CallerUnknown):
            await gate.admit(bearer(forged), "link.read")
    assert http.asked["keys"] == MOST_FETCHES
    await clock.advance(WITHIN_SECONDS)
    await gate.admit(bearer(token(world)), "link.read")


async def test_while_entra_is_away_nobody_is_let_in_and_known_keys_go_on(world, http, gate, clock):
    name = world.organization().name
    shown = token(world)
    world.control.break_(name, "unavailable", kind="discovery")
    with pytest.raises(Unreachable):
        await gate.admit(bearer(shown), "link.read")
    world.control.heal(name)
    await gate.admit(bearer(shown), "link.read")
    world.control.break_(name, "unavailable", kind="discovery")
    await clock.advance(FRESH_SECONDS + 1)
    await gate.admit(bearer(shown), "link.read")
    await clock.advance(KEPT_SECONDS)
    with pytest.raises(Unreachable):
        await gate.admit(bearer(shown), "link.read")


async def test_headers_of_app_service_are_believed_only_behind_it(world, http, clock):
    claims = [
        {"typ": "tid", "val": world.tenant.id},
        {"typ": "iss", "val": f"https://sts.windows.net/{world.tenant.id}/"},
        {"typ": "ver", "val": "1.0"},
        {"typ": "aud", "val": URI},
        {"typ": "appid", "val": PORTAL},
        {"typ": "roles", "val": "link.read"},
    ]
    content = json.dumps({"auth_typ": "aad", "claims": claims, "name_typ": "", "role_typ": ""}).encode()
    headers = {"x-ms-client-principal": base64.b64encode(content).decode()}
    believing = gate_of(http, world.tenant.id, clock, believes_headers=True)
    assert (await believing.admit(headers, "link.read")).client == "portal"
    with pytest.raises(CallerUnknown):
        await gate_of(http, world.tenant.id, clock).admit(headers, "link.read")
