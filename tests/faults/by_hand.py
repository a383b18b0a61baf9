"""Evidence made by hand, for tests of the oracle."""

from typing import Any

from tests.faults.evidence import Delivery, Evidence, Journalled, Kept, Made, Receipt, Sent, Window
from tests.faults.oracle import judge

ORDERS = Delivery("to-orders", "orders")
BUS = Delivery("to-bus", "bus")
QUEUE = Delivery("to-queue", "queue")
TRANSPORTS = {"orders": "webhook", "bus": "service_bus", "queue": "storage_queue"}
T = 1_000.0


def sent(name="e1", *expects, **more) -> Sent:
    given: dict[str, Any] = {"organization": "contoso", "transport": "http", "source": "erp", "at": T, **more}
    return Sent(id=name, key=f"k-{name}", expects=expects, **given)


def got(to=ORDERS, name="e1", at=T + 1, **more) -> Receipt:
    return Receipt(target=to.target, route=to.route, id=name, message_id=f"k-{name}:{to.route}", at=at, **more)


def made(to=ORDERS, state="delivered", **more) -> Made:
    return Made(route=to.route, target=to.target, state=state, **more)


def row(*deliveries, name="e1", state="done", **more) -> Journalled:
    return Journalled(organization="contoso", key=f"k-{name}", id=name, state=state, deliveries=deliveries, **more)


def kept(reason, to=ORDERS, name="e1", **more) -> Kept:
    place = {"path": f"contoso/{reason}/{name}", "accepted_at": T, "recorded_at": T + 5, **more}
    return Kept(
        organization="contoso", reason=reason, key=f"k-{name}", id=name, route=to.route, target=to.target, **place
    )


def window(fault, start, end, subject="") -> Window:
    return Window(fault=fault, subject=subject, start=start, end=end)


def evidence(**parts) -> Evidence:
    given = {name: tuple(part) if isinstance(part, list) else part for name, part in parts.items()}
    return Evidence(transports=TRANSPORTS, **given)


def rules(found: Evidence) -> set[str]:
    return {problem.rule for problem in judge(found).problems}


GOOD = evidence(sent=[sent("e1", ORDERS)], receipts=[got()], journal=[row(made())])


def twice(to=ORDERS, at=T + 4, *windows) -> Evidence:
    return evidence(
        sent=[sent("e1", to)], receipts=[got(to), got(to, at=at)], journal=[row(made(to))], windows=list(windows)
    )
