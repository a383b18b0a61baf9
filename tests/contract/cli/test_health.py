"""`fno-link health` as a process, against the emulated Dynamics and Azurite: it asks everything, and only asks."""

import json

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from tests.contract.cli.checkout import Checkout

KINDS = ["token", "dataverse", "link", "trust", "finance_operations"]


@pytest.fixture
def checkout(dynamics, tmp_path, azurite):
    checkout = Checkout(dynamics, tmp_path)
    checkout.account = azurite.spare_account()
    checkout.environ["AzureWebJobsStorage"] = checkout.account
    return checkout


def health(checkout, code, *arguments):
    done = checkout.run("health", *arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    assert checkout.settings["CLIENT_SECRET"] not in done.stdout + done.stderr
    return json.loads(done.stdout)


def of_kind(round_, name, *healths):
    return [kind for kind, answer in round_["checks"][name].items() if answer["health"] in healths]


def test_all_is_well_and_nothing_is_written(checkout):
    found = health(checkout, 0)
    assert found["status"] == "pass"
    assert of_kind(found, checkout.name, "ok")[:5] == KINDS
    assert {"credential", "sender", "registration", "dead_letters", "parked"} < set(found["checks"][checkout.name])
    assert found["checks"][checkout.name]["link"]["link"]["url"] == f"https://{checkout.name}.operations.dynamics.com"
    assert found["checks"]["app"]["storage"] == {"health": "ok"}
    account = checkout.account
    assert list(TableServiceClient.from_connection_string(account).list_tables()) == []
    assert list(BlobServiceClient.from_connection_string(account).list_containers()) == []
    assert list(QueueServiceClient.from_connection_string(account).list_queues()) == []


def test_one_bad_answer_is_enough_and_what_it_explains_is_not_asked(checkout, dynamics):
    dynamics.control.unlink(checkout.name)
    found = health(checkout, 1, checkout.name)
    assert set(found["checks"]) == {checkout.name}
    assert found["status"] == "fail"
    assert of_kind(found, checkout.name, "bad") == ["link"]
    assert of_kind(found, checkout.name, "not_asked")[:2] == ["trust", "finance_operations"]
    said = checkout.run("health", checkout.organization.base_url())
    assert said.returncode == 1
    assert f"{checkout.name}\tlink\tbad\t0x80048d0b\t" in said.stdout
    assert said.stdout.endswith("fail\n")


def test_what_does_not_answer_cannot_be_told(checkout, dynamics):
    dynamics.control.break_(checkout.name, "unreachable", kind="fno")
    found = health(checkout, 3, checkout.name)
    assert found["status"] == "unknown"
    assert of_kind(found, checkout.name, "unknown") == ["finance_operations"]


def test_an_account_that_is_away_is_bad(checkout):
    checkout.environ["AzureWebJobsStorage"] = checkout.account.replace("127.0.0.1:", "127.0.0.1:1")
    found = health(checkout, 1)
    assert found["checks"]["app"]["storage"]["code"] == "StorageUnavailable"
    assert found["checks"]["app"]["storage"]["hint"]


def test_one_organization_needs_neither_account_nor_targets(checkout):
    del checkout.environ["AzureWebJobsStorage"]
    assert health(checkout, 0, checkout.name)["status"] == "pass"


def test_who_is_not_configured_is_wrong_usage(checkout):
    done = checkout.run("health", "nobody")
    assert done.returncode == 2
    assert "no organization named 'nobody'" in done.stderr
