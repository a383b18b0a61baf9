"""Tokens that are not Entra's, not of our tenant, not for us or not good now; and what App Service tells."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from integration.callers.caller import caller_of
from integration.callers.principal import claims_of
from integration.callers.token import LARGEST, Accepted, shown, verified
from integration.config.keys.clients import Client, Entra
from integration.errors import CallerRefused, CallerUnknown

TENANT = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-0000-4000-8000-000000000009"
APP = "0A1B2C3D-0000-4000-8000-0000000000A2"
NOW = datetime.now(UTC)
ACCEPTED = Accepted.of(Entra(tenant=TENANT, audiences=("api://fno-link", "client-id")))
V1 = {
    "aud": "api://fno-link",
    "iss": f"https://sts.windows.net/{TENANT}/",
    "tid": TENANT,
    "ver": "1.0",
    "appid": APP.lower(),
    "roles": ["link.read"],
    "nbf": int(NOW.timestamp()) - 10,
    "exp": int(NOW.timestamp()) + 3600,
}
V2 = {
    **{key: value for key, value in V1.items() if key != "appid"},
    "aud": "client-id",
    "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
    "ver": "2.0",
    "azp": APP.lower(),
}


@pytest.fixture(scope="module")
def private():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def published(private):
    return jwt.PyJWK({**RSAAlgorithm.to_jwk(private.public_key(), as_dict=True), "kid": "k"}, algorithm="RS256")


def check(token, published, now=NOW):
    return verified(shown(token, ACCEPTED), published, ACCEPTED, now)


@pytest.mark.parametrize("claims", [V1, V2])
def test_both_versions_are_taken(private, published, claims):
    token = jwt.encode(claims, private, "RS256", headers={"kid": "k"})
    assert check(token, published)["roles"] == ["link.read"]


@pytest.mark.parametrize(
    "change",
    [
        {"tid": OTHER},
        {"iss": f"https://sts.windows.net/{OTHER}/"},
        {"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0"},
        {"iss": f"https://sts.windows.net/{TENANT}"},
        {"ver": "3.0"},
        {"aud": "https://management.azure.com"},
        {"aud": ["api://fno-link"]},
        {"aud": None},
        {"exp": int(NOW.timestamp()) - 301},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": int(NOW.timestamp()) + 301},
        {"nbf": True},
    ],
)
def test_what_is_not_of_us_or_not_good_now_is_refused(private, published, change):
    token = encoded({**V1, **change}, private)
    with pytest.raises(CallerUnknown):
        check(token, published)


def encoded(claims, key, header=None, algorithm="RS256"):
    """Sign whatever is given: PyJWT itself refuses to write some of it."""
    signing = f"{part({'typ': 'JWT', 'kid': 'k', 'alg': algorithm, **(header or {})})}.{part(claims)}"
    signature = jwt.get_algorithm_by_name("RS256").sign(signing.encode(), key) if key else b""
    return f"{signing}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def part(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def test_clocks_may_be_five_minutes_apart(private, published):
    seconds = int(NOW.timestamp())
    for change in ({"exp": seconds - 290}, {"nbf": seconds + 290}):
        assert check(encoded({**V1, **change}, private), published)


def test_another_key_of_the_same_id_is_refused(published):
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(CallerUnknown):
        check(encoded(V1, stranger), published)


def test_a_changed_token_is_refused(private, published):
    head, _, signature = encoded(V1, private).split(".")
    with pytest.raises(CallerUnknown):
        check(f"{head}.{part({**V1, 'roles': ['operations.write']})}.{signature}", published)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS256"},
        {"alg": "RS512"},
        {"alg": "PS256"},
        {"kid": None},
        {"kid": ""},
        {"kid": "k" * 129},
        {"kid": 7},
        {"crit": ["exp"]},
    ],
)
def test_what_entra_never_signs_with_is_refused_before_any_key_is_asked_for(private, header):
    with pytest.raises(CallerUnknown):
        shown(encoded(V1, private, header), ACCEPTED)


def test_the_public_key_is_no_secret(private, published):
    secret = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signing = f"{part({'typ': 'JWT', 'kid': 'k', 'alg': 'HS256'})}.{part(V1)}"
    forged = base64.urlsafe_b64encode(hmac.new(secret, signing.encode(), hashlib.sha256).digest()).decode().rstrip("=")
    with pytest.raises(CallerUnknown):
        check(f"{signing}.{forged}", published)


def test_a_key_that_the_token_brings_along_is_not_looked_at(published):
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own = RSAAlgorithm.to_jwk(stranger.public_key(), as_dict=True)
    for header in ({"jwk": own}, {"jku": "https://attacker.example/keys"}, {"x5u": "https://attacker.example/x"}):
        with pytest.raises(CallerUnknown):
            check(encoded(V1, stranger, header), published)


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "ä.ö.ü", "." * LARGEST, "x" * (LARGEST + 1), "e30.e30."])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(CallerUnknown):
        shown(token, ACCEPTED)


def test_a_token_that_is_nested_without_end_is_refused():
    deep = base64.urlsafe_b64encode(b'{"a":' * 2000 + b"1" + b"}" * 2000).decode().rstrip("=")
    with pytest.raises(CallerUnknown):
        shown(f"{part({'alg': 'RS256', 'kid': 'k'})}.{deep}.", ACCEPTED)


CLIENTS = {APP.lower(): Client(name="portal", app_id=APP, organizations=("contoso",))}


def test_a_client_is_found_by_its_id_whatever_its_letters():
    caller = caller_of({"appid": APP, "roles": ["link.read", 7]}, CLIENTS)
    assert (caller.client, caller.roles, caller.sees) == ("portal", {"link.read"}, {"contoso"})


def test_without_organizations_of_its_own_it_sees_all():
    every = {APP.lower(): Client(name="portal", app_id=APP, all_organizations=True)}
    assert caller_of({"azp": APP}, every).sees is None


@pytest.mark.parametrize("claims", [{}, {"appid": ""}, {"appid": APP, "azp": OTHER}])
def test_who_is_nobody_or_two_is_unknown(claims):
    with pytest.raises(CallerUnknown):
        caller_of(claims, CLIENTS)


def test_an_application_that_is_no_client_is_refused():
    with pytest.raises(CallerRefused):
        caller_of({"appid": OTHER}, CLIENTS)


def principal(*claims, auth_typ="aad"):
    content = {"auth_typ": auth_typ, "claims": [{"typ": name, "val": value} for name, value in claims]}
    return base64.b64encode(json.dumps(content).encode()).decode()


def test_app_service_names_claims_in_two_ways():
    plain = claims_of(principal(("tid", TENANT), ("azp", APP), ("roles", "link.read"), ("roles", "events.read")))
    assert (plain["tid"], plain["azp"], plain["roles"]) == (TENANT, APP, ["link.read", "events.read"])
    mapped = claims_of(
        principal(
            ("http://schemas.microsoft.com/identity/claims/tenantid", TENANT),
            ("http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "link.read"),
        )
    )
    assert (mapped["tid"], mapped["roles"]) == (TENANT, ["link.read"])


@pytest.mark.parametrize(
    ("people", "more", "problem"),
    [
        (False, {}, ""),
        (True, {}, ""),
        (True, {"scp": "user_impersonation"}, ""),
        (True, {"scp": "other user_impersonation"}, ""),
        (False, {"scp": "user_impersonation"}, "token of a person"),
        (False, {"scp": ""}, "token of a person"),
        (False, {"idtyp": "user"}, "token of a person"),
        (True, {"idtyp": "user"}, "not the scope"),
        (True, {"scp": "user_impersonation.none"}, "not the scope"),
        (True, {"scp": ["user_impersonation"]}, "not the scope"),
    ],
)
def test_a_person_is_brought_by_clients_that_may_and_by_the_whole_scope(people, more, problem):
    clients = {APP.lower(): Client(name="cli", app_id=APP, all_organizations=True, people=people)}
    for base in (V1, V2):
        if problem:
            with pytest.raises(CallerRefused, match=problem):
                caller_of({**base, **more}, clients)
        else:
            assert caller_of({**base, **more}, clients).roles == {"link.read"}
    # App Service may have mapped the names.
    mapped = claims_of(principal(("http://schemas.microsoft.com/identity/claims/scope", "user_impersonation")))
    assert mapped["scp"] == "user_impersonation"


PERSON = {"scp": "user_impersonation", "oid": "0A1B2C3D-0000-4000-8000-00000000000A", "tid": TENANT}
WHO = f"{TENANT.lower()}/0a1b2c3d-0000-4000-8000-00000000000a"


@pytest.mark.parametrize(
    ("claims", "person"),
    [
        (PERSON, WHO),
        ({**PERSON, "oid": PERSON["oid"].lower()}, WHO),
        ({**PERSON, "oid": ""}, ""),
        ({**PERSON, "oid": ["a"]}, ""),
        ({**PERSON, "oid": None}, ""),
        ({"oid": PERSON["oid"]}, ""),  # a program's own
    ],
)
def test_a_person_is_who_the_token_says_and_a_program_is_its_client(claims, person):
    clients = {APP.lower(): Client(name="cli", app_id=APP, all_organizations=True, people=True)}
    caller = caller_of({**V2, **claims}, clients)
    assert (caller.client, caller.person) == ("cli", person)
    assert caller.name == (f"cli {person}" if person else "cli")


def test_the_mapped_name_of_a_persons_id_is_known_and_two_are_none():
    name = "http://schemas.microsoft.com/identity/claims/objectidentifier"
    assert claims_of(principal((name, "a")))["oid"] == "a"
    with pytest.raises(CallerUnknown, match="two values of oid"):
        claims_of(principal((name, "a"), ("oid", "b")))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "no base64!",
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b"{").decode(),
        principal(("tid", TENANT), auth_typ="github"),
        principal(("tid", TENANT), ("tid", OTHER)),
        "A" * 40_000,
    ],
)
def test_a_principal_that_is_none_is_refused(header):
    with pytest.raises(CallerUnknown):
        claims_of(header)
