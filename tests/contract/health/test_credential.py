"""When a credential expires: a certificate by itself, a secret by Microsoft Graph, and Entra's own word."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulation.dynamics import App, Secret
from integration.clock import SystemClock
from integration.config.keys.model import Credentials
from integration.storage import Storage
from integration.storage.memory import MemoryStorage
from integration.storage.names import LINKS
from tests.contract.health.worlds import configured, world

DAY = 86_400


def certificate(begins, ends):
    """Return a certificate that is good from so many days on until so many, with its key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fno-link")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=ends))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return (private + made.public_bytes(serialization.Encoding.PEM)).decode()


async def ask(dynamics, emulated, **more):
    organization = configured(emulated)
    async with world(dynamics, organization, **more) as opened:
        return await opened.credential.ask(organization)


@pytest.fixture
def reading(dynamics):
    """Return an organization whose app may read its own registration."""
    dynamics.control.set_directory_access(dynamics.client_id, reads_applications=True)
    return dynamics.organization()


@pytest.mark.parametrize(
    ("good", "code", "days"),
    [
        ((-1, 90.5), "", "90"),
        ((-1, 30.5), "", "30"),
        ((-1, 29.5), "CredentialExpiring", "29"),
        ((-1, 0.5), "CredentialExpiring", "0"),
        ((-2, -0.5), "CredentialExpired", "-1"),
        ((1, 90.5), "CredentialNotYetValid", "90"),
    ],
)
async def test_a_certificate_tells_itself_how_long_it_is_good(dynamics, good, code, days):
    emulated = dynamics.organization()
    own = Credentials(client_id=dynamics.client_id, client_certificate=certificate(*good))
    answer = await ask(dynamics, emulated, credentials=own)
    assert (answer.health, answer.code, answer.facts["days"]) == ("bad" if code else "ok", code, days)
    assert answer.facts["credential"] == "certificate"
    assert (dynamics.client_id in answer.message) == bool(code)
    assert dynamics.control.calls(emulated.name) == {}


async def test_a_certificate_that_cannot_be_read_is_bad(dynamics):
    own = Credentials(client_id=dynamics.client_id, client_certificate="-----BEGIN CERTIFICATE-----\nnone")
    answer = await ask(dynamics, dynamics.organization(), credentials=own)
    assert (answer.health, answer.code) == ("bad", "Unauthenticated")


async def test_a_certificate_that_the_registration_does_not_have_is_refused_by_entra(dynamics):
    organization = configured(dynamics.organization())
    own = Credentials(client_id=dynamics.client_id, client_certificate=certificate(-1, 90))
    async with world(dynamics, organization, credentials=own) as opened:
        answers = await opened.probe.ask(organization)
    assert (answers["credential"].health, answers["credential"].code) == ("bad", "CredentialRefused")
    assert answers["credential"].facts["remote_code"] == "AADSTS700027"


async def test_a_managed_identity_has_nothing_that_expires(dynamics):
    emulated = dynamics.organization()
    answer = await ask(dynamics, emulated, credentials=Credentials())
    assert answer.health == "not_asked"
    assert dynamics.control.calls(emulated.name) == {}


@pytest.mark.parametrize(
    ("expires_in", "code", "days"), [(400 * DAY, "", "399"), (12.5 * DAY, "CredentialExpiring", "12")]
)
async def test_a_secrets_expiry_is_read_from_microsoft_graph(dynamics, reading, expires_in, code, days):
    dynamics.control.rotate_secret(dynamics.client_id, dynamics.client_secret, expires_in=expires_in)
    answer = await ask(dynamics, reading)
    assert (answer.health, answer.code, answer.facts["days"]) == ("bad" if code else "ok", code, days)
    assert (answer.facts["credential"], answer.facts["certain"]) == ("secret", "yes")
    assert dynamics.client_secret not in str(answer)


async def test_of_several_secrets_the_used_one_is_told_by_its_hint(dynamics, reading):
    dynamics.control.rotate_secret(dynamics.client_id, dynamics.client_secret, expires_in=20.5 * DAY)
    dynamics.control.set_secret(dynamics.client_id, "ZZZ a later one", expires_in=300 * DAY, name="next")
    answer = await ask(dynamics, reading)
    assert (answer.code, answer.facts["days"], answer.facts["certain"]) == ("CredentialExpiring", "20", "yes")


async def test_of_secrets_that_begin_alike_the_one_that_lasts_longest_is_told_and_that_it_is_a_guess(dynamics, reading):
    dynamics.control.rotate_secret(dynamics.client_id, dynamics.client_secret, expires_in=20.5 * DAY)
    alike = f"{dynamics.client_secret[:3]} another"
    dynamics.control.set_secret(dynamics.client_id, alike, expires_in=300.5 * DAY, name="next")
    answer = await ask(dynamics, reading)
    assert (answer.health, answer.facts["days"], answer.facts["certain"]) == ("ok", "300", "no")
    assert answer.facts["name"] == "next"


async def test_an_app_that_may_not_read_itself_is_not_asked_for_a_day(dynamics):
    emulated = dynamics.organization()
    organization = configured(emulated)
    storage = MemoryStorage(SystemClock())
    for _ in range(3):  # three processes: each round may run in another one
        async with world(dynamics, organization, table=lambda: storage.table(LINKS)) as opened:
            answer = await opened.credential.ask(organization)
            assert (answer.health, answer.code) == ("not_asked", "NotAsked")
            assert "403" in answer.message
    assert dynamics.control.calls(emulated.name)["graph"] == 1


async def test_the_next_day_it_is_asked_again(dynamics):
    emulated = dynamics.organization()
    organization = configured(emulated)
    async with world(dynamics, organization) as opened:
        await opened.credential.ask(organization)
        for flight, told in opened.registrations._known.items():
            aged = msgspec.structs.replace(told, checked_at=told.checked_at - timedelta(days=1))
            opened.registrations._known[flight] = aged
        dynamics.control.set_directory_access(dynamics.client_id, reads_applications=True)
        assert (await opened.credential.ask(organization)).health == "ok"


async def test_clients_that_are_one_are_asked_about_once(dynamics, reading):
    emulated = [reading, dynamics.organization()]
    organizations = [configured(each) for each in emulated]
    async with world(dynamics, *organizations) as opened:
        for organization in organizations * 3:
            assert (await opened.credential.ask(organization)).health == "ok"
    assert sum(dynamics.control.calls(each.name).get("graph", 0) for each in emulated) == 1


async def test_a_secret_that_was_renewed_is_good_at_the_next_round(dynamics, reading):
    organization = configured(reading)
    dynamics.control.rotate_secret(dynamics.client_id, dynamics.client_secret, expires_in=5 * DAY)
    async with world(dynamics, organization) as opened:
        assert (await opened.credential.ask(organization)).code == "CredentialExpiring"
        dynamics.control.rotate_secret(dynamics.client_id, dynamics.client_secret, expires_in=500 * DAY)
        assert (await opened.credential.ask(organization)).health == "ok"


async def test_expired_wrong_and_entra_away_are_three_answers(dynamics):
    emulated = dynamics.organization()
    organization = configured(emulated)
    wrong = Credentials(client_id=dynamics.client_id, client_secret="wrong")
    async with world(dynamics, organization, credentials=wrong) as opened:
        answer = (await opened.probe.ask(organization))["credential"]
    assert (answer.health, answer.code, answer.facts["remote_code"]) == ("bad", "CredentialRefused", "AADSTS7000215")
    dynamics.control.expire_secrets(dynamics.client_id)
    async with world(dynamics, organization) as opened:
        answer = (await opened.probe.ask(organization))["credential"]
    assert (answer.health, answer.code, answer.facts["remote_code"]) == ("bad", "CredentialExpired", "AADSTS7000222")
    assert "new one" in answer.hint
    dynamics.control.break_(emulated.name, "unavailable", kind="token")
    async with world(dynamics, organization) as opened:
        answers = await opened.probe.ask(organization)
    assert (answers["token"].health, answers["credential"].health) == ("unknown", "not_asked")


async def test_a_kept_token_does_not_hide_that_the_secret_has_expired(dynamics):
    organization = configured(dynamics.organization())
    async with world(dynamics, organization) as opened:
        assert (await opened.probe.ask(organization))["token"].health == "ok"
        dynamics.control.expire_secrets(dynamics.client_id)
        opened.registrations._known.clear()
        opened.tokens.drop("https://graph.microsoft.com/.default")
        answers = await opened.probe.ask(organization)
    assert (answers["token"].health, answers["credential"].code) == ("ok", "CredentialExpired")


@pytest.mark.parametrize("effect", ["unavailable", "throttled", "hang", "reset", "malformed_json", "unreachable"])
async def test_a_graph_that_gives_no_answer_says_nothing_of_the_credential(dynamics, reading, effect):
    dynamics.control.break_(reading.name, effect, kind="graph")
    answer = await ask(dynamics, reading, within=1.0)
    assert (answer.health, answer.code) == ("not_asked", "NotAsked")


async def test_what_was_known_serves_while_graph_gives_no_answer_and_its_wait_is_kept(dynamics, reading):
    organization = configured(reading)
    dynamics.control.rotate_secret(dynamics.client_id, dynamics.client_secret, expires_in=5.5 * DAY)
    storage = MemoryStorage(SystemClock())
    async with world(dynamics, organization, table=lambda: storage.table(LINKS)) as opened:
        assert (await opened.credential.ask(organization)).code == "CredentialExpiring"
    dynamics.control.break_(reading.name, "throttled", kind="graph", retry_after="300")
    for _ in range(2):
        async with world(dynamics, organization, table=lambda: storage.table(LINKS)) as opened:
            assert (await opened.credential.ask(organization)).facts["days"] == "5"
    assert dynamics.control.calls(reading.name)["graph"] == 2


async def test_an_app_of_another_tenant_has_no_registration_here(dynamics, reading):
    stranger = "0a1b2c3d-0000-4000-8000-00000000dddd"
    dynamics.control.add_app(App(stranger, secrets=(Secret("its own"),), reads_applications=True))
    organization = configured(reading)
    own = Credentials(client_id=stranger, client_secret="its own")
    async with world(dynamics, organization, credentials=own) as opened:
        assert (await opened.graph.secrets(organization, "0a1b2c3d-0000-4000-8000-00000000eeee")) is None
        assert (await opened.graph.secrets(organization, "x') or appId eq ('y")) is None


async def test_the_record_is_the_same_on_real_storage(dynamics, reading, azurite):
    organization = configured(reading)
    storage = Storage({"AzureWebJobsStorage": azurite.spare_account()})
    try:
        for _ in range(2):
            async with world(dynamics, organization, table=lambda: storage.table(LINKS)) as opened:
                assert (await opened.credential.ask(organization)).health == "ok"
    finally:
        await storage.close()
    assert dynamics.control.calls(reading.name)["graph"] == 1
