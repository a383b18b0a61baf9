"""Which Event Hubs connection strings the local host takes: those that the real extension takes."""

import pytest

from emulation.functions_host.errors import HostError
from emulation.functions_host.function import Binding, Function
from emulation.functions_host.listeners.event_hub import check_connection
from emulation.functions_host.settings import Settings

STRING = "Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=k"


def of_hub(name: str) -> Function:
    properties = {"eventHubName": name, "connection": "Hubs"}
    return Function("1", "on_event", Binding("event", "eventHubTrigger", "in", properties), (), None)


@pytest.mark.parametrize("text", [STRING, f"{STRING};EntityPath=orders", f"entitypath=Orders;{STRING}"])
def test_a_connection_string_of_the_namespace_or_of_the_hub_itself_is_taken(text):
    check_connection(Settings({"Hubs": text}), of_hub("orders"))


def test_one_of_another_hub_stops_the_listener_as_the_real_extension_does():
    settings = Settings({"Hubs": f"{STRING};EntityPath=other", "HUB": "orders"})
    with pytest.raises(HostError, match=r"'on_event'.*'orders' does not match the EntityPath"):
        check_connection(settings, of_hub("%HUB%"))


def test_a_missing_connection_or_name_is_said():
    with pytest.raises(HostError, match="Hubs"):
        check_connection(Settings({}), of_hub("orders"))
    with pytest.raises(HostError, match="HUB"):
        check_connection(Settings({"Hubs": STRING}), of_hub("%HUB%"))
