"""HTTP intake under more than it can take: closed and open loop, in one run, on the local functions host.

What it accepts at three times its best rate is at least 0.8 of that, what it refuses is refused within a second, and
nothing that was accepted is missing after the queue has drained.
"""

import asyncio
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import BinaryBase64DecodePolicy, QueueClient

from benchmarks.load import ACCEPTED, BUSY, Outcome, Senders
from benchmarks.measure import Row, row
from emulation.azurite import Azurite
from emulation.functions_host.process import FunctionsHost

ROOT = Path(__file__).parent.parent
CONFIGURATION = """
[[organizations]]
name = "contoso"
url = "https://contoso.crm.dynamics.com"
tenant = "contoso.onmicrosoft.com"
organization_id = "4ef5a7c0-11d2-4c5b-9d77-3b1f0c2a9e10"
[sources.erp]
kind = "http"
organization = "contoso"
[targets.archive]
kind = "storage_queue"
queue = "archive"
[[routes]]
name = "all"
target = "archive"
requires_link = false
[health]
schedule = "0 0 0 1 1 *"
"""
CLIENTS = (16, 32, 64)
OVER = 3
# Nobody comes again at once after a refusal; this is far sooner than Retry-After says.
PAUSE = 0.25
DRAINED_WITHIN = 900.0
NAME = "intake"


def rows(*, quick: bool = False) -> list[Row]:
    """Measure.

    Args:
        quick: Shorter windows.
    """
    window = 4.0 if quick else 15.0
    with Azurite() as azurite, TemporaryDirectory() as scratch:
        storage = azurite.spare_account()
        config = Path(scratch) / "fno-link.toml"
        config.write_text(CONFIGURATION)
        values = {
            "FNO_LINK_CONFIG": str(config),
            "AzureWebJobsStorage": storage,
            "FNO_LINK_CONTOSO_CLIENT_ID": "0a1b2c3d-0000-4000-8000-000000000001",
            "FNO_LINK_CONTOSO_CLIENT_SECRET": "s",
        }
        settings = Path(scratch) / "local.settings.json"
        settings.write_text(json.dumps({"IsEncrypted": False, "Values": values}))
        with FunctionsHost(ROOT, settings=settings) as host:
            senders = Senders(f"{host.url}/api/events/erp", host.key)
            outcomes = asyncio.run(_loads(senders, window))
        accepted = [event for outcome in outcomes.values() for event in outcome.accepted]
        # A host that has nothing to take in drains the queue.
        with FunctionsHost(ROOT, settings=settings):
            missing = _missing(storage, set(accepted))
    return _judged(outcomes, len(accepted), missing)


async def _loads(senders: Senders, window: float) -> dict[str, Outcome]:
    await senders.closed(4, window / 4)  # warm
    found: dict[str, Outcome] = {}
    for clients in CLIENTS:
        found[f"{clients} clients"] = await senders.closed(clients, window)
    best = max(outcome.rate for outcome in found.values())
    found["open"] = await senders.open(OVER * best, window)
    found["closed"] = await senders.closed(OVER * CLIENTS[-1], window, pause=PAUSE)
    found["after"] = await senders.closed(CLIENTS[1], window)
    senders.close()
    return found


def _judged(outcomes: dict[str, Outcome], accepted: int, missing: int) -> list[Row]:
    plain = {name: outcome for name, outcome in outcomes.items() if name.endswith("clients")}
    best = max(outcome.rate for outcome in plain.values())
    judged = [row(f"{NAME}, closed loop, {name}", outcome.rate, "events/s") for name, outcome in plain.items()]
    against = "the best of the closed loops"
    told = {
        "open": f"open loop at {OVER} times the best rate",
        "closed": f"closed loop, {OVER * CLIENTS[-1]} clients",
        "after": f"closed loop, {CLIENTS[1]} clients, after it",
    }
    for name, words in told.items():
        rate = outcomes[name].rate
        # What is left to be worked on when the load is over is worked on beside the intake: shown, no budget.
        budget = None if name == "after" else 0.8
        judged.append(
            row(f"{NAME}, {words}", rate, "events/s", base=best, against=against, budget=budget, direction="at_least")
        )
    for name in ("open", "closed"):
        outcome, words = outcomes[name], told[name]
        judged.append(row(f"{NAME}, {words}: 99 of 100 refusals", outcome.slowest(BUSY), "s", budget=1.0))
        other = len(outcome.answers) - outcome.count(BUSY) - outcome.count(ACCEPTED)
        judged.append(row(f"{NAME}, {words}: no answer, or another", other, "answers", budget=0))
        judged.append(row(f"{NAME}, {words}: offered", outcome.offered, "requests/s", base=best, against=against))
        judged.append(row(f"{NAME}, {words}: refused", outcome.count(BUSY), "answers"))
        judged.append(row(f"{NAME}, {words}: left to the sender, for want of a connection", outcome.unsent, "requests"))
    judged.append(row(f"{NAME}, accepted and missing after the queue has drained", missing, "events", budget=0))
    judged.append(row(f"{NAME}, accepted in all", accepted, "events"))
    return judged


def _missing(storage: str, wanted: set[str]) -> int:
    decode = BinaryBase64DecodePolicy()
    deadline = time.monotonic() + DRAINED_WITHIN
    missing = set(wanted)
    with QueueClient.from_connection_string(storage, "archive", message_decode_policy=decode) as client:
        while missing and time.monotonic() < deadline:
            try:
                for message in client.receive_messages(messages_per_page=32):
                    missing.discard(json.loads(message.content)["id"])
                    client.delete_message(message)
            except ResourceNotFoundError:
                pass  # nothing was sent to it yet
            time.sleep(0.2)
    return len(missing)
