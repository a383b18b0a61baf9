"""What the doctor makes of Event Hubs and Event Grid: what can be asked, and what somebody has to look at."""

import socket
import ssl

import httpx
import pytest

from integration.cli.doctor.own_hubs import judge_hubs, judge_subscriptions, judge_topics, knock, namespace_of
from integration.config.keys.model import EventGridSource, EventGridTarget, EventHubSource
from tests.other_site import serving

HUB = EventHubSource(name="telemetry", organization="contoso", event_hub="erp")
NAMESPACE = "x.servicebus.windows.net"
STRING = f"Endpoint=sb://{NAMESPACE}/;SharedAccessKeyName=n;SharedAccessKey=k=="


def port_of_nobody():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({"EventHub": STRING}, NAMESPACE),
        ({"EventHub__fullyQualifiedNamespace": NAMESPACE}, NAMESPACE),
        ({"EventHub": "Endpoint=sb://localhost;UseDevelopmentEmulator=true"}, ""),
        ({"EventHub": "nonsense"}, ""),
        ({}, ""),
    ],
)
def test_the_namespace_is_that_of_the_connection(settings, host):
    assert namespace_of("EventHub", settings) == host


@pytest.mark.parametrize(
    ("raised", "verdict", "told"),
    [
        (None, "skipped", "look yourself: the namespace answers; who may read erp ($Default)"),
        (socket.gaierror(-2, "Name or service not known"), "fail", f"telemetry: there is no host {NAMESPACE}"),
        (ssl.SSLError(1, "x"), "fail", "TLS fails"),
        (ConnectionRefusedError(111, "Connection refused"), "unknown", "did not answer: Connection refused"),
        (TimeoutError(), "unknown", "did not answer within 20 s"),
    ],
)
async def test_a_namespace_is_knocked_at_and_its_rights_are_to_be_looked_at(raised, verdict, told):
    knocked = []

    async def knocking(host, port):
        knocked.append((host, port))
        if raised:
            raise raised

    found = await judge_hubs([HUB], {"EventHub": STRING}, knocking)
    assert (found.verdict, told in found.message) == (verdict, True), found.message
    assert "Azure Event Hubs Data Receiver" in found.todo
    assert knocked == [(NAMESPACE, 5671)]
    assert (await judge_hubs([], {})).verdict == "skipped"


async def test_nobody_at_the_port_is_an_error_of_the_system():
    with pytest.raises(ConnectionRefusedError):
        await knock("127.0.0.1", port_of_nobody())


async def test_a_topic_is_asked_without_a_key_and_the_rest_is_to_be_looked_at():
    async with httpx.AsyncClient(trust_env=False) as http:

        async def judged(url):
            return await judge_topics([EventGridTarget(name="orders", endpoint=url, key="secret")], http)

        with serving("no topic") as port:
            found = await judged(f"http://127.0.0.1:{port}/api/events")
        assert (found.verdict, found.message.startswith("look yourself: the topic answers")) == ("skipped", True)
        assert "EventGrid Data Sender" in found.todo
        found = await judged(f"http://127.0.0.1:{port_of_nobody()}/api/events")
        assert (found.verdict, "did not answer" in found.message) == ("unknown", True)
        assert (await judge_topics([], http)).verdict == "skipped"


def test_subscriptions_are_to_be_looked_at():
    found = judge_subscriptions([EventGridSource(name="dataverse", organization="contoso")])
    assert (found.message.startswith("look yourself"), "event_grid_NAME" in found.todo) == (True, True)
    assert judge_subscriptions([]).verdict == "skipped"
