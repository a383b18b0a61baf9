"""Connections that are of another entity, or of no namespace."""

import pytest

from tests.unit.config.written import (
    STORAGE,
    bus_source,
    bus_target,
    configuration,
    only_problem,
)

HUB = """
[sources.h]
kind = "event_hub"
organization = "contoso"
event_hub = "orders"
connection = "ServiceBus"
"""
OF_ENTITY = STORAGE["ServiceBus"] + ";EntityPath="


@pytest.mark.parametrize(
    ("section", "entity", "fits"),
    [
        (bus_source('queue = "erp-events"'), "other", False),
        (bus_source('queue = "erp-events"'), "erp-events", True),
        (bus_source('queue = "erp-events"'), "ERP-Events", True),  # .NET compares without regard to case
        (bus_source('topic = "erp"\nsubscription = "orders"'), "erp", True),
        (bus_source('topic = "erp"\nsubscription = "orders"'), "erp/Subscriptions/orders", True),
        (bus_source('topic = "erp"\nsubscription = "orders"'), "erp/Subscriptions/other", False),
        (bus_source('topic = "erp"\nsubscription = "orders"'), "orders", False),
        (bus_target('queue = "orders"'), "other", False),
        (bus_target('queue = "orders"'), "orders", True),
        (bus_target('queue = "orders"'), "Orders", False),  # the SDK for Python does not
        (bus_target('topic = "orders"'), "other", False),
        (HUB, "other", False),
        (HUB, "orders", True),
    ],
)
@pytest.mark.parametrize("setting", ["ServiceBus", "AzureWebJobsServiceBus"])
def test_a_connection_string_of_another_entity_is_refused(section, entity, fits, setting):
    environ = {"ServiceBus": "", setting: OF_ENTITY + entity}
    if fits:
        configuration(section, environ)
    else:
        problem = only_problem(section, environ)
        assert problem.key.endswith(".connection")
        assert setting in problem.message
        assert "SharedAccessKey=k" not in problem.message


def test_what_another_connection_says_does_not_count():
    configuration(bus_source('queue = "q"'), {"Other": OF_ENTITY + "x"})
    problem = only_problem(
        bus_source('queue = "q"\nconnection = "Other"'), {"Other": "entitypath = x ;" + OF_ENTITY + "x"}
    )
    assert "Other" in problem.message


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("contoso.servicebus.windows.net", True),
        ("localhost:5671", True),
        ("sb://contoso.servicebus.windows.net", False),
        ("contoso.servicebus.windows.net/orders", False),
        ("contoso.servicebus.windows.net;EntityPath=orders", False),
    ],
)
def test_a_namespace_is_a_host_name(host, fits):
    environ = {"ServiceBus": "", "ServiceBus__fullyQualifiedNamespace": host}
    if fits:
        configuration(bus_source('queue = "q"'), environ)
    else:
        assert "__fullyQualifiedNamespace" in only_problem(bus_source('queue = "q"'), environ).message
