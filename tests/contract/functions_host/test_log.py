"""What of an app's log would reach Application Insights: all of a running invocation, nothing else."""

import time

APP = """
import asyncio
import logging
import threading

kept = []

@app.route("write")
async def write(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    logging.info("at info")
    logging.getLogger("httpx").info("GET https://example.com/?sig=secret")
    logging.getLogger("azure.core.pipeline").info("an SDK at info")
    logging.getLogger("azure.functions").warning("the worker's own")
    kept.append(asyncio.create_task(go_on()))
    await asyncio.create_task(part())
    await asyncio.to_thread(logging.warning, "from another thread")
    return func.HttpResponse(context.invocation_id)

async def part() -> None:
    logging.warning("from a part of it")

async def go_on() -> None:
    logging.warning("before the end")
    await asyncio.sleep(0.5)
    logging.error("after the end")

@app.route("sync")
def sync(req: func.HttpRequest) -> func.HttpResponse:
    logging.warning("from its own thread")
    other = threading.Thread(target=logging.error, args=["from a thread of a thread"])
    other.start()
    other.join()
    return func.HttpResponse("done")

logging.error("while it was indexed")
"""


def test_records_of_a_running_invocation_pass_whoever_writes_them_and_no_others(run, http):
    host = run(APP, enforce_keys=False)
    invocation = http.get(f"{host.url}/api/write").text
    assert http.get(f"{host.url}/api/sync").text == "done"
    time.sleep(0.8)
    # What comes later shows that what came before it was dropped, not delayed.
    assert http.get(f"{host.url}/api/sync").text == "done"
    for text in (
        "INFO root: at info",
        "INFO httpx: GET https://example.com/?sig=secret",
        "INFO azure.core.pipeline: an SDK at info",
        "WARNING root: from a part of it",
        "WARNING root: before the end",
    ):
        assert f"[{invocation}] {text}" in host.log
    assert host.log.count("from its own thread") == 2
    for text in (
        "the worker's own",
        "from another thread",
        "after the end",
        "from a thread of a thread",
        "while it was indexed",
    ):
        assert text not in host.log


def test_debug_records_pass_where_the_worker_is_told_so(run, http):
    source = """
        import logging

        @app.route("write")
        async def write(req: func.HttpRequest) -> func.HttpResponse:
            logging.debug("at debug")
            return func.HttpResponse("done")
        """
    host = run(source, enforce_keys=False, env={"PYTHON_ENABLE_DEBUG_LOGGING": "1"})
    assert http.get(f"{host.url}/api/write").text == "done"
    assert "DEBUG root: at debug" in host.log
