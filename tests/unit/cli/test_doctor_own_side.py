"""What the doctor makes of host.json and of the app settings, each value once as it should be and once not."""

import json
import tomllib
from pathlib import Path

import pytest

from integration.cli.doctor.host_json import MUST, SHOULD, judge_host_json
from integration.cli.doctor.own_settings import judge_settings, wanted_by

ROOT = Path(__file__).parents[3]
HOST = json.loads((ROOT / "host.json").read_text("utf-8"))
BAD = {
    "version": ("3.0", "absent"),
    "functionTimeout": ("00:01:00", "five minutes", 5),
    "extensionBundle.id": ("Microsoft.Azure.Functions.ExtensionBundle.Workflows", "absent"),
    "extensions.http.routePrefix": ("", "v1"),
    "extensions.http.dynamicThrottlesEnabled": (True, "false", "absent"),
    "extensions.queues.messageEncoding": ("base64", "absent"),
    "extensions.queues.batchSize": (33, 0, True, "16"),
    "extensions.queues.maxDequeueCount": (1, True, "20", "absent"),
    "extensions.queues.visibilityTimeout": ("00:00:00", "01:00:00", "30", "absent"),
    "extensions.serviceBus.autoCompleteMessages": (False, "true"),
    "extensions.serviceBus.maxAutoLockRenewalDuration": ("00:00:30", 5),
    "extensionBundle.version": ("[3.*, 4.0.0)", 4, "absent"),
    "extensions.queues.maxPollingInterval": ("00:01:00", "00:00:00", "absent"),
    "logging.applicationInsights.samplingSettings.excludedTypes": ("Request", "absent"),
    "telemetryMode": ("opentelemetry", True),
}
GOOD_AZURE = {
    "AzureWebJobsStorage__accountName": "fnolinkstorage",
    "AzureWebJobsStorage__credential": "managedidentity",
    "AzureWebJobsStorage__clientId": "0a1b2c3d-0000-4000-8000-000000000001",
    "ServiceBus__fullyQualifiedNamespace": "x.servicebus.windows.net",
    "CUSTOMERS_URL": "https://x.example",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=0",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "Authorization=AAD",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1114112",
    "FNO_LINK_CONTOSO_EU_CLIENT_ID": "0a1b2c3d-0000-4000-8000-000000000002",
}
TOML = """
[[organizations]]
name = "contoso-eu"
[sources.bus]
connection = "ServiceBus"
[sources.off]
enabled = false
connection = "Nowhere"
key = "%NOTHING%"
[targets.customers]
url = "%CUSTOMERS_URL%/100%%"
"""


def changed(path, value):
    document = json.loads(json.dumps(HOST))
    *folders, last = path.split(".")
    place = document
    for folder in folders:
        place = place.setdefault(folder, {})
    place.pop(last, None)
    if value != "absent":
        place[last] = value
    return json.dumps(document)


def test_the_host_json_that_we_come_with_passes_and_has_all_that_is_judged():
    found = judge_host_json("// as Json.NET reads it\n" + json.dumps(HOST))
    assert (found.verdict, found.todo) == ("pass", "")
    assert {**MUST, **SHOULD}.keys() == BAD.keys()


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, values in BAD.items() for value in values])
def test_each_value_of_host_json_that_is_wrong_is_named(path, value):
    found = judge_host_json(changed(path, value))
    assert found.verdict == ("fail" if path in MUST else "warn")
    assert f"{path} is {'not set' if value == 'absent' else json.dumps(value)}" in found.message
    assert found.todo
    assert found.page.startswith("docs/")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', '{"extensions": 5}'])
def test_a_host_json_that_is_none_fails(text):
    assert judge_host_json(text).verdict == "fail"


def judged(**settings):
    environ = {name: value for name, value in (GOOD_AZURE | settings).items() if value is not None}
    return judge_settings(wanted_by(tomllib.loads(TOML), environ), environ)


def test_settings_as_the_templates_make_them_pass():
    found = judged(AzureWebJobsStorage__credential="managedidentity", WEBSITE_HOSTNAME="x.azurewebsites.net")
    assert found.verdict == "pass", found.message


def test_the_sample_and_the_configuration_that_we_come_with_pass():
    environ = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    found = judge_settings(wanted_by(tomllib.loads((ROOT / "fno-link.toml").read_text("utf-8")), environ), environ)
    assert found.verdict == "pass", found.message


@pytest.mark.parametrize(
    ("settings", "verdict", "told"),
    [
        ({"CUSTOMERS_URL": None}, "fail", "CUSTOMERS_URL is not set"),
        ({"CUSTOMERS_URL": None, "CUSTOMER_URL": "x"}, "fail", "did you mean CUSTOMER_URL"),
        ({"ServiceBus__fullyQualifiedNamespace": None}, "fail", "the connection `ServiceBus` has no app setting"),
        ({"AzureWebJobsStorage__accountName": None}, "fail", "`AzureWebJobsStorage` has no app setting"),
        (
            {"FNO_LINK_X": "@Microsoft.KeyVault(SecretUri=x)"},
            "fail",
            "Key Vault reference in FNO_LINK_X is not resolved",
        ),
        ({"CUSTOMERS_URL": "@Microsoft.KeyVault(x)"}, "fail", "Key Vault reference in CUSTOMERS_URL"),
        ({"FUNCTIONS_WORKER_RUNTIME": "node"}, "fail", "'node', not python"),
        ({"AzureWebJobsStorage": "nonsense"}, "fail", "names no account"),
        ({"AzureWebJobsStorage": "AccountName=x"}, "fail", "neither AccountKey"),
        (
            {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "WEBSITE_HOSTNAME": "x.azurewebsites.net"},
            "fail",
            "the emulator's",
        ),
        ({"AzureWebJobsStorage__accountName": "https://x.blob.core.windows.net"}, "fail", "no account's name"),
        ({"AzureWebJobsStorage": "AccountName=x;AccountKey=eA=="}, "warn", "the connection string is used"),
        ({"AzureWebJobsStorage__credential": None}, "warn", "does not use AzureWebJobsStorage__clientId"),
        (
            {"AzureWebJobsStorage__accountName": None, "AzureWebJobsStorage__blobServiceUri": "https://x"},
            "warn",
            "without AzureWebJobsStorage__queueServiceUri, AzureWebJobsStorage__tableServiceUri",
        ),
        ({"ServiceBus__clientId": "x"}, "warn", "the Functions host does not use ServiceBus__clientId"),
        ({"AzureWebJobs.intake_erp.Disabled": "True"}, "warn", "switches the function intake_erp off"),
        ({"AzureWebJobs_health_timer_Disabled": "1"}, "warn", "switches the function health_timer off"),
        ({"WEBSITE_RUN_FROM_PACKAGE": "1"}, "warn", "which Flex Consumption does not take"),
        ({"APPLICATIONINSIGHTS_CONNECTION_STRING": None}, "warn", "as the templates do: without it nobody sees"),
        ({"APPLICATIONINSIGHTS_AUTHENTICATION_STRING": " "}, "warn", "telemetry without a token is refused"),
        ({"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": None}, "warn", "the host reads bodies of 100 MB"),
        ({"FNO_LINK_CONFG": "x"}, "warn", "FNO_LINK_CONFG is no setting of fno-link: FNO_LINK_CONFIG?"),
        ({"FNO_LINK_CONTOSO_CLIENT_SECRET": "x"}, "warn", "FNO_LINK_CONTOSO_EU_CLIENT_SECRET?"),
        ({"ServiceBus__fullyQualifiedNamspace": "x"}, "warn", "ServiceBus__fullyQualifiedNamespace?"),
    ],
)
def test_each_setting_that_is_wrong_is_named_with_the_word_that_was_meant(settings, verdict, told):
    found = judged(**settings)
    assert (found.verdict, told in found.message) == (verdict, True), found.message
    assert found.todo


def test_a_connection_that_is_not_written_is_that_of_its_kind():
    toml = '[targets.a]\nkind = "service_bus"\nqueue = "a"\n[sources.b]\nkind = "event_hub"\nevent_hub = "b"\n'
    wanted = wanted_by(tomllib.loads(toml + '[targets.c]\nkind = "service_bus"\nenabled = false\n'), {})
    assert set(wanted.connections) == {"AzureWebJobsStorage", "ServiceBus", "EventHub"}
    assert set(wanted_by(tomllib.loads("[targets.a]\nkind = 5\n"), {}).connections) == set()


def test_what_a_value_has_to_be_is_told():
    told = judge_host_json(changed("extensions.http.dynamicThrottlesEnabled", True)).message
    assert "dynamicThrottlesEnabled is true: it has to be false" in told


def test_a_secret_is_never_shown():
    found = judged(AzureWebJobsStorage="AccountKey=topsecret;EndpointSuffix=x", FNO_LINK_KEYS="topsecret")
    assert "topsecret" not in found.message
