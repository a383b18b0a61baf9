"""Timers on the local host: schedules, runs at start or by hand, runs that were missed, retries to their limit."""

import asyncio
import time

import pytest
from azure.storage.blob.aio import BlobServiceClient

from emulation.child import ChildFailed

TICKS = """
@app.timer_trigger(arg_name="timer", schedule="%WHEN%")
async def tick(timer: func.TimerRequest) -> None:
    print(f"tick past_due={timer.past_due} next={timer.schedule_status['Next']}", flush=True)
"""


def settings(azurite, when: str) -> dict[str, str]:
    return {"AzureWebJobsStorage": azurite.connection_string, "WHEN": when}


def wait_for_ticks(host, count: int) -> None:
    deadline = time.monotonic() + 30
    while host.log.count("tick past_due") < count:
        assert time.monotonic() < deadline, host.log
        time.sleep(0.05)


@pytest.mark.parametrize("when", ["*/1 * * * * *", "00:00:01"])
def test_a_timer_runs_by_its_schedule(azurite, run, when):
    host = run(TICKS, env=settings(azurite, when))
    wait_for_ticks(host, 3)
    assert "tick past_due=False" in host.log


def test_a_timer_runs_at_start_where_it_is_asked_to(azurite, run):
    at_start = TICKS.replace('schedule="%WHEN%"', 'schedule="%WHEN%", run_on_startup=True')
    host = run(at_start, env=settings(azurite, "0 0 0 1 1 *"))
    wait_for_ticks(host, 1)
    assert host.log.count("tick past_due") == 1


def test_a_timer_is_run_by_hand(azurite, run, http):
    host = run(TICKS, env=settings(azurite, "0 0 0 1 1 *"))
    url, key = f"{host.url}/admin/functions/tick", {"x-functions-key": host.master_key}
    assert http.post(url, json={}, headers=key).status_code == 202
    wait_for_ticks(host, 1)


async def test_a_run_that_was_missed_is_made_up_once_and_is_past_due(azurite, run):
    # An account of its own: the timers of other tests leave their status in the shared one.
    account = azurite.spare_account()
    host = run(TICKS, env={"AzureWebJobsStorage": account, "WHEN": "0 0 0 1 1 *"})
    async with BlobServiceClient.from_connection_string(account) as service:
        container = service.get_container_client("azure-webjobs-hosts")

        async def status():
            if not await container.exists():
                return None
            blobs = [blob async for blob in container.list_blobs("timers/") if blob.name.endswith(".tick/status")]
            newest = max(blobs, key=lambda blob: blob.last_modified, default=None)
            return newest and container.get_blob_client(newest.name)

        deadline = time.monotonic() + 20
        while (blob := await status()) is None:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        host.stop()
        missed = b'{"Last":"2020-01-01T00:00:00Z","Next":"2020-01-01T01:00:00Z","LastUpdated":"2020-01-01T00:00:00Z"}'
        await blob.upload_blob(missed, overwrite=True)
    host.start()
    wait_for_ticks(host, 1)
    assert "tick past_due=True" in host.log
    host.stop()
    host.start()
    host.stop()
    assert "tick" not in host.log.split('{"ready"')[0]
    assert "tick past_due" not in host.log


RETRIED = """
count = 0

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
@app.retry(strategy="STRATEGY", max_retry_count="2", INTERVALS)
async def retried(timer: func.TimerRequest, context: func.Context) -> None:
    global count
    count += 1
    retry = context.retry_context
    print(f"attempt {count} retry {retry.retry_count} of {retry.max_retry_count}", flush=True)
    raise ValueError("again")
"""


@pytest.mark.parametrize(
    ("strategy", "intervals"),
    [
        ("fixed_delay", 'delay_interval="00:00:00"'),
        ("exponential_backoff", 'minimum_interval="00:00:00", maximum_interval="00:00:01"'),
    ],
)
def test_a_timer_is_retried_by_its_policy_and_no_further(azurite, run, strategy, intervals):
    source = RETRIED.replace("STRATEGY", strategy).replace("INTERVALS", intervals)
    host = run(source, env={"AzureWebJobsStorage": azurite.connection_string})
    host.wait_for_log("attempt 3 retry 2 of 2")
    assert host.stop() == 0
    assert "attempt 1 retry 0 of 2" in host.log
    assert "attempt 4" not in host.log


def test_a_schedule_that_is_none_stops_the_host_and_says_so(azurite, run):
    with pytest.raises(ChildFailed, match="the schedule 'every day' is neither NCRONTAB nor a time span"):
        run(TICKS, env=settings(azurite, "every day"))
