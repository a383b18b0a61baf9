"""The acts of the demo, in order."""

import time
from collections.abc import Callable, Iterable

import msgspec

from emulation.demo.day import Day, Message
from emulation.demo.ledger import Books, Ledger
from emulation.demo.mail import Mail
from emulation.demo.operator import Operator
from emulation.demo.world import ELSEWHERE, HOME, ORGANIZATION, LocalWorld
from emulation.workflows.channel import title_of

MORNING, WITHOUT_LINK, BACK, MOVED = 150, 40, 20, 20
A_FEW = 5
# Longer than the lease of a run that was cut off, and than the look that follows it: 155 s.
SETTLE_WITHIN = 180.0
STILL_FOR = 1.0
ROUND_EVERY = 10.0
LOST, RESTORED, RELINKED = (f"fno-link.integration.{what}" for what in ("lost", "restored", "relinked"))
UNREACHABLE, REACHED = (f"fno-link.finance_operations.{what}" for what in ("unreachable", "restored"))
# More than the thresholds of the configuration: without a maintenance, its trouble and its end would both be told.
ROUNDS_IN_TROUBLE, ROUNDS_AFTER = 4, 3

type Say = Callable[[str], None]


class DemoFailed(Exception):
    """The demo did not show what it promises."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What `fno-link demo --json` prints."""

    accepted: int
    delivered_events: int
    delivered_after_parking: int
    parked_now: int
    received: dict[str, int]
    dead_lettered: dict[str, int]
    duplicates: int
    lost: int
    dataverse_link_calls: int
    alerts: list[str]
    cards: list[str]
    acknowledged: str
    silenced: int
    registered: int
    seconds: float


class Play:
    """A day of contoso: traffic, the link lost, found and moved.

    Args:
        world: The running world.
        say: Told what happens.
        seed: Of the day.
    """

    def __init__(self, world: LocalWorld, say: Say, seed: int = 1) -> None:
        self._world = world
        self._say = say
        self._day = Day(seed, by_bus=bool(world.send_key))
        self.ledger = Ledger()

    def run(self) -> Result:
        """Play every act and draw the balance.

        Raises:
            DemoFailed: Something that must happen did not, in time.
        """
        started = time.monotonic()
        with Mail(self._world, self.ledger) as mail, Operator(self._world) as operator:
            self._operator = operator
            self._say("fno-link register apply: Dataverse sends, by service endpoints and steps")
            self._say(f"contoso is linked to {HOME}; the day begins")
            self._send(mail, [*self._day.events(MORNING), *self._day.silence(), *self._day.bad()])
            self._settle(mail)
            acknowledged = self._lose_finance_and_operations(mail)
            silenced = self._maintain(mail)

            self._say("the link is lost")
            self._world.dynamics.control.unlink(ORGANIZATION)
            self._probe_until(mail, LOST)
            self._send_until_parked(mail)
            self._send(mail, self._day.events(WITHOUT_LINK))
            books = self._settle(mail)
            self._say(f"{len(books.parked_now)} events wait for the link")

            self._say("the link is back")
            self._world.dynamics.control.link(ORGANIZATION, HOME)
            self._probe_until(mail, RESTORED)
            self._send(mail, self._day.events(BACK))
            books = self._settle(mail, nothing_parked=True)
            self._say(f"{len(books.delivered_after_parking)} parked events went on by themselves")

            self._say(f"the link moves to {ELSEWHERE}")
            self._world.dynamics.control.relink(ORGANIZATION, ELSEWHERE)
            self._probe_until(mail, RELINKED)
            self._send(mail, self._day.events(MOVED))
            books = self._settle(mail, nothing_parked=True)
            alerts, cards = list(mail.alerts), self._cards(len(mail.alerts))
        shown = (alerts, cards, acknowledged, silenced)
        return self._result(books, shown, time.monotonic() - started)

    def _lose_finance_and_operations(self, mail: Mail) -> str:
        """Let Finance & Operations be away for a while, and somebody work on it; returns the incident's id."""
        self._say("Finance & Operations does not answer; the link is still there")
        self._world.dynamics.control.break_(ORGANIZATION, "unreachable", kind="fno")
        self._probe_until(mail, UNREACHABLE)
        [incident] = self._operator.open_incidents("finance_operations")
        shown = self._operator.acknowledge(incident["id"], "ticket 4711")
        self._say(f"the incident {shown['id']} is acknowledged by {shown['acknowledgedBy']}: nobody is reminded of it")
        self._world.dynamics.control.heal(ORGANIZATION, "fno")
        self._probe_until(mail, REACHED)
        ended = self._operator.incident(incident["id"])
        if ended["state"] != "ended":
            msg = f"the incident {incident['id']} is still {ended['state']} although its end was told"
            raise DemoFailed(msg)
        return incident["id"]

    def _maintain(self, mail: Mail) -> int:
        """Let Finance & Operations be away within a maintenance; returns how many rounds found it so, in silence."""
        before = _of_finance_and_operations(mail)
        called = self._operator.begin_maintenance("1h", "an upgrade")
        self._say(f"maintenance until {called['until']}: Finance & Operations is away, and nobody is told")
        self._world.dynamics.control.break_(ORGANIZATION, "unreachable", kind="fno")
        for _ in range(ROUNDS_IN_TROUBLE):
            self._operator.run_health_timer()
        self._world.dynamics.control.heal(ORGANIZATION, "fno")
        for _ in range(ROUNDS_AFTER):
            self._operator.run_health_timer()
        self._operator.end_maintenance(called["id"])
        self._operator.run_health_timer()
        self._settle(mail)
        told = _of_finance_and_operations(mail)[len(before) :]
        if told:
            msg = f"what began and ended within a maintenance was told: {told}"
            raise DemoFailed(msg)
        return ROUNDS_IN_TROUBLE

    def _cards(self, at_least: int) -> list[str]:
        """Give the titles of the cards in the channel, once there are as many as alerts."""
        deadline = time.monotonic() + SETTLE_WITHIN
        while len(self._world.channel.cards()) < at_least:
            if time.monotonic() > deadline:
                refused = "; ".join(self._world.channel.refused()) or "none was refused"
                msg = f"{len(self._world.channel.cards())} of {at_least} alerts are cards in the channel ({refused})"
                raise DemoFailed(msg)
            time.sleep(0.2)
        return [title_of(card) for card in self._world.channel.cards()]

    def _send(self, mail: Mail, messages: Iterable[Message]) -> None:
        for message in messages:
            mail.send(message)

    def _send_until_parked(self, mail: Mail) -> None:
        """Send some events now and then until one waits for the link.

        Each process of the app compares the link that it remembers with the shared one every `share_check`, so those
        that deliver may know of the loss later than the timer, which has told it.
        """
        deadline = time.monotonic() + SETTLE_WITHIN
        while not self._balance(mail).parked_now:
            if time.monotonic() > deadline:
                msg = f"no event was parked within {SETTLE_WITHIN:.0f} s although the link is lost"
                raise DemoFailed(msg)
            self._send(mail, self._day.events(A_FEW))
            time.sleep(1.0)
            mail.read()

    def _probe_until(self, mail: Mail, alert: str) -> None:
        """Run the health timer as the portal does by hand, until the alert is at the operators' queue."""
        deadline = time.monotonic() + SETTLE_WITHIN
        while alert not in mail.alerts:
            mail.read()
            if time.monotonic() > deadline:
                msg = f"the alert {alert} did not come within {SETTLE_WITHIN:.0f} s"
                raise DemoFailed(msg)
            self._operator.run_health_timer()
            time.sleep(0.5)
        self._say(f"alert: {alert}")

    def _settle(self, mail: Mail, *, nothing_parked: bool = False) -> Books:
        """Wait until every accepted event is somewhere and nothing moves any more.

        Where nothing may stay parked, the health timer runs meanwhile as it would by its schedule: what a process parks
        that does not know yet that the link is back, the next round releases.
        """
        deadline = time.monotonic() + SETTLE_WITHIN
        books, since = self._balance(mail), time.monotonic()
        next_round = since + ROUND_EVERY
        while True:
            time.sleep(0.2)
            mail.read()
            mail.give_back()
            now = self._balance(mail)
            if now != books:
                books, since = now, time.monotonic()
            if nothing_parked and books.parked_now and time.monotonic() > next_round:
                self._operator.run_health_timer()
                next_round = time.monotonic() + ROUND_EVERY
            done = books.settled and not (nothing_parked and books.parked_now)
            if done and time.monotonic() - since > STILL_FOR:
                return books
            if time.monotonic() > deadline:
                return books  # the balance says what is lost

    def _balance(self, mail: Mail) -> Books:
        # Parked first: what is delivered between the two looks is then seen at its receiver.
        parked = mail.parked()
        return self.ledger.balance(parked, mail.dead())

    def _result(self, books: Books, shown: tuple[list[str], list[str], str, int], seconds: float) -> Result:
        alerts, cards, acknowledged, silenced = shown
        return Result(
            accepted=len(books.accepted),
            delivered_events=len(books.delivered),
            delivered_after_parking=len(books.delivered_after_parking),
            parked_now=len(books.parked_now),
            received=books.received,
            dead_lettered=books.dead_lettered,
            duplicates=books.duplicates,
            lost=len(books.lost),
            dataverse_link_calls=self._world.dynamics.control.calls(ORGANIZATION).get("link", 0),
            alerts=alerts,
            cards=cards,
            acknowledged=acknowledged,
            silenced=silenced,
            registered=self._world.registered,
            seconds=round(seconds, 1),
        )


def _of_finance_and_operations(mail: Mail) -> list[str]:
    # What grows, dead letters say, is told when the maintenance ends, as it should be.
    return [alert for alert in mail.alerts if alert in (UNREACHABLE, REACHED)]
