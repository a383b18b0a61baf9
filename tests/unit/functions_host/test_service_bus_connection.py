"""Which Service Bus connection strings the local host takes: those that the real extension takes."""

import pytest

from emulation.functions_host.errors import HostError
from emulation.functions_host.listeners.service_bus_connection import find_connection
from emulation.functions_host.settings import Settings

STRING = "Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=k"


@pytest.mark.parametrize(
    ("entity", "path"),
    [
        ("orders", "orders"),
        ("orders", "Orders"),
        ("erp/Subscriptions/all", "erp"),
        ("erp/Subscriptions/all", "ERP/subscriptions/ALL"),
    ],
)
def test_a_connection_string_of_the_entity_itself_is_taken(entity, path):
    settings = Settings({"ServiceBus": f"{STRING};EntityPath={path}"})
    assert find_connection(settings, "ServiceBus", "f", entity).connection_string.endswith(path)


@pytest.mark.parametrize(("entity", "path"), [("orders", "other"), ("erp/Subscriptions/all", "all")])
def test_one_of_another_entity_stops_the_listener_as_the_real_extension_does(entity, path):
    settings = Settings({"ServiceBus": f"EntityPath={path};{STRING}"})
    with pytest.raises(HostError, match="EntityPath"):
        find_connection(settings, "ServiceBus", "f", entity)
