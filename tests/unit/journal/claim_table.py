"""The claim table as data: rows, what is asked of them, and what is to be decided in each cell."""

from datetime import UTC, datetime, timedelta

from integration.journal.claim import (
    ASK_AGAIN_AFTER,
    LEASE,
    MARGIN,
    Differs,
    Drop,
    Duplicate,
    Process,
    Refuse,
    Wait,
)
from integration.journal.errand import errand_of
from integration.journal.record import Entry, Row, Subject
from integration.journal.scope import NO_ROUTE, WHOLE, ByRoute, Recheck, WholeEvent, slot_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SUBJECT = Subject(organization="contoso", key="a" * 64)
MINE = 4
LEASED = NOW + timedelta(seconds=60)
OVER = NOW - timedelta(seconds=1)

DELIVERED = Entry(slot=ByRoute("done"), state="delivered")
DEFERRED = Entry(slot=ByRoute("mine"), state="deferred", generation=MINE)
PARKED = Entry(slot=ByRoute("mine"), state="parked")
DEAD = Entry(slot=ByRoute("mine"), state="dead_lettered")
GONE = Entry(slot=ByRoute("gone"), state="dead_lettered", code="RouteGone")
HELD = Entry(slot=NO_ROUTE, state="dead_lettered", code="DuplicateDiffers")
REFUSED_BY_GUARD = Entry(slot=NO_ROUTE, state="dead_lettered", code="ForeignOrganization")
MADE = Entry(slot=ByRoute("mine"), state="delivered")


def a_row(state, *deliveries, lease=None, running="", generation=7, partial=False):
    return Row(
        subject=SUBJECT,
        state=state,
        generation=generation,
        accepted_at=NOW,
        lease_until=lease,
        running=errand_of(running),
        deliveries=deliveries,
        digest="right",
        partial=partial,
    )


ROWS = {
    "absent": None,
    "received, alive": a_row("received", DELIVERED, DEFERRED, lease=LEASED),
    "received, alive, its own run": a_row("received", DELIVERED, DEFERRED, lease=LEASED, running="4:mine"),
    "received, alive, another delivery's run": a_row("received", DELIVERED, DEFERRED, lease=LEASED, running="4:x"),
    "received, over": a_row("received", DELIVERED, DEFERRED, lease=OVER),
    "received, over, a part": a_row("received", DELIVERED, DEFERRED, lease=OVER, running="4:mine"),
    "deferred": a_row("deferred", DELIVERED, DEFERRED),
    "parked": a_row("parked", DELIVERED, PARKED),
    "dead-lettered": a_row("dead_lettered", DELIVERED, DEAD),
    "done": a_row("done", DELIVERED, MADE),
    "dead-lettered, its route gone": a_row("dead_lettered", DELIVERED, GONE, DEAD),
    "dead-lettered, by a guard": a_row("dead_lettered", REFUSED_BY_GUARD),
    "dead-lettered, for its data": a_row("dead_lettered", HELD),
    "unrouted": a_row("unrouted", Entry(slot=NO_ROUTE, state="unrouted")),
    "done, its delivery unknown": a_row("done", DELIVERED),
}
ASKED = {
    "source": ("source", 0, WholeEvent()),
    "source, other data": ("source", 0, WholeEvent()),
    "recheck": ("recheck", 0, Recheck("1")),
    "recheck, other data": ("recheck", 0, Recheck("1")),
    "continuation": ("continuation", MINE, ByRoute("mine")),
    "stale continuation": ("continuation", MINE - 1, ByRoute("mine")),
    "release": ("release", 0, ByRoute("mine")),
    "reopen": ("reopen", 0, ByRoute("mine")),
    "reopen, routed anew": ("reopen", 0, WholeEvent()),
    "replay": ("replay", 0, ByRoute("mine")),
    "replay of all": ("replay", 0, WholeEvent()),
}


def run(why, generation, *, whole=False, routes=(), settled=(), reopens=False, afresh=False, forgets=(), running=""):
    assert whole is (running == "")
    return Process(
        why=why,
        generation=generation,
        lease_until=NOW + LEASE,
        scopes=tuple(ByRoute(name) if name else WHOLE for name in routes),
        settled=frozenset(map(slot_of, settled)),
        reopens=reopens,
        afresh=afresh,
        forgets=frozenset(map(slot_of, forgets)),
        running=errand_of(running),
    )


RECHECK, LATER, REFUSED = Wait(LEASED + MARGIN), Wait(NOW + ASK_AGAIN_AFTER), Refuse(LEASED)
OWN = {"routes": ["mine"], "settled": ["done"]}
AGAIN = run("replayed", 8, whole=True, afresh=True)
REPLAYED = run("replayed", 8, **OWN, reopens=True, running="replay:mine")
REOPENED = run("replayed", 8, **OWN, reopens=True, running="reopen:mine")
ANEW = run("replayed", 8, whole=True, settled=["done", "mine"], reopens=True)
TAKEN = run("takeover", 8, whole=True, settled=["done", "mine"])

OTHER = Differs("right")

TABLE = {
    "absent": {
        "source": run("new", 1, whole=True),
        "source, other data": run("new", 1, whole=True),
        "recheck": run("new", 1, whole=True),
        "recheck, other data": run("new", 1, whole=True),
        "continuation": run("new", 5, routes=["mine"], running="4:mine"),
        "stale continuation": run("new", 4, routes=["mine"], running="3:mine"),
        "release": run("new", 1, routes=["mine"], running="release:mine"),
        "reopen": run("new", 1, routes=["mine"], running="reopen:mine"),
        "reopen, routed anew": run("new", 1, whole=True),
        "replay": run("new", 1, routes=["mine"], running="replay:mine"),
        "replay of all": run("new", 1, whole=True),
    },
    "received, alive": {
        "source": RECHECK,
        "source, other data": OTHER,
        "recheck": RECHECK,
        "recheck, other data": OTHER,
        "continuation": LATER,
        "stale continuation": Drop(),
        "release": REFUSED,
        "reopen": REFUSED,
        "reopen, routed anew": REFUSED,
        "replay": REFUSED,
        "replay of all": REFUSED,
    },
    "received, alive, its own run": {
        "source": RECHECK,
        "source, other data": OTHER,
        "recheck": RECHECK,
        "recheck, other data": OTHER,
        "continuation": run("continued", 8, **OWN, running="4:mine"),
        "stale continuation": Drop(),
        "release": REFUSED,
        "reopen": REFUSED,
        "reopen, routed anew": REFUSED,
        "replay": REFUSED,
        "replay of all": REFUSED,
    },
    "received, alive, another delivery's run": {
        "source": RECHECK,
        "source, other data": OTHER,
        "recheck": RECHECK,
        "recheck, other data": OTHER,
        "continuation": LATER,
        "stale continuation": Drop(),
        "release": REFUSED,
        "reopen": REFUSED,
        "reopen, routed anew": REFUSED,
        "replay": REFUSED,
        "replay of all": REFUSED,
    },
    "received, over": {
        "source": TAKEN,
        "source, other data": OTHER,
        "recheck": TAKEN,
        "recheck, other data": OTHER,
        "continuation": run("takeover", 8, whole=True, **OWN),
        "stale continuation": Drop(),
        "release": run("takeover", 8, whole=True, **OWN),
        "reopen": run("replayed", 8, whole=True, **OWN, reopens=True),
        "reopen, routed anew": ANEW,
        "replay": run("replayed", 8, whole=True, **OWN, reopens=True),
        "replay of all": AGAIN,
    },
    "received, over, a part": {
        "source": run("takeover", 8, settled=["done", "mine"], running="takeover"),
        "source, other data": OTHER,
        "recheck": run("takeover", 8, settled=["done", "mine"], running="takeover"),
        "recheck, other data": OTHER,
        "continuation": run("continued", 8, **OWN, running="4:mine"),
        "stale continuation": Drop(),
        "release": run("takeover", 8, **OWN, running="release:mine"),
        "reopen": REOPENED,
        "reopen, routed anew": ANEW,
        "replay": REPLAYED,
        "replay of all": AGAIN,
    },
    "deferred": {
        "source": Duplicate(),
        "source, other data": OTHER,
        "recheck": Drop(),
        "recheck, other data": OTHER,
        "continuation": run("continued", 8, **OWN, running="4:mine"),
        "stale continuation": Drop(),
        "release": Drop(),
        "reopen": REOPENED,
        "reopen, routed anew": ANEW,
        "replay": REPLAYED,
        "replay of all": AGAIN,
    },
    "parked": {
        "source": Duplicate(),
        "source, other data": OTHER,
        "recheck": Drop(),
        "recheck, other data": OTHER,
        "continuation": Drop(),
        "stale continuation": Drop(),
        "release": run("released", 8, **OWN, running="release:mine"),
        "reopen": REOPENED,
        "reopen, routed anew": ANEW,
        "replay": REPLAYED,
        "replay of all": AGAIN,
    },
    "dead-lettered": {
        "source": run("resent", 8, **OWN, reopens=True, running="resent"),
        "source, other data": OTHER,
        "recheck": Drop(),
        "recheck, other data": OTHER,
        "continuation": Drop(),
        "stale continuation": Drop(),
        "release": Drop(),
        "reopen": REOPENED,
        "reopen, routed anew": ANEW,
        "replay": REPLAYED,
        "replay of all": AGAIN,
    },
    "done": {
        "source": Duplicate(),
        "source, other data": OTHER,
        "recheck": Drop(),
        "recheck, other data": OTHER,
        "continuation": Drop(),
        "stale continuation": Drop(),
        "release": Drop(),
        "reopen": Drop(),
        "reopen, routed anew": ANEW,
        "replay": REPLAYED,
        "replay of all": AGAIN,
    },
    "dead-lettered, its route gone": {
        "source": run("resent", 8, routes=["gone", "mine"], settled=["done"], reopens=True, running="resent"),
        "source, other data": OTHER,
        "recheck": Drop(),
        "recheck, other data": OTHER,
        "continuation": Drop(),
        "stale continuation": Drop(),
        "release": Drop(),
        "reopen": run("replayed", 8, routes=["mine"], settled=["done", "gone"], reopens=True, running="reopen:mine"),
        "reopen, routed anew": run("replayed", 8, whole=True, settled=["done", "mine"], reopens=True, forgets=["gone"]),
        "replay": run("replayed", 8, routes=["mine"], settled=["done", "gone"], reopens=True, running="replay:mine"),
        "replay of all": AGAIN,
    },
    "dead-lettered, by a guard": {
        "source": run("resent", 8, routes=[""], reopens=True, running="resent"),
        "source, other data": OTHER,
        "recheck": Drop(),
        "recheck, other data": OTHER,
        "continuation": run("continued", 8, routes=["mine"], settled=[""], running="4:mine"),
        "stale continuation": run("continued", 8, routes=["mine"], settled=[""], running="3:mine"),
        "release": run("released", 8, routes=["mine"], settled=[""], running="release:mine"),
        "reopen": run("replayed", 8, routes=["mine"], settled=[""], reopens=True, running="reopen:mine"),
        "reopen, routed anew": run("replayed", 8, whole=True, reopens=True, forgets=[""]),
        "replay": run("replayed", 8, routes=["mine"], settled=[""], reopens=True, running="replay:mine"),
        "replay of all": AGAIN,
    },
    "dead-lettered, for its data": {
        "source": Duplicate(),
        "source, other data": OTHER,
        "recheck": Drop(),
        "recheck, other data": OTHER,
        "continuation": run("continued", 8, routes=["mine"], settled=[""], running="4:mine"),
        "stale continuation": run("continued", 8, routes=["mine"], settled=[""], running="3:mine"),
        "release": run("released", 8, routes=["mine"], settled=[""], running="release:mine"),
        "reopen": run("replayed", 8, routes=["mine"], settled=[""], reopens=True, running="reopen:mine"),
        "reopen, routed anew": run("replayed", 8, whole=True, reopens=True, forgets=[""]),
        "replay": run("replayed", 8, routes=["mine"], settled=[""], reopens=True, running="replay:mine"),
        "replay of all": AGAIN,
    },
    "unrouted": {
        "source": run("rerouted", 8, whole=True),
        "source, other data": OTHER,
        "recheck": Drop(),
        "recheck, other data": OTHER,
        "continuation": run("continued", 8, routes=["mine"], running="4:mine"),
        "stale continuation": run("continued", 8, routes=["mine"], running="3:mine"),
        "release": run("released", 8, routes=["mine"], running="release:mine"),
        "reopen": run("replayed", 8, routes=["mine"], reopens=True, running="reopen:mine"),
        "reopen, routed anew": run("replayed", 8, whole=True, reopens=True, forgets=[""]),
        "replay": AGAIN,
        "replay of all": AGAIN,
    },
    "done, its delivery unknown": {
        "source": Duplicate(),
        "source, other data": OTHER,
        "recheck": Drop(),
        "recheck, other data": OTHER,
        "continuation": run("continued", 8, **OWN, running="4:mine"),
        "stale continuation": run("continued", 8, **OWN, running="3:mine"),
        "release": run("released", 8, **OWN, running="release:mine"),
        "reopen": REOPENED,
        "reopen, routed anew": run("replayed", 8, whole=True, settled=["done"], reopens=True),
        "replay": REPLAYED,
        "replay of all": AGAIN,
    },
}
