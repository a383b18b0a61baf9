"""How each fault is carried out and undone."""

import time
from collections.abc import Callable

import msgspec

from tests.faults.evidence import Window
from tests.faults.lies import Liar
from tests.faults.rot import Rotting
from tests.faults.schedule import Planned
from tests.faults.topology import CLIENT_ID, CLIENT_SECRET, ORGANIZATIONS, TIMEOUT, elsewhere, home
from tests.faults.transactions import LINE, REFUSAL
from tests.faults.world import Faulty

RETRY_AFTER = "1"
# Of answers of the storage account, until the connections are reset.
BYTES = 4_000
STEP = 0.2
STORAGE_DELAY = 0.5
BROKER_DELAY = 0.5
DATAVERSE_DELAY = 2.0


class Course(msgspec.Struct, frozen=True):
    """How a fault begins, how it ends, and what is done again and again between."""

    begin: Callable[[], object]
    end: Callable[[], object]
    again: Callable[[], object] = bool


class Faults:
    """Carries out what is planned, and writes down when.

    Args:
        world: What it befalls.
    """

    def __init__(self, world: Faulty) -> None:
        self._world = world
        self.windows: list[Window] = []

    def carry_out(self, planned: Planned) -> None:
        """Let a fault begin, wait, undo it; takes as long as it lasts."""
        course = course_of(self._world, planned)
        start = time.time()
        course.begin()
        try:
            until = time.monotonic() + planned.lasts
            while (left := until - time.monotonic()) > 0:
                time.sleep(min(STEP, left))
                course.again()
        finally:
            course.end()
            self.windows.append(Window(fault=planned.fault, subject=planned.subject, start=start, end=time.time()))


def course_of(world: Faulty, planned: Planned) -> Course:
    """Say how a planned fault is carried out."""
    subject = planned.subject
    match planned.fault.partition("_"):
        case "host", _, how:
            return _of_host(world, how, subject)
        case "broker", _, how:
            return _of_broker(world, how, subject)
        case "storage" | "transaction", _, how:
            return _of_storage(world, how)
        case "receiver", _, how:
            return _of_finance_operations(world, how) if subject == "erp" else _of_receiver(world, how, subject)
        case "counterpart" | "record", _, _:
            return _of_content(world, planned)
        case _:
            return _of_dynamics(world, planned)


def _of_host(world: Faulty, how: str, subject: str) -> Course:
    if how == "kill":
        return Course(lambda: world.kill(subject), lambda: world.revive(subject))
    return Course(world.hosts[subject].pause, world.hosts[subject].resume)


def _of_content(world: Faulty, planned: Planned) -> Course:
    if planned.fault == "record_rots":
        rotting = Rotting(world, planned)
        return Course(rotting.begin, bool, rotting.again)
    liar = Liar(world, planned.subject, planned)
    return Course(liar.tell, liar.heal, liar.tell)


def _of_broker(world: Faulty, how: str, entity: str) -> Course:
    bus = world.bus
    match how:
        case "kill":
            return Course(bus.kill, bus.start)
        case "cut":
            return Course(world.bus_proxy.cut, world.bus_proxy.restore)
        case "slow":
            return Course(lambda: bus.control.delay(BROKER_DELAY), bus.control.clear)
        case "throttled":
            return Course(lambda: bus.control.throttle(entity), bus.control.clear)
        case _:
            # Twice: each loss is a delivery that counts, and the broker gives a message up after ten.
            return Course(bus.control.lose_locks, bus.control.lose_locks)


def _of_storage(world: Faulty, how: str) -> Course:
    proxy = world.storage_proxy
    match how:
        case "cut":
            return Course(proxy.cut, proxy.restore)
        case "slow":
            return Course(lambda: proxy.delay(STORAGE_DELAY), proxy.restore)
        case "unanswered":
            return Course(lambda: proxy.lose_answers(LINE), proxy.restore)
        case "refused":
            return Course(lambda: proxy.answer(LINE, REFUSAL), proxy.restore)
        case _:
            return Course(lambda: proxy.reset_after(BYTES), proxy.restore, lambda: proxy.reset_after(BYTES))


def _of_dynamics(world: Faulty, planned: Planned) -> Course:
    control, name = world.dynamics.control, planned.subject

    def heal() -> None:
        control.heal(name)

    def down() -> None:
        control.break_(name, "reset")
        control.break_(name, "unreachable")

    def back() -> None:
        control.link(name, home(name))

    match planned.fault:
        case "link_lost":
            return Course(lambda: control.unlink(name), back)
        case "link_moved":
            return Course(lambda: control.relink(name, elsewhere(name)), back)
        case "secret_expired":
            return Course(
                lambda: control.expire_secrets(CLIENT_ID), lambda: control.rotate_secret(CLIENT_ID, CLIENT_SECRET)
            )
        case "dataverse_throttled":
            return Course(lambda: control.throttle(name, RETRY_AFTER), heal)
        case "dataverse_slow":
            return Course(lambda: control.delay(name, DATAVERSE_DELAY), heal)
        case _:
            return Course(down, heal)


def _of_receiver(world: Faulty, how: str, name: str) -> Course:
    receivers = world.receivers
    begin: dict[str, Callable[[], object]] = {
        "error": lambda: receivers.fail(name, 500),
        "refuses": lambda: receivers.fail(name, 400),
        "throttles": lambda: receivers.fail(name, 429, headers={"Retry-After": RETRY_AFTER}),
        "hangs": lambda: receivers.hang(name),
        "drops": lambda: receivers.drop(name),
        "slow": lambda: receivers.delay(name, TIMEOUT),
    }
    return Course(begin[how], lambda: receivers.heal(name))


def _of_finance_operations(world: Faulty, how: str) -> Course:
    control = world.dynamics.control
    begin: dict[str, Callable[[str], object]] = {
        "error": lambda name: control.break_(name, "answer", kind="fno", status=500),
        "refuses": lambda name: control.break_(name, "answer", kind="fno", status=400),
        "throttles": lambda name: control.throttle(name, RETRY_AFTER, kind="fno"),
        "hangs": lambda name: control.break_(name, "hang", kind="fno"),
        "drops": lambda name: control.break_(name, "reset", kind="fno"),
        "slow": lambda name: control.delay(name, TIMEOUT, kind="fno"),
    }
    return Course(
        lambda: [begin[how](name) for name in ORGANIZATIONS],
        lambda: [control.heal(name, "fno") for name in ORGANIZATIONS],
    )
