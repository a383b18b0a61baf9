"""How many calls a cold fleet makes: 16 processes x 1,000 callers on Azurite and the emulated Dynamics."""

import json
import os
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from benchmarks.measure import Row, row
from emulation.azurite import Azurite
from emulation.dynamics import App, Dynamics, FinanceOperationsLink, Organization, Secret, World

CLIENT_ID = "0a1b2c3d-0000-4000-8000-0000000000f1"
CLIENT_SECRET = "a secret of the benchmark"  # noqa: S105 - of the emulated world
SLOW = 2.0
LEASE_CALL_TIMEOUT = 5.0
ROOT = Path(__file__).parents[1]


class Fleet:
    """Processes that wait for the starting shot.

    Args:
        azurite: Their storage.
        dynamics: Their world.
        organization: Whom they all ask about.
        processes: How many.
        callers: In each.
    """

    def __init__(
        self, azurite: Azurite, dynamics: Dynamics, organization: Organization, processes: int, callers: int
    ) -> None:
        options = {
            "storage": azurite.connection_string,
            "table": f"links{uuid.uuid4().hex}",
            "url": organization.base_url(),
            "name": organization.name,
            "tenant": "contoso.onmicrosoft.com",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "callers": callers,
            "call_timeout": LEASE_CALL_TIMEOUT,
        }
        command = [sys.executable, "-m", "benchmarks.fleet_member", json.dumps(options)]
        self._callers = callers
        self._members = [
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env=os.environ | dynamics.environ,
            )
            for _ in range(processes)
        ]

    def __enter__(self) -> Self:
        for member in self._members:
            assert member.stdout is not None
            assert member.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        for member in self._members:
            if member.poll() is None:
                member.kill()
            member.communicate()

    def go(self, members: slice = slice(None)) -> None:
        for member in self._members[members]:
            assert member.stdin is not None
            member.stdin.write("go\n")
            member.stdin.flush()

    def kill_first(self) -> None:
        victim = self._members.pop(0)
        victim.kill()
        victim.communicate()

    def finish(self, within: float = 120.0) -> None:
        answers: list[dict[str, Any]] = [json.loads(member.communicate(timeout=within)[0]) for member in self._members]
        assert all(answer["answers"] == self._callers for answer in answers)
        assert len({tuple(answer["environments"]) for answer in answers}) == 1


def rows(quick: bool = False) -> list[Row]:  # noqa: FBT001, FBT002 - the call of every benchmark
    processes, callers = (3, 50) if quick else (16, 1000)
    world = World(apps=(App(CLIENT_ID, secrets=(Secret(CLIENT_SECRET),)),))
    against = f"{processes} processes x {callers:,} cold callers, Dataverse {SLOW:g} s slow"
    with ExitStack() as stack:
        azurite = stack.enter_context(Azurite())
        dynamics = stack.enter_context(Dynamics(world))
        calls, seconds = _cold(azurite, dynamics, processes, callers)
        killed = _killed(azurite, dynamics, processes, callers)
        per_step, steps = _throttled(azurite, dynamics, processes, callers, for_seconds=8.0 if quick else 16.0)
    return [
        row("cold fleet: link calls", calls, "calls", budget=1, against=against),
        row("cold fleet: start until all are answered", seconds, "s", against=against),
        row("cold fleet, lease holder killed: link calls", killed, "calls", budget=2, against=against),
        row(
            "cold fleet under 429: link calls per back-off step",
            per_step,
            "calls",
            budget=1,
            against=f"{processes} processes x {callers:,} callers, {steps} steps",
        ),
    ]


def _organization(dynamics: Dynamics) -> Organization:
    name = f"fleet-{uuid.uuid4().hex[:8]}"
    made = Organization(name, link=FinanceOperationsLink(f"https://{name}.operations.dynamics.com"))
    dynamics.control.add_organization(made)
    return made


def _calls(dynamics: Dynamics, organization: Organization) -> int:
    return dynamics.control.calls(organization.name).get("link", 0)


def _cold(azurite: Azurite, dynamics: Dynamics, processes: int, callers: int) -> tuple[int, float]:
    organization = _organization(dynamics)
    dynamics.control.delay(organization.name, SLOW, kind="link")
    with Fleet(azurite, dynamics, organization, processes, callers) as fleet:
        start = time.perf_counter()
        fleet.go()
        fleet.finish()
        return _calls(dynamics, organization), time.perf_counter() - start


def _killed(azurite: Azurite, dynamics: Dynamics, processes: int, callers: int) -> int:
    organization = _organization(dynamics)
    dynamics.control.break_(organization.name, "hang", kind="link", times=1)
    with Fleet(azurite, dynamics, organization, processes, callers) as fleet:
        fleet.go(slice(0, 1))
        while not _calls(dynamics, organization):
            time.sleep(0.05)
        dynamics.control.delay(organization.name, SLOW, kind="link")
        fleet.go(slice(1, None))
        fleet.kill_first()
        fleet.finish()
        return _calls(dynamics, organization)


def _throttled(
    azurite: Azurite, dynamics: Dynamics, processes: int, callers: int, *, for_seconds: float
) -> tuple[float, int]:
    organization = _organization(dynamics)
    dynamics.control.throttle(organization.name, None, kind="link")
    with Fleet(azurite, dynamics, organization, processes, callers) as fleet:
        fleet.go()
        times = _times(dynamics, organization, for_seconds)
        dynamics.control.heal(organization.name)
        fleet.finish()
    # The shortest step is 2 s: calls closer than 1 s belong to one step.
    steps = 1 + sum(later - earlier > 1.0 for earlier, later in pairwise(times))
    return len(times) / steps, steps


def _times(dynamics: Dynamics, organization: Organization, seconds: float) -> list[float]:
    """Watch the count of calls; return when each was made."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        times += [now] * (_calls(dynamics, organization) - len(times))
        time.sleep(0.1)
    return times
