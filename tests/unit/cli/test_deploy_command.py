"""`fno-link deploy kubernetes`: manifests that Kubernetes and KEDA take, and in which each function runs once."""

import contextlib
import functools
import io
import json
import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.keda import v1alpha1

from integration.cli import frame
from integration.cli.deploy.scalers import MESSAGES_AT_ONCE
from integration.config.settings import settings
from integration.config.settings.connections import settings_of
from integration.functions.app import build

ROOT = Path(__file__).parents[3]
IDENTITY = "0a1b2c3d-0000-4000-8000-0000000000fd"
IMAGE = "registry.example/fno-link:0.1.0"
MORE = """
[sources.telemetry]
kind = "event_hub"
organization = "contoso"
event_hub = "telemetry"

[sources.in-order]
kind = "service_bus"
organization = "contoso"
queue = "in-order"
sessions = true

[sources.pushed]
kind = "event_grid"
organization = "contoso"
"""
VALUES = {
    "CUSTOMERS_URL": "https://customers.example/events",
    "CUSTOMERS_SECRET": "whsec_c2FtcGxlIG9ubHksIHJlcGxhY2UgaXQ=",
    "SERVICE_BUS_ENABLED": "true",
    "FNO_LINK_CONTOSO_CLIENT_ID": IDENTITY,
}
BY_IDENTITY = {
    "AzureWebJobsStorage__accountName": "stcontoso",
    "ServiceBus__fullyQualifiedNamespace": "sb-contoso.servicebus.windows.net",
    "EventHub__fullyQualifiedNamespace": "eh-contoso.servicebus.usgovcloudapi.net",
}
BUS = "Endpoint=sb://sb-contoso.servicebus.windows.net/;SharedAccessKeyName=x;SharedAccessKey=c2VjcmV0"
BY_STRING = {
    "AzureWebJobsStorage": "DefaultEndpointsProtocol=https;AccountName=stcontoso;AccountKey=c2VjcmV0",
    "ServiceBus": BUS,
    "EventHub": BUS,
    "FNO_LINK_CONTOSO_CLIENT_SECRET": "secret-of-the-client",
}
SETTINGS = {"identity": BY_IDENTITY, "strings": BY_STRING}


TEXT = (ROOT / "fno-link.toml").read_text("utf-8") + MORE


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """Print the manifests of the shipped configuration and of every other kind of source."""
    folder = tmp_path_factory.mktemp("deployed")

    @functools.cache
    def run(how, text=TEXT):
        (folder / "fno-link.toml").write_text(text)
        (folder / "local.settings.json").write_text(json.dumps({"Values": VALUES | SETTINGS[how]}))
        identity = ["--identity", IDENTITY] if how == "identity" else []
        with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()) as out:
            assert frame.run(["deploy", "kubernetes", "--image", IMAGE, *identity]) == 0
        return out.getvalue()

    return run


@pytest.fixture(params=SETTINGS)
def printed(request, deployed):
    return deployed(request.param)


def documents(text, kind):
    return [each for each in yaml.safe_load_all(text) if each["kind"] == kind]


def test_kubernetes_and_keda_take_every_manifest(printed):
    kinds = set()
    for document in yaml.safe_load_all(printed):
        kinds.add(document["kind"])
        if document["apiVersion"].startswith("keda.sh/"):
            model = getattr(v1alpha1, document["kind"]).model_validate(document)
            # The models leave out what they do not know.
            assert model.model_dump(mode="json", by_alias=True, exclude_unset=True) == document
        else:
            kubernetes_validate.validate(document, "1.33", strict=True)
    assert {"Deployment", "ScaledObject", "Service", "ConfigMap", "ServiceAccount"} <= kinds


def test_what_kubernetes_does_not_know_would_be_found(deployed):
    [service] = documents(deployed("strings"), "Service")
    service["spec"]["portz"] = []
    with pytest.raises(kubernetes_validate.ValidationError, match="portz"):
        kubernetes_validate.validate(service, "1.33", strict=True)


def enabled(text, names):
    """Give the functions that each deployment leaves on."""
    found = {}
    for deployment in documents(text, "Deployment"):
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        off = {each["name"] for each in container["env"] if each["value"] == "true"}
        unknown = off - {f"AzureWebJobs.{name}.Disabled" for name in names}
        assert unknown == set()
        found[deployment["metadata"]["name"]] = {name for name in names if f"AzureWebJobs.{name}.Disabled" not in off}
    return found


def test_each_function_runs_in_one_deployment_and_health_in_all(deployed, tmp_path):
    printed, file = deployed("identity"), tmp_path / "fno-link.toml"
    file.write_text(TEXT)
    app = build({**VALUES, **BY_IDENTITY, "FNO_LINK_CONFIG": str(file)})
    kinds = {each.get_function_name(): each.get_trigger().get_binding_name() for each in app.get_functions()}
    found = enabled(printed, kinds)
    everywhere = {"health", "warmup"}
    assert all(everywhere <= names for names in found.values())
    own = {deployment: names - everywhere for deployment, names in found.items()}
    assert sorted(name for names in own.values() for name in names) == sorted(set(kinds) - everywhere)
    assert own["fno-link-events"] == {"process_events"}
    assert own["fno-link-retries"] == {"process_retries"}
    assert own["fno-link-source-crm-bus"] == {"source_crm_bus"}
    assert {kinds[name] for name in own["fno-link-http"]} == {"httpTrigger", "eventGridTrigger"}
    timers = {name for name, kind in kinds.items() if kind == "timerTrigger"}
    assert own["fno-link-timers"] == timers | {name for name in kinds if name.startswith("poison_")}


def test_each_queue_subscription_and_hub_is_followed_by_identity_or_by_a_string(deployed):
    def triggers(text):
        return {
            each["metadata"]["name"].removeprefix("fno-link-"): each["spec"]["triggers"][0]
            for each in documents(text, "ScaledObject")
        }

    by_identity, by_string = triggers(deployed("identity")), triggers(deployed("strings"))
    assert set(by_identity) == set(by_string)
    assert "timers" not in by_identity
    assert by_identity["retries"]["metadata"] == {
        "queueName": "fno-link-retries",
        "queueLength": "24",
        "queueLengthStrategy": "visibleonly",
        "accountName": "stcontoso",
    }
    assert by_identity["source-crm-bus"] == {
        "type": "azure-servicebus",
        "metadata": {
            "topicName": "crm-events",
            "subscriptionName": "fno-link",
            "messageCount": "32",
            "namespace": "sb-contoso",
        },
        "authenticationRef": {"name": "fno-link"},
    }
    assert by_identity["source-in-order"]["metadata"]["messageCount"] == "8"
    assert by_identity["source-telemetry"]["metadata"]["cloud"] == "AzureUSGovernmentCloud"
    assert by_identity["source-telemetry"]["metadata"]["storageAccountName"] == "stcontoso"
    assert by_string["events"]["metadata"]["connectionFromEnv"] == "AzureWebJobsStorage"
    assert by_string["source-erp-bus"]["metadata"]["connectionFromEnv"] == "ServiceBus"
    assert "authenticationRef" not in by_string["source-erp-bus"]
    assert documents(deployed("strings"), "TriggerAuthentication") == []


def test_a_replica_is_asked_for_what_host_json_lets_one_do_at_once():
    extensions = json.loads((ROOT / "host.json").read_text("utf-8"))["extensions"]
    queues, bus = extensions["queues"], extensions["serviceBus"]
    assert MESSAGES_AT_ONCE["queue"] == queues["batchSize"] + queues["newBatchThreshold"]
    assert MESSAGES_AT_ONCE["service_bus"] == bus["maxConcurrentCalls"]
    assert MESSAGES_AT_ONCE["session"] == bus["maxConcurrentSessions"]


def test_the_timers_run_once_and_an_old_one_ends_before_the_new_one_begins(printed):
    [timers] = [each for each in documents(printed, "Deployment") if each["metadata"]["name"] == "fno-link-timers"]
    assert timers["spec"]["replicas"] == 1
    assert timers["spec"]["strategy"] == {"type": "Recreate"}


def test_no_secret_is_printed_and_each_is_asked_for(deployed):
    text = deployed("strings")
    for value in ("c2VjcmV0", "secret-of-the-client", "whsec_", "customers.example"):
        assert value not in text
    asked = set(re.findall(r"(?m)^#   (\w+)$", text))
    strings = {"AzureWebJobsStorage", "ServiceBus", "EventHub", "FNO_LINK_CONTOSO_CLIENT_SECRET"}
    assert asked == strings | {"CUSTOMERS_URL", "CUSTOMERS_SECRET", "SERVICE_BUS_ENABLED"}


def test_the_configuration_arrives_as_it_is(deployed):
    assert documents(deployed("strings"), "ConfigMap")[0]["data"]["fno-link.toml"] == TEXT


def test_every_setting_of_the_manifests_is_one_that_the_code_knows(deployed):
    plain = documents(deployed("identity"), "ConfigMap")[1]["data"]
    declared = {settings.of_organization(setting.name, "contoso") for setting in settings.SETTINGS}
    for prefix in ("AzureWebJobsStorage", "ServiceBus", "EventHub"):
        declared |= {name.replace("<CONNECTION>", prefix) for name in declared} | set(settings_of(prefix))
        declared |= {f"{prefix}__credential"}  # the host's
        assert plain[f"{prefix}__credential"] == "workloadidentity"
        assert plain[f"{prefix}__clientId"] == IDENTITY
    assert set(plain) <= declared
    assert plain["FNO_LINK_CONFIG"] == "/home/site/configuration/fno-link.toml"


def test_another_configuration_makes_other_pods(deployed):
    def digests(text):
        found = documents(text, "Deployment")
        return {each["spec"]["template"]["metadata"]["annotations"]["fno-link/configuration"] for each in found}

    before, after = digests(deployed("strings")), digests(deployed("strings", TEXT + "# changed\n"))
    assert len(before) == len(after) == 1
    assert before != after


def test_a_configuration_with_problems_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fno-link.toml").write_text((ROOT / "fno-link.toml").read_text("utf-8"))
    assert frame.run(["deploy", "kubernetes", "--image", IMAGE]) == 1
    assert "CUSTOMERS_URL" in capsys.readouterr().err
