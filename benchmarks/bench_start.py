"""From starting the process to the first 202, beside a bare function that does one queue send, on the same host."""

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.bench_import import SETTINGS
from benchmarks.measure import Row, row
from emulation.azurite import Azurite
from emulation.functions_host.process import FunctionsHost

ROOT = Path(__file__).parent.parent
BARE = """
import os

import azure.functions as func
from azure.core.exceptions import ResourceNotFoundError

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
queue = None


@app.route("events/erp", methods=["POST"])
async def take(req: func.HttpRequest) -> func.HttpResponse:
    global queue
    if queue is None:
        from azure.storage.queue import BinaryBase64EncodePolicy
        from azure.storage.queue.aio import QueueClient

        queue = QueueClient.from_connection_string(
            os.environ["AzureWebJobsStorage"], "bare-events", message_encode_policy=BinaryBase64EncodePolicy()
        )
    try:
        await queue.send_message(req.get_body())
    except ResourceNotFoundError:
        await queue.create_queue()
        await queue.send_message(req.get_body())
    return func.HttpResponse(status_code=202)
"""
EVENT = json.dumps({"BusinessEventId": "BenchBusinessEvent", "EventId": "7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11"})
NAME = "process start to first 202"


def rows(*, quick: bool = False) -> list[Row]:
    rounds = 3 if quick else 9
    with Azurite() as azurite, TemporaryDirectory() as scratch:
        bare = Path(scratch)
        (bare / "function_app.py").write_text(BARE)
        (bare / "host.json").write_text((ROOT / "host.json").read_text())
        settings = bare / "local.settings.json"
        settings.write_text(json.dumps({"IsEncrypted": False, "Values": {}}))
        environ = {
            **SETTINGS,
            "PYTHONPYCACHEPREFIX": str(bare / "cache"),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        apps = {"bare": bare, "fno-link": ROOT}
        samples: dict[str, list[float]] = {name: [] for name in apps}
        for turn in range(-1, rounds):
            for name in apps if turn % 2 else reversed(apps):
                # An account of its own: what an earlier process left on its queues would be worked on meanwhile.
                account = {"AzureWebJobsStorage": azurite.spare_account()}
                took = _first_answer(apps[name], settings, {**environ, **account})
                if turn >= 0:  # the first writes the byte code
                    samples[name].append(took)
    return [
        row(f"{NAME}, bare function", samples["bare"], "s"),
        row(NAME, samples["fno-link"], "s", base=samples["bare"], against="a bare queue send, same host", budget=1.2),
    ]


def _first_answer(app: Path, settings: Path, environ: dict[str, str]) -> float:
    host = FunctionsHost(app, env=environ, settings=settings)
    started = time.perf_counter()
    with host:
        headers = {"x-functions-key": host.key}
        answer = httpx.post(f"{host.url}/api/events/erp", content=EVENT, headers=headers, trust_env=False, timeout=30)
        took = time.perf_counter() - started
        if answer.status_code != httpx.codes.ACCEPTED:
            msg = f"{app} answered {answer.status_code}: {answer.text[:500]}"
            raise RuntimeError(msg)
    return took
