"""Stands in for the Azure SDK's internal test package: what the live tests import of it, and nothing else."""

from azure.servicebus._base_handler import ServiceBusSharedKeyCredential
from azure.servicebus.aio._base_handler_async import ServiceBusSharedKeyCredential as AsyncSharedKeyCredential

KEY_NAME = "RootManageSharedAccessKey"
KEY = "SAS_KEY_VALUE"


class AzureRecordedTestCase:
    @staticmethod
    def await_prepared_test(test):
        return test


class AzureMgmtRecordedTestCase(AzureRecordedTestCase):
    pass


def get_credential(*, is_async=False, **_settings):
    return AsyncSharedKeyCredential(KEY_NAME, KEY) if is_async else ServiceBusSharedKeyCredential(KEY_NAME, KEY)


def unchanged(*_arguments, **_settings):
    return lambda function: function


RandomNameResourceGroupPreparer = CachedResourceGroupPreparer = PowerShellPreparer = unchanged
