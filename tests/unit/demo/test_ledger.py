"""The demo's books: an accepted event that is nowhere is lost, and the demo says so by its exit code."""

import json
from contextlib import nullcontext
from types import SimpleNamespace

from click.testing import CliRunner

from emulation.demo import command
from emulation.demo.day import Message
from emulation.demo.ledger import Ledger
from emulation.demo.play import Play, Result

STANDING = SimpleNamespace(send_key=None)


def message(*markers):
    return Message("erp", "business event", b"", markers)


def sent(ledger, *markers):
    ledger.sending(message(*markers))
    ledger.accepted(message(*markers))


def test_an_accepted_event_that_is_nowhere_is_lost():
    ledger = Ledger()
    sent(ledger, "AAAA-1")
    sent(ledger, "bbbb-2")
    ledger.received("orders", "m1", b'{"id": "AAAA-1"}')
    books = ledger.balance([], [])
    assert books.lost == {"bbbb-2"}
    assert not books.settled


def test_what_was_delivered_parked_or_buried_is_not_lost():
    ledger = Ledger()
    for marker in ("delivered", "parked", "buried"):
        sent(ledger, marker)
    ledger.received("orders", "m1", b"delivered")
    books = ledger.balance([b"parked"], [("Unrouted", b"buried")])
    assert books.lost == frozenset()
    assert (books.delivered, books.parked_now, books.dead_lettered) == ({"delivered"}, {"parked"}, {"Unrouted": 1})
    ledger.received("orders", "m2", b"parked")
    after = ledger.balance([], [("Unrouted", b"buried")])
    assert (after.delivered_after_parking, after.parked_now) == ({"parked"}, frozenset())


def test_what_was_not_accepted_cannot_be_lost_and_a_second_delivery_is_a_duplicate():
    ledger = Ledger()
    ledger.sending(message("refused"))
    ledger.refused(message("refused"), 503)
    sent(ledger, "once")
    ledger.received("orders", "m1", b"once")
    ledger.received("orders", "m1", b"once")
    ledger.received("finance", "m1", b"once")
    books = ledger.balance([], [])
    assert (books.lost, books.duplicates, books.accepted) == (frozenset(), 1, {"once"})


def test_what_dataverse_could_not_send_was_not_accepted_in_the_end():
    ledger = Ledger()
    sent(ledger, "a failed job")
    assert ledger.balance([], []).lost == {"a failed job"}
    ledger.given_back(message("a failed job"))
    books = ledger.balance([], [])
    assert (books.lost, books.accepted, len(ledger.refusals)) == (frozenset(), frozenset(), 1)


def test_the_demo_exits_1_when_something_is_lost(monkeypatch):
    def run(_play):
        return Result(
            accepted=2,
            delivered_events=1,
            delivered_after_parking=0,
            parked_now=0,
            received={},
            dead_lettered={},
            duplicates=0,
            lost=lost,
            dataverse_link_calls=1,
            alerts=[],
            cards=[],
            acknowledged="",
            silenced=0,
            registered=1,
            seconds=1.0,
        )

    monkeypatch.setattr("emulation.demo.world.LocalWorld", lambda _say, _service_bus: nullcontext(STANDING))
    monkeypatch.setattr(Play, "run", run)
    for lost, code in ((1, 1), (0, 0)):
        result = CliRunner().invoke(command, ["--json"])
        assert result.exit_code == code
        assert json.loads(result.stdout)["lost"] == lost
