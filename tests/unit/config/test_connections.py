"""One order in which the app settings of a connection are looked up, whatever it leads to."""

import pytest

from integration.config.settings.connections import NAMESPACE, Connection, find_connection
from integration.storage.connections import Account, ConnectionString, find

ACCOUNT = ("queueServiceUri", "accountName")


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, None),
        ({"X": " "}, None),
        ({"X": "@Microsoft.KeyVault(SecretUri=a)", "X__accountName": "@Microsoft.KeyVault(SecretUri=b)"}, None),
        ({"X": " a=b "}, Connection(prefix="X", string="a=b")),
        ({"X": "a=b", "AzureWebJobsX": "c=d"}, Connection(prefix="AzureWebJobsX", string="c=d")),
        ({"X": "a=b", "X__accountName": "acc"}, Connection(prefix="X", string="a=b")),
        (
            {"X": "a=b", "AzureWebJobsX__accountName": "acc", "AzureWebJobsX__clientId": "id"},
            Connection(prefix="AzureWebJobsX", kind="accountName", address="acc", client_id="id"),
        ),
        (
            {"X__accountName": "acc", "X__queueServiceUri": "https://acc.queue.core.windows.net/"},
            Connection(prefix="X", kind="queueServiceUri", address="https://acc.queue.core.windows.net/"),
        ),
    ],
)
def test_the_first_setting_that_can_be_used(environ, found):
    assert find_connection(environ, "X", ACCOUNT) == found


def test_a_name_that_has_the_prefix_is_looked_up_as_it_is():
    settings = {"AzureWebJobsStorage": "a=b", "AzureWebJobsAzureWebJobsStorage": "c=d"}
    assert find_connection(settings, "AzureWebJobsStorage", ()) == Connection(
        prefix="AzureWebJobsStorage", string="a=b"
    )


def test_a_connection_string_is_not_shown():
    shown = repr(find_connection({"X": "Endpoint=sb://x;SharedAccessKey=secret"}, "X", NAMESPACE))
    assert "secret" not in shown
    assert "X" in shown


def test_what_a_storage_service_makes_of_it():
    assert find({"X": "a=b"}, "X", "queue") == ConnectionString("a=b")
    assert find({"X__accountName": "acc"}, "X", "table") == Account("https://acc.table.core.windows.net")
    address = {"X__blobServiceUri": "https://acc.blob.core.windows.net/", "X__clientId": "id"}
    assert find(address, "X", "blob") == Account("https://acc.blob.core.windows.net", "id")
