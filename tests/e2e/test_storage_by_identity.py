"""Host and app reach the storage account with a managed identity alone: no key is in any setting.

Azurite speaks TLS and takes tokens of Entra (`--oauth basic`), which the emulated identity endpoint gives out.
"""

from collections.abc import Iterator

import pytest
import trustme

from emulation.azurite import Azurite
from tests.e2e.stage import IDENTITY, PAYLOADS, Stage, business_event, until


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
