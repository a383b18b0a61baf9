"""Host and app reach the storage account with a managed identity alone: no key is in any setting.

Azurite speaks TLS and takes tokens of Entra (`--oauth basic`), which the emulated identity endpoint gives out.
App Service authentication stands before this host.
"""

import base64
import json
from collections.abc import Iterator

import httpx
import pytest
import trustme

from emulation.azurite import Azurite
from tests.e2e.stage import (
    API,
    IDENTITY,
    NOBODY,
    OWN_APP,
    PAYLOADS,
    PORTAL,
    TENANT,
    Stage,
    business_event,
    home,
    until,
)  # fmt: skip

# The properties of authsettingsV2. Everything but /api/entra is excluded: the senders' keys are the host's own.
AUTHENTICATION = {
    "globalValidation": {
        "requireAuthentication": True,
        "unauthenticatedClientAction": "Return401",
        "excludedPaths": ["/admin", "/api/events", "/api/organizations"],
    },
    "identityProviders": {
        "azureActiveDirectory": {
            "registration": {"openIdIssuer": f"https://sts.windows.net/{TENANT}/", "clientId": OWN_APP},
            "validation": {"allowedAudiences": [API]},
        }
    },
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authority")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    return folder


@pytest.fixture(scope="module")
def guarded(certificate, tmp_path_factory) -> Iterator[Stage]:
    patch = pytest.MonkeyPatch()
    # For the clients of the test itself, which look into the account with its key.
    patch.setenv("REQUESTS_CA_BUNDLE", str(certificate / "authority.pem"))
    with Azurite(certificate=certificate / "server.pem") as azurite:
        storage = "AzureWebJobsStorage"
        more = {f"{storage}__{name}ServiceUri": url for name, url in azurite.endpoints().items()}
        more |= {storage: "", f"{storage}__credential": "managedidentity", f"{storage}__clientId": IDENTITY}
        more |= {"FNO_LINK_EASY_AUTH": "true", "WEBSITE_AUTH_ENABLED": "True"}
        more |= {"WEBSITE_AUTH_V2_CONFIG_JSON": json.dumps(AUTHENTICATION)}
        folder = tmp_path_factory.mktemp("guarded")
        trusting = certificate / "authority.pem"
        with Stage(folder, azurite.connection_string, more=more, trusting=trusting) as stage:
            yield stage
    patch.undo()


def test_a_new_instance_is_warmed_up_before_its_first_message(guarded):
    """First of all tests here: nothing has asked for a token yet, and the warm-up is what does."""
    url = f"{guarded.host.url}/admin/warmup"
    assert guarded.http.post(url).status_code == 401
    answer = guarded.http.post(url, headers={"x-functions-key": guarded.host.master_key})
    assert answer.status_code == 200, guarded.host.log
    assert "Executed 'Functions.warmup' (Succeeded" in guarded.host.log
    assert "this instance starts cold" not in guarded.host.log


def test_an_event_is_taken_in_processed_and_delivered_to_a_queue(guarded):
    sent = business_event()
    assert guarded.post("contoso", sent).status_code == 202
    arrived = guarded.arrived("archive", lambda found: found["id"] == sent["EventId"])
    assert arrived["data"]["LegalEntity"] == "usmf"
    until(lambda: guarded.get(f"events/{sent['EventId']}").json()["state"] == "done")


def test_a_large_event_waits_in_a_blob(guarded):
    sent = business_event("RawBusinessEvent", Notes="n" * 100_000)
    assert guarded.post("contoso", sent).status_code == 202
    until(lambda: [each for each in guarded.receivers.received("raw") if sent["EventId"] in each.body])
    assert list(guarded.blobs.get_container_client(PAYLOADS).list_blobs())


def test_the_host_itself_uses_the_identity_for_its_queues_and_its_blobs(guarded):
    until(lambda: "azure-webjobs-hosts" in {container.name for container in guarded.blobs.list_containers()})
    lock = [blob.name for blob in guarded.blobs.get_container_client("azure-webjobs-hosts").list_blobs()]
    assert any(name.endswith("/status") and "retries_timer" in name for name in lock)
    assert "cannot be read" not in guarded.host.log


def test_a_shared_link_is_in_a_table(guarded):
    assert guarded.get("organizations/asked/link").json()["state"] == "linked"
    assert "links are not shared" not in guarded.host.log


@pytest.fixture
def token(guarded):
    return guarded.token


def principal(role):
    """Forge what App Service authentication tells."""
    said = {"tid": TENANT, "iss": f"https://sts.windows.net/{TENANT}/", "ver": "1.0", "aud": API, "appid": PORTAL}
    claims = [{"typ": name, "val": value} for name, value in {**said, "roles": role}.items()]
    return base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims}).encode()).decode()


def test_a_client_is_known_by_what_app_service_tells_of_it(guarded, token):
    """Its answer of 401 is not in our document: the client is one that compares nothing with it."""
    assert guarded.get("organizations/contoso/link").status_code == 200
    forged = {"x-ms-client-principal": principal("link.read")}
    shown, without = ({"authorization": f"Bearer {token(each)}"} for each in (PORTAL, NOBODY))
    with httpx.Client(base_url=f"{guarded.host.url}/api/entra/", trust_env=False, timeout=120) as client:

        def ask(path="organizations/contoso/link", **headers):
            return client.get(path, headers=headers)

        # App Service has the tenant's keys now. The app has never asked for them, and cannot: it believes the header.
        assert ask("nothing", **shown).status_code == 404
        guarded.control.break_("contoso", "unavailable", kind="discovery")
        answer = ask(**shown)
        assert (answer.status_code, answer.json().get("url")) == (200, home("contoso"))
        guarded.control.heal("contoso")
        assert ask("organizations/asked/link", **shown).status_code == 404
        assert ask(**without).status_code == 403
        assert ask(**without, **forged).status_code == 403
        assert ask(**forged).status_code == 401
        tampered = {"authorization": shown["authorization"][:-8] + "AAAAAAAA"}
        assert ask(**tampered, **forged).status_code == 401
        # With the header of an unknown role beside it, a good token still has its own.
        assert ask(**shown, **{"x-ms-client-principal": principal("nothing")}).status_code == 200
    assert guarded.get("organizations/contoso/link", x_functions_key="wrong").status_code == 401
