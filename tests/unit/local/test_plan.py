"""What is made up, moved and left alone, decided without starting anything."""

import tomllib

import pytest

from emulation.local.connections import stays
from emulation.local.document import Unreadable, read
from emulation.local.entities import brokers
from emulation.local.made_up import Places
from emulation.local.plan import plan
from integration.clouds import CLOUDS

PLACES = Places("http://127.0.0.1:5000", "http://127.0.0.1:5001/workflow")
OURS = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=k;BlobEndpoint=http://127.0.0.1:10000/a;"
AZURE = "DefaultEndpointsProtocol=https;AccountName=real;AccountKey=k;EndpointSuffix=core.windows.net"

TOML = """
[[organizations]]
name = "contoso-eu"
url = "%ORG_URL%"
tenant = "contoso.onmicrosoft.com"

[sources.in]
kind = "service_bus"
organization = "contoso-eu"
queue = "%IN_QUEUE%"
sessions = true

[sources.topic]
kind = "service_bus"
organization = "contoso-eu"
topic = "Events"
subscription = "fno-link"
connection = "Other"

[sources.off]
kind = "service_bus"
organization = "contoso-eu"
queue = "unread"
enabled = "%OFF%"

[sources.hub]
kind = "event_hub"
organization = "contoso-eu"
event_hub = "hub"

[targets.hook]
kind = "webhook"
url = "%HOOK_URL%"
secret = "%HOOK_SECRET%"
headers = { x-key = "%HOOK_KEY%" }

[targets.chat]
kind = "teams"
url = "%CHAT_URL%"

[targets.grid]
kind = "event_grid"
endpoint = "%GRID%"
key = "%GRID_KEY%"

[targets.part]
kind = "webhook"
url = "https://%HOST%/in"

[targets.out]
kind = "service_bus"
topic = "out"

[targets.orders]
kind = "service_bus"
queue = "orders"
session = "{data.OrderId}"

[targets.elsewhere]
kind = "storage_queue"
queue = "elsewhere"
connection = "Second"

[delivery]
park_for = "%PARK%"
"""


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "fno-link.toml"
    path.write_text(TOML)
    return read(path)


def nobody(_host, _port):
    return False


def planned(document, given=None, answers=nobody, known=None):
    return plan(document, {"OFF": "false", **(given or {})}, PLACES, known or {}, answers)


def test_every_setting_gets_what_its_place_asks_for(document):
    made = {each.name: each for each in planned(document).made_up}
    assert made["ORG_URL"].value == "https://contoso.crm.dynamics.com"
    assert made["IN_QUEUE"].value == "in-queue"
    assert made["HOOK_URL"].value == "http://127.0.0.1:5000/hook"
    assert made["HOOK_SECRET"].value.startswith("whsec_")
    assert made["HOOK_KEY"].secret
    assert made["CHAT_URL"].value == PLACES.channel
    assert made["GRID"].value == "https://grid.local-1.eventgrid.azure.net/api/events"
    assert made["HOST"].value == "part.example.com"
    assert made["FNO_LINK_CONTOSO_EU_CLIENT_SECRET"].secret
    assert "PARK" not in made, "a duration is not guessed: the check says that it is not set"
    assert not any(each.replaced for each in made.values())


def test_nothing_that_is_set_is_made_up_and_blank_is_not_set(document):
    given = {
        "HOOK_URL": "https://customers.example.com/in",
        "HOOK_SECRET": " ",
        "FNO_LINK_CONTOSO_EU_CLIENT_ID": "mine",
    }
    found = planned(document, given)
    made = {each.name for each in found.made_up}
    assert "HOOK_URL" not in made
    assert "FNO_LINK_CONTOSO_EU_CLIENT_ID" not in made
    assert "HOOK_SECRET" in made
    assert found.settings["HOOK_URL"] == "https://customers.example.com/in"
    assert found.world.apps[0].client_id == "mine"


def test_secrets_stay_the_same_when_the_configuration_changes(document):
    first = {each.name: each.value for each in planned(document).made_up if each.secret}
    again = {each.name: each.value for each in planned(document, known=first).made_up if each.secret}
    assert again == first


def test_a_receiver_of_ones_own_is_used_while_it_answers(document):
    given = {"HOOK_URL": "http://localhost:9000/in"}
    assert planned(document, given, lambda host, port: (host, port) == ("localhost", 9000)).settings["HOOK_URL"] == (
        "http://localhost:9000/in"
    )
    moved = planned(document, given)
    assert moved.settings["HOOK_URL"] == "http://127.0.0.1:5000/hook"
    [told] = [each for each in moved.made_up if each.name == "HOOK_URL"]
    assert told.replaced
    assert "9000" in told.why


@pytest.mark.parametrize(
    "value",
    ["", "UseDevelopmentStorage=true", AZURE, OURS, "Endpoint=sb://x.servicebus.windows.net/;", "Endpoint=sb://[;"],
)
def test_a_connection_leads_nowhere_but_to_this_machine(value):
    assert not stays("AzureWebJobsStorage", {"AzureWebJobsStorage": value}, nobody)
    assert stays("S", {"S": value}, lambda *_: True) == (value == OURS)


def test_a_connection_is_put_where_the_app_looks_first(document):
    assert set(planned(document).brokers) == {"ServiceBus", "Other"}
    identity = {"AzureWebJobsServiceBus__fullyQualifiedNamespace": "contoso.servicebus.windows.net"}
    assert set(planned(document, identity).brokers) == {"AzureWebJobsServiceBus", "Other"}
    assert planned(document).storage == ("AzureWebJobsStorage", "Second")


def test_entities_follow_from_sources_and_targets(document):
    found = brokers(document, {"OFF": "false", "IN_QUEUE": "in"})
    queues = {each.name: each.requires_session for each in found["ServiceBus"].queues}
    assert queues == {"in": True, "orders": True}
    [out] = found["ServiceBus"].topics
    assert [each.name for each in out.subscriptions] == ["local"]
    [topic] = found["Other"].topics
    assert [each.name for each in topic.subscriptions] == ["fno-link"]


def test_event_hubs_are_said_to_be_not_played(document):
    found = planned(document)
    assert found.hubs == ("hub",)
    assert "not played" in next(each.why for each in found.made_up if each.name == "EventHub")


@pytest.mark.parametrize("cloud", ["public", "gcc", "gcc_high", "dod", "china"])
def test_an_organization_is_linked_to_an_environment_that_its_cloud_trusts(tmp_path, cloud):
    host = f"contoso.crm{CLOUDS[cloud].dataverse[0]}"
    path = tmp_path / "x.toml"
    path.write_text(f'[[organizations]]\nname = "c"\nurl = "https://{host}"\ntenant = "t.com"\ncloud = "{cloud}"\n')
    [organization] = planned(read(path)).world.organizations
    assert organization.link is not None
    assert organization.link.url.endswith(CLOUDS[cloud].finance_operations)


def test_two_organizations_of_one_app_registration_share_it(tmp_path):
    path = tmp_path / "x.toml"
    one = '[[organizations]]\nname = "{0}"\nurl = "https://{0}.crm.dynamics.com"\ntenant = "t.com"\n'
    path.write_text(one.format("a") + one.format("b"))
    given = {
        f"FNO_LINK_{name}_CLIENT_{what}": value for name in "AB" for what, value in (("ID", "id"), ("SECRET", name))
    }
    world = planned(read(path), given).world
    assert [{each.value for each in app.secrets} for app in world.apps] == [{"A", "B"}]
    assert len(world.tenants) == 1


@pytest.mark.parametrize("content", [b"x = [", b"\xff", b"x = " + b"[" * 5000 + b"]" * 5000])
def test_what_is_no_toml_is_said_so(tmp_path, content):
    path = tmp_path / "fno-link.toml"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=r"fno-link\.toml"):
        read(path)
    with pytest.raises(Unreadable):
        read(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "organizations = 1\nsources = 2\ntargets = []",
        "organizations = [1, {name = 2}]\n[sources]\nx = 1",
        "[targets.x]\nkind = []\nurl = {}",
    ],
)
def test_what_is_toml_but_no_configuration_is_left_to_the_check(tmp_path, text):
    path = tmp_path / "fno-link.toml"
    path.write_text(text)
    assert tomllib.loads(text)
    assert planned(read(path)).brokers == {}
