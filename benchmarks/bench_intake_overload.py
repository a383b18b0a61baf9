"""HTTP intake under more than it can take: closed and open loop, in one run, on the local functions host.

What it accepts at three times its best rate is at least 0.8 of that, what it refuses is refused within
four times what an acceptance takes at most while 64 clients wait for theirs (a second is meant), and nothing that was
accepted is missing after the queue has drained.

The host is an instance of the group `http`, as on Flex Consumption: deliveries are made by other instances, here by a
second host when the load is over. The senders and the storage account share the machine with it, which they do not in
Azure; each load's row says who had the processors, and the run what a refusal costs in parts of an acceptance.
"""

import asyncio
import json
import os
from collections.abc import Awaitable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from benchmarks.draining import Drained, drain
from benchmarks.load import ACCEPTED, BUSY, Outcome, Senders
from benchmarks.measure import Row, row, told
from benchmarks.processors import Meter, Usage
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
REFUSED_WITHIN = 4
# Nobody comes again at once after a refusal; this is far sooner than Retry-After says.
PAUSE = 0.25
NAME = "intake"
HOST = "host and worker"


def rows(*, quick: bool = False) -> list[Row]:
    """Measure.

    Args:
        quick: Shorter windows.
    """
    # The longer, the longer the queue that is then drained: the local account takes the longer for each message, too.
    window = 1.5 if quick else 8.0
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
        with FunctionsHost(ROOT, settings=settings, env={"FUNCTIONS_TARGET_GROUP": "http"}) as host:
            senders = Senders(f"{host.url}/api/events/erp", host.key)
            meter = Meter({HOST: host.pid, "senders": os.getpid(), "storage": azurite.pid})
            found = asyncio.run(_loads(senders, window, meter))
        judged = told(_judged(found))
        accepted = {event for load in found.values() for event in load.outcome.accepted}
        with FunctionsHost(ROOT, settings=settings):
            drained = drain(storage, "archive", accepted)
    return judged + told(_arrived(len(accepted), drained))


class Load(msgspec.Struct, frozen=True):
    """What a load had for answers, and who had the processors meanwhile."""

    outcome: Outcome
    usage: Usage


async def _loads(senders: Senders, window: float, meter: Meter) -> dict[str, Load]:
    found: dict[str, Load] = {}

    async def load(name: str, sending: Awaitable[Outcome]) -> Outcome:
        meter.lap()
        outcome = await sending
        found[name] = Load(outcome, meter.lap())
        return outcome

    await senders.closed(4, window / 4)  # warm
    best = 0.0
    for clients in CLIENTS:
        best = max(best, (await load(f"{clients} clients", senders.closed(clients, window))).rate)
    await load("open", senders.open(OVER * best, window))
    await load("closed", senders.closed(OVER * CLIENTS[-1], window, pause=PAUSE))
    await load("after", senders.closed(CLIENTS[1], window))
    senders.close()
    return found


def _judged(found: dict[str, Load]) -> list[Row]:
    outcomes = {name: load.outcome for name, load in found.items()}
    plain = {name: outcome for name, outcome in outcomes.items() if name.endswith("clients")}
    best = max(outcome.rate for outcome in plain.values())
    judged = [
        row(f"{NAME}, closed loop, {name}", outcome.rate, "events/s", against=str(found[name].usage))
        for name, outcome in plain.items()
    ]
    against = "the best of the closed loops"
    words_of = {
        "open": f"open loop at {OVER} times the best rate",
        "closed": f"closed loop, {OVER * CLIENTS[-1]} clients",
        "after": f"closed loop, {CLIENTS[1]} clients, after it",
    }
    for name, words in words_of.items():
        rate, beside = outcomes[name].rate, f"{against}; {found[name].usage}"
        # What is left to be worked on when the load is over is worked on beside the intake: shown, no budget.
        budget = None if name == "after" else 0.8
        judged.append(
            row(f"{NAME}, {words}", rate, "events/s", base=best, against=beside, budget=budget, direction="at_least")
        )
    plainest = max((found[name] for name in plain), key=lambda load: load.outcome.rate)
    acceptance = plainest.usage.spent[HOST] / len(plainest.outcome.accepted)
    for name in ("open", "closed"):
        outcome, words = outcomes[name], words_of[name]
        judged.append(
            row(
                f"{NAME}, {words}: 99 of 100 refusals",
                outcome.slowest(BUSY),
                "s",
                base=plain[f"{CLIENTS[-1]} clients"].slowest(ACCEPTED),
                against=f"99 of 100 acceptances, closed loop, {CLIENTS[-1]} clients",
                budget=REFUSED_WITHIN,
            )
        )
        other = len(outcome.answers) - outcome.count(BUSY) - outcome.count(ACCEPTED)
        judged.append(row(f"{NAME}, {words}: no answer, or another", other, "answers", budget=0))
        judged.append(row(f"{NAME}, {words}: offered", outcome.offered, "requests/s", base=best, against=against))
        judged.append(row(f"{NAME}, {words}: refused", outcome.count(BUSY), "answers"))
        judged.append(_cost(f"{NAME}, {words}: processor time of a refusal", found[name], acceptance))
        judged.append(row(f"{NAME}, {words}: left to the sender, for want of a connection", outcome.unsent, "requests"))
    return judged


def _arrived(accepted: int, drained: Drained) -> list[Row]:
    """Judge what became of the events that were accepted; those that are late were not followed to their end."""
    return [
        row(f"{NAME}, accepted and missing when nothing came any more", drained.missing, "events", budget=0),
        row(f"{NAME}, accepted and still coming at the end", drained.late, "events", budget=0),
        row(f"{NAME}, accepted in all", accepted, "events"),
        row(f"{NAME}, drained after", drained.seconds, "s"),
    ]


def _cost(name: str, load: Load, acceptance: float) -> Row:
    """Tell what the host spent on a refusal, when an acceptance costs what it does without any."""
    outcome = load.outcome
    spent = load.usage.spent[HOST] - acceptance * len(outcome.accepted)
    refusal = spent / max(1, outcome.count(BUSY))
    return row(name, refusal * 1000, "ms", base=acceptance * 1000, against="an acceptance, host and worker")
