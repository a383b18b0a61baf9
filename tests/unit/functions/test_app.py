"""What is registered with the Functions runtime, read from the bindings that it is told."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from integration.functions.app import build

CONFIGURATION = """
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
[sources.erp]
kind = "http"
organization = "contoso"
[sources.erp-2]
kind = "http"
organization = "contoso"
[sources.off]
kind = "http"
organization = "contoso"
enabled = false
[sources.queue]
kind = "storage_queue"
organization = "contoso"
queue = "erp-in"
connection = "Erp"
[sources.queue-off]
kind = "storage_queue"
organization = "contoso"
queue = "other"
connection = "Erp"
enabled = false
[targets.orders]
kind = "storage_queue"
queue = "orders"
[[routes]]
name = "all"
target = "orders"
[health]
schedule = "0 */7 * * * *"
"""
SETTINGS = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "Erp": "UseDevelopmentStorage=true",
    "FNO_LINK_CONTOSO_CLIENT_ID": "0a1b2c3d-0000-4000-8000-000000000001",
    "FNO_LINK_CONTOSO_CLIENT_SECRET": "s",
}


def registered(path: Path, text: str, settings: dict[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """Build the app and return each function's trigger binding by its name."""
    file = path / "fno-link.toml"
    file.write_text(text)
    app = build({**(SETTINGS if settings is None else settings), "FNO_LINK_CONFIG": str(file)})
    found = {}
    for function in app.get_functions():
        trigger = next(each for each in function.get_bindings_dict()["bindings"] if each["type"].endswith("Trigger"))
        found[function.get_function_name()] = trigger
    return found


def routes(found: dict[str, dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {
        name: (trigger["route"], trigger["authLevel"].name)
        for name, trigger in found.items()
        if trigger["type"] == "httpTrigger"
    }


def test_each_http_source_is_a_function_with_its_own_key(tmp_path):
    found = routes(registered(tmp_path, CONFIGURATION))
    assert found["intake_erp"] == ("events/erp", "FUNCTION")
    assert found["intake_erp_2"] == ("events/erp-2", "FUNCTION")
    assert found["unknown_source"] == ("events/{source}", "FUNCTION")
    assert found["health"] == ("health", "ANONYMOUS")
    assert found["openapi"] == ("openapi.json", "ANONYMOUS")
    protected = set(found) - {"health", "openapi"}
    assert {found[name][1] for name in protected} == {"FUNCTION"}


def test_what_became_of_events_is_asked_where_they_are_sent(tmp_path):
    found = registered(tmp_path, CONFIGURATION)
    assert (found["events"]["route"], found["event"]["route"]) == ("events", "events/{id}")
    methods = {
        name: str(found[name]["methods"][0].name) for name in found if name in ("events", "event", "events_purge")
    }
    assert methods == {"events": "GET", "event": "GET", "events_purge": "DELETE"}


def test_a_source_that_is_switched_off_registers_nothing(tmp_path):
    assert not [name for name in registered(tmp_path, CONFIGURATION) if "off" in name]


def test_every_queue_has_a_trigger_and_so_has_its_poison_queue(tmp_path):
    queues = {
        trigger["queueName"]: trigger["connection"]
        for trigger in registered(tmp_path, CONFIGURATION).values()
        if trigger["type"] == "queueTrigger"
    }
    assert queues == {
        "fno-link-events": "AzureWebJobsStorage",
        "fno-link-events-poison": "AzureWebJobsStorage",
        "fno-link-retries": "AzureWebJobsStorage",
        "fno-link-retries-poison": "AzureWebJobsStorage",
        "erp-in": "Erp",
        "erp-in-poison": "Erp",
    }


def test_every_body_is_taken_as_bytes_so_that_nothing_in_it_is_lost_or_read_as_metadata(tmp_path):
    found = registered(tmp_path, CONFIGURATION + BUSES, WITH_BUSES)
    carriers = {"queueTrigger", "serviceBusTrigger", "eventHubTrigger"}
    types = {name: str(trigger["dataType"].name) for name, trigger in found.items() if trigger["type"] in carriers}
    assert len(types) == 9
    assert set(types.values()) == {"BINARY"}


def test_the_timer_runs_by_the_configured_schedule(tmp_path):
    assert registered(tmp_path, CONFIGURATION)["health_timer"]["schedule"] == "0 */7 * * * *"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("this is no TOML [", SETTINGS),
        ("", SETTINGS),
        (CONFIGURATION + "\nunknown = 1\n", SETTINGS),
        (CONFIGURATION.replace('target = "orders"', 'target = "nowhere"'), SETTINGS),
        (CONFIGURATION.replace('"all"', '"all"\nfilters = [{operator = "Nope", key = "data.x"}]'), SETTINGS),
        (CONFIGURATION, {**SETTINGS, "Erp": "@Microsoft.KeyVault(SecretUri=https://v/s)"}),
        (CONFIGURATION, {}),
    ],
)
def test_whatever_is_wrong_the_app_is_built_without_queue_triggers(tmp_path, text, settings):
    found = registered(tmp_path, text, settings)
    assert set(found) == {"intake_degraded", "health", "health_details", "health_timer"}
    assert routes(found) == {
        "intake_degraded": ("events/{*source}", "ANONYMOUS"),
        "health": ("health", "ANONYMOUS"),
        "health_details": ("health/details", "FUNCTION"),
    }
    assert found["health_timer"]["schedule"] == "0 */1 * * * *"


async def test_a_probe_does_not_restart_an_app_whose_configuration_is_wrong(tmp_path):
    app = build({"FNO_LINK_CONFIG": str(tmp_path / "nowhere.toml")})
    [health] = [each for each in app.get_functions() if each.get_function_name() == "health"]

    async def asked(**params):
        return (await health.get_user_function()(SimpleNamespace(params=params))).status_code

    assert await asked() == 503
    assert await asked(live="true") == 200


def test_a_configuration_that_is_missing_builds_the_degraded_app_too(tmp_path):
    app = build({"FNO_LINK_CONFIG": str(tmp_path / "nowhere.toml")})
    assert {function.get_function_name() for function in app.get_functions()} >= {"intake_degraded", "health"}


BUSES = """
[sources.bus]
kind = "service_bus"
organization = "contoso"
queue = "erp-events"
[sources.session-bus]
kind = "service_bus"
organization = "contoso"
topic = "crm"
subscription = "fno-link"
sessions = true
connection = "Other"
[sources.bus-off]
kind = "service_bus"
organization = "contoso"
queue = "off"
connection = "Nowhere"
enabled = false
[sources.hub]
kind = "event_hub"
organization = "contoso"
event_hub = "telemetry"
consumer_group = "fno-link"
[sources.grid]
kind = "event_grid"
organization = "contoso"
"""
WITH_BUSES = {**SETTINGS, "ServiceBus": "Endpoint=sb://localhost", "EventHub": "Endpoint=sb://localhost"}
WITH_BUSES |= {"Other__fullyQualifiedNamespace": "contoso.servicebus.windows.net"}


def test_brokers_have_one_trigger_a_source_and_one_message_an_invocation(tmp_path):
    found = registered(tmp_path, CONFIGURATION + BUSES, WITH_BUSES)
    bus, session, hub = found["source_bus"], found["source_session_bus"], found["source_hub"]
    assert (bus["type"], bus["queueName"], bus["connection"]) == ("serviceBusTrigger", "erp-events", "ServiceBus")
    assert (session["topicName"], session["subscriptionName"], session["connection"]) == ("crm", "fno-link", "Other")
    assert (bus["isSessionsEnabled"], session["isSessionsEnabled"]) == (False, True)
    assert (hub["eventHubName"], hub["consumerGroup"], hub["connection"]) == ("telemetry", "fno-link", "EventHub")
    assert {str(each["cardinality"].name) for each in (bus, session, hub)} == {"ONE"}
    assert found["event_grid_grid"]["type"] == "eventGridTrigger"
    assert "source_bus_off" not in found


def test_a_hub_keeps_its_events_while_nothing_can_be_stored(tmp_path):
    file = tmp_path / "fno-link.toml"
    file.write_text(CONFIGURATION + BUSES)
    app = build({**WITH_BUSES, "FNO_LINK_CONFIG": str(file)})
    [hub] = [each for each in app.get_functions() if each.get_function_name() == "source_hub"]
    assert hub.get_settings_dict("retry_policy")["max_retry_count"] == "-1"


def test_a_bus_that_cannot_be_found_leaves_every_message_where_it_is(tmp_path):
    settings = {name: value for name, value in WITH_BUSES.items() if name != "ServiceBus"}
    found = registered(tmp_path, CONFIGURATION + BUSES, settings)
    assert set(found) == {"intake_degraded", "health", "health_details", "health_timer"}
