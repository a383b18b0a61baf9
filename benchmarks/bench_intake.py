"""HTTP intake at 64 clients beside a bare function that does one queue send, on the same host.

Both are hosts of their own with an account each, loaded in turns for some seconds by the same senders in a closed loop:
accepted events a second, and the time within which 99 of 100 acceptances came. fno-link is an instance of the group
`http`, as on Flex Consumption: it takes, and delivers nothing meanwhile.

And the first request of a process: the process is started, the host says that it serves, and then the first event is
sent. Its byte code is there already, in a deployed package as here; opening the connection to the account and making
the queue are in it, for both.
"""

import asyncio
import json
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.bench_import import SETTINGS
from benchmarks.bench_intake_overload import CONFIGURATION
from benchmarks.bench_start import BARE, EVENT
from benchmarks.load import ACCEPTED, BUSY, Outcome, Senders
from benchmarks.measure import Row, row
from emulation.azurite import Azurite
from emulation.functions_host.process import FunctionsHost

ROOT = Path(__file__).parent.parent
CLIENTS = 64
SIDES = ("fno-link", "bare")
AGAINST = "a bare function that does one queue send, same host"
NAME = f"intake, {CLIENTS} clients"


def rows(*, quick: bool = False) -> list[Row]:
    """Measure.

    Args:
        quick: Fewer and shorter turns.
    """
    with Azurite() as azurite, TemporaryDirectory() as scratch:
        apps = {"fno-link": ROOT, "bare": Path(scratch) / "bare"}
        settings = _settings(apps["bare"], Path(scratch))
        environ = {
            **SETTINGS,
            "FNO_LINK_CONFIG": str(Path(scratch) / "fno-link.toml"),
            "FUNCTIONS_TARGET_GROUP": "http",
            "PYTHONPYCACHEPREFIX": str(Path(scratch) / "cache"),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        first: dict[str, list[float]] = {side: [] for side in SIDES}
        for turn in range(-1, 2 if quick else 9):
            for side in SIDES if turn % 2 else reversed(SIDES):
                env = {**environ, "AzureWebJobsStorage": azurite.spare_account()}
                with FunctionsHost(apps[side], env=env, settings=settings) as host:
                    took = _first(host)
                if turn >= 0:  # the first writes the byte code
                    first[side].append(took * 1000)
        with ExitStack() as stack:
            hosts = {
                side: stack.enter_context(
                    FunctionsHost(
                        apps[side], env={**environ, "AzureWebJobsStorage": azurite.spare_account()}, settings=settings
                    )
                )
                for side in SIDES
            }
            loaded = asyncio.run(_loaded(hosts, turns=4 if quick else 16, seconds=1.0 if quick else 2.0))
    rate, slowest = ({side: [judge(each) for each in loaded[side]] for side in SIDES} for judge in (_rate, _slowest))
    return [
        row(
            f"{NAME}, accepted",
            rate["fno-link"],
            "events/s",
            base=rate["bare"],
            against=AGAINST,
            budget=0.8,
            direction="at_least",
            paired=True,
        ),
        row(
            f"{NAME}, 99 of 100 acceptances",
            slowest["fno-link"],
            "ms",
            base=slowest["bare"],
            against=AGAINST,
            budget=1.25,
            paired=True,
        ),
        row(
            "the first request of a process", first["fno-link"], "ms", base=first["bare"], against=AGAINST, paired=True
        ),
    ]


async def _loaded(hosts: dict[str, FunctionsHost], *, turns: int, seconds: float) -> dict[str, list[Outcome]]:
    senders = {side: Senders(f"{host.url}/api/events/erp", host.key) for side, host in hosts.items()}
    found: dict[str, list[Outcome]] = {side: [] for side in SIDES}
    for each in senders.values():
        await each.closed(1, 0.2)  # makes the queue
        each.close()
    for turn in range(-2, turns):
        for side in SIDES if turn % 2 else reversed(SIDES):
            outcome = await senders[side].closed(CLIENTS, seconds)
            senders[side].close()  # the host closes what is idle for 5 s, which may be before the next turn
            if other := len(outcome.answers) - outcome.count(ACCEPTED) - outcome.count(BUSY):
                msg = f"{side} answered {other} of {len(outcome.answers)} with neither 202 nor 503"
                raise RuntimeError(msg)
            if turn >= 0:
                found[side].append(outcome)
    return found


def _first(host: FunctionsHost) -> float:
    headers = {"x-functions-key": host.key}
    with httpx.Client(headers=headers, trust_env=False, timeout=30) as client:
        client.get(f"{host.url}/")  # the connection is open, the host awake
        began = time.perf_counter()
        answer = client.post(f"{host.url}/api/events/erp", content=EVENT)
        took = time.perf_counter() - began
    if answer.status_code != httpx.codes.ACCEPTED:
        msg = f"answered {answer.status_code}: {answer.text[:500]}"
        raise RuntimeError(msg)
    return took


def _rate(outcome: Outcome) -> float:
    return outcome.rate


def _slowest(outcome: Outcome) -> float:
    return outcome.slowest(ACCEPTED) * 1000


def _settings(bare: Path, scratch: Path) -> Path:
    bare.mkdir()
    (bare / "function_app.py").write_text(BARE)
    (bare / "host.json").write_text((ROOT / "host.json").read_text())
    (scratch / "fno-link.toml").write_text(CONFIGURATION)
    settings = scratch / "local.settings.json"
    settings.write_text(json.dumps({"IsEncrypted": False, "Values": {}}))
    return settings
