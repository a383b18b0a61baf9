"""A byte of a stored or queued record is changed, to one that no record can hold: who reads it sees that it is wrong.

Every kind of record that fno-link keeps is drawn among; which of a kind there are at that moment is the run's affair.
What of a row or blob of an alert of our own, and what is itself kept because it cannot be read, is left alone: nothing
that was sent is in them.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import httpx
from azure.core.exceptions import HttpResponseError

from integration.dead_letters import Record
from integration.delivery.queued.claim_checks import DELIVERIES, INTAKE
from integration.delivery.screening.newest_row import FIRST
from integration.events.record import load
from integration.journal.tables import PAST_EVENTS
from integration.storage.names import CIRCUITS, DEAD_LETTERS, HEALTH, JOBS, JOURNAL, LINKS, PARKED, PAYLOADS
from tests.faults import decay, queued
from tests.faults.evidence import Place, Rot
from tests.faults.excuses import CORRUPT
from tests.faults.world import KEYS, Faulty

MOST: dict[Place, int] = {
    "envelope": 2,
    "retry": 2,
    "due row": 1,
    "dead letter": 2,
    "parked": 2,
    "intake claim-check": 1,
    "delivery claim-check": 2,
    "job": 1,
    "journal row": 4,
    "circuit": 1,
    "newest": 2,
    "link": 2,
    "health": 1,
}
"""In a run: enough to be met, and few enough that most of what is sent is still to be accounted for."""
PARTS: dict[Place, tuple[str, tuple[str, ...]]] = {
    "journal row": (JOURNAL, ("deliveries", "deliveries_0", "state", "v")),
    "circuit": (CIRCUITS, ("circuit",)),
    "newest": (JOURNAL, ("number", "v")),
    "link": (LINKS, ("record",)),
    "health": (HEALTH, ("watch0",)),
}
INTERNAL = "fno-link."
ORDER = {"filter": {"reason": "Undecodable"}, "perSecond": 2}


class Rotting:
    """Changes a byte of some records.

    Args:
        world: Where they are; what was changed is entered there.
        seed: Of the choice.
    """

    def __init__(self, world: Faulty, seed: object) -> None:
        self._world = world
        self._rng = random.Random(str(seed))  # a play, no secret
        self._left = dict(MOST)

    def begin(self) -> None:
        """Order a replay of what no replay can mend, so that there is a job to rot."""
        for host in self._world.hosts.values():
            with suppress(httpx.HTTPError):
                headers = {"x-functions-key": KEYS["master"]}
                answer = httpx.post(
                    f"{host.url}/api/dead-letters/replay", json=ORDER, headers=headers, trust_env=False, timeout=3
                )
                if answer.is_success:
                    return

    def again(self) -> None:
        """Change one record of each kind that there is just now, in an order that is drawn."""
        kinds = [place for place, left in self._left.items() if left]
        for place in self._rng.sample(kinds, len(kinds)):
            # What is read or written by somebody at this very moment is left alone.
            with suppress(HttpResponseError):
                self._left[place] -= self._one(place)

    def _one(self, place: Place) -> int:
        if place in ("envelope", "retry", "due row"):
            return queued.rot(self._world, place, self._rng)
        steps = self._steps(place)
        change = next(steps, None)
        if change is None:
            return 0
        # Known before it can be found.
        self._world.rots.append(rot_of(place, change))
        try:
            next(steps, None)
        except HttpResponseError:
            self._world.rots.pop()
            raise
        return 1

    def _steps(self, place: Place) -> Iterator[decay.Changed]:
        account = self._world.storage
        if place in PARTS:
            table, parts = PARTS[place]
            fits: Callable[[Mapping[str, Any]], bool] = lambda row: self._may(place, row["RowKey"])  # noqa: E731
            return decay.row(account, table, parts, self._rng, fits)
        container, prefix = BLOBS[place]
        return decay.blob(
            account, container, prefix, self._rng, lambda path, body: path not in self._done(place) and fit(place, body)
        )

    def _may(self, place: Place, key: str) -> bool:
        """Tell whether a row may be changed; the newest numbers lie beside the events."""
        beside = key.startswith(FIRST) if place == "newest" else place != "journal row" or key < PAST_EVENTS
        return beside and key not in self._done(place)

    def _done(self, place: Place) -> set[str]:
        return {rot.path for rot in self._world.rots if rot.place == place}


BLOBS: dict[Place, tuple[str, str]] = {
    "dead letter": (DEAD_LETTERS, ""),
    "parked": (PARKED, ""),
    "intake claim-check": (PAYLOADS, INTAKE),
    "delivery claim-check": (PAYLOADS, DELIVERIES),
    "job": (JOBS, "jobs/"),
}


def fit(place: Place, body: bytes) -> bool:
    """Tell whether a blob may be changed."""
    if place == "delivery claim-check":
        return not load(body).internal
    if place not in ("dead letter", "parked"):
        return True
    record = Record.decode(body)
    return record.reason != CORRUPT and not (record.event and record.event.internal)


def rot_of(place: Place, change: decay.Changed) -> Rot:
    """Say what a changed blob or row was about."""
    id_, key, route, left = "", "", "", b""
    if place in PARTS:
        left = str(change.after).encode()
        if place == "journal row":
            id_, key = str(change.before.get("id", "")), change.name
    else:
        left = change.after
        if place in ("dead letter", "parked"):
            record = Record.decode(change.before)
            id_, key, route = (record.event.id if record.event else ""), record.key, record.route
        elif place == "delivery claim-check":
            event = load(change.before)
            id_, key = event.id, event.key
        elif place == "intake claim-check":
            id_ = queued.sent_id(change.before)
    return Rot(
        place=place,
        id=id_,
        key=key,
        route=route,
        path=change.name,
        digest=hashlib.sha256(left).hexdigest(),
        at=time.time(),
    )
