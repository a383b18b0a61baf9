"""Two probers in turn, on rows in an account in memory, and what the routes have heard of them."""

from datetime import datetime, timedelta

import msgspec

from integration.errors import StorageUnavailable
from integration.events import alerts
from integration.health.check import Answer
from integration.health.machine import Circumstances, Notice, State, advance, due, settle
from integration.health.maintenance import silence
from integration.health.standing import Standing, Watched
from integration.health.standings import Kept, Standings
from integration.storage.memory import MemoryStorage
from tests.fake_clock import PassingClock
from tests.month import script
from tests.month.script import ANSWERS, BEGIN, END, MACHINES, ROUND, ROUTES, SETTINGS, WINDOWS, at

AFTER = timedelta(hours=2)
"""How long something is still up when it is over."""


class Unsent(Exception):
    """Nothing could be taken."""


class Heard(msgspec.Struct):
    """A notice that was sent.

    Args:
        notice: As it was sent first.
        type: Of its event.
        routes: That took it.
        times: How often it was sent; the routes know it again by its key.
    """

    notice: Notice
    type: str
    routes: tuple[str, ...]
    times: int = 1


class World:
    """The month."""

    def __init__(self) -> None:
        self.clock = PassingClock(BEGIN)
        self.storage = MemoryStorage(self.clock)
        self.heard: dict[str, Heard] = {}
        self.faults: list[str] = []
        self._restart()

    def _restart(self) -> None:
        self.probers = [Standings(self.storage), Standings(self.storage)]

    async def run(self) -> None:
        """Play all rounds."""
        restarts = [at(text) for text in script.RESTARTS]
        for number in range((END - BEGIN) // ROUND):
            real = BEGIN + number * ROUND
            skew = sum((by for begin, end, by in script.SKEWS if at(begin) <= real < at(end)), timedelta(0))
            self.clock.at = real + skew
            if restarts and real >= restarts[0]:
                restarts.pop(0)
                self._restart()
            await self._order(real)
            await self._round(real, number)

    async def standing(self, watched: Watched) -> Standing:
        """Give the row of a subject."""
        return (await self.probers[0].load(watched)).standing

    async def _order(self, real: datetime) -> None:
        order = script.ORDERS.get(f"{real:%d %H:%M}")
        if order is not None:
            watched, kind, change = order

            def apply(standing: Standing) -> Standing:
                return standing.with_state(kind, change(standing.states[kind], self.clock.now()))

            await self.probers[0].change(watched, apply)

    async def _round(self, real: datetime, number: int) -> None:
        answers = {watched: {kind: _answer(watched, kind, real) for kind in MACHINES[watched]} for watched in MACHINES}
        away = [watched for watched, each in answers.items() if any(answer.cause for answer in each.values())]
        for watched, each in answers.items():
            if real.minute and not _is_busy(watched, real):
                continue
            around = self._around(watched, away)
            fault = script.FAULTS.get((f"{real:%d %H:%M}", watched), "")
            try:
                await self._check(watched, each, around, number, fault)
            except (StorageUnavailable, Unsent) as failed:
                self.faults.append(f"{real:%d %H:%M} {watched.name}: {type(failed).__name__}")

    def _around(self, watched: Watched, away: list[Watched]) -> Circumstances:
        organization = watched.name if watched.sort == "organization" else ""
        silent = silence(organization, self.clock.now(), windows=WINDOWS) is not None
        if watched not in away:
            return Circumstances(maintenance=silent)
        first, *others = away
        if watched != first:
            return Circumstances(maintenance=silent, inhibited_by="entra:contoso.com")
        return Circumstances(maintenance=silent, children=tuple(each.name for each in others))

    async def _check(
        self, watched: Watched, answers: dict[str, Answer], around: Circumstances, number: int, fault: str
    ) -> None:
        mine, other = self.probers[number % 2], self.probers[(number + 1) % 2]
        account = self.storage.account
        account.away = fault == "away"
        try:
            kept = await mine.load(watched)
        finally:
            account.away = False
        after = self._advanced(watched, kept.standing, answers, around)
        if fault == "race":
            await self._check(watched, answers, around, number + 1, "")
        account.lost_answers = fault == "unheard"
        saved = await mine.save(watched, Kept(after, kept.etag))
        if saved is None:
            self.faults.append(f"{watched.name}: the other prober was faster")
            return
        if fault == "overtaken":
            await self._send(other, watched, await other.load(watched), fault="")
        await self._send(mine, watched, saved, fault)

    def _advanced(
        self, watched: Watched, standing: Standing, answers: dict[str, Answer], around: Circumstances
    ) -> Standing:
        for kind, answer in answers.items():
            before = standing.states.get(kind, State())
            after = advance(
                before, answer, self.clock.now(), SETTINGS[watched], around, kind=kind, subject=watched.name
            )
            standing = standing.with_state(kind, after)
        return standing

    async def _send(self, prober: Standings, watched: Watched, kept: Kept, fault: str) -> None:
        for kind in MACHINES[watched]:
            while ready := due(kept.standing.states.get(kind, State())):
                for notice in ready:
                    took = self._took(notice, fault)
                    if fault == "dies":
                        continue

                    def settled(standing: Standing, kind=kind, notice=notice, took=took) -> Standing:
                        return standing.with_state(kind, settle(standing.states[kind], notice.key, took))

                    kept = await prober.change(watched, settled)
                if fault == "dies":
                    return

    def _took(self, notice: Notice, fault: str) -> tuple[str, ...]:
        if fault == "unsent":
            raise Unsent
        known = self.heard.get(notice.key)
        if known is not None:
            known.times += 1
            return known.routes
        kind = alerts.type_of(notice.kind, notice.health, notice.code, notice.transition)
        routes = notice.routes
        if routes is None:
            routes = tuple(name for name, begins in ROUTES.items() if kind.startswith(begins))
        routes += tuple(f"escalation:{target}" for target in notice.escalation)
        self.heard[notice.key] = Heard(notice, kind, routes)
        return routes

    @property
    def table(self) -> str:
        """What was told, a line a notice, in the order in which it was sent first."""
        return "\n".join(_line(heard) for heard in self.heard.values())


def _is_busy(watched: Watched, real: datetime) -> bool:
    """Tell whether anything is up with a subject; where nothing is, it is asked once an hour, to save time."""
    return any(begin <= real < end for begin, end in _BUSY[watched])


def _busy(watched: Watched) -> list[tuple[datetime, datetime]]:
    times = [(at(spell.begin), at(spell.end)) for spell in script.SPELLS if spell.watched == watched]
    times += [(at(begin), at(begin)) for begin, _ in script.MOVES.get(watched, ())]
    return [(begin, end + AFTER) for begin, end in times]


def _answer(watched: Watched, kind: str, real: datetime) -> Answer:
    answer = ANSWERS["."]
    for spell in script.SPELLS:
        begin = at(spell.begin)
        if spell.watched == watched and spell.kind == kind and begin <= real < at(spell.end):
            answer = ANSWERS[spell.letters[(real - begin) // ROUND % len(spell.letters)]]
    if kind == "integration" and answer.health == "ok":
        link = [link for begin, link in script.MOVES[watched] if at(begin) <= real][-1]
        return msgspec.structs.replace(answer, link=link)
    return answer


def _line(heard: Heard) -> str:
    notice = heard.notice
    which = f"{notice.transition} {notice.n}"
    kind = heard.type.removeprefix(alerts.PREFIX)
    routes = ", ".join(heard.routes).replace("escalation:", "")
    with_ = f"  with {', '.join(notice.children)}" if notice.children else ""
    return f"{notice.at:%d %H:%M}  {notice.subject:8}  {kind:30}  {which:11}  {notice.since:%d %H:%M}  {routes}{with_}"


_BUSY = {watched: _busy(watched) for watched in MACHINES}
