"""Which account a connection names, as the real host reads it."""

import pytest

from emulation.functions_host.errors import HostError
from emulation.functions_host.settings import Settings
from emulation.functions_host.storage_connection import StorageConnection, find_storage


def test_an_account_name_makes_the_urls_and_a_service_uri_wins_over_it():
    settings = {"AzureWebJobsStorage__accountName": "contoso", "AzureWebJobsStorage__clientId": "c"}
    assert find_storage(Settings(settings), "AzureWebJobsStorage", "f") == StorageConnection(
        "", "https://contoso.blob.core.windows.net", "https://contoso.queue.core.windows.net", "c"
    )
    settings["AzureWebJobsStorage__queueServiceUri"] = "https://other.queue.core.windows.net/"
    assert find_storage(Settings(settings), "", "f").queue == "https://other.queue.core.windows.net/"


def test_a_connection_string_wins_and_an_unknown_kind_of_credential_is_refused():
    settings = {"Erp": "AccountName=x", "Erp__accountName": "contoso"}
    assert find_storage(Settings(settings), "Erp", "f") == StorageConnection("AccountName=x")
    with pytest.raises(HostError, match="knows managedidentity only"):
        find_storage(Settings({"Erp__accountName": "contoso", "Erp__credential": "workloadidentity"}), "Erp", "f")
    with pytest.raises(HostError, match="name no account"):
        find_storage(Settings({"Erp__credential": "managedidentity"}), "Erp", "f")
