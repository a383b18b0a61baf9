"""One order's way, as its trace: from HTTP intake through queue, link, route, a failed attempt and its retry."""

import json
import time
import uuid
from collections.abc import Callable

import httpx

from emulation import traces
from emulation.demo.bus import SESSIONS
from emulation.demo.day import SAMPLES
from emulation.demo.world import LocalWorld
from emulation.traces import Span

WITHIN = 120.0
ROUTE = "order-sessions"


class NotTraced(Exception):
    """The order did not come to its session queue in time."""


def order_traced(world: LocalWorld, say: Callable[[str], None]) -> tuple[list[Span], list[Span]]:
    """Send an order while its session queue refuses, let it in at the retry, and give its trace.

    Args:
        world: The running world, with a collector and a broker of its own.
        say: Told what happens.

    Returns:
        The trace of the order, and all spans.

    Raises:
        NotTraced: It was not delivered in time.
    """
    id_ = str(uuid.uuid4()).upper()
    event = json.loads((SAMPLES / "sales-order-confirmed.json").read_text()) | {"EventId": id_}
    control = world.bus.control
    say(f"the queue {SESSIONS} refuses what is sent to it")
    control.throttle(SESSIONS)
    headers = {"x-functions-key": world.host.key}
    httpx.post(f"{world.host.url}/api/events/erp", json=event, headers=headers, trust_env=False).raise_for_status()
    _until(world, id_, "deferred")
    say("it takes messages again; the retry is due within five seconds")
    control.clear()
    trace = _until(world, id_, "delivered")
    say("the order is in its session")
    return trace, traces.read(world.collector)


def _until(world: LocalWorld, id_: str, outcome: str) -> list[Span]:
    """Wait until the delivery to the session queue came out so, and its whole run is told."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        for trace in traces.traces(traces.read(world.collector)).values():
            ids = {span.id for span in trace}
            done = [
                span
                for span in trace
                if span.attributes.get("fno_link.event.id") == id_
                and span.attributes.get("fno_link.route") == ROUTE
                and span.attributes.get("fno_link.outcome") == outcome
            ]
            if done and all(span.parent in ids for span in done):
                return trace
        time.sleep(0.2)
    msg = f"the order {id_} was not {outcome} within {WITHIN:g} s"
    raise NotTraced(msg)
