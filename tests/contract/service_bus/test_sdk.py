"""The unmodified azure-servicebus SDK, synchronous and asynchronous, against the broker."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusClient, ServiceBusMessage
from azure.servicebus._base_handler import _generate_sas_token
from azure.servicebus.aio import AutoLockRenewer
from azure.servicebus.aio import ServiceBusClient as AsyncClient
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageSizeExceededError,
    MessagingEntityNotFoundError,
    OperationTimeoutError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusError,
    ServiceBusServerBusyError,
    SessionCannotBeLockedError,
    SessionLockLostError,
)

from emulation.service_bus import Key, Milliseconds, RuleConfig, ServiceBus, SubscriptionConfig


@pytest.fixture
async def client(service_bus):
    async with AsyncClient.from_connection_string(service_bus.connection_string, retry_total=1) as opened:
        yield opened


def texts(messages):
    return [str(message) for message in messages]


async def test_a_message_keeps_all_that_its_sender_set(client, new_queue):
    queue = new_queue()
    message = ServiceBusMessage(
        b"\x00\xffbody",
        message_id="id",
        subject="subject",
        content_type="application/octet-stream",
        correlation_id="correlation",
        to="to",
        reply_to="reply",
        time_to_live=timedelta(hours=1),
        application_properties={"text": "x", "number": 7, "float": 1.5, "flag": True},
    )
    async with client.get_queue_sender(queue) as sender, client.get_queue_receiver(queue) as receiver:
        await sender.send_messages(message)
        (received,) = await receiver.receive_messages(max_wait_time=5)
        assert b"".join(received.body) == b"\x00\xffbody"
        assert (received.message_id, received.subject, received.correlation_id) == ("id", "subject", "correlation")
        assert (received.content_type, received.to, received.reply_to) == ("application/octet-stream", "to", "reply")
        assert received.time_to_live == timedelta(hours=1)
        assert received.application_properties == {b"text": b"x", b"number": 7, b"float": 1.5, b"flag": True}
        assert received.delivery_count == 0
        assert received.locked_until_utc - received.enqueued_time_utc >= timedelta(seconds=59)
        await receiver.complete_message(received)


async def test_abandoning_too_often_ends_in_the_dead_letters(client, new_queue):
    queue = new_queue(max_delivery_count=2)
    async with client.get_queue_sender(queue) as sender, client.get_queue_receiver(queue) as receiver:
        await sender.send_messages(ServiceBusMessage("poison"))
        for count in range(2):
            (message,) = await receiver.receive_messages(max_wait_time=5)
            assert message.delivery_count == count
            await receiver.abandon_message(message)
        async with client.get_queue_receiver(queue, sub_queue="deadletter") as dead_letters:
            (dead,) = await dead_letters.receive_messages(max_wait_time=5)
            assert dead.dead_letter_reason == "MaxDeliveryCountExceeded"
            assert dead.dead_letter_source == queue
            await dead_letters.complete_message(dead)


async def test_deferred_messages_are_there_by_number(client, new_queue):
    queue = new_queue()
    async with client.get_queue_sender(queue) as sender, client.get_queue_receiver(queue) as receiver:
        await sender.send_messages(ServiceBusMessage("later"))
        (message,) = await receiver.receive_messages(max_wait_time=5)
        await receiver.defer_message(message)
        (peeked,) = await receiver.peek_messages(sequence_number=message.sequence_number)
        assert peeked.state.name == "DEFERRED"
        (deferred,) = await receiver.receive_deferred_messages([message.sequence_number])
        await receiver.dead_letter_message(deferred, reason="Done", error_description="with it")
        with pytest.raises(ServiceBusError):
            await receiver.receive_deferred_messages([message.sequence_number])


async def test_schedule_and_cancel(client, new_queue):
    queue = new_queue()
    async with client.get_queue_sender(queue) as sender, client.get_queue_receiver(queue) as receiver:
        due = datetime.now(UTC) + timedelta(seconds=3)
        kept, cancelled = await sender.schedule_messages([ServiceBusMessage("kept"), ServiceBusMessage("gone")], due)
        await sender.cancel_scheduled_messages(cancelled)
        assert await receiver.receive_messages(max_wait_time=0.2) == []
        (message,) = await receiver.receive_messages(max_wait_time=10)
        assert str(message) == "kept"
        assert message.sequence_number > kept
        await receiver.complete_message(message)


async def test_a_batch_arrives_in_order(client, new_queue):
    queue = new_queue()
    sent = [f"{number:03}" for number in range(200)]
    async with (
        client.get_queue_sender(queue) as sender,
        client.get_queue_receiver(queue, prefetch_count=50) as receiver,
    ):
        await sender.send_messages([ServiceBusMessage(text) for text in sent])
        received = []
        while len(received) < len(sent):
            messages = await receiver.receive_messages(max_message_count=60, max_wait_time=5)
            await asyncio.gather(*(receiver.complete_message(message) for message in messages))
            received += texts(messages)
        assert received == sent


async def test_a_partitioned_queue_refuses_a_mixed_batch_and_takes_its_parts(client, new_queue):
    queue = new_queue(partitioned=True, requires_session=True)
    mixed = [ServiceBusMessage(name, session_id=name) for name in ("a", "b")]
    async with client.get_queue_sender(queue) as sender:
        with pytest.raises(ServiceBusError, match="distinct SessionId or PartitionKey"):
            await sender.send_messages(mixed)
        for message in mixed:
            await sender.send_messages(message)


async def test_an_oversize_message_is_refused_and_the_next_one_taken(client, new_queue, service_bus):
    queue = new_queue()
    async with client.get_queue_sender(queue) as sender:
        with pytest.raises(MessageSizeExceededError):
            await sender.send_messages(ServiceBusMessage("x" * 300_000))
        await sender.send_messages(ServiceBusMessage("x" * 250_000))
    assert service_bus.control.counts(queue)["active"] == 1


async def test_a_lost_lock_is_told_and_the_message_comes_again(client, new_queue, service_bus):
    queue = new_queue()
    async with client.get_queue_sender(queue) as sender, client.get_queue_receiver(queue) as receiver:
        await sender.send_messages(ServiceBusMessage("once more"))
        (message,) = await receiver.receive_messages(max_wait_time=5)
        service_bus.control.lose_locks(queue)
        with pytest.raises(MessageLockLostError):
            await receiver.complete_message(message)
        with pytest.raises(MessageLockLostError):
            await receiver.renew_message_lock(message)
        (message,) = await receiver.receive_messages(max_wait_time=5)
        assert message.delivery_count == 1
        await receiver.complete_message(message)


async def test_locks_are_renewed(client, new_queue):
    queue = new_queue(lock_duration=Milliseconds(5000))
    async with (
        AutoLockRenewer() as renewer,
        client.get_queue_sender(queue) as sender,
        client.get_queue_receiver(queue) as receiver,
    ):
        await sender.send_messages(ServiceBusMessage("slow"))
        (message,) = await receiver.receive_messages(max_wait_time=5)
        renewer.register(receiver, message, max_lock_renewal_duration=30)
        first = message.locked_until_utc
        async with asyncio.timeout(20):
            while message.locked_until_utc == first:  # noqa: ASYNC110 - the SDK tells nobody
                await asyncio.sleep(0.2)
        assert message.locked_until_utc > first
        await receiver.complete_message(message)


async def test_a_dropped_connection_is_opened_again(client, new_queue, service_bus):
    queue = new_queue()
    async with client.get_queue_sender(queue) as sender, client.get_queue_receiver(queue) as receiver:
        await sender.send_messages(ServiceBusMessage("before"))
        assert len(await receiver.receive_messages(max_wait_time=5)) == 1
        assert service_bus.control.drop_connections() >= 2
        await sender.send_messages(ServiceBusMessage("after"))
        received = []
        while not received:
            received = await receiver.receive_messages(max_wait_time=5)
        assert texts(received) == ["after"]


async def test_sessions_exclude_each_other_and_end_with_their_lock(client, new_queue, service_bus):
    queue = new_queue(requires_session=True)
    async with client.get_queue_sender(queue) as sender:
        await sender.send_messages([ServiceBusMessage("a", session_id="a"), ServiceBusMessage("b", session_id="b")])
    async with client.get_queue_receiver(queue, session_id="a") as receiver:
        with pytest.raises(SessionCannotBeLockedError):
            await client.get_queue_receiver(queue, session_id="a").__aenter__()
        async with client.get_queue_receiver(queue, session_id=NEXT_AVAILABLE_SESSION) as other:
            assert other.session.session_id == "b"
        (message,) = await receiver.receive_messages(max_wait_time=5)
        await receiver.session.set_state(b"state")
        service_bus.control.lose_locks(queue)
        with pytest.raises(SessionLockLostError):
            await receiver.complete_message(message)
    async with client.get_queue_receiver(queue, session_id="a") as receiver:
        assert await receiver.session.get_state() == b"state"
        assert texts(await receiver.receive_messages(max_wait_time=5)) == ["a"]


async def test_no_session_in_time_is_a_timeout(client, new_queue):
    queue = new_queue(requires_session=True)
    with pytest.raises(OperationTimeoutError):
        await client.get_queue_receiver(queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1).__aenter__()


async def test_subscriptions_get_what_their_rules_say(client, new_topic):
    rules = (RuleConfig(name="blue", sql="colour = 'blue' AND sys.Label LIKE 'paint%'"),)
    topic = new_topic(SubscriptionConfig(name="all"), SubscriptionConfig(name="blue", rules=rules))
    async with client.get_topic_sender(topic) as sender:
        for colour in ("red", "blue"):
            await sender.send_messages(
                ServiceBusMessage(colour, subject="paint it", application_properties={"colour": colour})
            )
    for name, expected in (("all", ["red", "blue"]), ("blue", ["blue"])):
        async with client.get_subscription_receiver(topic, name, receive_mode="receiveanddelete") as receiver:
            assert texts(await receiver.receive_messages(max_message_count=2, max_wait_time=2)) == expected


async def test_an_unknown_entity_is_not_opened(client):
    with pytest.raises((ServiceBusAuthenticationError, MessagingEntityNotFoundError)):
        await client.get_queue_sender("nowhere").__aenter__()


@pytest.mark.parametrize(("rights", "allowed"), [(("listen",), "listen"), (("send",), "send"), (("manage",), "both")])
def test_a_key_gives_its_rights_and_no_more(service_bus, new_queue, rights, allowed):
    queue = new_queue()
    service_bus.control.create_key(Key(name=f"{allowed}-only", key="secret", rights=rights), queue)
    string = (
        f"Endpoint=sb://localhost:{service_bus.port};SharedAccessKeyName={allowed}-only;SharedAccessKey=secret;"
        "UseDevelopmentEmulator=true;"
    )
    with ServiceBusClient.from_connection_string(string, retry_total=0) as client:
        attempts = {"send": client.get_queue_sender(queue), "listen": client.get_queue_receiver(queue)}
        for right, handler in attempts.items():
            if allowed in {right, "both"}:
                with handler:
                    pass
            else:
                with pytest.raises(ServiceBusAuthorizationError, match=f"'{right.capitalize()}' claim"):
                    handler.__enter__()


def send_for_ten_seconds(sender):
    for _ in range(100):
        sender.send_messages(ServiceBusMessage("still"))
        time.sleep(0.1)


def test_a_link_ends_with_its_token(service_bus, new_queue):
    queue = new_queue()
    uri = f"sb://localhost:{service_bus.port}/{queue}"
    signature = _generate_sas_token(uri, "RootManageSharedAccessKey", "SAS_KEY_VALUE", timedelta(seconds=3)).token
    string = (
        f"Endpoint=sb://localhost:{service_bus.port};SharedAccessSignature={signature};UseDevelopmentEmulator=true;"
    )
    with (
        ServiceBusClient.from_connection_string(string, retry_total=0) as client,
        client.get_queue_sender(queue) as sender,
    ):
        sender.send_messages(ServiceBusMessage("in time"))
        with pytest.raises(ServiceBusError):
            send_for_ten_seconds(sender)


@pytest.mark.parametrize("change", [("SAS_KEY_VALUE", "wrong"), ("RootManageSharedAccessKey", "Unknown")])
def test_a_wrong_key_is_refused(service_bus, new_queue, change):
    queue = new_queue()
    string = service_bus.connection_string.replace(*change)
    with (
        ServiceBusClient.from_connection_string(string, retry_total=0) as client,
        pytest.raises(ServiceBusAuthenticationError),
    ):
        client.get_queue_sender(queue).__enter__()


def test_faults_refuse_links_and_throttle_until_cleared(service_bus, new_queue):
    queue = new_queue()
    with ServiceBusClient.from_connection_string(service_bus.connection_string, retry_total=0) as client:
        with client.get_queue_sender(queue) as sender:
            service_bus.control.throttle(queue)
            with pytest.raises(ServiceBusServerBusyError):
                sender.send_messages(ServiceBusMessage("x"))
            service_bus.control.clear()
            sender.send_messages(ServiceBusMessage("x"))
        service_bus.control.refuse_links(queue, "com.microsoft:entity-disabled")
        with pytest.raises(ServiceBusError, match="entity-disabled"):
            client.get_queue_receiver(queue).__enter__()


def test_a_delay_holds_back_what_the_broker_sends(service_bus, new_queue):
    queue = new_queue()
    with (
        ServiceBusClient.from_connection_string(service_bus.connection_string, retry_total=0) as client,
        client.get_queue_sender(queue) as sender,
    ):
        sender.send_messages(ServiceBusMessage("at once"))
        service_bus.control.delay(30)
        with pytest.raises(OperationTimeoutError):
            sender.send_messages(ServiceBusMessage("unheard"), timeout=1)
        assert service_bus.control.counts(queue)["active"] == 2
        service_bus.control.clear()


def test_the_control_api_shows_and_purges_messages(service_bus, new_queue):
    queue = new_queue()
    with (
        ServiceBusClient.from_connection_string(service_bus.connection_string) as client,
        client.get_queue_sender(queue) as sender,
    ):
        sender.send_messages(ServiceBusMessage("seen", message_id="1", application_properties={"k": "v"}))
    (message,) = service_bus.control.messages(queue)
    assert (message["body"], message["message_id"], message["application_properties"]) == ("seen", "1", {"k": "v"})
    assert service_bus.control.purge(queue) == 1
    assert service_bus.control.counts(queue)["active"] == 0


def test_the_connection_string_of_a_broker_names_its_port(service_bus: ServiceBus):
    assert f"sb://localhost:{service_bus.port};" in service_bus.connection_string
