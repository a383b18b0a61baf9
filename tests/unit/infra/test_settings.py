"""The app settings of the template, read as the deployed app would read them."""

import ast
import json
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from integration.cli.doctor.own_settings import judge_settings, wanted_by
from integration.cli.doctor.own_templates import NOT_SET
from integration.config import check
from integration.config.keys.function_names import function_name
from integration.config.keys.sources import ServiceBusSource
from integration.config.keys.targets import ServiceBusTarget
from integration.config.settings import settings
from integration.config.settings.connections import connection_fault, settings_of
from integration.config.settings.credentials import credentials
from integration.delivery.queued.claim_checks import KEEP
from integration.functions.app import build
from integration.functions.http import ENTRA
from integration.storage.connections import Account, find
from integration.storage.names import PAYLOADS
from tests.bicep import Template, at, properties, text_of, unquoted

ROOT = Path(__file__).parents[3]
INFRA = ROOT / "infra"
MAIN, WORKER, STORAGE = (Template(INFRA / f"{name}.bicep") for name in ("main", "worker", "storage"))
PARAMETERS = {
    name: each["value"]
    for name, each in json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"].items()
}
GUIDE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
CLIENT = "00000000-0000-0000-0000-00000000c11e"
# What the parameters of worker.bicep are when Azure has made the rest.
MADE = {
    "blobEndpoint": "https://stx.blob.core.windows.net/",
    "queueEndpoint": "https://stx.queue.core.windows.net/",
    "tableEndpoint": "https://stx.table.core.windows.net/",
    "identityClientId": CLIENT,
    "serviceBusHost": "sb-x.servicebus.windows.net",
    "insightsConnectionString": "InstrumentationKey=0;IngestionEndpoint=https://x.in.applicationinsights.azure.com/",
    "vaultUri": "https://kv-x.vault.azure.net/",
    "configurationFile": MAIN.default("configurationFile"),
}
# Read by the host and by its extensions, not by us. Sources: "App settings reference for Azure Functions",
# "Develop Azure Functions: identity-based connections", "Microsoft Entra authentication for Application Insights".
PLATFORM = {
    "AzureWebJobsStorage__credential",
    "ServiceBus__credential",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}
# Source: "App settings reference for Azure Functions", Flex Consumption plan deprecations.
NOT_ON_FLEX = {
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_MAX_HTTP_CONCURRENCY",
    "FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED",
    "FUNCTIONS_WORKER_PROCESS_COUNT",
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_RUN_FROM_PACKAGE",
}


def evaluated(node):
    """Evaluate an identifier, or a string with identifiers in it."""
    if node.type == "identifier":
        return MADE[text_of(node)]
    return re.sub(r"\$\{(\w+)\}", lambda found: MADE[found[1]], unquoted(node))


def host_settings():
    return {name: evaluated(node) for name, node in properties(WORKER.variables["hostSettings"]).items()}


def identity_settings():
    return {
        settings.of_organization(settings.CLIENT_ID, name): CLIENT
        for name in PARAMETERS["managedIdentityOrganizations"]
    }


def references():
    form = re.search(r"'(@Microsoft.*)'", text_of(WORKER.variables["references"]))
    assert form is not None
    form = form[1].replace("${vaultUri}", MADE["vaultUri"])
    return {name: form.replace("${each.value}", secret) for name, secret in PARAMETERS["secretSettings"].items()}


@pytest.fixture
def environ(monkeypatch):
    """The environment of the deployed app once its secrets are in Key Vault."""
    monkeypatch.chdir(ROOT)
    resolved = dict.fromkeys(references(), "whsec_c2FtcGxlIG9ubHksIHJlcGxhY2UgaXQ=")
    return {**PARAMETERS["settings"], **resolved, **identity_settings(), **host_settings()}


def test_the_sample_configuration_has_no_problem_with_the_settings_of_the_template(environ):
    assert [str(problem) for problem in check(environ).problems] == []


def test_the_doctor_finds_what_is_missing_of_what_the_template_sets(environ):
    document = tomllib.loads((ROOT / "fno-link.toml").read_text("utf-8"))

    def judged(settings):
        return judge_settings(wanted_by(document, settings), settings)

    environ = {**environ, "SERVICE_BUS_ENABLED": "true"}
    assert judged(environ).verdict == "pass", judged(environ).message
    # fno-link.toml is the default; and nothing says that a client id of a connection should be there.
    silent = {"FNO_LINK_CONFIG", "AzureWebJobsStorage__clientId", "ServiceBus__clientId"}
    for name in set(host_settings()) - silent:
        without = {key: value for key, value in environ.items() if key != name}
        found = judged(without)
        told = found.verdict != "pass", name.removesuffix("__fullyQualifiedNamespace") in found.message
        assert told == (True, True), (name, found.message)
    for name in NOT_ON_FLEX - {"FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME"}:
        found = judged({**environ, name: "1"})
        assert (found.verdict == "warn", name in found.message) == (name in NOT_SET,) * 2, found.message


def test_without_its_secrets_the_app_names_each_reference_that_is_not_resolved(environ):
    assert references()["CUSTOMERS_SECRET"] == (
        "@Microsoft.KeyVault(SecretUri=https://kv-x.vault.azure.net/secrets/customers-secret/)"
    )
    problems = " ".join(str(problem) for problem in check({**environ, **references()}).problems)
    assert problems
    for name in references():
        assert name in problems


@pytest.mark.parametrize("service", ["blob", "queue", "table"])
@pytest.mark.parametrize("prefix", ["Storage", "AzureWebJobsStorage"])
def test_storage_is_reached_with_the_identity(environ, prefix, service):
    assert find(environ, prefix, service) == Account(f"https://stx.{service}.core.windows.net", CLIENT)


def test_the_service_bus_connection_is_found(environ):
    assert connection_fault("ServiceBus", environ) == ""
    assert environ["ServiceBus__fullyQualifiedNamespace"] == MADE["serviceBusHost"]


def test_an_organization_of_the_identity_has_its_client_id_and_no_secret(environ):
    for name in PARAMETERS["managedIdentityOrganizations"]:
        found = credentials(environ, name)
        assert (found.client_id, found.client_secret, found.client_certificate) == (CLIENT, "", "")


def test_the_template_names_the_client_id_as_the_code_does():
    naming = text_of(WORKER.variables["identitySettings"])
    assert "'FNO_LINK_${toUpper(replace(organization, '-', '_'))}_CLIENT_ID'" in naming
    assert settings.of_organization(settings.CLIENT_ID, "contoso-eu") == "FNO_LINK_CONTOSO_EU_CLIENT_ID"


def test_every_setting_is_one_that_somebody_reads():
    declared = {setting.name for setting in settings.SETTINGS}
    for prefix in ("AzureWebJobsStorage", "ServiceBus"):
        declared |= {name.replace("<CONNECTION>", prefix) for name in declared} | set(settings_of(prefix))
    assert set(host_settings()) - declared - PLATFORM == set()
    sample = (ROOT / "fno-link.toml").read_text("utf-8")
    configured = set(re.findall(r"%(\w+)%", re.sub(r"(?m)^\s*#.*$", "", sample)))
    assert set(PARAMETERS["settings"]) | set(PARAMETERS["secretSettings"]) == configured


def test_a_parameter_cannot_replace_what_the_template_sets():
    order = text_of(at(WORKER.resources["appSettings"], "properties"))
    assert order == "union(settings, references, identitySettings, entraSettings, hostSettings)"


def test_app_service_authentication_is_on_only_by_its_parameter_and_lets_keys_through():
    written = text_of(WORKER.resources["authentication"])
    assert "= if (!empty(entraClientId)) {" in written
    assert MAIN.default("entraClientId") == ""
    believed = text_of(WORKER.variables["entraSettings"])
    assert f"empty(entraClientId) ? {{}} : {{ {settings.EASY_AUTH}: 'true' }}" in believed
    for said in (
        "name: 'authsettingsV2'",
        "requireAuthentication: false",
        "unauthenticatedClientAction: 'AllowAnonymous'",
        "allowedAudiences: entraAudiences",
        "defaultAuthorizationPolicy: { allowedApplications: entraApplications }",
    ):
        assert said in written
    excluded = re.findall(r"'(/[^']+)'", written.partition("excludedPaths")[2].partition("]")[0])
    assert excluded == ["/api/events", "/api/health", "/runtime/webhooks", "/admin"]
    assert not [path for path in excluded if f"/api/{ENTRA}".startswith(path)]


def test_no_setting_is_set_that_this_plan_refuses():
    assert (set(host_settings()) | set(PARAMETERS["settings"])) & NOT_ON_FLEX == set()


@pytest.mark.parametrize(
    "name", sorted(PLATFORM | {"FUNCTIONS_WORKER_PROCESS_COUNT", "PYTHON_THREADPOOL_THREAD_COUNT"})
)
def test_a_setting_of_the_platform_is_explained(name):
    assert f"`{name}`" in GUIDE


def test_secret_names_are_names_that_key_vault_takes():
    for secret in PARAMETERS["secretSettings"].values():
        assert re.fullmatch(r"[0-9A-Za-z-]{1,127}", secret)
        assert f"--name {secret}" in GUIDE


def test_the_runtime_is_that_of_the_project_and_concurrency_is_explicit():
    app = at(WORKER.resources["app"], "properties", "functionAppConfig")
    assert unquoted(at(app, "runtime", "version")) == (ROOT / ".python-version").read_text("utf-8").strip()
    assert unquoted(at(app, "runtime", "name")) == "python"
    assert text_of(at(app, "scaleAndConcurrency", "triggers", "http", "perInstanceConcurrency")) == "httpConcurrency"
    assert int(MAIN.default("httpConcurrency")) > 1


def test_old_payloads_are_deleted_but_none_that_a_delivery_may_still_need(environ):
    assert f"prefixMatch: ['{PAYLOADS}/']" in STORAGE.path.read_text("utf-8")
    delivery = check(environ).configuration.delivery
    longest = delivery.park_for + sum(delivery.retry_after, timedelta())
    assert timedelta(days=int(MAIN.default("payloadRetentionDays"))) > max(longest, KEEP)


def bus_entities(parameter):
    """Return a default of main.bicep, an array of texts or of objects, as Python values."""
    text = re.sub(r"(\w+):", r"'\1':", MAIN.default(parameter)).replace("true", "True").replace("false", "False")
    return ast.literal_eval(text)


def test_every_entity_that_the_sample_configuration_names_is_made_on_service_bus(environ):
    found = check(environ).configuration
    sources = [source for source in found.sources.values() if isinstance(source, ServiceBusSource)]
    targets = [target for target in found.targets.values() if isinstance(target, ServiceBusTarget)]
    assert {source.queue for source in sources if source.queue} == set(bus_entities("intakeQueues"))
    read = {(source.topic, source.subscription) for source in sources if source.topic}
    assert read == {(each["name"], name) for each in bus_entities("intakeTopics") for name in each["subscriptions"]}
    queues = {(target.queue, bool(target.session)) for target in targets if target.queue}
    assert queues == {(each["name"], each["sessions"]) for each in bus_entities("deliveryQueues")}
    topics = bus_entities("deliveryTopics")
    assert {target.topic for target in targets if target.topic} == {each["name"] for each in topics}
    # A topic that nobody subscribes to takes messages and drops them.
    assert all(each["subscriptions"] for each in topics)


def test_single_functions_can_be_kept_ready_and_the_way_of_updates_chosen():
    app = text_of(at(WORKER.resources["app"], "properties"))
    assert "functionAppConfig: union(updateStrategy, {" in app
    assert "map(items(alwaysReadyGroups), each => { name: each.key, instanceCount: each.value })" in app
    groups = text_of(WORKER.variables["alwaysReadyGroups"])
    assert "{ http: alwaysReadyHttp }" in groups
    assert "'function:${each.key}'" in groups
    assert "{ siteUpdateStrategy: { type: siteUpdateStrategy } }" in text_of(WORKER.variables["updateStrategy"])
    assert MAIN.default("siteUpdateStrategy") == ""


def test_the_functions_that_the_guide_keeps_ready_are_registered(environ):
    names = {
        function.get_function_name() for function in build({**environ, "SERVICE_BUS_ENABLED": "true"}).get_functions()
    }
    asked = re.findall(r'"alwaysReadyFunctions": \{ "value": \{ ([^}]*) \}', GUIDE)
    wanted = set(re.findall(r'"(\w+)": \d', " ".join(asked)))
    assert wanted
    assert wanted <= names


def test_the_service_of_azure_yaml_is_the_tag_of_the_app():
    text = (ROOT / "azure.yaml").read_text("utf-8")
    assert re.search(r"(?m)^services:\n  worker:$", text)
    assert "'azd-service-name': 'worker'" in text_of(at(WORKER.resources["app"], "tags"))
    assert set(re.findall(r"(?m)python (scripts/\S+)", text)) == {"scripts/package.py"}
    assert (ROOT / "scripts" / "package.py").is_file()


def test_the_guide_names_the_functions_of_the_sample_sources(environ):
    for source in ("erp", "crm"):
        assert source in check(environ).configuration.sources
        assert f"`{function_name('intake', source)}`" in GUIDE
