"""Queue triggers on the local host: visibility, poison, encodings and leases, through kills and outages."""

import asyncio
import base64
import json
import time
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from azure.storage.queue import TextBase64DecodePolicy, TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from emulation.azurite import Azurite
from emulation.child import ChildFailed

QUICK = {"extensions": {"queues": {"maxPollingInterval": "00:00:00.200", "maxDequeueCount": 3}}}
FAST = QUICK["extensions"]["queues"]


@asynccontextmanager
async def queue(azurite, name: str, *, create: bool = True):
    client = QueueClient.from_connection_string(
        azurite.connection_string,
        name,
        message_encode_policy=TextBase64EncodePolicy(),
        message_decode_policy=TextBase64DecodePolicy(),
    )
    async with client:
        if create:
            await client.create_queue()
        yield client


async def received(client: QueueClient, seconds: float = 20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            message = await client.receive_message()
        except Exception as error:
            if getattr(error, "error_code", None) != "QueueNotFound":
                raise
            message = None
        if message is not None:
            return message
        await asyncio.sleep(0.05)
    pytest.fail("no message came")


def settings(azurite, name: str) -> dict[str, str]:
    return {"AzureWebJobsStorage": azurite.connection_string, "WORK": azurite.connection_string, "NAME": name}


COPY = """
import json

@app.queue_trigger(arg_name="message", queue_name="%NAME%", connection="WORK")
@app.queue_output(arg_name="$return", queue_name="%NAME%-out", connection="WORK")
async def copy(message: func.QueueMessage) -> str:
    body = message.get_body().decode()
    if body.startswith("fail"):
        raise ValueError(f"attempt {message.dequeue_count}")
    return json.dumps({
        "body": body, "count": message.dequeue_count, "id": message.id, "receipt": message.pop_receipt,
        "inserted": message.insertion_time.isoformat(), "expires": message.expiration_time.isoformat(),
    })
"""


async def test_a_message_is_handled_once_and_its_output_written(azurite, name, run):
    async with queue(azurite, name) as source, queue(azurite, f"{name}-out", create=False) as out:
        sent = await source.send_message("grüße ✓")
        run(COPY, QUICK, env=settings(azurite, name))
        seen = json.loads((await received(out)).content)
        assert (seen["body"], seen["count"], seen["id"]) == ("grüße ✓", 1, sent.id)
        assert seen["receipt"]
        assert seen["inserted"] < seen["expires"]
        deadline = time.monotonic() + 10
        while (await source.get_queue_properties()).approximate_message_count:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


async def test_a_queue_that_is_created_later_is_found(azurite, name, run):
    run(COPY, QUICK, env=settings(azurite, name))
    async with queue(azurite, name) as source, queue(azurite, f"{name}-out", create=False) as out:
        await source.send_message("later")
        assert json.loads((await received(out)).content)["body"] == "later"


async def test_a_message_that_keeps_failing_becomes_poison(azurite, name, run):
    async with queue(azurite, name) as source, queue(azurite, f"{name}-poison", create=False) as poison:
        await source.send_message("fail always")
        host = run(COPY, QUICK, env=settings(azurite, name))
        assert (await received(poison)).content == "fail always"
        assert [f"ValueError: attempt {n}" in host.log for n in (1, 2, 3, 4)] == [True, True, True, False]
        assert await source.receive_message() is None


async def test_a_failed_message_stays_hidden_for_the_visibility_timeout(azurite, name, run):
    slow = {"extensions": {"queues": {**FAST, "visibilityTimeout": "00:05:00"}}}
    async with queue(azurite, name) as source:
        await source.send_message("fail")
        host = run(COPY, slow, env=settings(azurite, name))
        host.wait_for_log("ValueError: attempt 1")
        host.stop()
        assert await source.receive_message() is None
        assert (await source.get_queue_properties()).approximate_message_count == 1


async def test_a_message_that_is_not_base64_becomes_poison_unseen(azurite, name, run):
    async with QueueClient.from_connection_string(azurite.connection_string, name) as plain:
        await plain.create_queue()
        await plain.send_message("{not base64}")
        host = run(COPY, QUICK, env=settings(azurite, name))
        async with QueueClient.from_connection_string(azurite.connection_string, f"{name}-poison") as poison:
            assert (await received(poison)).content == "{not base64}"
        assert "Executing 'Functions.copy'" not in host.log


BYTES = """
@app.queue_trigger(arg_name="message", queue_name="%NAME%", connection="WORK", data_type=func.DataType.BINARY)
@app.queue_output(arg_name="$return", queue_name="%NAME%-out", connection="WORK")
async def show(message: func.QueueMessage) -> str:
    return message.get_body().hex()
"""


@pytest.mark.parametrize("encoding", ["base64", "none"])
async def test_bytes_come_as_they_were_sent_and_their_members_are_no_metadata(azurite, name, run, encoding):
    options = {"extensions": {"queues": {**FAST, "messageEncoding": encoding}}}
    async with QueueClient.from_connection_string(azurite.connection_string, name) as plain:
        await plain.create_queue()
        run(BYTES, options, env=settings(azurite, name))
        bodies = [b'{"ExpirationTime": "never", "DequeueCount": "many"}', b"gr\xc3\xbcn"]
        bodies += [b"gr\xfcn", "grün".encode("utf-16")] if encoding == "base64" else []
        for body in bodies:
            # White space inside counts for nothing, as to .NET.
            wrapped = "\r\n ".join(base64.b64encode(body).decode())
            await plain.send_message(wrapped if encoding == "base64" else body.decode())
        decode = TextBase64DecodePolicy() if encoding == "base64" else None
        async with QueueClient.from_connection_string(
            azurite.connection_string, f"{name}-out", message_decode_policy=decode
        ) as out:
            got = [bytes.fromhex((await received(out)).content) for _ in bodies]
        assert sorted(got) == sorted(bodies)


async def test_a_text_with_names_of_metadata_never_reaches_its_function(azurite, name, run):
    async with queue(azurite, name) as source, queue(azurite, f"{name}-poison", create=False) as poison:
        await source.send_message(body := '{"ExpirationTime": "never"}')
        host = run(COPY, QUICK, env=settings(azurite, name))
        assert (await received(poison)).content == body
        assert host.log.count("Executing 'Functions.copy'") == 3
        assert "does not match format" in host.log


POISON = """
@app.queue_trigger(arg_name="message", queue_name="%NAME%-poison", connection="WORK")
async def fail(message: func.QueueMessage) -> None:
    raise ValueError(f"attempt {message.dequeue_count}")
"""


async def test_a_message_that_a_poison_function_fails_on_is_hidden_and_never_moved_on(azurite, name, run):
    async with queue(azurite, f"{name}-poison") as poison, queue(azurite, f"{name}-poison-poison") as beyond:
        await poison.send_message("x")
        host = run(POISON, QUICK, env=settings(azurite, name), queue_lease=1)
        host.wait_for_log("ValueError: attempt 3")
        # Above maxDequeueCount its function is not even run any more.
        deadline = time.monotonic() + 20
        while host.log.count("stays hidden") < 5:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        assert "attempt 4" not in host.log
        host.stop()
        assert await beyond.receive_message() is None
        assert (await poison.get_queue_properties()).approximate_message_count == 1


async def test_what_is_moved_to_a_poison_queue_has_seven_days_of_life(azurite, name, run):
    async with queue(azurite, name) as source, queue(azurite, f"{name}-poison", create=False) as poison:
        await source.send_message("fail", time_to_live=-1)
        run(COPY, QUICK, env=settings(azurite, name))
        moved = await received(poison)
        assert moved.expires_on - moved.inserted_on == timedelta(days=7)


async def test_plain_messages_are_taken_where_host_json_says_so(azurite, name, run):
    plain = {"extensions": {"queues": {**FAST, "messageEncoding": "none"}}}
    async with QueueClient.from_connection_string(azurite.connection_string, name) as source:
        await source.create_queue()
        await source.send_message("{plain}")
        run(COPY, plain, env=settings(azurite, name))
        async with QueueClient.from_connection_string(azurite.connection_string, f"{name}-out") as out:
            assert json.loads((await received(out)).content)["body"] == "{plain}"


HANG_ONCE = """
import asyncio

@app.queue_trigger(arg_name="message", queue_name="%NAME%", connection="WORK")
@app.queue_output(arg_name="$return", queue_name="%NAME%-out", connection="WORK")
async def hang(message: func.QueueMessage) -> str:
    print(f"seen {message.dequeue_count}", flush=True)
    if message.dequeue_count == 1:
        await asyncio.sleep(3600)
    return str(message.dequeue_count)
"""


async def test_a_message_in_work_when_the_host_is_killed_is_delivered_again(azurite, name, run):
    async with queue(azurite, name) as source, queue(azurite, f"{name}-out", create=False) as out:
        await source.send_message("x")
        host = run(HANG_ONCE, QUICK, env=settings(azurite, name), queue_lease=2, drain=1)
        host.wait_for_log("seen 1")
        assert host.kill() == -9
        host.restart()
        assert (await received(out)).content == "2"


SLOW = """
import asyncio

@app.queue_trigger(arg_name="message", queue_name="%NAME%", connection="WORK")
@app.queue_output(arg_name="$return", queue_name="%NAME%-out", connection="WORK")
async def slow(message: func.QueueMessage) -> str:
    await asyncio.sleep(4)
    return str(message.dequeue_count)
"""


async def test_the_lease_of_a_message_in_work_is_renewed(azurite, name, run):
    async with queue(azurite, name) as source, queue(azurite, f"{name}-out", create=False) as out:
        await source.send_message("x")
        host = run(SLOW, QUICK, env=settings(azurite, name), queue_lease=2)
        assert (await received(out)).content == "1"
        assert host.stop() == 0
        assert host.log.count("Executing 'Functions.slow'") == 1
        assert (await source.get_queue_properties()).approximate_message_count == 0


CROWD = """
import asyncio

now = most = 0

@app.queue_trigger(arg_name="message", queue_name="%NAME%", connection="WORK")
async def crowd(message: func.QueueMessage) -> None:
    global now, most
    now += 1
    most = max(most, now)
    await asyncio.sleep(0.3)
    now -= 1
    print(f"most {most}", flush=True)
"""


async def test_no_more_than_a_batch_and_its_threshold_are_in_work(azurite, name, run):
    small = {"extensions": {"queues": {**FAST, "batchSize": 4, "newBatchThreshold": 1}}}
    async with queue(azurite, name) as source:
        for _ in range(12):
            await source.send_message("x")
        host = run(CROWD, small, env=settings(azurite, name))
        deadline = time.monotonic() + 20
        while host.log.count("most ") < 12:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        most = max(int(line.split()[1]) for line in host.log.splitlines() if line.startswith("most "))
        assert 4 <= most <= 5


async def test_a_trigger_is_run_by_hand_through_the_admin_surface(azurite, name, run, http):
    host = run(COPY, QUICK, env=settings(azurite, name))
    url, master = f"{host.url}/admin/functions/copy", {"x-functions-key": host.master_key}
    assert http.post(url, json={"input": "by hand"}).status_code == 401
    assert http.post(url, json={"input": 3}, headers=master).status_code == 400
    assert http.post(url, json={"input": "fail by hand"}, headers=master).status_code == 202
    host.wait_for_log("ValueError: attempt 0")


def test_a_missing_connection_stops_the_host_and_says_so(run, azurite):
    with pytest.raises(ChildFailed, match=r"exit code 1[\s\S]*connection 'WORK' does not exist"):
        run(COPY, env={"AzureWebJobsStorage": azurite.connection_string, "NAME": "n"})


def test_a_missing_host_storage_stops_the_host_and_says_so(run, azurite):
    with pytest.raises(ChildFailed, match="Missing value for AzureWebJobsStorage"):
        run(COPY, env={"AzureWebJobsStorage": "", "WORK": azurite.connection_string, "NAME": "n"})


def test_a_setting_that_does_not_exist_stops_the_host_and_says_so(run, azurite):
    with pytest.raises(ChildFailed, match="'%NAME%' does not resolve to a value"):
        run(COPY, env={"AzureWebJobsStorage": azurite.connection_string, "WORK": azurite.connection_string})


async def test_messages_wait_while_storage_is_away(tmp_path, name, run):
    with Azurite(tmp_path / "storage") as own:
        async with queue(own, name) as source:
            host = run(COPY, QUICK, env=settings(own, name))
            own.stop()
            host.wait_for_log("cannot be read")
            own.restart()
            await source.send_message("after the outage")
            async with queue(own, f"{name}-out", create=False) as out:
                assert json.loads((await received(out)).content)["body"] == "after the outage"
