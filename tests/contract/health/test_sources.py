"""What lies where nobody reads it, as the real SDKs show it: looked at, never taken away."""

from datetime import UTC, datetime

import pytest
from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient

from emulation.service_bus import Key, SubscriptionConfig
from integration.config.keys.model import ServiceBusSource, StorageQueueSource
from integration.delivery.targets.service_bus import Namespaces
from integration.delivery.targets.service_bus.dead_letters import AT_MOST, BrokerDeadLetters
from integration.health.probes.sources import SourcesProbe
from integration.health.totals import Totals
from integration.storage import Storage

_DEAD = ServiceBusSubQueue.DEAD_LETTER
NOW = datetime(2026, 1, 2, tzinfo=UTC)

# The SDK leaves sockets behind when its peer is gone.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def listener(service_bus):
    """The connection string of somebody who may listen and nothing else."""
    service_bus.control.create_key(Key(name="health", key="aGVhbHRo", rights=("listen",)))
    endpoint = service_bus.connection_string.split("SharedAccessKeyName=")[0]
    emulator = ";UseDevelopmentEmulator=true" if "UseDevelopmentEmulator" in service_bus.connection_string else ""
    return f"{endpoint}SharedAccessKeyName=health;SharedAccessKey=aGVhbHRo{emulator}"


async def asked(source, environ, storage=None):
    own = storage or Storage(environ)
    namespaces = Namespaces(environ, lambda _: pytest.fail("no identity is configured"))
    probe = SourcesProbe(
        sources={source.name: source},
        silent_after={},
        storage=own,
        broker=lambda: BrokerDeadLetters(namespaces),
        within=30,
    )
    try:
        return (await probe.ask({}, Totals(), NOW))[source.name]
    finally:
        await namespaces.close()
        if storage is None:
            await own.close()


async def bury(connection, receiver_of, send, ids):
    """Let the broker set messages aside, as a receiver that cannot read them does."""
    async with ServiceBusClient.from_connection_string(connection) as client:
        async with send(client) as sender:
            await sender.send_messages([ServiceBusMessage("x", message_id=each, subject="Order") for each in ids])
        async with receiver_of(client) as receiver:
            left = set(ids)
            while left:
                for message in await receiver.receive_messages(max_message_count=50, max_wait_time=5):
                    await receiver.dead_letter_message(message, reason="unreadable", error_description="no JSON")
                    left.discard(message.message_id)


async def still_there(connection, receiver_of):
    async with ServiceBusClient.from_connection_string(connection) as client, receiver_of(client) as receiver:
        return [(each.message_id, each.delivery_count) for each in await receiver.peek_messages(50)]


@pytest.fixture
def account(azurite):
    return azurite.spare_account()


async def test_dead_letters_of_a_queue_are_seen_with_the_right_to_listen_and_stay(
    service_bus, new_queue, listener, account
):
    queue, everything = new_queue(), service_bus.connection_string
    source = ServiceBusSource(name="bus", organization="contoso", queue=queue, connection="Bus")
    environ = {"Bus": listener, "AzureWebJobsStorage": account}
    assert (await asked(source, environ)).health == "ok"
    ids = [f"m{n}" for n in range(AT_MOST + 1)]
    await bury(everything, lambda c: c.get_queue_receiver(queue), lambda c: c.get_queue_sender(queue), ids)
    for _ in range(2):
        answer = await asked(source, environ)
        assert (answer.health, answer.code) == ("bad", "BrokerDeadLetters"), answer
        assert answer.facts == {"count": "5 or more", "reasons": "unreadable"}
        assert [(each.type, each.id, each.code, each.message) for each in answer.failed] == [
            ("Order", each, "unreadable", "no JSON") for each in ids[:AT_MOST]
        ]
    left = await still_there(everything, lambda c: c.get_queue_receiver(queue, sub_queue=_DEAD))
    # Peeking has counted as no delivery.
    assert left == await still_there(everything, lambda c: c.get_queue_receiver(queue, sub_queue=_DEAD))
    assert sorted(each for each, _ in left) == ids


async def test_dead_letters_of_a_subscription_are_seen_too(service_bus, new_topic, listener, account):
    topic = new_topic(SubscriptionConfig(name="all"))
    source = ServiceBusSource(name="bus", organization="contoso", topic=topic, subscription="all", connection="Bus")
    environ = {"Bus": listener, "AzureWebJobsStorage": account}
    assert (await asked(source, environ)).health == "ok"
    await bury(
        service_bus.connection_string,
        lambda c: c.get_subscription_receiver(topic, "all"),
        lambda c: c.get_topic_sender(topic),
        ["m1"],
    )
    answer = await asked(source, environ)
    assert (answer.code, [each.id for each in answer.failed]) == ("BrokerDeadLetters", ["m1"])


async def test_who_may_not_listen_is_told_so_and_nothing_is_claimed_of_the_source(service_bus, new_queue, account):
    queue = new_queue()
    service_bus.control.create_key(Key(name="sender", key="c2VuZGVy", rights=("send",)))
    everything = service_bus.connection_string
    sender = everything.replace(
        everything.split("SharedAccessKeyName=")[1].split(";UseDev")[0], "sender;SharedAccessKey=c2VuZGVy"
    )
    source = ServiceBusSource(name="bus", organization="contoso", queue=queue, connection="Bus")
    answer = await asked(source, {"Bus": sender, "AzureWebJobsStorage": account})
    assert (answer.health, answer.code) == ("unknown", "Unreachable")
    assert "needs the right Listen" in answer.message
    gone = ServiceBusSource(name="bus", organization="contoso", queue="no-such-queue", connection="Bus")
    answer = await asked(gone, {"Bus": everything, "AzureWebJobsStorage": account})
    assert (answer.health, answer.code) == ("unknown", "Unreachable")
    assert "no-such-queue" in answer.message


async def test_a_namespace_that_is_away_is_unknown(account):
    away = "Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=n;SharedAccessKey=aw==;UseDevelopmentEmulator=true"
    source = ServiceBusSource(name="bus", organization="contoso", queue="q", connection="Bus")
    answer = await asked(source, {"Bus": away, "AzureWebJobsStorage": account})
    assert (answer.health, answer.code) == ("unknown", "Unreachable")


async def test_poison_messages_of_a_storage_queue_in_another_account_are_counted(account, azurite):
    other = azurite.spare_account()
    storage = Storage({"AzureWebJobsStorage": account, "Orders": other})
    source = StorageQueueSource(name="orders", organization="contoso", queue="orders", connection="Orders")
    try:
        assert (await asked(source, {}, storage)).health == "ok"
        await storage.queue("orders-poison", connection="Orders").put(b"x")
        answer = await asked(source, {}, storage)
        assert (answer.code, answer.facts) == ("PoisonMessages", {"count": "1", "queue": "orders-poison"})
    finally:
        await storage.close()
