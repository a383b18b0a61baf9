"""The Service Bus target on any namespace: the local broker, Microsoft's emulator, or one in Azure.

    FNO_LINK_TEST_SERVICE_BUS="Endpoint=…" uv run pytest -n0 tests/contract/delivery/test_namespace.py

It needs the entities of emulation/demo/service-bus.toml and the rights to send and listen, and nothing else: no control
API, no management. What other messages the entities hold is left where it is, but for what is received on the way.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from integration.config.keys.model import ServiceBusTarget
from integration.delivery.shipment import Shipment
from integration.delivery.targets.service_bus import Namespaces
from integration.delivery.targets.service_bus.target import ServiceBus
from integration.errors import TargetRejected, TargetUnavailable
from integration.events.event import Event
from tests.contract.delivery.test_service_bus import read_by_cloudevents

# The SDK leaves sockets behind when its peer is gone.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PATIENCE = 30


def event(legal_entity: str = "USMF", **data: object) -> Event:
    return Event(
        id=str(uuid.uuid4()),
        source="https://contoso.crm.dynamics.com/finance-operations",
        type="SalesInvoicePostedBusinessEvent",
        organization="contoso",
        data=json.dumps(data).encode(),
        extensions={"legalentity": legal_entity},
    )


@asynccontextmanager
async def opened(connection: str, **settings: str) -> AsyncIterator[ServiceBus]:
    namespaces = Namespaces({"Bus": connection}, lambda _: pytest.fail("no identity is configured"))
    target = ServiceBus(ServiceBusTarget(name="t", connection="Bus", **settings), namespaces)
    try:
        yield target
    finally:
        await target.close()
        await namespaces.close()


async def received(receiver: ServiceBusReceiver, wanted: set[str]) -> dict[str, ServiceBusReceivedMessage]:
    """Receive until the messages of these ids have come."""
    found: dict[str, ServiceBusReceivedMessage] = {}
    async with receiver:
        while not wanted <= set(found):
            messages = await receiver.receive_messages(max_message_count=50, max_wait_time=PATIENCE)
            assert messages, f"{wanted - set(found)} did not come"
            for message in messages:
                found[message.message_id or ""] = message
                await receiver.complete_message(message)
    return {id_: found[id_] for id_ in wanted}


async def test_a_queue_gets_deliveries_that_the_cloudevents_library_reads(namespace):
    events = [event(number=number) for number in range(40)]
    async with opened(namespace, queue="erp-events") as target:
        await asyncio.gather(*(target.deliver(Shipment(each, "r")) for each in events))
    async with ServiceBusClient.from_connection_string(namespace) as client:
        found = await received(client.get_queue_receiver("erp-events"), {f"{each.key[:32]}:r" for each in events})
    for each in events:
        read = read_by_cloudevents(found[f"{each.key[:32]}:r"])
        assert (read.get_id(), read.get_data()) == (each.id, each.payload)
        assert read.get_extension("legalentity") == "USMF"


async def test_a_session_groups(namespace):
    order = f"SO-{uuid.uuid4()}"
    events = [event(SalesOrderId=order, line=line) for line in range(3)]
    async with opened(namespace, queue="orders", session="{data.SalesOrderId}") as target:
        await asyncio.gather(*(target.deliver(Shipment(each, "r")) for each in events))
    async with ServiceBusClient.from_connection_string(namespace) as client:
        receiver = client.get_queue_receiver("orders", session_id=order)
        found = await received(receiver, {f"{each.key[:32]}:r" for each in events})
    assert {message.session_id for message in found.values()} == {order}


async def test_subscriptions_filter_on_the_attributes(namespace):
    home, other = event("USMF"), event("DEMF")
    async with opened(namespace, topic="invoices") as target:
        await asyncio.gather(*(target.deliver(Shipment(each, "r")) for each in (home, other)))
    async with ServiceBusClient.from_connection_string(namespace) as client:
        at_home = await received(client.get_subscription_receiver("invoices", "usmf"), {f"{home.key[:32]}:r"})
        elsewhere = await received(client.get_subscription_receiver("invoices", "others"), {f"{other.key[:32]}:r"})
    assert len(at_home) == len(elsewhere) == 1


async def test_an_oversize_message_fails_alone(namespace):
    events = [event(note="x" * (1_200_000 if number == 3 else 10)) for number in range(6)]
    async with opened(namespace, queue="erp-events") as target:
        results = await asyncio.gather(
            *(target.deliver(Shipment(each, "r")) for each in events), return_exceptions=True
        )
    assert [number for number, result in enumerate(results) if isinstance(result, TargetRejected)] == [3]
    async with ServiceBusClient.from_connection_string(namespace) as client:
        await received(
            client.get_queue_receiver("erp-events"), {f"{each.key[:32]}:r" for n, each in enumerate(events) if n != 3}
        )


async def test_an_unknown_entity_is_named_and_waited_for(namespace):
    async with opened(namespace, queue="no-such-queue") as target:
        with pytest.raises(TargetUnavailable, match="no-such-queue"):
            await target.deliver(Shipment(event(), "r"))


async def test_a_wrong_key_is_told_without_showing_it(namespace):
    wrong = ";".join(
        "SharedAccessKey=d3Jvbmcga2V5" if part.startswith("SharedAccessKey=") else part for part in namespace.split(";")
    )
    async with opened(wrong, queue="erp-events") as target:
        with pytest.raises(TargetUnavailable, match="refused the key") as caught:
            await target.deliver(Shipment(event(), "r"))
    assert "d3Jvbmcga2V5" not in str(caught.value)
