"""Nothing is lost: what a run has left behind, judged. Pure.

What a fault may explain is in `excuses`; what a changed record may, in `rotten`.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from integration.dead_letters.reasons import REASONS
from tests.faults import alerts, excuses, rotten
from tests.faults.evidence import Delivery, Evidence, Fault, Journalled, Kept, Made, Receipt, Sent, Waits

INTERNAL = "fno-link."
UNSETTLED = ("received", "deferred")
DIGITS = 32
"""Of an event's key, in a message id."""


class Problem(msgspec.Struct, frozen=True):
    """What must not be.

    Args:
        rule: Which rule says so.
        id: The event's id, or what else it is about.
        why: In words.
    """

    rule: str
    id: str
    why: str


class Verdict(msgspec.Struct, frozen=True):
    """What a run has shown.

    Args:
        problems: Empty when nothing was lost, changed or repeated without cause.
        counts: Of everything, by name.
        excused: Second deliveries by the fault that explains them.
        unrecorded: Deliveries that the journal does not have, by the fault that explains them.
    """

    problems: tuple[Problem, ...]
    counts: dict[str, int]
    excused: dict[str, int]
    unrecorded: dict[str, int]


def judge(evidence: Evidence) -> Verdict:
    """Judge a run by what it has left behind."""
    return _Judge(evidence).verdict()


class _Judge:
    def __init__(self, evidence: Evidence) -> None:
        evidence = msgspec.structs.replace(evidence, dead=rotten.dated(evidence))
        self._evidence = evidence
        self._counts: Counter[str] = Counter()
        self._excused: Counter[Fault] = Counter()
        self._unrecorded: Counter[Fault] = Counter()
        self._sent: dict[str, list[Sent]] = defaultdict(list)
        self._receipts: dict[str, list[Receipt]] = defaultdict(list)
        self._dead: dict[str, list[Kept]] = defaultdict(list)
        self._parked: dict[str, list[Kept]] = defaultdict(list)
        self._waiting: dict[str, list[Waits]] = defaultdict(list)
        self._rows: dict[str, Journalled] = {}
        self._found = rotten.found(evidence)
        self._buried = rotten.buried(self._found)
        self._anew = rotten.anew(self._found)
        self._unread = rotten.unread(evidence)
        for sent in evidence.sent:
            self._sent[sent.id or sent.key].append(sent)
        for receipt in evidence.receipts:
            self._receipts[receipt.id].append(receipt)
        for kept, index in ((evidence.dead, self._dead), (evidence.parked, self._parked)):
            for each in kept:
                for name in {each.id, each.key} - {""}:
                    index[name].append(each)
        for waits in evidence.waiting:
            for name in {waits.id, waits.key} - {""}:
                self._waiting[name].append(waits)
        for row in evidence.journal:
            for name in {row.id, row.key} - {""}:
                self._rows[name] = row

    def verdict(self) -> Verdict:
        rules = (
            self._lost,
            self._rotted,
            self._listed,
            self._unknown,
            self._twice,
            self._broker_dead,
            self._journal_against_receivers,
            self._receivers_against_journal,
            self._needless,
            self._at_rest,
            self._alerts,
        )
        problems = tuple(problem for rule in rules for problem in rule())
        self._count()
        return Verdict(problems, dict(self._counts), dict(self._excused), dict(self._unrecorded))

    def _lost(self) -> Iterator[Problem]:
        """Every accepted delivery is made, a dead letter or parked; everything accepted has its journal row."""
        for name, messages in self._sent.items():
            accepted = [each for each in messages if each.accepted]
            key = next((each.key for each in messages if each.key), "")
            buried = self._buried.get(name, frozenset()) | self._buried.get(key, frozenset())
            self._counts["buried"] += bool(accepted and buried)
            if not accepted or rotten.WHOLE in buried:
                continue
            row = self._rows.get(name) or self._rows.get(key)
            unknown = row is None and name not in self._unread and self._waits(name, key, "") is None
            if any(each.kind != "undecodable" for each in accepted) and unknown:
                yield Problem("no_row", name, f"accepted as {_kinds(accepted)}, and the journal does not know it")
            for each in accepted:
                if each.kind in ("echo", "empty") and row is not None and not row.reason:
                    yield Problem("no_reason", name, f"the {each.kind} has a journal row that does not say why")
            yield from self._not_dead(name, key, accepted)
            yield from self._not_delivered(name, key, accepted, buried)

    def _not_dead(self, name: str, key: str, accepted: list[Sent]) -> Iterator[Problem]:
        whole = self._waits(name, key, "")
        for reason in sorted({each.dead for each in accepted} - {""}):
            if any(kept.reason == reason for kept in self._kept(self._dead, name, key)):
                continue
            if whole is not None:
                yield Problem("waiting", name, f"as a whole on {_until(whole)}")
            else:
                yield Problem("lost", name, f"was to become a dead letter {reason} and is none")

    def _not_delivered(self, name: str, key: str, accepted: list[Sent], buried: frozenset[str]) -> Iterator[Problem]:
        row = self._rows.get(name) or self._rows.get(key)
        for delivery in sorted({delivery for each in accepted for delivery in each.expects}):
            where = self._where(name, key, delivery) or ("buried" if delivery.route in buried else "")
            waits = None if where else self._waits(name, key, delivery.route)
            self._counts[f"deliveries_{where or ('waiting' if waits else 'lost')}"] += 1
            if waits is not None:
                yield Problem("waiting", name, f"by {delivery.route} on {_until(waits)}; {self._story(name)}")
            elif not where:
                state = row.state if row else "unknown"
                why = f"to {delivery.target} by {delivery.route}: nowhere (journal: {state}); {self._story(name)}"
                yield Problem("lost", name, why)

    def _rotted(self) -> Iterator[Problem]:
        """What was changed of our records is kept, as it was found; nothing else is unreadable."""
        for name, why in rotten.wrong(self._evidence, self._found):
            yield Problem("rotted", name, why)
        for found in self._found:
            if (waits := rotten.unmet(self._evidence, found)) is not None:
                yield Problem("waiting", found.rot.id, f"its changed {found.rot.place} on {_until(waits)}")

    def _listed(self) -> Iterator[Problem]:
        """Every dead letter is listed, what cannot be read of them as such."""
        for name, why in rotten.listing(self._evidence):
            yield Problem("unlisted", name, why)

    def _unknown(self) -> Iterator[Problem]:
        """Nothing is received, kept or journalled that was not sent, or not to go there; no id is changed."""
        for receipt in self._evidence.receipts:
            if receipt.type.startswith(INTERNAL):
                continue
            messages = self._sent.get(receipt.id)
            if not messages:
                yield Problem("unknown", receipt.id, f"{receipt.target} got an id that nobody has sent")
                continue
            keys = {each.key[:DIGITS] for each in messages if each.key}
            if not receipt.route or (receipt.message_id and keys and receipt.message_id.partition(":")[0] not in keys):
                why = f"{receipt.target} got the message id {receipt.message_id!r}, which is none of its own"
                yield Problem("changed", receipt.id, why)
            elif Delivery(receipt.route, receipt.target) not in {to for each in messages for to in each.expects}:
                yield Problem("astray", receipt.id, f"was not to go to {receipt.target} by {receipt.route}")
        yield from self._strangers()

    def _strangers(self) -> Iterator[Problem]:
        """Nothing is kept or journalled that nobody has sent."""
        known = set(self._sent) | {each.key for each in self._evidence.sent if each.key}
        named = {kept.path for found in self._found for kept in found.letters}
        for kept in (*self._evidence.dead, *self._evidence.parked):
            if not kept.type.startswith(INTERNAL) and not {kept.id, kept.key} & known and kept.path not in named:
                yield Problem("unknown", kept.id or kept.key, f"nobody has sent what is kept as {kept.path}")
        for row in self._evidence.journal:
            if not row.type.startswith(INTERNAL) and not {row.id, row.key} & known:
                yield Problem("unknown", row.id or row.key, "has a journal row, and nobody has sent it")
        for key in set(self._evidence.unread) - known:
            yield Problem("unknown", key, "has a journal row that cannot be read, and nobody has sent it")

    def _twice(self) -> Iterator[Problem]:
        """Nothing is delivered twice unless a fault fell between the delivery and its record."""
        made: dict[tuple[str, str, str], list[Receipt]] = defaultdict(list)
        for receipt in self._evidence.receipts:
            if receipt.delivered and not receipt.type.startswith(INTERNAL):
                made[receipt.id, receipt.target, receipt.route].append(receipt)
        for (name, target, _), receipts in made.items():
            receipts.sort(key=lambda receipt: receipt.at)
            rows = [self._anew[name]] if name in self._anew else []
            for first, second in itertools.pairwise(receipts):
                fault = excuses.repetition(self._evidence, first, second)
                # A row that was begun anew is so once: it explains one more of each delivery, after it was changed.
                if fault is None and rows and second.at >= rows[0].at - excuses.SLACK:
                    fault = "record_rots" if rows.pop() else None
                if fault:
                    self._excused[fault] += 1
                else:
                    after = second.at - first.at
                    why = (
                        f"{target} has it again after {after:.2f} s, and no fault fell in between; {self._story(name)}"
                    )
                    yield Problem("twice", name, why)

    def _broker_dead(self) -> Iterator[Problem]:
        """No message of a source is in the broker's own dead-letter queue."""
        for message in self._evidence.broker_dead:
            why = f"the broker gave it up in {message.entity}: {message.reason}, {message.deliveries} deliveries"
            yield Problem("broker_dead", message.message_id, why)

    def _journal_against_receivers(self) -> Iterator[Problem]:
        """What the journal calls delivered, dead-lettered or parked is so."""
        for row in self._evidence.journal:
            for made in row.deliveries:
                about = f"the journal says {made.state} of {made.route or 'the event'} to {made.target or 'nobody'}"
                match made.state:
                    case "delivered":
                        got = (each for each in self._receipts.get(row.id, ()) if each.delivered)
                        if not any(each.target == made.target and each.route in ("", made.route) for each in got):
                            yield Problem("false_record", row.id, f"{about}, and nothing came there")
                    case "dead_lettered":
                        if not self._is_buried(row, made) and not any(
                            each.route == made.route for each in self._dead.get(row.key, ())
                        ):
                            yield Problem("false_record", row.id, f"{about}, and there is no such dead letter")
                    case "parked":
                        if not self._is_buried(row, made) and not any(
                            each.route == made.route for each in self._parked.get(row.key, ())
                        ):
                            yield Problem("false_record", row.id, f"{about}, and nothing is parked")
                    case _:
                        pass

    def _receivers_against_journal(self) -> Iterator[Problem]:
        """What a target has, the journal calls delivered, unless a fault kept that from being written."""
        last: dict[tuple[str, str, str], Receipt] = {}
        for receipt in self._evidence.receipts:
            if receipt.delivered and receipt.id in self._sent and not receipt.type.startswith(INTERNAL):
                name = (receipt.id, receipt.target, receipt.route)
                last[name] = max(receipt, last.get(name, receipt), key=lambda each: each.at)
        for (name, target, route), receipt in last.items():
            row = self._rows.get(name)
            states = [made.state for made in (row.deliveries if row else ()) if made.route == route]
            if "delivered" in states:
                continue
            rot = self._anew.get(name)
            gone = name in self._unread or (rot is not None and receipt.at <= rot.at + excuses.SLACK)
            fault = "record_rots" if gone else excuses.repetition(self._evidence, receipt, None)
            if fault:
                self._unrecorded[fault] += 1
            else:
                why = (
                    f"{target} has it by {route}, the journal says {states or 'nothing'}, and no fault fell in between"
                )
                yield Problem("no_record", name, why)

    def _needless(self) -> Iterator[Problem]:
        """A dead letter has a documented reason that the plan or a fault explains; what is parked has a cause."""
        for kept in self._evidence.dead:
            messages = self._sent.get(kept.id) or [each for each in self._evidence.sent if each.key == kept.key]
            if not messages or kept.type.startswith(INTERNAL):
                continue
            if kept.reason not in REASONS:
                yield Problem("undocumented", kept.id or kept.key, f"is a dead letter for {kept.reason!r}")
            elif all(each.dead != kept.reason for each in messages):
                since = min(each.at for each in messages)
                if excuses.cause(self._evidence, kept, min(since, kept.accepted_at or since)) is None:
                    why = f"is a dead letter {kept.reason} of {kept.target or 'no target'}, and no fault explains it"
                    yield Problem("needless", kept.id or kept.key, why)
        for kept in self._evidence.parked:
            if not kept.type.startswith(INTERNAL) and excuses.holds(self._evidence, kept) is None:
                yield Problem("needless", kept.id or kept.key, f"is still parked as {kept.reason} without a cause")

    def _at_rest(self) -> Iterator[Problem]:
        """Everything has come to rest."""
        for row in self._evidence.journal:
            if row.state in UNSETTLED and row.id not in self._buried:
                yield Problem("restless", row.id or row.key, f"the journal calls it {row.state}; {self._story(row.id)}")
        for what in self._evidence.unrest:
            yield Problem("restless", what, "has not come to rest")

    def _alerts(self) -> Iterator[Problem]:
        """Who loses the link, or cannot be asked for it, is told of once, and so is its end."""
        for rule, name, why in alerts.wrong(self._evidence):
            yield Problem(rule, name, why)
        self._counts["incidents"] = len(alerts.incidents(self._evidence))

    def _is_buried(self, row: Journalled, made: Made) -> bool:
        """Tell whether the dead letter of what an entry is about names a changed record, and no event."""
        buried = self._buried.get(row.id, frozenset()) | self._buried.get(row.key, frozenset())
        return bool({rotten.WHOLE, made.route} & buried)

    def _where(self, name: str, key: str, delivery: Delivery) -> str:
        if any(
            each.delivered and each.target == delivery.target and each.route in ("", delivery.route)
            for each in self._receipts.get(name, ())
        ):
            return "delivered"
        for index, word in ((self._dead, "dead"), (self._parked, "parked")):
            # One without a route is about the event as a whole: before its guards and routes, or all it has.
            if any(each.route in ("", delivery.route) for each in self._kept(index, name, key)):
                return word
        return ""

    def _waits(self, name: str, key: str, route: str) -> Waits | None:
        """Give what of ours will make a delivery, or run the event as a whole where it is asked for that."""
        found = [*self._waiting.get(name, ()), *(self._waiting.get(key, ()) if key else ())]
        row = self._rows.get(name) or self._rows.get(key)
        entries = {made.route: made for made in (row.deliveries if row else ())}

        def of_the_present_link(waits: Waits) -> bool:
            entry = entries.get(waits.route)
            # One of an older link of the delivery's chain is dropped when it is taken.
            return entry is None or entry.state != "deferred" or entry.generation == waits.generation

        return next((each for each in found if each.route in ("", route) and of_the_present_link(each)), None)

    def _kept(self, index: dict[str, list[Kept]], name: str, key: str) -> list[Kept]:
        return [*index.get(name, ()), *(index.get(key, ()) if key else ())]

    def _story(self, name: str) -> str:
        """Tell in short what is known of an event."""
        row = self._rows.get(name)
        told = [f"sent {_kinds(self._sent.get(name, []))}"]
        told += [f"{each.target} {each.status} at {each.at:.2f}" for each in self._receipts.get(name, ())]
        told += [f"{each.reason} by {each.route}" for each in (*self._dead.get(name, ()), *self._parked.get(name, ()))]
        told += [f"journal {row.state}, generation {row.generation}"] if row else []
        told += (
            [f"{each.route}: {each.state} {each.code} attempt {each.attempt}" for each in row.deliveries] if row else []
        )
        return ", ".join(told)

    def _count(self) -> None:
        sent = self._evidence.sent
        self._counts |= {
            "sent": len(sent),
            "events": len({each.id for each in sent if each.kind == "event"}),
            "accepted": sum(each.accepted for each in sent),
            "received": sum(each.delivered for each in self._evidence.receipts),
            "refused_by_receivers": sum(not each.delivered for each in self._evidence.receipts),
            "dead": len(self._evidence.dead),
            "parked": len(self._evidence.parked),
            "journalled": len(self._evidence.journal),
            "twice": sum(self._excused.values()),
        }
        for found in self._found:
            self._counts[f"changed_{found.rot.place}"] += 1
            self._counts[f"named_{found.rot.place}"] += bool(found.letters)
        for kind, count in Counter(each.kind for each in sent if each.accepted).items():
            self._counts[f"accepted_{kind}"] = count


def _until(waits: Waits) -> str:
    return f"{waits.where}, until {datetime.fromtimestamp(waits.until, UTC):%Y-%m-%d %H:%M:%S}"


def _kinds(messages: list[Sent]) -> str:
    return "+".join(each.kind if each.accepted else f"({each.kind})" for each in messages)
