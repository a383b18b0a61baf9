"""What the doctor finds of the storage account and of Service Bus, as the real SDKs see Azurite and the broker."""

import socket
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import AccountSasPermissions, BlobServiceClient, ResourceTypes, Services, generate_account_sas
from azure.storage.queue import QueueServiceClient

from emulation.service_bus import Key, SubscriptionConfig
from integration.cli.doctor.own_broker import judge_sources, judge_targets
from integration.cli.doctor.own_queues import judge_queue_sources, judge_queue_targets
from integration.cli.doctor.own_side import look
from integration.cli.doctor.own_storage import judge_poison, judge_rights, judge_storage
from integration.clock import SystemClock
from integration.config import check
from integration.config.keys.model import ServiceBusSource, ServiceBusTarget, StorageQueueSource, StorageQueueTarget
from integration.delivery.targets.service_bus import Namespaces
from integration.storage import Storage
from integration.storage.names import TRIAL

# The SDK leaves sockets behind when its peer is gone.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    # azure.data.tables reads Azurite's errors in XML so.
    pytest.mark.filterwarnings("ignore:Testing an element:DeprecationWarning"),
]


@pytest.fixture
def account(azurite):
    return azurite.spare_account()


def reading_only(account):
    """The connection string of somebody who may read blobs and queues and nothing else."""
    return limited(account, read=True, list=True)


def limited(account, **rights):
    """The connection string of somebody who has these rights on blobs and queues and no others."""
    parts = dict(part.split("=", 1) for part in account.strip(";").split(";"))
    sas = generate_account_sas(
        parts["AccountName"],
        parts["AccountKey"],
        ResourceTypes(service=True, container=True, object=True),
        AccountSasPermissions(**rights),
        datetime.now(UTC) + timedelta(hours=1),
        services=Services(blob=True, queue=True),
    )
    endpoints = ";".join(f"{name}={value}" for name, value in parts.items() if name.endswith("Endpoint"))
    return f"{endpoints};SharedAccessSignature={sas}"


async def over(account, judge):
    storage = Storage({"AzureWebJobsStorage": account})
    try:
        return await judge(storage)
    finally:
        await storage.close()


async def test_an_account_with_all_rights_passes_and_nothing_is_left_behind(account):
    assert (await over(account, judge_storage)).verdict == "pass"
    assert (await over(account, judge_rights)).verdict == "pass"
    with QueueServiceClient.from_connection_string(account) as queues:
        assert not list(queues.list_queues(name_starts_with=TRIAL))
    with BlobServiceClient.from_connection_string(account) as blobs:
        assert not list(blobs.list_containers(name_starts_with=TRIAL))
    storage = Storage({"AzureWebJobsStorage": account})
    try:
        assert [name async for name in storage.tables("fnolinkdoctor")] == []
    finally:
        await storage.close()


async def test_missing_rights_are_told_as_the_roles_that_give_them(account):
    found = await over(reading_only(account), judge_storage)
    assert (found.verdict, found.message.startswith("tables:")) == ("fail", True), found.message
    assert "Storage Table Data Contributor" in found.todo, found.message
    assert "Queue" not in found.todo
    found = await over(reading_only(account), judge_rights)
    assert found.verdict == "fail"
    for role in ("Storage Blob Data Owner", "Storage Queue Data Contributor", "Storage Table Data Contributor"):
        assert role in found.todo


async def test_an_account_that_is_not_there_fails():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}/x"
    key = "AccountName=x;AccountKey=eA==;"
    services = ";".join(f"{service}Endpoint={nowhere}" for service in ("Blob", "Queue", "Table"))
    assert (await over(key + services, judge_storage)).verdict == "fail"


async def test_what_lies_in_a_poison_queue_is_counted(account):
    async def judge(storage):
        return await judge_poison(storage, {}, SystemClock())

    assert (await over(account, judge)).verdict == "pass"
    with QueueServiceClient.from_connection_string(account) as queues:
        queue = queues.create_queue("fno-link-retries-poison")
        queue.send_message("x")
        queue.close()
    found = await over(account, judge)
    assert (found.verdict, "1 messages lie in the queue fno-link-retries-poison" in found.message) == ("warn", True)


@pytest.fixture
def only(service_bus):
    """Make the connection string of somebody who has one right."""

    def make(right):
        service_bus.control.create_key(Key(name=f"doctor-{right}", key="aGVhbHRo", rights=(right,)))
        endpoint = service_bus.connection_string.split("SharedAccessKeyName=")[0]
        emulator = ";UseDevelopmentEmulator=true" if "UseDevelopmentEmulator" in service_bus.connection_string else ""
        return f"{endpoint}SharedAccessKeyName=doctor-{right};SharedAccessKey=aGVhbHRo{emulator}"

    return make


async def on(connection, judge, *places):
    namespaces = Namespaces({"ServiceBus": connection}, lambda _: pytest.fail("no identity is configured"))
    try:
        return await judge(namespaces, places)
    finally:
        await namespaces.close()


async def test_a_source_passes_with_listen_alone_and_its_messages_stay(only, new_queue, new_topic):
    plain, sessions = new_queue(), new_queue(requires_session=True)
    topic = new_topic(SubscriptionConfig(name="all"))
    found = await on(
        only("listen"),
        judge_sources,
        ServiceBusSource(name="a", organization="contoso", queue=plain),
        ServiceBusSource(name="b", organization="contoso", queue=sessions, sessions=True),
        ServiceBusSource(name="c", organization="contoso", topic=topic, subscription="all"),
    )
    assert found.verdict == "pass", found.message


async def test_a_source_without_its_entity_its_right_or_its_sessions_fails(service_bus, only, new_queue):
    plain, sessions = new_queue(), new_queue(requires_session=True)

    async def of(connection, **source):
        found = await on(connection, judge_sources, ServiceBusSource(name="s", organization="contoso", **source))
        assert (found.verdict, bool(found.todo)) == ("fail", True), found
        return f"{found.message} {found.todo}"

    assert "has no entity nowhere" in await of(service_bus.connection_string, queue="nowhere")
    assert "Azure Service Bus Data Receiver" in await of(only("send"), queue=plain)
    assert "sessions = true" in await of(service_bus.connection_string, queue=sessions)
    assert "has no sessions" in await of(service_bus.connection_string, queue=plain, sessions=True)


async def test_a_target_passes_with_send_alone(only, new_queue, new_topic):
    targets = ServiceBusTarget(name="a", queue=new_queue()), ServiceBusTarget(name="b", topic=new_topic())
    found = await on(only("send"), judge_targets, *targets)
    assert found.verdict == "pass", found.message


async def test_a_target_without_its_entity_its_right_or_its_session_fails(service_bus, only, new_queue):
    plain, sessions = new_queue(), new_queue(requires_session=True)

    async def of(connection, **target):
        found = await on(connection, judge_targets, ServiceBusTarget(name="t", **target))
        assert (found.verdict, bool(found.todo)) == ("fail", True), found
        return f"{found.message} {found.todo}"

    assert "has no entity nowhere" in await of(service_bus.connection_string, queue="nowhere")
    assert "Azure Service Bus Data Sender" in await of(only("listen"), queue=plain)
    assert "set `session`" in await of(service_bus.connection_string, queue=sessions)


async def test_without_any_the_step_is_skipped(service_bus):
    assert (await on(service_bus.connection_string, judge_sources)).verdict == "skipped"


TOML = """
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
[sources.bus]
organization = "contoso"
kind = "service_bus"
queue = "{queue}"
[targets.orders]
kind = "storage_queue"
queue = "orders"
connection = "Other"
"""


@pytest.fixture
def made(account):
    """Make queues on the account, and tell what lies in them."""

    class Made:
        def queue(self, *names):
            with QueueServiceClient.from_connection_string(account) as queues:
                for name in names:
                    queues.create_queue(name).close()

        def put(self, name, text):
            with QueueServiceClient.from_connection_string(account) as queues, queues.get_queue_client(name) as queue:
                queue.send_message(text)

        def messages(self, name):
            with QueueServiceClient.from_connection_string(account) as queues, queues.get_queue_client(name) as queue:
                return [(each.content, each.dequeue_count) for each in queue.peek_messages(max_messages=32)]

    return Made()


async def queues(account, judge, *names):
    kind = StorageQueueSource if judge is judge_queue_sources else StorageQueueTarget
    more = {"organization": "contoso"} if kind is StorageQueueSource else {}
    places = [kind(name=name, queue=name, connection="Other", **more) for name in names]
    storage = Storage({"Other": account})
    try:
        return await judge(storage, places)
    finally:
        await storage.close()


async def test_a_queue_of_an_account_of_its_own_is_asked_and_keeps_its_messages(account, made):
    made.queue("orders")
    made.put("orders", "x")
    assert (await queues(account, judge_queue_sources, "orders")).verdict == "pass"
    assert (await queues(account, judge_queue_targets, "orders")).verdict == "pass"
    assert made.messages("orders") == [("x", 0)]
    assert (await queues(account, judge_queue_sources)).verdict == "skipped"


async def test_the_right_that_a_queues_account_lacks_is_told(account, made):
    made.queue("orders")
    for judge, rights, verdict in (
        (judge_queue_sources, {"read": True, "process": True}, "pass"),
        (judge_queue_sources, {"read": True}, "fail"),
        (judge_queue_sources, {"add": True}, "fail"),
        (judge_queue_targets, {"add": True}, "pass"),
        (judge_queue_targets, {"read": True, "process": True}, "fail"),
    ):
        found = await queues(limited(account, **rights), judge, "orders")
        assert found.verdict == verdict, (judge, rights, found.message)
        if verdict == "fail":
            assert "orders: " in found.message
            assert "refused the credentials (403)" in found.message
            assert "Storage Queue Data" in found.todo
    assert made.messages("orders") == []


async def test_a_queue_that_is_not_there_is_told_and_an_account_that_is_away_is_unknown(account, monkeypatch):
    for judge in (judge_queue_sources, judge_queue_targets):
        found = await queues(account, judge, "orders")
        assert (found.verdict, "there is no queue of orders (orders)" in found.message) == ("warn", True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nowhere = f"AccountName=x;AccountKey=eA==;QueueEndpoint=http://127.0.0.1:{taken.getsockname()[1]}/x"
    # The SDK itself tries for a minute and a half.
    monkeypatch.setattr("integration.cli.doctor.own_queues.WITHIN", 0.5)
    assert (await queues(nowhere, judge_queue_sources, "orders")).verdict == "unknown"


async def test_all_of_it_runs_by_a_configuration_and_its_settings(account, made, service_bus, new_queue, tmp_path):
    made.queue("orders")
    (tmp_path / "fno-link.toml").write_text(TOML.format(queue=new_queue()))
    environ = {
        "AzureWebJobsScriptRoot": str(tmp_path),
        "AzureWebJobsStorage": account,
        "Other": account,
        "ServiceBus": service_bus.connection_string,
    }
    found = {each.step: each.verdict for each in await look(environ, check(environ).configuration, sound=True)}
    assert found == {
        "app_settings": "pass",
        "host_json": "skipped",
        "storage": "pass",
        "storage_rights": "pass",
        "poison_queues": "pass",
        "service_bus_sources": "pass",
        "service_bus_targets": "skipped",
        "storage_queue_sources": "skipped",
        "storage_queue_targets": "pass",
        "event_hub_sources": "skipped",
        "event_grid_sources": "skipped",
        "event_grid_targets": "skipped",
    }


async def test_an_identity_is_not_waited_for_where_there_can_be_none(tmp_path, monkeypatch):
    monkeypatch.setattr("integration.cli.doctor.own_side.may_be_managed", lambda _: False)
    (tmp_path / "fno-link.toml").write_text(TOML.format(queue="erp"))
    environ = {
        "AzureWebJobsScriptRoot": str(tmp_path),
        "AzureWebJobsStorage__accountName": "fnolink",
        "ServiceBus__fullyQualifiedNamespace": "x.servicebus.windows.net",
        "Other__queueServiceUri": "https://x.queue.core.windows.net",
    }
    found = {each.step: each for each in await look(environ, check(environ).configuration, sound=True)}
    for step in ("storage", "storage_rights", "poison_queues", "service_bus_sources", "storage_queue_targets"):
        assert (found[step].verdict, "run the doctor there" in found[step].message) == ("skipped", True), found[step]
